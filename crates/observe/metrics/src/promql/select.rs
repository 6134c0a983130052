//! Selectors: which series, and their value (or samples) as seen from each step.

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{AtModifier, Offset, VectorSelector};

use super::dialect::{Extent, is_marker as is_of_dialect};
use super::evaluate::Evaluator;
use super::row::{Grid, Row};
use crate::error::{Error, Result};
use crate::labels::NAME;
use crate::sample::{ABSENT, Sample, Series, is_marker};

/// Where samples come from.
pub trait Source {
    /// The series that match, with their samples from `from` to `to` (milliseconds,
    /// both included), staleness markers among them.
    fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<Series>>;

    /// The same, where each part of a series is told before the next is read, and the
    /// first that is refused ends it.
    fn select_told(
        &self,
        matchers: &[Matcher],
        from: i64,
        to: i64,
        tell: &dyn Fn(&Series) -> Result<()>,
    ) -> Result<Vec<Series>> {
        let found = self.select(matchers, from, to)?;
        found.iter().try_for_each(tell)?;
        Ok(found)
    }
}

/// The matchers of a selector, its bare name included.
pub fn matchers(selector: &VectorSelector) -> Result<Vec<Matcher>> {
    if !selector.matchers.or_matchers.is_empty() {
        return Err(Error::BadData("label matchers cannot be combined with [or]".into()));
    }
    let mut matchers = selector.matchers.matchers.clone();
    matchers.retain(|matcher| !is_of_dialect(matcher));
    matchers.iter_mut().for_each(let_dots_match_all);
    if let Some(name) = &selector.name {
        matchers.push(Matcher::new(MatchOp::Equal, NAME, name));
    }
    Ok(matchers)
}

/// Since Prometheus 3 a dot in a pattern matches an end of line too.
fn let_dots_match_all(matcher: &mut Matcher) {
    let (MatchOp::Re(regex) | MatchOp::NotRe(regex)) = &mut matcher.op else { return };
    if matcher.value.contains('.')
        && let Ok(widened) = regex::Regex::new(&format!("(?s){}", regex.as_str()))
    {
        *regex = widened;
    }
}

/// Where a selector looks, relative to the step that asks: `@` and `offset`.
pub struct Shift {
    at: Option<i64>,
    offset: i64,
}

impl Shift {
    pub fn new(at: Option<&AtModifier>, offset: Option<&Offset>, query: Grid) -> Shift {
        Shift::by(at, milliseconds_of(offset), query)
    }

    /// The offset in milliseconds.
    pub fn by(at: Option<&AtModifier>, offset: i64, query: Grid) -> Shift {
        let at = at.map(|at| match at {
            AtModifier::Start => query.start,
            AtModifier::End => query.end,
            AtModifier::At(time) => match time.duration_since(std::time::UNIX_EPOCH) {
                Ok(after) => milliseconds(after),
                Err(before) => -milliseconds(before.duration()),
            },
        });
        Shift { at, offset }
    }

    /// The instant that is looked at from a step.
    pub fn seen_from(&self, step: i64) -> i64 {
        self.at.unwrap_or(step).saturating_sub(self.offset)
    }

    /// The first and the last instant looked at.
    pub fn span(&self, grid: Grid) -> (i64, i64) {
        (self.seen_from(grid.start), self.seen_from(grid.end))
    }
}

pub fn milliseconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

/// How far back an offset looks; forward when it is below zero.
pub fn milliseconds_of(offset: Option<&Offset>) -> i64 {
    match offset {
        None => 0,
        Some(Offset::Pos(back)) => milliseconds(*back),
        Some(Offset::Neg(ahead)) => -milliseconds(*ahead),
    }
}

impl Evaluator<'_> {
    /// The newest sample within the lookback, at every step; `choose` takes the
    /// value or, for `timestamp()`, the time of it.
    pub fn instant_vector(
        &self,
        selector: &VectorSelector,
        choose: impl Fn(Sample) -> f64,
    ) -> Result<Vec<Row>> {
        let shift = Shift::new(selector.at.as_ref(), selector.offset.as_ref(), self.query);
        self.instant_rows(&matchers(selector)?, &shift, choose)
    }

    pub fn instant_rows(
        &self,
        matchers: &[Matcher],
        shift: &Shift,
        choose: impl Fn(Sample) -> f64,
    ) -> Result<Vec<Row>> {
        let (first, last) = shift.span(self.grid);
        let from = first.saturating_sub(self.lookback).saturating_add(1);
        let series = self.load(matchers, from, last)?;
        let rows = series.into_iter().map(|series| {
            let mut next = 0;
            let values = self.grid.times().map(|step| {
                let seen = shift.seen_from(step);
                while next < series.samples.len() && series.samples[next].time <= seen {
                    next += 1;
                }
                match next.checked_sub(1).map(|at| series.samples[at]) {
                    Some(sample)
                        if sample.time > seen - self.lookback && !is_marker(sample.value) =>
                    {
                        choose(sample)
                    }
                    _ => ABSENT,
                }
            });
            let values = values.collect();
            Row { labels: series.labels, drop_name: false, values }
        });
        Ok(rows.filter(|row| !row.is_absent()).collect())
    }

    /// Samples for range functions, without staleness markers.
    pub fn load_range(
        &self,
        selector: &VectorSelector,
        shift: &Shift,
        range: i64,
        extent: Extent,
    ) -> Result<Vec<Series>> {
        let (first, last) = shift.span(self.grid);
        let (before, after) = self.margins(extent);
        let from = first.saturating_sub(range).saturating_sub(before).saturating_add(1);
        let mut series = self.load(&matchers(selector)?, from, last.saturating_add(after))?;
        for series in &mut series {
            series.samples.retain(|sample| !is_marker(sample.value));
        }
        series.retain(|series| !series.samples.is_empty());
        Ok(series)
    }

    pub fn load(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<Series>> {
        let tell = |part: &Series| self.budget.take_read(part);
        let series = self.source.select_told(matchers, from, to, &tell)?;
        self.budget.take_series(series.len())?;
        self.count(0)?;
        Ok(series)
    }
}
