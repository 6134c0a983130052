//! Single events behind a metric, such as the trace of one slow request: the newest of
//! all series, in memory alone.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use promql_parser::label::Matcher;

use crate::labels::Labels;
use crate::store::is_match;

/// Held of all series together, as in Prometheus; some 20 MiB.
const CAPACITY: usize = 100_000;
/// Characters of an exemplar's labels (OpenMetrics 1.0).
const MAX_LABELS: usize = 128;

#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// Of the event, such as `trace_id`.
    pub labels: Labels,
    pub value: f64,
    /// Milliseconds since 1970.
    pub time: i64,
}

/// Cheap to clone; all clones are the same.
#[derive(Clone, Default)]
pub struct Exemplars(Arc<Mutex<Ring>>);

#[derive(Default)]
struct Ring {
    /// In the order in which they came.
    all: VecDeque<(Labels, Exemplar)>,
    /// Times of the series' newest.
    newest: HashMap<Labels, i64>,
}

impl Exemplars {
    /// Takes those in that are newer than their series' last: a target tells the same one
    /// at each scrape until there is another. Labels that are too long are left out.
    pub fn note(&self, told: impl IntoIterator<Item = (Labels, Exemplar)>) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (series, exemplar) in told {
            let length: usize = exemplar
                .labels
                .iter()
                .map(|(name, value)| name.chars().count() + value.chars().count())
                .sum();
            let is_new = ring.newest.get(&series).is_none_or(|newest| *newest < exemplar.time);
            if length <= MAX_LABELS && is_new {
                ring.push(series, exemplar);
            }
        }
    }

    /// Those of matching series in a span (milliseconds, both ends included), in order of time.
    pub fn select(
        &self,
        matchers: &[Matcher],
        from: i64,
        to: i64,
    ) -> BTreeMap<Labels, Vec<Exemplar>> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: BTreeMap<Labels, Vec<Exemplar>> = BTreeMap::new();
        for (series, exemplar) in &ring.all {
            if (from..=to).contains(&exemplar.time) && is_match(series, matchers) {
                found.entry(series.clone()).or_default().push(exemplar.clone());
            }
        }
        found
    }
}

impl Ring {
    fn push(&mut self, series: Labels, exemplar: Exemplar) {
        if self.all.len() >= CAPACITY
            && let Some((series, oldest)) = self.all.pop_front()
            && self.newest.get(&series) == Some(&oldest.time)
        {
            self.newest.remove(&series);
        }
        self.newest.insert(series.clone(), exemplar.time);
        self.all.push_back((series, exemplar));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_held_and_each_once() {
        let exemplars = Exemplars::default();
        let series = |name: &str| Labels::new([("__name__", name)]);
        let event =
            |time: i64| Exemplar { labels: Labels::new([("trace_id", "a")]), value: 1.0, time };
        exemplars.note([(series("x"), event(5)), (series("x"), event(5)), (series("x"), event(4))]);
        assert_eq!(exemplars.select(&[], 0, 10)[&series("x")], [event(5)]);
        assert!(exemplars.select(&[], 6, 10).is_empty());
        let long = Exemplar { labels: Labels::new([("a", "b".repeat(128))]), ..event(6) };
        exemplars.note([(series("x"), long)]);
        exemplars.note((0..CAPACITY as i64).map(|time| (series("y"), event(time))));
        let held = exemplars.select(&[], i64::MIN, i64::MAX);
        assert_eq!((held.len(), held[&series("y")].len()), (1, CAPACITY));
    }
}
