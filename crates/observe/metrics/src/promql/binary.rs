//! Binary operators: which series meet, and sets of them.

use std::collections::HashMap;

use promql_parser::parser::value::ValueType;
use promql_parser::parser::{BinModifier, BinaryExpr, Expr, LabelModifier};

use super::evaluate::Evaluator;
use super::join::Join;
use super::operator::Operator;
use super::row::{Gathered, Row, Value};
use crate::error::{Error, Result};
use crate::labels::{Labels, NAME};
use crate::sample::is_marker;

impl Evaluator<'_> {
    /// Little more than the recursion: a chain of operators is as deep as it is long.
    pub fn binary(&self, binary: &BinaryExpr) -> Result<Value> {
        check_fill(binary)?;
        let left = self.evaluate(&binary.lhs)?;
        let right = self.evaluate(&binary.rhs)?;
        self.met(binary, left, right)
    }

    fn met(&self, binary: &BinaryExpr, left: Value, right: Value) -> Result<Value> {
        let name = binary.op.to_string();
        let plain = BinModifier::default();
        let modifier = binary.modifier.as_ref().unwrap_or(&plain);
        let matching = Matching { modifier };
        if matches!(name.as_str(), "and" | "or" | "unless") {
            return Ok(Value::Vector(set(
                &name,
                left.rows()?,
                right.rows()?,
                &matching,
                self.grid.len(),
            )?));
        }
        let operator = Operator::named(&name)
            .ok_or_else(|| Error::Execution(format!("the operator {name} is not supported")))?;
        Ok(match (left, right) {
            (Value::Scalar(left), Value::Scalar(right)) => Value::Scalar(
                left.iter()
                    .zip(&right)
                    .map(|(left, right)| operator.apply(*left, *right))
                    .collect(),
            ),
            (Value::Vector(rows), Value::Scalar(right)) => {
                Value::Vector(with_scalar(rows, operator, modifier.return_bool, |step, value| {
                    operator.result(value, right[step], value, modifier.return_bool)
                }))
            }
            (Value::Scalar(left), Value::Vector(rows)) => {
                Value::Vector(with_scalar(rows, operator, modifier.return_bool, |step, value| {
                    operator.result(left[step], value, value, modifier.return_bool)
                }))
            }
            (Value::Vector(left), Value::Vector(right)) => {
                let steps = self.grid.len();
                Value::Vector(
                    Join { operator, matching, steps, budget: &self.budget }.run(left, right)?,
                )
            }
            _ => {
                return Err(Error::Execution(format!(
                    "the operator {name} does not work on strings"
                )));
            }
        })
    }
}

/// Only series can be missing, and sets are about which are.
fn check_fill(binary: &BinaryExpr) -> Result<()> {
    let fill = binary.modifier.as_ref().map(|modifier| &modifier.fill_values);
    if fill.is_none_or(|fill| fill.lhs.is_none() && fill.rhs.is_none()) {
        return Ok(());
    }
    let is_vector = |side: &Expr| side.value_type() == ValueType::Vector;
    let reason = if !is_vector(&binary.lhs) || !is_vector(&binary.rhs) {
        "filling in missing series only allowed between instant vectors"
    } else if binary.op.is_set_operator() {
        "filling in missing series not allowed for set operators"
    } else {
        return Ok(());
    };
    Err(Error::BadData(format!("invalid parameter \"query\": parse error: {reason}")))
}

fn with_scalar(
    rows: Vec<Row>,
    operator: Operator,
    as_bool: bool,
    of: impl Fn(usize, f64) -> f64,
) -> Vec<Row> {
    let changed = rows.into_iter().map(|mut row| {
        for (step, value) in row.values.iter_mut().enumerate() {
            if !is_marker(*value) {
                *value = of(step, *value);
            }
        }
        row.drop_name |= !operator.is_comparison() || as_bool;
        row
    });
    changed.filter(|row| !row.is_absent()).collect()
}

/// Which labels must be equal for two series to meet.
pub struct Matching<'a> {
    pub modifier: &'a BinModifier,
}

impl Matching<'_> {
    fn is_matched_on(&self, name: &str) -> bool {
        match &self.modifier.matching {
            None => name != NAME,
            Some(LabelModifier::Include(on)) => on.labels.iter().any(|label| label == name),
            Some(LabelModifier::Exclude(ignoring)) => {
                name != NAME && !ignoring.labels.iter().any(|label| label == name)
            }
        }
    }

    /// Rows' groups as numbers, equal on both sides.
    pub fn signatures(&self, sides: [&[Row]; 2]) -> ([Vec<usize>; 2], Vec<Labels>) {
        let mut known: HashMap<Labels, usize> = HashMap::new();
        let mut groups = Vec::new();
        let numbered = sides.map(|rows| {
            let number = |row: &Row| {
                let labels = row.labels.filtered(|name| self.is_matched_on(name));
                *known.entry(labels).or_insert_with_key(|labels| {
                    groups.push(labels.clone());
                    groups.len() - 1
                })
            };
            rows.iter().map(number).collect()
        });
        (numbered, groups)
    }
}

fn set(
    name: &str,
    left: Vec<Row>,
    right: Vec<Row>,
    matching: &Matching<'_>,
    steps: usize,
) -> Result<Vec<Row>> {
    let ([left_groups, right_groups], groups) = matching.signatures([&left, &right]);
    let presence = |rows: &[Row], numbers: &[usize]| {
        let mut present = vec![false; groups.len() * steps];
        for (row, group) in rows.iter().zip(numbers) {
            for (step, value) in row.values.iter().enumerate() {
                present[group * steps + step] |= !is_marker(*value);
            }
        }
        present
    };
    // `or` takes from the right what the left has not; the others filter the left by the right.
    let (filtered, numbers, others, wanted) = match name {
        "or" => (right, right_groups, presence(&left, &left_groups), false),
        "and" => (left.clone(), left_groups, presence(&right, &right_groups), true),
        _ => (left.clone(), left_groups, presence(&right, &right_groups), false),
    };
    let mut gathered = Gathered::of_rows(steps);
    let mut add = |row: Row, group: Option<usize>| -> Result<()> {
        let at = gathered.row(row.labels, row.drop_name)?;
        for (step, value) in row.values.into_iter().enumerate() {
            let is_kept = group.is_none_or(|group| others[group * steps + step] == wanted);
            if is_kept && !is_marker(value) {
                // Equal labels on both sides are the same group, so only one of them is kept.
                let _ = gathered.set(at, step, value);
            }
        }
        Ok(())
    };
    if name == "or" {
        left.into_iter().try_for_each(|row| add(row, None))?;
    }
    for (row, group) in filtered.into_iter().zip(numbers) {
        add(row, Some(group))?;
    }
    Ok(gathered.into_rows())
}
