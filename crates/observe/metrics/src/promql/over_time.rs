//! The `…_over_time` family: one value from the samples in a window.

use super::evaluate::Window;
use super::numbers::{mean, quantile, sum, variance};
use crate::sample::Sample;

/// A function by its name, if it is one without further arguments.
pub fn named(name: &str) -> Option<fn(&Window<'_>) -> Option<f64>> {
    Some(match name {
        "sum_over_time" => |window| Some(sum(&values(window))),
        "avg_over_time" => |window| Some(mean(&values(window))),
        "count_over_time" => |window| Some(window.samples.len() as f64),
        "present_over_time" => |_| Some(1.0),
        "last_over_time" => |window| window.samples.last().map(|sample| sample.value),
        "first_over_time" => |window| window.samples.first().map(|sample| sample.value),
        "stddev_over_time" => |window| Some(variance(&values(window)).sqrt()),
        "stdvar_over_time" => |window| Some(variance(&values(window))),
        "mad_over_time" => |window| Some(median_deviation(values(window))),
        "min_over_time" => {
            |window| extreme(window, |next, best| next < best).map(|sample| sample.value)
        }
        "max_over_time" => {
            |window| extreme(window, |next, best| next > best).map(|sample| sample.value)
        }
        "ts_of_min_over_time" => |window| extreme(window, |next, best| next <= best).map(seconds),
        "ts_of_max_over_time" => |window| extreme(window, |next, best| next >= best).map(seconds),
        "ts_of_first_over_time" => |window| window.samples.first().copied().map(seconds),
        "ts_of_last_over_time" => |window| window.samples.last().copied().map(seconds),
        _ => return None,
    })
}

/// Whether the metric keeps its name: the value is one of the series' own.
pub fn keeps_name(name: &str) -> bool {
    matches!(name, "last_over_time" | "first_over_time")
}

pub fn values(window: &Window<'_>) -> Vec<f64> {
    window.samples.iter().map(|sample| sample.value).collect()
}

/// The best sample; any number is better than NaN.
fn extreme(window: &Window<'_>, is_better: impl Fn(f64, f64) -> bool) -> Option<Sample> {
    let mut samples = window.samples.iter().copied();
    let first = samples.next()?;
    Some(samples.fold(first, |best, next| {
        if is_better(next.value, best.value) || (best.value.is_nan() && !next.value.is_nan()) {
            next
        } else {
            best
        }
    }))
}

/// The median of the distances from the median.
fn median_deviation(mut values: Vec<f64>) -> f64 {
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let median = quantile(0.5, &mut values);
    let mut distances: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
    quantile(0.5, &mut distances)
}

fn seconds(sample: Sample) -> f64 {
    sample.time as f64 / 1000.0
}
