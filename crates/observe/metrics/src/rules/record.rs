//! What a recording rule makes of a query's result.

use std::collections::HashSet;

use super::config::{RecordingRule, Texts};
use crate::error::{Error, Result};
use crate::labels::NAME;
use crate::sample::Vector;

/// The series with the rule's name and labels. Fails when two become one, or when there
/// are more than the group's limit (0 is none).
pub fn recorded(
    rule: &RecordingRule,
    labels: &Texts,
    namespace: Option<&str>,
    limit: usize,
    vector: Vector,
) -> Result<Vector> {
    let mut seen = HashSet::with_capacity(vector.len());
    let mut samples = Vec::with_capacity(vector.len());
    for (series, sample) in vector {
        let mut series = series.with(NAME, &rule.record);
        for (name, value) in labels {
            series = series.with(name, value);
        }
        if let Some(namespace) = namespace {
            series = series.with("namespace", namespace);
        }
        if !seen.insert(series.clone()) {
            return Err(Error::Execution(
                "vector contains metrics with the same labelset after applying rule labels".into(),
            ));
        }
        samples.push((series, sample));
    }
    if limit > 0 && samples.len() > limit {
        return Err(Error::Execution(format!(
            "exceeded limit of {limit} with {} series",
            samples.len()
        )));
    }
    Ok(samples)
}
