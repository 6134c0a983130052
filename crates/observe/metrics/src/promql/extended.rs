//! `anchored` and `smoothed`: ranges whose ends have values, taken from the sample before
//! or interpolated between those around, instead of being guessed by extrapolation.

use promql_parser::parser::{Call, Expr, VectorSelector};

use super::dialect::{Extent, extent};
use super::engine::unwrapped;
use super::evaluate::{Evaluator, Window};
use super::rate::{Extrapolation, seconds};
use super::row::Row;
use super::select::{Shift, matchers};
use crate::error::{Error, Result};
use crate::sample::{ABSENT, Sample, is_marker};

const ANCHORED_SAFE: [&str; 5] = ["changes", "delta", "increase", "rate", "resets"];
const SMOOTHED_SAFE: [&str; 3] = ["delta", "increase", "rate"];

/// What a function's range argument is, and whether the function can do with it.
pub fn extent_of(call: &Call) -> Result<Extent> {
    let found = call.args.args.iter().find_map(|argument| match unwrapped(argument) {
        Expr::MatrixSelector(selector) => Some(extent(&selector.vs)),
        _ => None,
    });
    let extent = found.unwrap_or(Extent::Plain);
    let (word, safe) = match extent {
        Extent::Plain => return Ok(extent),
        Extent::Anchored => ("anchored", &ANCHORED_SAFE[..]),
        Extent::Smoothed => ("smoothed", &SMOOTHED_SAFE[..]),
    };
    if safe.contains(&call.func.name) {
        return Ok(extent);
    }
    Err(Error::Execution(format!(
        "{word} modifier can only be used with: {} - not with {}",
        safe.join(", "),
        call.func.name
    )))
}

/// The part of a series between two instants, with what is taken from outside.
struct Span<'a> {
    samples: &'a [Sample],
    first: usize,
    last: usize,
    start: i64,
    end: i64,
    is_smoothed: bool,
}

impl<'a> Span<'a> {
    /// `None` when nothing is behind the start.
    fn new(window: &Window<'a>, is_smoothed: bool) -> Option<Span<'a>> {
        let Window { samples, start, end, .. } = *window;
        let newest = samples.len().checked_sub(1)?;
        let first = samples[..newest].partition_point(|sample| sample.time <= start);
        let last = match is_smoothed {
            true => samples[..newest].partition_point(|sample| sample.time < end),
            false => newest,
        };
        let span = Span { samples, first: first.saturating_sub(1), last, start, end, is_smoothed };
        let is_late = is_smoothed && samples[span.first].time > end;
        (samples[last].time > start && !is_late).then_some(span)
    }

    fn left(&self, is_counter: bool) -> f64 {
        let first = self.samples[self.first];
        match self.samples.get(self.first + 1) {
            Some(next) if self.is_smoothed && first.time < self.start => {
                between(first, *next, self.start, is_counter)
            }
            _ => first.value,
        }
    }

    fn right(&self, is_counter: bool) -> f64 {
        let last = self.samples[self.last];
        match self.last.checked_sub(1) {
            Some(before) if self.is_smoothed && last.time > self.end => {
                between(self.samples[before], last, self.end, is_counter)
            }
            _ => last.value,
        }
    }

    /// The samples between the ends, none of which is at an end.
    fn inner(&self) -> &'a [Sample] {
        let from = self.first + usize::from(self.samples[self.first].time <= self.start);
        let to = self.last + usize::from(self.samples[self.last].time < self.end);
        self.samples.get(from..to).unwrap_or_default()
    }
}

/// The value at a time between two samples. A counter that fell began anew at zero.
fn between(left: Sample, right: Sample, time: i64, is_counter: bool) -> f64 {
    let base = if is_counter && right.value < left.value { 0.0 } else { left.value };
    base + (right.value - base) * (time - left.time) as f64 / (right.time - left.time) as f64
}

/// `rate`, `increase` and `delta` from the values at the ends.
pub fn change(window: &Window<'_>, how: Extrapolation, extent: Extent) -> Option<f64> {
    let span = Span::new(window, extent == Extent::Smoothed)?;
    let (left, right) = (span.left(how.is_counter), span.right(how.is_counter));
    let mut change = right - left;
    if how.is_counter {
        let mut before = left;
        for value in span.inner().iter().map(|sample| sample.value).chain([right]) {
            if value < before {
                change += before;
            }
            before = value;
        }
    }
    Some(if how.per_second { change / seconds(window.end - window.start) } else { change })
}

/// The window from the last sample at or before its start on; none when nothing is behind it.
pub fn anchored<'a>(window: &Window<'a>) -> Option<Window<'a>> {
    let before = window.samples.partition_point(|sample| sample.time <= window.start);
    let samples = &window.samples[before.saturating_sub(1)..];
    (before < window.samples.len()).then_some(Window { samples, ..*window })
}

/// The window's samples with one at either end.
pub fn points(window: &Window<'_>, extent: Extent) -> Vec<Sample> {
    let Some(span) = Span::new(window, extent == Extent::Smoothed) else { return vec![] };
    let left = Sample { time: span.start, value: span.left(false) };
    let right = Sample { time: span.end, value: span.right(false) };
    [left].into_iter().chain(span.inner().iter().copied()).chain([right]).collect()
}

impl Evaluator<'_> {
    /// How far outside of a range samples are looked for: before and after, in milliseconds.
    pub fn margins(&self, extent: Extent) -> (i64, i64) {
        match extent {
            Extent::Plain => (0, 0),
            Extent::Anchored => (self.lookback, 0),
            Extent::Smoothed => (self.lookback, self.lookback),
        }
    }

    /// The value at each step between the samples around it; where none follows, the last.
    pub fn smoothed_vector(&self, selector: &VectorSelector) -> Result<Vec<Row>> {
        let shift = Shift::new(selector.at.as_ref(), selector.offset.as_ref(), self.query);
        let (first, last) = shift.span(self.grid);
        let from = first.saturating_sub(self.lookback).saturating_add(1);
        let until = last.saturating_add(self.lookback);
        let rows = self.load(&matchers(selector)?, from, until)?.into_iter().map(|series| {
            let mut samples = series.samples;
            samples.retain(|sample| !is_marker(sample.value));
            let at = |step: i64| self.smoothed_at(&samples, shift.seen_from(step));
            let values = self.grid.times().map(at).collect();
            Row { labels: series.labels, drop_name: false, values }
        });
        Ok(rows.filter(|row| !row.is_absent()).collect())
    }

    fn smoothed_at(&self, samples: &[Sample], time: i64) -> f64 {
        let next = samples.partition_point(|sample| sample.time < time);
        let is_near = |sample: &&Sample| (sample.time - time).abs() <= self.lookback;
        let after = samples.get(next).filter(is_near);
        let before = next.checked_sub(1).map(|before| samples[before]);
        match (before.filter(|sample| sample.time > time - self.lookback), after) {
            (_, Some(after)) if after.time == time => after.value,
            (Some(before), Some(after)) => between(before, *after, time, false),
            (Some(before), None) => before.value,
            (None, _) => ABSENT,
        }
    }
}
