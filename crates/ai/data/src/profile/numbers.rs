//! Sums of numbers, or of times in milliseconds.

use serde_json::{Map, Value, json};

use super::histogram::Histogram;
use super::quantiles::Quantiles;

const PARTS: [(&str, f64); 7] = [
    ("p01", 0.01),
    ("p05", 0.05),
    ("p25", 0.25),
    ("p50", 0.5),
    ("p75", 0.75),
    ("p95", 0.95),
    ("p99", 0.99),
];

#[derive(Default)]
pub(crate) struct Numbers {
    count: u64,
    min: f64,
    max: f64,
    mean: f64,
    /// Sum of squared distances from the mean (B. P. Welford, 1962).
    squares: f64,
    quantiles: Quantiles,
    histogram: Histogram,
}

impl Numbers {
    /// `value` is finite.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        (self.min, self.max) = match self.count {
            1 => (value, value),
            _ => (self.min.min(value), self.max.max(value)),
        };
        let distance = value - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (value - self.mean);
        self.quantiles.add(value);
        self.histogram.add(value);
    }

    /// `{min, max, mean, deviation, quantiles, quantilesExact, histogram}`;
    /// `deviation` is the population's. `whole` when all values are integers.
    pub fn shown(&self, whole: bool) -> Value {
        if self.count == 0 {
            return Value::Null;
        }
        let parts = PARTS.map(|(_, part)| part);
        let values = self.quantiles.at(&parts);
        let quantiles: Map<String, Value> = PARTS
            .iter()
            .zip(values)
            .map(|((name, _), value)| ((*name).to_owned(), json!(value)))
            .collect();
        json!({
            "min": self.min, "max": self.max, "mean": self.mean,
            "deviation": (self.squares / self.count as f64).sqrt(),
            "quantiles": quantiles, "quantilesExact": self.quantiles.exact(),
            "histogram": self.histogram.shown(whole),
        })
    }
}
