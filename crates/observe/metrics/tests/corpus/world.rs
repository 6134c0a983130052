//! What a script has loaded, as a source of samples.

use std::collections::BTreeMap;

use dais_metrics::promql::Source;
use dais_metrics::{Labels, Result, STALE, Sample, Series};
use promql_parser::label::Matcher;

use crate::script::{Described, Point};

#[derive(Default)]
pub struct World {
    series: BTreeMap<Labels, Vec<Sample>>,
    /// Series that were loaded with native histograms, which are not stored.
    pub native: Vec<Labels>,
}

impl World {
    pub fn load(&mut self, step: i64, described: &[Described], as_native: bool) {
        // A series that one block names twice is what it says last.
        let last: BTreeMap<&Labels, &Described> =
            described.iter().map(|series| (&series.labels, series)).collect();
        for series in last.into_values() {
            let samples = self.series.entry(series.labels.clone()).or_default();
            for (index, point) in series.values.iter().enumerate() {
                let time = index as i64 * step;
                match point {
                    Point::Value(value) => samples.push(Sample { time, value: *value }),
                    Point::Stale => samples.push(Sample { time, value: STALE }),
                    Point::Missing => {}
                    Point::Histogram => self.native.push(series.labels.clone()),
                }
            }
            samples.sort_by_key(|sample| sample.time);
            samples.dedup_by_key(|sample| sample.time);
            let name = series.labels.get("__name__");
            if as_native && let Some(base) = name.strip_suffix("_bucket") {
                self.native.push(series.labels.with("le", "").with("__name__", base));
            }
        }
    }
}

pub fn is_match(labels: &Labels, matchers: &[Matcher]) -> bool {
    matchers.iter().all(|matcher| matcher.is_match(labels.get(&matcher.name)))
}

impl Source for World {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<Series>> {
        let matching = self.series.iter().filter(|(labels, _)| is_match(labels, matchers));
        let series = matching.map(|(labels, samples)| Series {
            labels: labels.clone(),
            samples: samples
                .iter()
                .copied()
                .filter(|sample| (from..=to).contains(&sample.time))
                .collect(),
        });
        Ok(series.filter(|series| !series.samples.is_empty()).collect())
    }
}
