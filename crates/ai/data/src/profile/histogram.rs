//! How numbers are spread, counted exactly without knowing their range before:
//! bins lie on a grid whose width is a power of two, and double their width
//! whenever there would be too many.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Bins while counting, and at most so many are shown.
const COUNTED: i64 = 256;
const SHOWN: i64 = 40;
/// A first value is given this much of its own size as width, 2^-40.
const FINEST: i32 = 40;

#[derive(Default)]
pub(crate) struct Histogram {
    width: Option<i32>,
    bins: BTreeMap<i64, u64>,
}

impl Histogram {
    pub fn add(&mut self, value: f64) {
        let mut width = *self.width.get_or_insert_with(|| first_width(value));
        let place = loop {
            let place = (value / f64::from(width).exp2()).floor();
            if place.abs() < (1_i64 << 52) as f64 {
                break place as i64;
            }
            width = self.widen();
        };
        *self.bins.entry(place).or_default() += 1;
        while span(&self.bins) > COUNTED {
            self.widen();
        }
    }

    fn widen(&mut self) -> i32 {
        let width = self.width.unwrap_or_default() + 1;
        self.width = Some(width);
        self.bins = doubled(&self.bins);
        width
    }

    /// `[{from, to, count}]` without gaps, `to` exclusive; whole numbers when
    /// the values are.
    pub fn shown(&self, whole: bool) -> Value {
        let mut bins = self.bins.clone();
        let mut width = self.width.unwrap_or_default();
        while span(&bins) > SHOWN || whole && width < 0 {
            bins = doubled(&bins);
            width += 1;
        }
        let (Some((first, _)), Some((last, _))) = (bins.first_key_value(), bins.last_key_value())
        else {
            return json!([]);
        };
        // JSON has no infinity, which the edge beyond the largest number would be.
        let edge = |place: i64| (place as f64 * f64::from(width).exp2()).clamp(f64::MIN, f64::MAX);
        let shown = (*first..=*last).map(|place| {
            let count = bins.get(&place).copied().unwrap_or_default();
            json!({ "from": edge(place), "to": edge(place + 1), "count": count })
        });
        shown.collect()
    }
}

fn first_width(value: f64) -> i32 {
    match value == 0.0 {
        true => -FINEST,
        // Nothing is finer than the smallest normal number, 2^-1022.
        false => (value.abs().log2().floor() as i32 - FINEST).max(-1022),
    }
}

fn doubled(bins: &BTreeMap<i64, u64>) -> BTreeMap<i64, u64> {
    let mut wider = BTreeMap::new();
    for (place, count) in bins {
        *wider.entry(place.div_euclid(2)).or_default() += count;
    }
    wider
}

fn span(bins: &BTreeMap<i64, u64>) -> i64 {
    match (bins.first_key_value(), bins.last_key_value()) {
        (Some((first, _)), Some((last, _))) => last - first + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64], whole: bool) -> Vec<(f64, f64, u64)> {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.add(*value));
        let shown = histogram.shown(whole);
        let bins = shown.as_array().expect("bins").iter();
        let number = |bin: &Value, name: &str| bin[name].as_f64().expect("a number");
        bins.map(|bin| {
            (number(bin, "from"), number(bin, "to"), bin["count"].as_u64().expect("a count"))
        })
        .collect()
    }

    #[test]
    fn every_value_is_in_the_bin_that_holds_it() {
        assert_eq!(of(&[3.0, 5.0, 3.0], true), [(3.0, 4.0, 2), (4.0, 5.0, 0), (5.0, 6.0, 1)]);
        assert_eq!(of(&[-1.0, 0.0], true), [(-1.0, 0.0, 1), (0.0, 1.0, 1)]);
        assert!(of(&[], false).is_empty());
        let wild = [1e-300, -1e300, 0.0, 1e300, 42.0, 1.7e308, f64::MIN, f64::MIN_POSITIVE];
        for values in [&wild[..], &[0.1, 0.2, 0.3], &[1e18, 1e18 + 1024.0]] {
            let bins = of(values, false);
            assert!(bins.len() as i64 <= SHOWN);
            for (from, to, count) in bins {
                let inside = values.iter().filter(|value| (from..to).contains(*value)).count();
                assert_eq!(count, inside as u64, "{from} to {to}");
            }
        }
    }
}
