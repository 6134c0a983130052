//! The order of an instant vector, where a query asks for one.

use std::cmp::Ordering;

use promql_parser::parser::{Call, Expr};

use super::engine::unwrapped;
use super::evaluate::Evaluator;
use super::numbers::nan_first;
use super::row::Row;
use crate::error::Result;

impl Evaluator<'_> {
    /// `sort` and its like. Over time there is no order, and a warning says so.
    pub fn sorted(&self, call: &Call, arguments: &[&Expr]) -> Result<Vec<Row>> {
        self.in_order(self.rows(arguments[0])?, call, arguments)
    }

    fn in_order(&self, mut rows: Vec<Row>, call: &Call, arguments: &[&Expr]) -> Result<Vec<Row>> {
        let names =
            arguments[1..].iter().map(|name| self.text(name)).collect::<Result<Vec<_>>>()?;
        if self.grid.start != self.grid.end {
            self.remarks.warn(
                "sort is ineffective for range queries since results are always ordered by labels",
                &Expr::Call(call.clone()),
            );
            return Ok(rows);
        }
        match call.func.name {
            "sort" => by_value(&mut rows, false),
            "sort_desc" => by_value(&mut rows, true),
            name => by_labels(&mut rows, &names, name.ends_with("_desc")),
        }
        Ok(rows)
    }
}

/// Whether the outermost expression decides the order of its result.
pub fn is_ordered(expression: &Expr) -> bool {
    match unwrapped(expression) {
        Expr::Call(call) => call.func.name.starts_with("sort"),
        Expr::Aggregate(aggregate) => {
            matches!(aggregate.op.to_string().as_str(), "topk" | "bottomk")
        }
        _ => false,
    }
}

/// By value; NaN comes last in either direction.
fn by_value(rows: &mut [Row], descending: bool) {
    rows.sort_by(|left, right| {
        let (left, right) = (left.values[0], right.values[0]);
        match (left.is_nan(), right.is_nan()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) if descending => nan_first(right, left),
            (false, false) => nan_first(left, right),
        }
    });
}

/// By labels in natural order (`cpu2` before `cpu10`), then by all labels.
fn by_labels(rows: &mut [Row], names: &[String], descending: bool) {
    rows.sort_by(|left, right| {
        let order = names
            .iter()
            .map(|name| natural(left.labels.get(name), right.labels.get(name)))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| left.labels.cmp(&right.labels));
        if descending { order.reverse() } else { order }
    });
}

/// Runs of digits compare as numbers.
fn natural(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    while !left.is_empty() && !right.is_empty() {
        let (left_run, left_rest) = run(left);
        let (right_run, right_rest) = run(right);
        let numbers = left_run.parse::<u128>().ok().zip(right_run.parse::<u128>().ok());
        let order = match numbers {
            Some((left, right)) => left.cmp(&right),
            None => left_run.cmp(right_run),
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    left.len().cmp(&right.len())
}

fn run(text: &str) -> (&str, &str) {
    let is_digit = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_compare_as_numbers() {
        assert_eq!(natural("cpu2", "cpu10"), Ordering::Less);
        assert_eq!(natural("1.2.10", "1.2.9"), Ordering::Greater);
        assert_eq!(natural("a", "ab"), Ordering::Less);
    }
}
