//! Functions of how a series changes over a window.

use super::evaluate::Window;
use super::numbers::line_through;
use crate::sample::Sample;

/// `rate`, `increase` and `delta`: the change between the first and the last sample,
/// extended to the window's ends where the samples suggest that the series went on
/// (Prometheus's extrapolation).
#[derive(Clone, Copy)]
pub struct Extrapolation {
    /// Counts resets, and does not go below zero at the start.
    pub is_counter: bool,
    pub per_second: bool,
}

/// A series is taken to go on to the window's end when that is nearer than this many
/// average distances between samples.
const NEAR: f64 = 1.1;

pub fn extrapolated(window: &Window<'_>, how: Extrapolation) -> Option<f64> {
    let samples = window.samples;
    let (first, last) = (samples.first()?, samples.last()?);
    if samples.len() < 2 {
        return None;
    }
    let change =
        last.value - first.value + if how.is_counter { lost_in_resets(samples) } else { 0.0 };
    let sampled = seconds(last.time - first.time);
    let average = sampled / (samples.len() - 1) as f64;
    let extend = |gap: f64| if gap >= average * NEAR { average / 2.0 } else { gap };
    let mut before = extend(seconds(first.time - window.start));
    if how.is_counter && change > 0.0 && first.value >= 0.0 {
        // A counter starts at zero: it cannot have started before it would have been there.
        before = before.min(sampled * (first.value / change));
    }
    let after = extend(seconds(window.end - last.time));
    let mut factor = (sampled + before + after) / sampled;
    if how.per_second {
        factor /= seconds(window.end - window.start);
    }
    Some(change * factor)
}

/// What a counter had counted each time that it began anew.
fn lost_in_resets(samples: &[Sample]) -> f64 {
    samples.windows(2).filter(|pair| pair[1].value < pair[0].value).map(|pair| pair[0].value).sum()
}

/// `irate` and `idelta`: from the last two samples alone.
pub fn instant(window: &Window<'_>, is_rate: bool) -> Option<f64> {
    let [.., before, last] = window.samples else { return None };
    let interval = last.time - before.time;
    if interval == 0 {
        return None;
    }
    if !is_rate {
        return Some(last.value - before.value);
    }
    let change = if last.value < before.value { last.value } else { last.value - before.value };
    Some(change / seconds(interval))
}

pub fn resets(window: &Window<'_>) -> Option<f64> {
    Some(window.samples.windows(2).filter(|pair| pair[1].value < pair[0].value).count() as f64)
}

pub fn changes(window: &Window<'_>) -> Option<f64> {
    let differ = |pair: &&[Sample]| {
        pair[1].value != pair[0].value && !(pair[1].value.is_nan() && pair[0].value.is_nan())
    };
    Some(window.samples.windows(2).filter(differ).count() as f64)
}

/// Slope per second of the best line.
pub fn derivative(window: &Window<'_>) -> Option<f64> {
    if window.samples.len() < 2 {
        return None;
    }
    Some(line_through(window.samples, window.samples[0].time).0)
}

/// The best line's value so many seconds after the step.
pub fn predicted(window: &Window<'_>, ahead: f64) -> Option<f64> {
    if window.samples.len() < 2 {
        return None;
    }
    let (slope, intercept) = line_through(window.samples, window.time);
    Some(slope * ahead + intercept)
}

/// Holt's linear exponential smoothing.
pub fn smoothed(window: &Window<'_>, level: f64, trend: f64) -> Option<f64> {
    let samples = window.samples;
    if samples.len() < 2 {
        return None;
    }
    let mut slope = samples[1].value - samples[0].value;
    let (mut before, mut smooth) = (0.0, samples[0].value);
    for (index, sample) in samples.iter().enumerate().skip(1) {
        if index > 1 {
            slope = trend * (smooth - before) + (1.0 - trend) * slope;
        }
        let next = level * sample.value + (1.0 - level) * (smooth + slope);
        (before, smooth) = (smooth, next);
    }
    Some(smooth)
}

pub fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}
