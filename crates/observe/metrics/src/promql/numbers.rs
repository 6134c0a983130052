//! Sums, means, deviations, quantiles and lines through points, computed so that
//! large and small values together lose as little as possible.

use crate::sample::Sample;

/// A sum with the error that rounding left behind (Neumaier's variant of Kahan's
/// summation, 1974).
#[derive(Debug, Clone, Copy, Default)]
pub struct Kahan {
    sum: f64,
    correction: f64,
}

impl Kahan {
    pub fn add(&mut self, value: f64) {
        let total = self.sum + value;
        if total.is_infinite() {
            self.correction = 0.0;
        } else if self.sum.abs() >= value.abs() {
            self.correction += (self.sum - total) + value;
        } else {
            self.correction += (value - total) + self.sum;
        }
        self.sum = total;
    }

    pub fn value(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.correction }
    }

    fn scaled(self, factor: f64) -> Kahan {
        Kahan { sum: self.sum * factor, correction: self.correction * factor }
    }
}

pub fn sum(values: &[f64]) -> f64 {
    let mut total = Kahan::default();
    values.iter().for_each(|value| total.add(*value));
    total.value()
}

/// The mean by the sum, or, where that overflows, step by step.
pub fn mean(values: &[f64]) -> f64 {
    let mut total = Kahan::default();
    for (index, value) in values.iter().enumerate() {
        let mut next = total;
        next.add(*value);
        if next.sum.is_infinite() && index > 0 {
            return mean_onwards(total.scaled(1.0 / index as f64), index, &values[index..]);
        }
        total = next;
    }
    let count = values.len() as f64;
    if total.sum.is_infinite() { total.sum } else { total.sum / count + total.correction / count }
}

fn mean_onwards(mut mean: Kahan, before: usize, values: &[f64]) -> f64 {
    for (index, value) in values.iter().enumerate() {
        let count = (before + index + 1) as f64;
        mean = mean.scaled((count - 1.0) / count);
        mean.add(value / count);
    }
    mean.value()
}

/// Population variance (Welford's method).
pub fn variance(values: &[f64]) -> f64 {
    let (mut mean, mut squares) = (Kahan::default(), Kahan::default());
    for (index, value) in values.iter().enumerate() {
        let delta = value - (mean.sum + mean.correction);
        mean.add(delta / (index + 1) as f64);
        squares.add(delta * (value - (mean.sum + mean.correction)));
    }
    (squares.sum + squares.correction) / values.len() as f64
}

/// The quantile by linear interpolation; NaN counts as the smallest value.
pub fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(|left, right| nan_first(*left, *right));
    let last = (values.len() - 1) as f64;
    let rank = q * last;
    let lower = rank.floor().max(0.0);
    let upper = (lower + 1.0).min(last);
    let weight = rank - rank.floor();
    values[lower as usize] * (1.0 - weight) + values[upper as usize] * weight
}

/// Orders numbers, NaN before all of them.
pub fn nan_first(left: f64, right: f64) -> std::cmp::Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| right.is_nan().cmp(&left.is_nan()))
}

/// Slope per second and the value at `origin` of the line that fits best (least
/// squares). A constant is followed exactly; an infinite one has no line.
pub fn line_through(samples: &[Sample], origin: i64) -> (f64, f64) {
    let first = samples[0].value;
    if samples.iter().all(|sample| sample.value == first) {
        return if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) };
    }
    let count = samples.len() as f64;
    let [mut x, mut y, mut xy, mut xx] = [Kahan::default(); 4];
    for sample in samples {
        let seconds = (sample.time - origin) as f64 / 1000.0;
        x.add(seconds);
        y.add(sample.value);
        xy.add(seconds * sample.value);
        xx.add(seconds * seconds);
    }
    let [x, y, xy, xx] = [x, y, xy, xx].map(|total| total.sum + total.correction);
    let slope = (xy - x * y / count) / (xx - x * x / count);
    (slope, y / count - slope * x / count)
}

/// As Prometheus writes numbers: no exponent, `+Inf`, `-Inf`, `NaN`.
pub fn format(value: f64) -> String {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".into() } else { "-Inf".into() }
    } else {
        format!("{value}")
    }
}

/// As Go's `%g` writes numbers, for messages: an exponent below -4 and from 6 on.
pub fn short(value: f64) -> String {
    let written = format!("{value:e}");
    match written.split_once('e').map(|(digits, power)| (digits, power.parse::<i32>())) {
        Some((digits, Ok(power))) if !(-4..6).contains(&power) => {
            let sign = if power < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", power.abs())
        }
        _ => format(value),
    }
}

/// As OpenMetrics writes the bounds of histograms: whole numbers end in `.0`.
pub fn format_open_metrics(value: f64) -> String {
    let text = format(value);
    if value.is_finite() && !text.contains('.') { format!("{text}.0") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_values_survive_beside_large_ones() {
        assert_eq!(sum(&[2.0, 1e100, 8.0, -1e100]), 10.0);
        assert_eq!(mean(&[2.0, 1e100, 8.0, -1e100]), 2.5);
        assert_eq!(mean(&[f64::MAX, f64::MAX]), f64::MAX);
        assert!(mean(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert_eq!(variance(&[1.0, 2.0]), 0.25);
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(0.8, &mut [1.0, 0.0]), 0.8);
        assert!((quantile(0.8, &mut [f64::NAN, 1.0, 0.0]) - 0.6).abs() < 1e-12);
        assert_eq!(quantile(2.0, &mut [1.0]), f64::INFINITY);
    }

    #[test]
    fn numbers_are_short_in_messages() {
        let short = [1.5, 123456.0, 1e6, -2.5e-7, 1e300, f64::NAN].map(short);
        assert_eq!(short, ["1.5", "123456", "1e+06", "-2.5e-07", "1e+300", "NaN"]);
    }

    #[test]
    fn numbers_are_written_without_exponent() {
        assert_eq!(format(1e21), "1000000000000000000000");
        assert_eq!(format(0.1), "0.1");
        assert_eq!(format(f64::NEG_INFINITY), "-Inf");
    }
}
