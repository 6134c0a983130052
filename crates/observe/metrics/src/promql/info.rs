//! `info()`: gives series the labels of the info series (`target_info` and its like)
//! that have the same `instance` and `job`.

use std::collections::{BTreeSet, HashMap};

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{AtModifier, Expr};

use super::engine::unwrapped;
use super::evaluate::Evaluator;
use super::row::{Gathered, Row};
use super::select::{Shift, matchers, milliseconds_of};
use crate::error::{Error, Result};
use crate::labels::{Labels, NAME};
use crate::sample::is_marker;

/// The labels by which an info series belongs to others.
const IDENTIFYING: [&str; 2] = ["instance", "job"];
const DEFAULT_METRIC: &str = "target_info";
/// What counts as an info metric when the query only says which ones do not.
const ANY_METRIC: &str = ".+_info";

/// Which info series the second argument asks for, and which of their labels.
struct Wanted {
    names: Vec<Matcher>,
    data: Vec<Matcher>,
}

/// Info series, each with the time of its sample (milliseconds) at every step.
struct Known {
    rows: Vec<Row>,
    /// The group of each row: its name and identifying labels.
    groups: Vec<usize>,
    by_key: HashMap<Labels, usize>,
    names: BTreeSet<String>,
}

impl Evaluator<'_> {
    /// `info(v, {data label matchers})`.
    pub fn info(&self, arguments: &[&Expr]) -> Result<Vec<Row>> {
        let wanted = Wanted::new(arguments.get(1).copied())?;
        let (at, offset) = reference(arguments[0]).unwrap_or_default();
        let shift = Shift::by(at, offset, self.query);
        self.described(self.rows(arguments[0])?, &wanted, &shift)
    }

    fn described(&self, rows: Vec<Row>, wanted: &Wanted, shift: &Shift) -> Result<Vec<Row>> {
        let known = self.known(&rows, wanted, shift)?;
        let mut gathered = Gathered::within(&self.budget, self.grid.len());
        let mut results: HashMap<(usize, Vec<usize>), Option<usize>> = HashMap::new();
        let groups: Vec<Vec<usize>> = rows.iter().map(|row| known.groups_of(&row.labels)).collect();
        for step in 0..self.grid.len() {
            let newest = known.newest(step)?;
            for (index, row) in rows.iter().enumerate() {
                if is_marker(row.values[step]) {
                    continue;
                }
                let met: Vec<usize> =
                    groups[index].iter().filter_map(|group| newest[*group]).collect();
                let at = match results.get(&(index, met.clone())) {
                    Some(at) => *at,
                    None => {
                        let labels = wanted.enriched(&row.labels, &met, &known)?;
                        let text = |labels: &Labels| -> usize {
                            labels.iter().map(|(name, value)| name.len() + value.len()).sum()
                        };
                        let at = match labels {
                            Some(labels) => {
                                self.budget.take_labels(labels.pairs().len(), text(&labels))?;
                                Some(gathered.row(labels, row.drop_name)?)
                            }
                            None => None,
                        };
                        results.insert((index, met), at);
                        at
                    }
                };
                if let Some(at) = at
                    && !gathered.set(at, step, row.values[step])
                {
                    return Err(Error::Execution(
                        "vector cannot contain metrics with the same labelset".into(),
                    ));
                }
            }
        }
        Ok(gathered.into_rows())
    }

    /// The info series of all rows, as seen at the time that the first argument looks at.
    fn known(&self, rows: &[Row], wanted: &Wanted, shift: &Shift) -> Result<Known> {
        let mut known =
            Known { rows: vec![], groups: vec![], by_key: HashMap::new(), names: BTreeSet::new() };
        let mut all: Vec<Matcher> = wanted.data.iter().chain(&wanted.names).cloned().collect();
        let others: Vec<&Row> = rows.iter().filter(|row| !wanted.is_info(&row.labels)).collect();
        let mut is_identified = false;
        for name in IDENTIFYING {
            let values: BTreeSet<&str> = others.iter().map(|row| row.labels.get(name)).collect();
            let values = values.into_iter().filter(|value| !value.is_empty()).map(regex::escape);
            let pattern = values.collect::<Vec<_>>().join("|");
            if !pattern.is_empty() {
                is_identified = true;
                all.push(matching(name, &pattern)?);
            }
        }
        if !is_identified {
            return Ok(known);
        }
        known.rows = self.instant_rows(&all, shift, |sample| sample.time as f64)?;
        for row in &known.rows {
            let name = row.labels.get(NAME);
            known.names.insert(name.to_owned());
            let next = known.by_key.len();
            known.groups.push(*known.by_key.entry(key(name, &row.labels)).or_insert(next));
        }
        Ok(known)
    }
}

impl Wanted {
    fn new(selector: Option<&Expr>) -> Result<Wanted> {
        let all = match selector.map(unwrapped) {
            None => vec![],
            Some(Expr::VectorSelector(selector)) if selector.name.is_none() => matchers(selector)?,
            Some(_) => {
                return Err(Error::BadData(
                    "info() takes label matchers alone as its second argument: {…}".into(),
                ));
            }
        };
        let (mut names, data): (Vec<Matcher>, _) =
            all.into_iter().partition(|matcher| matcher.name == NAME);
        let is_positive = |matcher: &Matcher| matches!(matcher.op, MatchOp::Equal | MatchOp::Re(_));
        if names.is_empty() {
            names.push(Matcher::new(MatchOp::Equal, NAME, DEFAULT_METRIC));
        } else if !names.iter().any(is_positive) {
            names.push(matching(NAME, ANY_METRIC)?);
        }
        Ok(Wanted { names, data })
    }

    /// Info series themselves are left as they are.
    fn is_info(&self, labels: &Labels) -> bool {
        self.names.iter().all(|matcher| matcher.is_match(labels.get(NAME)))
    }

    /// The labels of a series with those that it gets; none when it needs some and has none.
    fn enriched(&self, labels: &Labels, met: &[usize], known: &Known) -> Result<Option<Labels>> {
        if self.is_info(labels) {
            return Ok(Some(labels.clone()));
        }
        if met.is_empty() && !self.data.iter().all(|matcher| matcher.is_match("")) {
            return Ok(None);
        }
        let is_wanted = |name: &str| {
            let is_listed = self.data.iter().any(|matcher| matcher.name == name);
            name != NAME && (self.data.is_empty() || is_listed)
        };
        let mut added: HashMap<&str, &str> = HashMap::new();
        for info in met {
            let pairs = known.rows[*info].labels.iter().filter(|(name, _)| is_wanted(name));
            for (name, value) in pairs.filter(|(name, _)| labels.get(name).is_empty()) {
                if added.insert(name, value).is_some_and(|other| other != value) {
                    return Err(Error::Execution(format!("conflicting label: {name}")));
                }
            }
        }
        let all =
            added.into_iter().fold(labels.clone(), |all, (name, value)| all.with(name, value));
        Ok(Some(all))
    }
}

impl Known {
    /// The groups that a series belongs to, one at most for each info metric.
    fn groups_of(&self, labels: &Labels) -> Vec<usize> {
        self.names.iter().filter_map(|name| self.by_key.get(&key(name, labels)).copied()).collect()
    }

    /// Of each group the series whose sample is the newest at a step.
    fn newest(&self, step: usize) -> Result<Vec<Option<usize>>> {
        let mut newest: Vec<Option<usize>> = vec![None; self.by_key.len()];
        for (index, row) in self.rows.iter().enumerate() {
            let time = row.values[step];
            if is_marker(time) {
                continue;
            }
            let best = &mut newest[self.groups[index]];
            match best.map(|best| &self.rows[best]) {
                Some(other) if other.values[step] == time => {
                    return Err(Error::Execution(format!(
                        "found duplicate series for info metric: existing {} @ {time}, new {} @ {time}",
                        other.labels, row.labels
                    )));
                }
                Some(other) if other.values[step] > time => {}
                _ => *best = Some(index),
            }
        }
        Ok(newest)
    }
}

/// What an info series and those that it describes have in common.
fn key(name: &str, labels: &Labels) -> Labels {
    labels.filtered(|name| IDENTIFYING.contains(&name)).with(NAME, name)
}

fn matching(name: &str, pattern: &str) -> Result<Matcher> {
    let regex = regex::Regex::new(&format!("^(?:{pattern})$"))
        .map_err(|_| Error::Execution(format!("too many values of {name} for info()")))?;
    Ok(Matcher::new(MatchOp::Re(regex), name, pattern))
}

/// The `@` and the offset (milliseconds) of the first selector in an expression, with
/// those of the subqueries around it until one has an `@`.
fn reference(expression: &Expr) -> Option<(Option<&AtModifier>, i64)> {
    match expression {
        Expr::VectorSelector(selector) => {
            Some((selector.at.as_ref(), milliseconds_of(selector.offset.as_ref())))
        }
        Expr::MatrixSelector(selector) => {
            Some((selector.vs.at.as_ref(), milliseconds_of(selector.vs.offset.as_ref())))
        }
        Expr::Subquery(subquery) => {
            let (at, offset) = reference(&subquery.expr)?;
            Some(match at {
                Some(_) => (at, offset),
                None => {
                    let around = milliseconds_of(subquery.offset.as_ref());
                    (subquery.at.as_ref(), offset.saturating_add(around))
                }
            })
        }
        Expr::Unary(unary) => reference(&unary.expr),
        Expr::Paren(paren) => reference(&paren.expr),
        Expr::Binary(binary) => reference(&binary.lhs).or_else(|| reference(&binary.rhs)),
        Expr::Aggregate(aggregate) => {
            reference(&aggregate.expr).or_else(|| aggregate.param.as_deref().and_then(reference))
        }
        Expr::Call(call) => call.args.args.iter().find_map(|argument| reference(argument)),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => None,
    }
}
