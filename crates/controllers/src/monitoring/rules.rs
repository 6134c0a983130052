//! From PrometheusRule objects to sources of rules.

use std::sync::Arc;

use dais_api::monitoring::{PrometheusRule, RuleGroup};
use kube::ResourceExt;

use super::PLATFORM_NAMESPACE;

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
