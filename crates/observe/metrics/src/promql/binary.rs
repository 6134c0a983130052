//! Binary operators: arithmetic, comparisons, and how two vectors are matched.

use std::collections::HashMap;

use promql_parser::parser::{BinModifier, BinaryExpr, LabelModifier, VectorMatchCardinality};

use super::evaluate::Evaluator;
use super::row::{Gathered, Row, Value, is_of_metric};
use crate::error::{Error, Result};
use crate::labels::{Labels, NAME};
use crate::sample::{ABSENT, is_marker};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Atan2,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
}

impl Operator {
    fn named(name: &str) -> Option<Operator> {
        use Operator::*;
        Some(match name {
            "+" => Add,
            "-" => Subtract,
            "*" => Multiply,
            "/" => Divide,
            "%" => Modulo,
            "^" => Power,
            "atan2" => Atan2,
            "==" => Equal,
            "!=" => NotEqual,
            ">" => Greater,
            "<" => Less,
            ">=" => GreaterOrEqual,
            "<=" => LessOrEqual,
            _ => return None,
        })
    }

    fn is_comparison(self) -> bool {
        use Operator::*;
        matches!(self, Equal | NotEqual | Greater | Less | GreaterOrEqual | LessOrEqual)
    }

    /// The number; of a comparison 1 or 0.
    fn apply(self, left: f64, right: f64) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
        match self {
            Operator::Add => left + right,
            Operator::Subtract => left - right,
            Operator::Multiply => left * right,
            Operator::Divide => left / right,
            Operator::Modulo => left % right,
            Operator::Power => left.powf(right),
            Operator::Atan2 => left.atan2(right),
            Operator::Equal => truth(left == right),
            Operator::NotEqual => truth(left != right),
            Operator::Greater => truth(left > right),
            Operator::Less => truth(left < right),
            Operator::GreaterOrEqual => truth(left >= right),
            Operator::LessOrEqual => truth(left <= right),
        }
    }

    /// What remains of `left op right`: a comparison without `bool` filters `kept`.
    fn result(self, left: f64, right: f64, kept: f64, as_bool: bool) -> f64 {
        let value = self.apply(left, right);
        if !self.is_comparison() || as_bool {
            value
        } else if value == 1.0 {
            kept
        } else {
            ABSENT
        }
    }
}

impl Evaluator<'_> {
    pub fn binary(&self, binary: &BinaryExpr) -> Result<Value> {
        let name = binary.op.to_string();
        let (left, right) = (self.evaluate(&binary.lhs)?, self.evaluate(&binary.rhs)?);
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
            )));
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
                Value::Vector(Join { operator, matching, steps }.run(left, right)?)
            }
            _ => {
                return Err(Error::Execution(format!(
                    "the operator {name} does not work on strings"
                )));
            }
        })
    }
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
struct Matching<'a> {
    modifier: &'a BinModifier,
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
    fn signatures(&self, sides: [&[Row]; 2]) -> ([Vec<usize>; 2], Vec<Labels>) {
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
) -> Vec<Row> {
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
    let mut gathered = Gathered::new(steps);
    let mut add = |row: Row, group: Option<usize>| {
        let at = gathered.row(row.labels, row.drop_name);
        for (step, value) in row.values.into_iter().enumerate() {
            let is_kept = group.is_none_or(|group| others[group * steps + step] == wanted);
            if is_kept && !is_marker(value) {
                // Equal labels on both sides are the same group, so only one of them is kept.
                let _ = gathered.set(at, step, value);
            }
        }
    };
    if name == "or" {
        left.into_iter().for_each(|row| add(row, None));
    }
    for (row, group) in filtered.into_iter().zip(numbers) {
        add(row, Some(group));
    }
    gathered.into_rows()
}

/// Arithmetic or a comparison between two vectors.
struct Join<'a> {
    operator: Operator,
    matching: Matching<'a>,
    steps: usize,
}

/// Both vectors, so turned that `one` has at most one series per group.
struct Sides {
    many: Vec<Row>,
    one: Vec<Row>,
    many_groups: Vec<usize>,
    one_groups: Vec<usize>,
    groups: Vec<Labels>,
    is_swapped: bool,
}

impl Join<'_> {
    fn run(&self, left: Vec<Row>, right: Vec<Row>) -> Result<Vec<Row>> {
        let is_swapped =
            matches!(self.matching.modifier.card, VectorMatchCardinality::OneToMany(_));
        let (many, one) = if is_swapped { (right, left) } else { (left, right) };
        let ([many_groups, one_groups], groups) = self.matching.signatures([&many, &one]);
        let sides = Sides { many, one, many_groups, one_groups, groups, is_swapped };
        let mut gathered = Gathered::new(self.steps);
        let mut results: HashMap<(Option<usize>, Option<usize>, usize), usize> = HashMap::new();
        let is_grouped = self.matching.modifier.card != VectorMatchCardinality::OneToOne;
        // The step at which a group's series was met last.
        let mut met: HashMap<(usize, usize), usize> = HashMap::new();
        for step in 0..self.steps {
            self.step(&sides, step, |many, one, group, value| {
                let at = *results.entry((many, one, group)).or_insert_with(|| {
                    let (labels, drop_name) = self.labels(&sides, many, one, group);
                    gathered.row(labels, drop_name)
                });
                // Counted before a comparison filters: the ambiguity is there either way.
                if is_grouped && met.insert((at, group), step) == Some(step) {
                    return Err(Error::Execution(
                        "multiple matches for labels: grouping labels must ensure unique matches"
                            .into(),
                    ));
                }
                if is_marker(value) || gathered.set(at, step, value) {
                    return Ok(());
                }
                Err(Error::Execution("vector cannot contain metrics with the same labelset".into()))
            })?;
        }
        Ok(gathered.into_rows())
    }

    /// Calls `emit` with each match at one step: rows of both sides (none: filled in),
    /// group, and value, which is absent where a comparison filters.
    fn step(
        &self,
        sides: &Sides,
        step: usize,
        mut emit: impl FnMut(Option<usize>, Option<usize>, usize, f64) -> Result<()>,
    ) -> Result<()> {
        let mut one_of_group: Vec<Option<usize>> = vec![None; sides.groups.len()];
        for (index, group) in sides.one_groups.iter().enumerate() {
            if is_marker(sides.one[index].values[step]) {
                continue;
            }
            if let Some(other) = one_of_group[*group].replace(index) {
                return Err(duplicate(sides, *group, other, index));
            }
        }
        let fill = &self.matching.modifier.fill_values;
        let (fill_many, fill_one) =
            if sides.is_swapped { (fill.rhs, fill.lhs) } else { (fill.lhs, fill.rhs) };
        let is_one_to_one = self.matching.modifier.card == VectorMatchCardinality::OneToOne;
        let mut met = vec![false; sides.groups.len()];
        let mut taken = vec![false; sides.groups.len()];
        for (index, group) in sides.many_groups.iter().enumerate() {
            let many = sides.many[index].values[step];
            if is_marker(many) {
                continue;
            }
            met[*group] = true;
            let one = match (one_of_group[*group], fill_one) {
                (Some(one), _) => sides.one[one].values[step],
                (None, Some(fill)) => fill,
                (None, None) => continue,
            };
            // Counted before a comparison filters: the ambiguity is there either way.
            if is_one_to_one && std::mem::replace(&mut taken[*group], true) {
                return Err(Error::Execution(
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)".into(),
                ));
            }
            let value = self.value(sides, many, one);
            emit(Some(index), one_of_group[*group], *group, value)?;
        }
        let Some(fill) = fill_many else { return Ok(()) };
        for (group, one) in one_of_group.iter().enumerate().filter(|(group, _)| !met[*group]) {
            let Some(one) = *one else { continue };
            let value = self.value(sides, fill, sides.one[one].values[step]);
            emit(None, Some(one), group, value)?;
        }
        Ok(())
    }

    fn value(&self, sides: &Sides, many: f64, one: f64) -> f64 {
        let (left, right) = if sides.is_swapped { (one, many) } else { (many, one) };
        self.operator.result(left, right, left, self.matching.modifier.return_bool)
    }

    /// The labels of a result, and whether its name goes.
    fn labels(
        &self,
        sides: &Sides,
        many: Option<usize>,
        one: Option<usize>,
        group: usize,
    ) -> (Labels, bool) {
        let modifier = self.matching.modifier;
        let base = many.map_or(&sides.groups[group], |many| &sides.many[many].labels);
        let drops_name = !self.operator.is_comparison();
        let is_kept = |name: &str| {
            let is_dropped_name = drops_name && is_of_metric(name);
            let is_matched = match (&modifier.card, &modifier.matching) {
                (VectorMatchCardinality::OneToOne, Some(LabelModifier::Include(on))) => {
                    on.labels.iter().any(|label| label == name)
                }
                (VectorMatchCardinality::OneToOne, Some(LabelModifier::Exclude(ignoring))) => {
                    !ignoring.labels.iter().any(|label| label == name)
                }
                _ => true,
            };
            !is_dropped_name && is_matched
        };
        let mut labels = base.filtered(is_kept);
        if let VectorMatchCardinality::ManyToOne(include)
        | VectorMatchCardinality::OneToMany(include) = &modifier.card
        {
            for name in &include.labels {
                let value = one.map_or("", |one| sides.one[one].labels.get(name));
                labels = labels.with(name, value);
            }
        }
        let was_due = many.is_some_and(|many| sides.many[many].drop_name);
        (labels, was_due || modifier.return_bool)
    }
}

fn duplicate(sides: &Sides, group: usize, first: usize, second: usize) -> Error {
    let side = if sides.is_swapped { "left" } else { "right" };
    let mut pair = [first, second].map(|row| sides.one[row].labels.to_string());
    pair.sort();
    Error::Execution(format!(
        "found duplicate series for the match group {} on the {side} hand-side of the operation: [{}];many-to-many matching not allowed: matching labels must be unique on one side",
        sides.groups[group],
        pair.join(", ")
    ))
}
