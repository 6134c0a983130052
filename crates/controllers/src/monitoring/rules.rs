//! From PrometheusRule objects to sources of rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dais_api::monitoring::{PrometheusRule, RuleGroup};
use kube::ResourceExt;

use super::PLATFORM_NAMESPACE;
use crate::seams::RuleFault;

/// The rules of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSource {
    /// `<namespace>/<name>`.
    pub name: String,
    /// The only namespace whose series they read; all when absent.
    pub namespace: Option<String>,
    pub groups: Vec<RuleGroup>,
}

/// In order of their names.
pub fn rule_sources(rules: &[Arc<PrometheusRule>]) -> Vec<RuleSource> {
    let mut sources: Vec<_> = rules
        .iter()
        .filter(|rule| rule.metadata.deletion_timestamp.is_none())
        .map(|rule| RuleSource {
            name: source_name(rule),
            namespace: rule.namespace().filter(|namespace| namespace != PLATFORM_NAMESPACE),
            groups: rule.spec.groups.clone(),
        })
        .collect();
    sources.sort_by(|left, right| left.name.cmp(&right.name));
    sources
}

pub fn source_name(rule: &PrometheusRule) -> String {
    format!("{}/{}", rule.namespace().unwrap_or_default(), rule.name_any())
}

/// By source, why rules of it are refused. One event tells all of an object's: those of
/// one reason that follow one another are counted, and their words are lost.
pub type Faults = BTreeMap<String, BTreeSet<String>>;

pub fn by_source(faults: Vec<RuleFault>) -> Faults {
    let mut all = Faults::new();
    for RuleFault { source, reason } in faults {
        all.entry(source).or_default().insert(reason);
    }
    all
}

/// What the event says.
pub fn note(reasons: &BTreeSet<String>) -> String {
    let words = reasons.iter().map(String::as_str).collect::<Vec<_>>().join("; ");
    match reasons.len() {
        0 | 1 => words,
        count => format!("{count} faults: {words}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_of_an_object_are_one_note() {
        let fault = |source: &str, reason: &str| RuleFault {
            source: source.to_owned(),
            reason: reason.to_owned(),
        };
        let faults = by_source(vec![
            fault("risk/web", "b"),
            fault("risk/web", "a"),
            fault("risk/web", "b"),
            fault("shop/web", "c"),
        ]);
        let notes: Vec<_> = faults.iter().map(|(name, all)| (name.as_str(), note(all))).collect();
        assert_eq!(
            notes,
            [("risk/web", "2 faults: a; b".to_owned()), ("shop/web", "c".to_owned())]
        );
    }
}
