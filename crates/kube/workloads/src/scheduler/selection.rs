//! A pod's wishes about its node: node selector and node affinity.
//!
//! `spec.nodeSelector` and `spec.affinity.nodeAffinity` as the API reference
//! states them; terms are alternatives, requirements of a term all hold.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    NodeAffinity, NodeSelectorRequirement, NodeSelectorTerm, PodSpec,
};

type Labels = BTreeMap<String, String>;

/// Whether the pod may run on a node of this name with these labels.
pub fn selects(spec: &PodSpec, name: &str, labels: &Labels) -> bool {
    let by_labels =
        spec.node_selector.iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    let required = affinity(spec)
        .and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_ref());
    by_labels
        && required.is_none_or(|required| {
            required.node_selector_terms.iter().any(|term| term_matches(term, name, labels))
        })
}

/// The weights of the preferences that the node satisfies.
pub fn preference(spec: &PodSpec, name: &str, labels: &Labels) -> i64 {
    let preferred = affinity(spec).and_then(|affinity| {
        affinity.preferred_during_scheduling_ignored_during_execution.as_ref()
    });
    preferred
        .into_iter()
        .flatten()
        .filter(|preferred| term_matches(&preferred.preference, name, labels))
        .map(|preferred| i64::from(preferred.weight))
        .sum()
}

fn affinity(spec: &PodSpec) -> Option<&NodeAffinity> {
    spec.affinity.as_ref()?.node_affinity.as_ref()
}

/// A term without requirements matches nothing.
fn term_matches(term: &NodeSelectorTerm, name: &str, labels: &Labels) -> bool {
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    let name = name.to_owned();
    !(expressions.is_empty() && fields.is_empty())
        && expressions.iter().all(|requirement| holds(requirement, labels.get(&requirement.key)))
        && fields.iter().all(|requirement| {
            requirement.key == "metadata.name" && holds(requirement, Some(&name))
        })
}

fn holds(requirement: &NodeSelectorRequirement, value: Option<&String>) -> bool {
    let values = requirement.values.as_deref().unwrap_or_default();
    let compared = || {
        let value: i64 = value?.parse().ok()?;
        let bound: i64 = values.first()?.parse().ok()?;
        Some(value.cmp(&bound))
    };
    match requirement.operator.as_str() {
        "In" => value.is_some_and(|value| values.contains(value)),
        "NotIn" => value.is_none_or(|value| !values.contains(value)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compared().is_some_and(std::cmp::Ordering::is_gt),
        "Lt" => compared().is_some_and(std::cmp::Ordering::is_lt),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(affinity: serde_json::Value) -> PodSpec {
        serde_json::from_value(json!({"containers": [], "affinity": {"nodeAffinity": affinity}}))
            .expect("a spec")
    }

    #[test]
    fn required_terms_are_alternatives() {
        let labels = Labels::from([("gpu".into(), "2".into())]);
        let with = |terms: serde_json::Value| {
            let spec = spec(
                json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}),
            );
            selects(&spec, "n", &labels)
        };
        let term = |operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": "gpu", "operator": operator, "values": values}]});
        assert!(with(json!([term("Gt", &["1"])])));
        assert!(!with(json!([term("Lt", &["1"])])));
        assert!(!with(json!([term("DoesNotExist", &[])])));
        assert!(with(json!([term("In", &["9"]), term("Exists", &[])])));
        assert!(!with(json!([{}])));
        assert!(with(
            json!([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}])
        ));
    }

    #[test]
    fn preferences_add_up() {
        let spec = spec(json!({"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 5, "preference": {"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}},
            {"weight": 7, "preference": {"matchExpressions": [{"key": "tpu", "operator": "Exists"}]}},
        ]}));
        let labels = Labels::from([("gpu".into(), "2".into())]);
        assert_eq!(preference(&spec, "n", &labels), 5);
    }
}
