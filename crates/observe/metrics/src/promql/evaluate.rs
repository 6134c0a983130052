//! Walks the syntax tree. Each kind of node has its own file; this one holds what
//! they share and subqueries.

use std::rc::Rc;

use promql_parser::parser::{Expr, MatrixSelector, SubqueryExpr, UnaryExpr};

use super::annotations::Remarks;
use super::budget::Budget;
use super::dialect::{Extent, extent};
use super::engine::{series_of, unwrapped};
use super::extended;
use super::row::{Grid, Row, Value, finish};
use super::select::{Shift, Source, milliseconds};
use crate::error::{Error, Result};
use crate::sample::{Sample, Series};

/// Prometheus's global evaluation interval, the step of a subquery without one.
const DEFAULT_STEP: i64 = 60_000;

pub struct Evaluator<'a> {
    pub source: &'a dyn Source,
    /// The steps to evaluate; of a subquery inside one.
    pub grid: Grid,
    /// The steps of the whole query, for `@ start()`, `step()` and their like.
    pub query: Grid,
    pub lookback: i64,
    pub remarks: &'a Remarks,
    /// What the whole query may still take.
    pub budget: Rc<Budget>,
}

/// A range argument: its series, and where each step looks.
pub struct Ranges {
    pub series: Vec<RangeSeries>,
    pub shift: Shift,
    /// Milliseconds, as of the two others.
    pub range: i64,
    /// How far before and after the range a window goes.
    pub margins: (i64, i64),
}

/// A series as a range function sees it.
pub struct RangeSeries {
    pub series: Series,
    pub drop_name: bool,
}

impl Evaluator<'_> {
    /// Little more than the recursion, as all that calls it with a part of an expression:
    /// what these frames hold, a nested query holds a hundred times.
    pub fn evaluate(&self, expression: &Expr) -> Result<Value> {
        let value = match expression {
            Expr::Paren(paren) => return self.evaluate(&paren.expr),
            Expr::Unary(unary) => return self.negated(unary),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Aggregate(aggregate) => self.aggregated(aggregate),
            Expr::Call(call) => self.call(call),
            leaf => self.leaf(leaf),
        };
        self.counted(value)
    }

    /// What has no expression within.
    fn leaf(&self, expression: &Expr) -> Result<Value> {
        Ok(match expression {
            Expr::NumberLiteral(number) => Value::Scalar(vec![number.val; self.grid.len()]),
            Expr::StringLiteral(text) => Value::Text(text.val.clone()),
            Expr::VectorSelector(selector) if extent(selector) == Extent::Smoothed => {
                Value::Vector(self.smoothed_vector(selector)?)
            }
            Expr::VectorSelector(selector) => {
                Value::Vector(self.instant_vector(selector, |sample| sample.value)?)
            }
            Expr::Extension(_) => {
                return Err(Error::Execution(
                    "an extension of the language is not supported".into(),
                ));
            }
            _ => {
                return Err(Error::Execution(format!(
                    "a range of samples cannot stand here: {expression}"
                )));
            }
        })
    }

    /// Takes what was computed off the query's budget.
    fn counted(&self, value: Result<Value>) -> Result<Value> {
        if let Ok(Value::Vector(rows)) = &value {
            self.count(rows.len() * self.grid.len())?;
        }
        value
    }

    /// Takes samples off the query's budget.
    pub fn count(&self, samples: usize) -> Result<()> {
        self.budget.take_samples(samples)
    }

    fn negated(&self, unary: &UnaryExpr) -> Result<Value> {
        self.counted(self.evaluate(&unary.expr).and_then(negative))
    }

    /// The argument as an instant vector.
    pub fn rows(&self, expression: &Expr) -> Result<Vec<Row>> {
        self.evaluate(expression)?.rows()
    }

    /// The scalar argument at every step.
    pub fn scalar(&self, expression: &Expr) -> Result<Vec<f64>> {
        self.evaluate(expression)?.scalars()
    }

    pub fn text(&self, expression: &Expr) -> Result<String> {
        match self.evaluate(expression)? {
            Value::Text(text) => Ok(text),
            _ => Err(Error::Execution(format!("expected a string, found {expression}"))),
        }
    }

    pub fn range_argument(&self, expression: &Expr) -> Result<Ranges> {
        match unwrapped(expression) {
            Expr::Subquery(subquery) => {
                let rows = self.subquery(subquery)?;
                Ok(self.ranges_of_rows(subquery, rows))
            }
            other => self.selected_ranges(other),
        }
    }

    fn selected_ranges(&self, expression: &Expr) -> Result<Ranges> {
        let Expr::MatrixSelector(selector) = expression else {
            return Err(Error::Execution(format!("expected a range vector, found {expression}")));
        };
        let (range, extent) = (milliseconds(selector.range), extent(&selector.vs));
        let shift = Shift::new(selector.vs.at.as_ref(), selector.vs.offset.as_ref(), self.query);
        let series = self.load_range(&selector.vs, &shift, range, extent)?;
        let series = series.into_iter().map(|series| RangeSeries { series, drop_name: false });
        let margins = self.margins(extent);
        Ok(Ranges { series: series.collect(), shift, range, margins })
    }

    fn ranges_of_rows(&self, subquery: &SubqueryExpr, (rows, inner): (Vec<Row>, Grid)) -> Ranges {
        let series = rows
            .into_iter()
            .map(|row| RangeSeries { drop_name: row.drop_name, series: series_of(row, inner) });
        let shift = Shift::new(subquery.at.as_ref(), subquery.offset.as_ref(), self.query);
        let range = milliseconds(subquery.range);
        Ranges { series: series.collect(), shift, range, margins: (0, 0) }
    }

    /// A range of samples as the answer itself.
    pub fn range_series(&self, selector: &MatrixSelector) -> Result<Vec<Series>> {
        let ranges = self.range_argument(&Expr::MatrixSelector(selector.clone()))?;
        let extent = extent(&selector.vs);
        let mut all: Vec<Series> =
            ranges.series.iter().map(|series| series.series.clone()).collect();
        if extent != Extent::Plain {
            for (series, ranged) in all.iter_mut().zip(&ranges.series) {
                series.samples.clear();
                ranges.for_windows(&ranged.series.samples, self.grid, |_, window| {
                    series.samples = extended::points(&window, extent);
                });
            }
            all.retain(|series| !series.samples.is_empty());
        }
        all.sort_by(|left, right| left.labels.cmp(&right.labels));
        Ok(all)
    }

    /// A subquery as the answer itself.
    pub fn subquery_series(&self, subquery: &SubqueryExpr) -> Result<Vec<Series>> {
        let (rows, inner) = self.subquery(subquery)?;
        let rows = finish(rows, inner.len())?;
        let mut series: Vec<Series> = rows.into_iter().map(|row| series_of(row, inner)).collect();
        series.sort_by(|left, right| left.labels.cmp(&right.labels));
        Ok(series)
    }

    /// The inner expression at multiples of its step, over all that any outer step looks at.
    fn subquery(&self, subquery: &SubqueryExpr) -> Result<(Vec<Row>, Grid)> {
        let grid = self.inner_grid(subquery);
        if grid.end < grid.start {
            return Ok((vec![], Grid { end: grid.start, ..grid }));
        }
        self.count(grid.len())?;
        let inner = Evaluator { grid, budget: self.budget.clone(), ..*self };
        Ok((as_rows(inner.evaluate(&subquery.expr)?)?, grid))
    }

    /// Ends before it starts where there is no step.
    fn inner_grid(&self, subquery: &SubqueryExpr) -> Grid {
        let step = subquery.step.map_or(DEFAULT_STEP, milliseconds).max(1);
        let shift = Shift::new(subquery.at.as_ref(), subquery.offset.as_ref(), self.query);
        let (first, last) = shift.span(self.grid);
        // Ranges are open on the left.
        let after = first.saturating_sub(milliseconds(subquery.range));
        let start = (after.div_euclid(step) + 1) * step;
        let end = last.div_euclid(step) * step;
        Grid { start, end, step }
    }

    /// Applies a function of the samples in each step's window; `None` is no value.
    pub fn over_windows(
        &self,
        expression: &Expr,
        keeps_name: bool,
        function: impl Fn(&Window<'_>) -> Option<f64>,
    ) -> Result<Vec<Row>> {
        let ranges = self.range_argument(expression)?;
        Ok(self.rows_of_windows(&ranges, keeps_name, function))
    }

    fn rows_of_windows(
        &self,
        ranges: &Ranges,
        keeps_name: bool,
        function: impl Fn(&Window<'_>) -> Option<f64>,
    ) -> Vec<Row> {
        let mut rows = Vec::with_capacity(ranges.series.len());
        for RangeSeries { series, drop_name } in &ranges.series {
            let mut row = Row::absent(series.labels.clone(), self.grid.len());
            row.drop_name = *drop_name || !keeps_name;
            ranges.for_windows(&series.samples, self.grid, |step, window| {
                if let Some(value) = function(&window) {
                    row.values[step] = value;
                }
            });
            if !row.is_absent() {
                rows.push(row);
            }
        }
        rows
    }
}

/// What a subquery may be about.
fn as_rows(value: Value) -> Result<Vec<Row>> {
    match value {
        Value::Vector(rows) => Ok(rows),
        Value::Scalar(values) => {
            Ok(vec![Row { labels: crate::labels::Labels::empty(), drop_name: false, values }])
        }
        Value::Text(_) => Err(Error::Execution("a subquery over a string has no values".into())),
    }
}

fn negative(value: Value) -> Result<Value> {
    Ok(match value {
        Value::Scalar(values) => Value::Scalar(values.into_iter().map(|value| -value).collect()),
        Value::Vector(rows) => {
            // Conflicts that the dropped name brings must show before the query goes on.
            Value::Vector(rows.into_iter().map(|row| row.map(|value| -value)).collect())
        }
        Value::Text(_) => return Err(Error::Execution("a string has no negative".into())),
    })
}

/// The samples that one step looks at, never empty.
#[derive(Clone, Copy)]
pub struct Window<'a> {
    pub samples: &'a [Sample],
    /// Which step it is.
    pub step: usize,
    /// The step's own time, and the window's: after `start`, until `end`.
    pub time: i64,
    pub start: i64,
    pub end: i64,
}

impl Ranges {
    /// Calls `function` with every step's window that has samples.
    pub fn for_windows<'a>(
        &self,
        samples: &'a [Sample],
        grid: Grid,
        mut function: impl FnMut(usize, Window<'a>),
    ) {
        let (mut from, mut to) = (0, 0);
        let (before, after) = self.margins;
        for (step, time) in grid.times().enumerate() {
            let end = self.shift.seen_from(time);
            let start = end.saturating_sub(self.range);
            while to < samples.len() && samples[to].time <= end.saturating_add(after) {
                to += 1;
            }
            while from < to && samples[from].time <= start.saturating_sub(before) {
                from += 1;
            }
            if from < to {
                function(step, Window { samples: &samples[from..to], step, time, start, end });
            }
        }
    }
}
