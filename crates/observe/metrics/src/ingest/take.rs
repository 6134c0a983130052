//! Puts received series into the store and says what was not taken.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::error::Result;
use crate::labels::Labels;
use crate::sample::{Sample, Series};
use crate::scope::Scope;
use crate::store::{Refusal, Store, now};

/// A clock may be ahead by so much. Milliseconds.
const AHEAD: i64 = 600_000;

/// What became of a request's samples.
#[derive(Debug, Default)]
pub struct Taken {
    pub taken: usize,
    /// By reason: how many, and the first series.
    refused: BTreeMap<Cow<'static, str>, (usize, Option<Labels>)>,
}

impl Taken {
    pub fn refuse(
        &mut self,
        reason: impl Into<Cow<'static, str>>,
        count: usize,
        series: Option<&Labels>,
    ) {
        if count > 0 {
            let entry = self.refused.entry(reason.into()).or_insert_with(|| (0, series.cloned()));
            entry.0 += count;
        }
    }

    pub fn refused(&self) -> usize {
        self.refused.values().map(|(count, _)| count).sum()
    }

    /// `None` when everything was taken.
    pub fn complaint(&self) -> Option<String> {
        let told =
            |(reason, (count, series)): (&Cow<'_, str>, &(usize, Option<Labels>))| match series {
                Some(series) => format!("{count} {reason}, for one of {series}"),
                None => format!("{count} {reason}"),
            };
        let all: Vec<String> = self.refused.iter().map(told).collect();
        (!all.is_empty())
            .then(|| format!("{} samples taken; not taken: {}", self.taken, all.join("; ")))
    }
}

/// Samples of a series are taken in order of time. Those who may write everything are the
/// platform's own, and make as many series as they tell.
pub fn take(store: &Store, scope: &Scope, mut all: Vec<Series>, taken: &mut Taken) -> Result<()> {
    let latest = now() + AHEAD;
    for series in &mut all {
        let count = series.samples.len();
        series.samples.retain(|sample| sample.time <= latest);
        taken.refuse(
            "lie in the future by more than ten minutes; is the clock right?",
            count - series.samples.len(),
            Some(&series.labels),
        );
        series.samples.sort_by_key(|sample| sample.time);
    }
    // The store takes one sample of each series at a time.
    let rounds = all.iter().map(|series| series.samples.len()).max().unwrap_or(0);
    for round in 0..rounds {
        let batch: Vec<(Labels, Sample)> = all
            .iter()
            .filter_map(|series| Some((series.labels.clone(), *series.samples.get(round)?)))
            .collect();
        let count = batch.len();
        let series: Vec<Labels> = batch.iter().map(|(labels, _)| labels.clone()).collect();
        let appended = match scope.namespaces {
            Some(_) => store.append_bounded(batch),
            None => store.append(batch),
        };
        let refused = appended?.refused;
        taken.taken += count - refused.len();
        for (at, reason) in refused {
            let reason: Cow<'static, str> = match reason {
                Refusal::TooOld => "out of order beyond the window".into(),
                Refusal::Duplicate => "have another value at a time that is taken".into(),
                Refusal::TooMany => too_many(store).into(),
            };
            taken.refuse(reason, 1, series.get(at));
        }
    }
    Ok(())
}

fn too_many(store: &Store) -> String {
    format!(
        "would be new series of a namespace that has reached its limit of {} series; which of its labels has too many values?",
        store.config().series_per_namespace
    )
}
