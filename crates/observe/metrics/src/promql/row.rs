//! What the evaluation of a node yields, and the grid of steps that it is for.

use std::collections::HashMap;

use super::budget::Budget;
use crate::error::{Error, Result};
use crate::labels::{Labels, NAME};
use crate::sample::{ABSENT, is_marker};

/// The instants of an evaluation, in milliseconds. An instant query has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    pub start: i64,
    pub end: i64,
    /// At least 1.
    pub step: i64,
}

impl Grid {
    /// The grid of an instant query.
    pub fn instant(time: i64) -> Grid {
        Grid { start: time, end: time, step: 1 }
    }

    /// The step of a range query; an instant query has none.
    pub fn width(&self) -> i64 {
        if *self == Grid::instant(self.start) { 0 } else { self.step }
    }

    pub fn len(&self) -> usize {
        usize::try_from((self.end - self.start) / self.step + 1).unwrap_or(0)
    }

    pub fn times(&self) -> impl Iterator<Item = i64> + use<> {
        let Grid { start, step, .. } = *self;
        (0..self.len() as i64).map(move |index| start + index * step)
    }
}

/// One series of a result: a value, or its absence, at every step.
#[derive(Debug, Clone)]
pub struct Row {
    pub labels: Labels,
    /// The name stays until the end, so that `by (__name__)` and `label_replace` can see it.
    pub drop_name: bool,
    pub values: Vec<f64>,
}

impl Row {
    pub fn absent(labels: Labels, steps: usize) -> Row {
        Row { labels, drop_name: false, values: vec![ABSENT; steps] }
    }

    pub fn is_absent(&self) -> bool {
        self.values.iter().all(|value| is_marker(*value))
    }

    /// The values changed by a function of values; absence stays.
    pub fn map(mut self, change: impl Fn(f64) -> f64) -> Row {
        for value in &mut self.values {
            if !is_marker(*value) {
                *value = change(*value);
            }
        }
        self.drop_name = true;
        self
    }
}

#[derive(Debug, Clone)]
pub enum Value {
    /// One number per step.
    Scalar(Vec<f64>),
    Vector(Vec<Row>),
    Text(String),
}

impl Value {
    pub fn rows(self) -> Result<Vec<Row>> {
        match self {
            Value::Vector(rows) => Ok(rows),
            other => Err(Error::Execution(format!(
                "expected an instant vector, found a {}",
                other.kind()
            ))),
        }
    }

    pub fn scalars(self) -> Result<Vec<f64>> {
        match self {
            Value::Scalar(values) => Ok(values),
            other => Err(Error::Execution(format!("expected a scalar, found an {}", other.kind()))),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Value::Scalar(_) => "scalar",
            Value::Vector(_) => "instant vector",
            Value::Text(_) => "string",
        }
    }
}

/// Labels that say what the metric is. What is computed from it is another metric and
/// loses them.
pub fn is_of_metric(name: &str) -> bool {
    matches!(name, NAME | "__type__" | "__unit__")
}

/// Rows by their labels, in order of first appearance. Values of equal labels come
/// together in one row; two at one step are a conflict.
pub struct Gathered<'a> {
    steps: usize,
    /// What there may be; none for rows that are there already.
    budget: Option<&'a Budget>,
    rows: Vec<Row>,
    by_labels: HashMap<(Labels, bool), usize>,
}

impl<'a> Gathered<'a> {
    pub fn within(budget: &'a Budget, steps: usize) -> Gathered<'a> {
        Gathered { budget: Some(budget), ..Gathered::of_rows(steps) }
    }

    /// For what becomes no more rows than there are.
    pub fn of_rows(steps: usize) -> Gathered<'a> {
        Gathered { steps, budget: None, rows: Vec::new(), by_labels: HashMap::new() }
    }

    pub fn row(&mut self, labels: Labels, drop_name: bool) -> Result<usize> {
        let key = (labels, drop_name);
        if let Some(at) = self.by_labels.get(&key) {
            return Ok(*at);
        }
        let at = self.rows.len();
        if let Some(budget) = self.budget {
            budget.check_rows(at + 1, self.steps)?;
        }
        self.rows.push(Row { drop_name, ..Row::absent(key.0.clone(), self.steps) });
        self.by_labels.insert(key, at);
        Ok(at)
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// `false` when the row has a value at that step already.
    #[must_use]
    pub fn set(&mut self, row: usize, step: usize, value: f64) -> bool {
        let slot = &mut self.rows[row].values[step];
        let is_free = is_marker(*slot);
        if is_free {
            *slot = value;
        }
        is_free
    }

    pub fn into_rows(self) -> Vec<Row> {
        self.rows.into_iter().filter(|row| !row.is_absent()).collect()
    }
}

/// Drops the names that are due, and joins what becomes one series by that.
pub fn finish(rows: Vec<Row>, steps: usize) -> Result<Vec<Row>> {
    let mut gathered = Gathered::of_rows(steps);
    for row in rows {
        if row.is_absent() {
            continue;
        }
        let labels = if row.drop_name {
            row.labels.filtered(|name| !is_of_metric(name))
        } else {
            row.labels
        };
        let at = gathered.row(labels, false)?;
        for (step, value) in row.values.into_iter().enumerate() {
            if !is_marker(value) && !gathered.set(at, step, value) {
                return Err(Error::Execution(
                    "vector cannot contain metrics with the same labelset".into(),
                ));
            }
        }
    }
    Ok(gathered.into_rows())
}
