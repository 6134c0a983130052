//! One flaw has an advisory in each database that knows it: told once.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::range;
use crate::severity::Severity;

/// A known flaw of an installed version.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Vulnerability {
    pub id: String,
    /// Its names in other databases.
    pub aliases: Vec<String>,
    pub severity: Severity,
    /// CVSS' base score, 0 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    pub summary: String,
    /// The next versions without it, one for each line of releases; empty where none is known.
    pub fixed_in: Vec<String>,
}

impl Vulnerability {
    fn names(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.id).chain(&self.aliases)
    }

    fn absorb(&mut self, other: Self) {
        let names: BTreeSet<String> = self.names().chain(other.names()).cloned().collect();
        // Whoever rated it describes it.
        let (better, worse) =
            if self.severity >= other.severity { (&*self, &other) } else { (&other, &*self) };
        let summary = if better.summary.is_empty() { &worse.summary } else { &better.summary };
        let (id, summary, severity) = (better.id.clone(), summary.clone(), better.severity);
        let fixes = self.fixed_in.iter().chain(&other.fixed_in).cloned();
        *self = Self {
            aliases: names.into_iter().filter(|name| *name != id).collect(),
            score: better.score.or(worse.score),
            fixed_in: fixes.collect(),
            id,
            severity,
            summary,
        };
    }
}

/// The worst first.
pub(crate) fn merge(found: Vec<Vulnerability>) -> Vec<Vulnerability> {
    let mut merged: Vec<Vulnerability> = Vec::new();
    for mut one in found {
        // It may tie together what had nothing in common before.
        while let Some(at) = merged.iter().position(|other| are_same(other, &one)) {
            one.absorb(merged.swap_remove(at));
        }
        merged.push(one);
    }
    for one in &mut merged {
        one.fixed_in.sort_by_cached_key(|version| (range::parse(version), version.clone()));
        one.fixed_in.dedup();
    }
    merged.sort_by(|a, b| {
        let scores = b.score.partial_cmp(&a.score).unwrap_or(std::cmp::Ordering::Equal);
        b.severity.cmp(&a.severity).then(scores).then_with(|| a.id.cmp(&b.id))
    });
    merged
}

fn are_same(one: &Vulnerability, other: &Vulnerability) -> bool {
    one.names().any(|name| other.names().any(|theirs| theirs == name))
}
