//! The entrance: a query text and its times in, an answer out.

use std::rc::Rc;

use promql_parser::parser::Expr;

use super::annotations::{Annotations, Remarks};
use super::bounds;
use super::budget::{Budget, Limits};
use super::dialect::translated;
use super::evaluate::Evaluator;
use super::row::{Grid, Row, Value, finish};
use super::select::{Source, milliseconds};
use super::sort;
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::sample::{Sample, Series, is_marker};

/// The result of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    Scalar(Sample),
    Text(i64, String),
    Vector(Vec<(Labels, Sample)>),
    Matrix(Vec<Series>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub data: Data,
    pub annotations: Annotations,
}

/// Evaluates queries over a source.
pub struct Engine<'a> {
    pub source: &'a dyn Source,
    pub limits: Limits,
}

/// Reads a query; the error says where and what.
///
/// # Errors
/// [`Error::BadData`] for what is no query, and for one that holds more than [`bounds`]
/// allow.
pub fn parse(query: &str) -> Result<Expr> {
    bounds::check(query)?;
    parsed(query)
}

/// Reads a query that is evaluated over a grid, in all words that Prometheus has.
fn parse_over(query: &str, grid: Grid) -> Result<Expr> {
    bounds::check(query)?;
    // Without bounds: what is put into its text nests no deeper.
    parsed(&translated(query, grid)?)
}

/// The one place where the parser is called: it must see no text that is not within bounds.
fn parsed(query: &str) -> Result<Expr> {
    promql_parser::parser::parse(query).map_err(|reason| {
        Error::BadData(format!("invalid parameter \"query\": parse error: {reason}"))
    })
}

impl Engine<'_> {
    /// The query's value at one time (milliseconds).
    pub fn instant(&self, query: &str, time: i64) -> Result<Answer> {
        let grid = Grid::instant(time);
        let expression = parse_over(query, grid)?;
        let remarks = Remarks::new(query);
        let evaluator = self.evaluator(grid, &remarks);
        let data = match unwrapped(&expression) {
            Expr::MatrixSelector(selector) => Data::Matrix(evaluator.range_series(selector)?),
            Expr::Subquery(subquery) => Data::Matrix(evaluator.subquery_series(subquery)?),
            _ => match evaluator.evaluate(&expression)? {
                Value::Scalar(values) => Data::Scalar(Sample { time, value: values[0] }),
                Value::Text(text) => Data::Text(time, text),
                Value::Vector(rows) => {
                    let rows = finish(rows, 1)?;
                    let rows = if sort::is_ordered(&expression) { rows } else { sorted(rows) };
                    let sample = |row: Row| (row.labels, Sample { time, value: row.values[0] });
                    Data::Vector(rows.into_iter().map(sample).collect())
                }
            },
        };
        drop(evaluator);
        Ok(Answer { data, annotations: remarks.into_annotations() })
    }

    /// The query's values from `start` to `end` every `step` (milliseconds).
    pub fn range(&self, query: &str, start: i64, end: i64, step: i64) -> Result<Answer> {
        if step <= 0 {
            return Err(Error::BadData("zero or negative query resolution step widths are not accepted; try a positive integer".into()));
        }
        if end < start {
            return Err(Error::BadData("end timestamp must not be before start time".into()));
        }
        let grid = Grid { start, end, step };
        let expression = parse_over(query, grid)?;
        if matches!(
            unwrapped(&expression),
            Expr::MatrixSelector(_) | Expr::Subquery(_) | Expr::StringLiteral(_)
        ) {
            return Err(Error::BadData(
                "invalid expression type for range query, must be Scalar or instant Vector; wrap a range in a function such as rate()".into(),
            ));
        }
        if grid.len() > self.limits.steps {
            return Err(Error::BadData(format!(
                "exceeded maximum resolution of {} points per timeseries. Try decreasing the query resolution (?step=XX)",
                self.limits.steps
            )));
        }
        let remarks = Remarks::new(query);
        let rows = match self.evaluator(grid, &remarks).evaluate(&expression)? {
            Value::Vector(rows) => finish(rows, grid.len())?,
            Value::Scalar(values) => {
                vec![Row { labels: Labels::empty(), drop_name: false, values }]
            }
            Value::Text(_) => {
                return Err(Error::BadData("a string has no values over time".into()));
            }
        };
        let series = sorted(rows).into_iter().map(|row| series_of(row, grid)).collect();
        Ok(Answer { data: Data::Matrix(series), annotations: remarks.into_annotations() })
    }

    fn evaluator<'b>(&'b self, grid: Grid, remarks: &'b Remarks) -> Evaluator<'b> {
        Evaluator {
            source: self.source,
            grid,
            query: grid,
            lookback: milliseconds(self.limits.lookback),
            remarks,
            budget: Rc::new(Budget::new(self.limits)),
        }
    }
}

pub fn series_of(row: Row, grid: Grid) -> Series {
    let samples = grid.times().zip(row.values).filter(|(_, value)| !is_marker(*value));
    Series {
        labels: row.labels,
        samples: samples.map(|(time, value)| Sample { time, value }).collect(),
    }
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by(|left, right| left.labels.cmp(&right.labels));
    rows
}

/// Past any parentheses.
pub fn unwrapped(expression: &Expr) -> &Expr {
    match expression {
        Expr::Paren(paren) => unwrapped(&paren.expr),
        other => other,
    }
}
