//! Aggregations: groups of rows, and one value (or a choice of rows) per group and step.

use std::collections::HashMap;

use promql_parser::parser::{AggregateExpr, Expr, LabelModifier};

use super::evaluate::Evaluator;
use super::numbers::{self, mean, nan_first, quantile, sum, variance};
use super::row::{Gathered, Row, Value};
use super::sampling::is_sampled;
use crate::error::{Error, Result};
use crate::labels::{Labels, NAME};
use crate::sample::{ABSENT, is_marker};

/// Rows that belong together.
struct Group {
    labels: Labels,
    drop_name: bool,
    members: Vec<usize>,
}

impl Evaluator<'_> {
    pub fn aggregated(&self, aggregate: &AggregateExpr) -> Result<Value> {
        self.aggregate(aggregate).map(Value::Vector)
    }

    pub fn aggregate(&self, aggregate: &AggregateExpr) -> Result<Vec<Row>> {
        let operator = aggregate.op.to_string();
        let parameter = aggregate.param.as_deref();
        // The parameter is checked even when there is nothing to aggregate.
        match operator.as_str() {
            "count_values" => self.count_values(aggregate, needed(parameter, &operator)?),
            "topk" | "bottomk" | "limitk" | "limit_ratio" => {
                let parameter = needed(parameter, &operator)?;
                let amounts = self.scalar(parameter)?;
                check_amounts(&operator, &amounts, parameter, self)?;
                self.choose(aggregate, &operator, &amounts)
            }
            "quantile" => {
                let parameter = needed(parameter, &operator)?;
                let quantiles = self.scalar(parameter)?;
                quantiles.iter().for_each(|q| self.check_quantile(*q, parameter));
                self.fold(aggregate, |step, values| quantile(quantiles[step], values))
            }
            operator => {
                let function = function(operator)?;
                self.fold(aggregate, |_, values| function(values))
            }
        }
    }

    fn rows_and_groups(&self, aggregate: &AggregateExpr) -> Result<(Vec<Row>, Vec<Group>)> {
        let rows = match self.evaluate(&aggregate.expr)? {
            Value::Vector(rows) => rows,
            _ => return Err(Error::Execution("only instant vectors can be aggregated".into())),
        };
        Ok(grouped(rows, aggregate))
    }

    /// One value per group and step, from all members' values.
    fn fold(
        &self,
        aggregate: &AggregateExpr,
        of: impl Fn(usize, &mut [f64]) -> f64,
    ) -> Result<Vec<Row>> {
        let (rows, groups) = self.rows_and_groups(aggregate)?;
        let steps = self.grid.len();
        let mut values = Vec::new();
        let folded = groups.into_iter().map(|group| {
            let mut row = Row { drop_name: group.drop_name, ..Row::absent(group.labels, steps) };
            for step in 0..steps {
                values.clear();
                let present = group.members.iter().map(|member| rows[*member].values[step]);
                values.extend(present.filter(|value| !is_marker(*value)));
                if !values.is_empty() {
                    row.values[step] = of(step, &mut values);
                }
            }
            row
        });
        Ok(folded.filter(|row| !row.is_absent()).collect())
    }

    /// The members themselves, those that are chosen at each step.
    fn choose(
        &self,
        aggregate: &AggregateExpr,
        operator: &str,
        amounts: &[f64],
    ) -> Result<Vec<Row>> {
        let (rows, groups) = self.rows_and_groups(aggregate)?;
        let mut chosen: Vec<Row> = Vec::new();
        for group in groups {
            let mut kept: Vec<Vec<f64>> = vec![vec![ABSENT; self.grid.len()]; group.members.len()];
            let mut order: Vec<usize> = Vec::new();
            for step in 0..self.grid.len() {
                let value = |member: &usize| rows[group.members[*member]].values[step];
                let present: Vec<usize> =
                    (0..group.members.len()).filter(|member| !is_marker(value(member))).collect();
                order = pick(operator, amounts[step], present, &value, |member| {
                    &rows[group.members[*member]].labels
                });
                for member in &order {
                    kept[*member][step] = value(member);
                }
            }
            // An instant vector comes in the order of choice; over time there is none.
            if self.grid.len() > 1 {
                order = (0..group.members.len()).collect();
            }
            for member in order {
                let row = Row {
                    values: std::mem::take(&mut kept[member]),
                    ..rows[group.members[member]].clone()
                };
                chosen.push(row);
            }
        }
        chosen.retain(|row| !row.is_absent());
        Ok(chosen)
    }

    /// How often each value is there, the value as a label.
    fn count_values(&self, aggregate: &AggregateExpr, parameter: &Expr) -> Result<Vec<Row>> {
        let label = self.text(parameter)?;
        self.check_label_name(&label, "count_values")?;
        let (rows, groups) = self.rows_and_groups(aggregate)?;
        let mut gathered = Gathered::within(&self.budget, self.grid.len());
        let mut counts: HashMap<(usize, usize), f64> = HashMap::new();
        for group in &groups {
            for row in group.members.iter().map(|member| &rows[*member]) {
                for (step, value) in
                    row.values.iter().enumerate().filter(|(_, value)| !is_marker(**value))
                {
                    let value = numbers::format(*value);
                    let labels = group.labels.with(&label, &value);
                    let known = gathered.len();
                    let at = gathered.row(labels, group.drop_name && label != NAME)?;
                    if at == known {
                        let pairs = group.labels.pairs().len() + 1;
                        self.budget.take_labels(pairs, label.len() + value.len())?;
                    }
                    *counts.entry((at, step)).or_default() += 1.0;
                }
            }
        }
        for ((at, step), count) in counts {
            if !gathered.set(at, step, count) {
                return Err(Error::Execution(
                    "vector cannot contain metrics with the same labelset".into(),
                ));
            }
        }
        Ok(gathered.into_rows())
    }
}

fn grouped(rows: Vec<Row>, aggregate: &AggregateExpr) -> (Vec<Row>, Vec<Group>) {
    let mut by_labels: HashMap<Labels, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let labels = group_labels(&row.labels, aggregate.modifier.as_ref());
        let at = *by_labels.entry(labels.clone()).or_insert_with(|| {
            groups.push(Group { labels, drop_name: false, members: vec![] });
            groups.len() - 1
        });
        groups[at].members.push(index);
        groups[at].drop_name |= row.drop_name;
    }
    (rows, groups)
}

fn needed<'a>(parameter: Option<&'a Expr>, operator: &str) -> Result<&'a Expr> {
    parameter.ok_or_else(|| Error::Execution(format!("{operator} needs a parameter")))
}

fn group_labels(labels: &Labels, modifier: Option<&LabelModifier>) -> Labels {
    match modifier {
        None => Labels::empty(),
        Some(LabelModifier::Include(by)) => {
            labels.filtered(|name| by.labels.iter().any(|label| label == name))
        }
        Some(LabelModifier::Exclude(without)) => labels
            .filtered(|name| name != NAME && !without.labels.iter().any(|label| label == name)),
    }
}

fn function(operator: &str) -> Result<fn(&[f64]) -> f64> {
    Ok(match operator {
        "sum" => sum,
        "avg" => mean,
        "count" => |values| values.len() as f64,
        "min" => |values| extreme(values, |next, best| next < best),
        "max" => |values| extreme(values, |next, best| next > best),
        "group" => |_| 1.0,
        "stddev" => |values| variance(values).sqrt(),
        "stdvar" => variance,
        unknown => {
            return Err(Error::Execution(format!("the aggregation {unknown} is not supported")));
        }
    })
}

/// Any number is better than NaN.
fn extreme(values: &[f64], is_better: impl Fn(f64, f64) -> bool) -> f64 {
    let first = values.first().copied().unwrap_or(f64::NAN);
    values
        .iter()
        .copied()
        .fold(first, |best, next| if is_better(next, best) || best.is_nan() { next } else { best })
}

/// Go's limits for the conversion to an integer.
const INTEGERS: f64 = 9_223_372_036_854_775_807.0;

/// `at` is the parameter of the aggregation.
fn check_amounts(
    operator: &str,
    amounts: &[f64],
    at: &Expr,
    evaluator: &Evaluator<'_>,
) -> Result<()> {
    let least = amounts.iter().copied().fold(f64::INFINITY, f64::min);
    let most = amounts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let is_ratio = operator == "limit_ratio";
    if amounts.iter().any(|amount| amount.is_nan()) {
        let what = if is_ratio { "Ratio" } else { "Parameter" };
        return Err(Error::Execution(format!("{what} value is NaN")));
    }
    if is_ratio {
        for (amount, limit) in [(least.min(-1.0), -1.0), (most.max(1.0), 1.0)] {
            if amount != limit {
                let amount = numbers::short(amount);
                let text = format!(
                    "ratio value should be between -1 and 1, got {amount}, capping to {limit}"
                );
                evaluator.remarks.warn(&text, at);
            }
        }
        return Ok(());
    }
    // None is chosen at any step, so that it does not matter how few none are.
    if most < 1.0 {
        return Ok(());
    }
    for (amount, is_out, how) in
        [(least, least <= -INTEGERS, "underflows"), (most, most >= INTEGERS, "overflows")]
    {
        if is_out {
            let amount = numbers::short(amount);
            return Err(Error::Execution(format!("Scalar value {amount} {how} int64")));
        }
    }
    Ok(())
}

fn pick<'a>(
    operator: &str,
    amount: f64,
    mut present: Vec<usize>,
    value: &impl Fn(&usize) -> f64,
    labels: impl Fn(&usize) -> &'a Labels,
) -> Vec<usize> {
    match operator {
        "limit_ratio" => {
            present.retain(|member| is_sampled(labels(member), amount.clamp(-1.0, 1.0)));
            return present;
        }
        "topk" => present.sort_by(|left, right| nan_first(value(right), value(left))),
        "bottomk" => present.sort_by(|left, right| {
            // NaN is the last choice in either direction.
            let (left, right) = (value(left), value(right));
            left.is_nan().cmp(&right.is_nan()).then(nan_first(left, right))
        }),
        _ => {}
    }
    present.truncate(if amount < 1.0 { 0 } else { amount as usize });
    present
}
