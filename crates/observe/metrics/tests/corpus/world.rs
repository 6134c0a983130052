//! What a script has loaded, as a source of samples.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use dais_metrics::promql::Source;
use dais_metrics::{Labels, Result, STALE, Sample, Series};
use promql_parser::label::Matcher;

use crate::notation::Point;
use crate::script::Load;

#[derive(Default)]
pub struct World {
    series: BTreeMap<Labels, BTreeMap<i64, f64>>,
    /// Times of samples that our store does not hold: native histograms, and counters
    /// that come with the time at which they began.
    foreign: BTreeMap<Labels, BTreeSet<i64>>,
    /// Whether such a sample was where something was read.
    met_foreign: Cell<bool>,
}

impl World {
    pub fn load(&mut self, load: Load) {
        let mut with_start = BTreeSet::new();
        // A series that one block names twice is what it says last.
        let mut last = BTreeMap::new();
        for series in load.series {
            if series.is_start {
                with_start.insert(series.labels);
            } else {
                last.insert(series.labels, series.values);
            }
        }
        for (labels, values) in last {
            for (index, point) in values.iter().enumerate() {
                let time = index as i64 * load.step;
                let value = match point {
                    Point::Value(value) => *value,
                    Point::Stale => STALE,
                    Point::Missing => continue,
                    Point::Histogram => {
                        self.foreign.entry(labels.clone()).or_default().insert(time);
                        continue;
                    }
                };
                self.series.entry(labels.clone()).or_default().entry(time).or_insert(value);
                if with_start.contains(&labels) {
                    self.foreign.entry(labels.clone()).or_default().insert(time);
                }
                if load.with_native
                    && let Some(native) = native_of(&labels)
                {
                    self.foreign.entry(native).or_default().insert(time);
                }
            }
        }
    }

    /// Whether anything foreign was read since the last call.
    pub fn take_met_foreign(&self) -> bool {
        self.met_foreign.take()
    }
}

/// The native histogram that a part of a classic one belongs to.
fn native_of(labels: &Labels) -> Option<Labels> {
    let name = labels.get("__name__");
    let base = ["_bucket", "_count", "_sum"].iter().find_map(|suffix| name.strip_suffix(suffix))?;
    Some(labels.with("le", "").with("__name__", base))
}

fn is_match(labels: &Labels, matchers: &[Matcher]) -> bool {
    matchers.iter().all(|matcher| matcher.is_match(labels.get(&matcher.name)))
}

impl Source for World {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<Series>> {
        if from > to {
            return Ok(vec![]);
        }
        let is_met = self.foreign.iter().any(|(labels, times)| {
            is_match(labels, matchers) && times.range(from..=to).next().is_some()
        });
        if is_met {
            self.met_foreign.set(true);
        }
        let matching = self.series.iter().filter(|(labels, _)| is_match(labels, matchers));
        let series = matching.map(|(labels, samples)| Series {
            labels: labels.clone(),
            samples: samples
                .range(from..=to)
                .map(|(time, value)| Sample { time: *time, value: *value })
                .collect(),
        });
        Ok(series.filter(|series| !series.samples.is_empty()).collect())
    }
}
