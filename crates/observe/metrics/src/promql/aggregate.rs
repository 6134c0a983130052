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
    pub fn aggregate(&self, aggregate: &AggregateExpr) -> Result<Vec<Row>> {
        let operator = aggregate.op.to_string();
        let parameter = aggregate.param.as_deref();
        // The parameter is checked even when there is nothing to aggregate.
        match operator.as_str() {
            "count_values" => self.count_values(aggregate, needed(parameter, &operator)?),
            "topk" | "bottomk" | "limitk" | "limit_ratio" => {
                let amounts = self.scalar(needed(parameter, &operator)?)?;
                check_amounts(&operator, &amounts, self)?;
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
        Ok((rows, groups))
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
        let mut gathered = Gathered::new(self.grid.len());
        let mut counts: HashMap<(usize, usize), f64> = HashMap::new();
        for group in &groups {
            for row in group.members.iter().map(|member| &rows[*member]) {
                for (step, value) in
                    row.values.iter().enumerate().filter(|(_, value)| !is_marker(**value))
                {
                    let labels = group.labels.with(&label, &numbers::format(*value));
                    let at = gathered.row(labels, group.drop_name && label != NAME);
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

fn check_amounts(operator: &str, amounts: &[f64], evaluator: &Evaluator<'_>) -> Result<()> {
    for amount in amounts {
        if operator == "limit_ratio" {
            if amount.is_nan() {
                return Err(Error::Execution(format!(
                    "Ratio value is {}",
                    numbers::format(*amount)
                )));
            }
            if !(-1.0..=1.0).contains(amount) {
                let text = format!(
                    "ratio value should be between -1 and 1, got {}",
                    numbers::format(*amount)
                );
                let capped = numbers::format(amount.clamp(-1.0, 1.0));
                evaluator
                    .remarks
                    .warn(&format!("{text}, capping to {capped}"), &Expr::from(*amount));
            }
            continue;
        }
        if amount.is_nan() {
            return Err(Error::Execution("Parameter value is NaN".into()));
        }
        // Go's limits for the conversion to an integer.
        if *amount >= 9.223_372_036_854_775e18 || *amount <= -9.223_372_036_854_775e18 {
            let limit = if *amount > 0.0 { "overflows" } else { "underflows" };
            return Err(Error::Execution(format!(
                "Scalar value {} {limit} int64",
                numbers::format(*amount)
            )));
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
