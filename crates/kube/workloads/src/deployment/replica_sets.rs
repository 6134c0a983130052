//! The ReplicaSets of a Deployment: which is new, what they are named, which
//! annotations they carry. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, ReplicaSetSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use kube::ResourceExt;
use kube::api::ObjectMeta;

use super::rollout::{max_surge, replicas, wanted};
use crate::error::Result;
use crate::ownership::controller_reference;
use crate::template::hash;

/// Tells the pods of one template from those of another.
pub const HASH_LABEL: &str = "pod-template-hash";
/// Which of a Deployment's templates a set stands for, from 1.
pub const REVISION: &str = "deployment.kubernetes.io/revision";
const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
/// The Deployment's replicas when the set was last scaled: a difference means
/// that somebody scaled the Deployment.
pub const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";
/// Annotations of a Deployment that are its own business.
const NOT_CARRIED_OVER: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    REVISION_HISTORY,
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    "deprecated.deployment.rollback.revision",
];

/// A Deployment's sets: the one of its template, and the others, oldest first.
#[derive(Debug, Clone)]
pub struct Fleet {
    pub new: Option<Arc<ReplicaSet>>,
    pub old: Vec<Arc<ReplicaSet>>,
}

impl Fleet {
    /// Sorts the sets.
    pub fn new(deployment: &Deployment, mut sets: Vec<Arc<ReplicaSet>>) -> Self {
        sets.sort_by_key(|set| (set.metadata.creation_timestamp.clone(), set.name_any()));
        let new = sets
            .iter()
            .position(|set| same_template(deployment, set))
            .map(|index| sets.remove(index));
        Self { new, old: sets }
    }

    /// All sets.
    pub fn all(&self) -> impl Iterator<Item = &Arc<ReplicaSet>> {
        self.new.iter().chain(&self.old)
    }

    /// Whether the set is one of these.
    pub fn contains(&self, set: &ReplicaSet) -> bool {
        self.all().any(|own| own.metadata.uid == set.metadata.uid)
    }

    /// Puts a newer reading of a set in its place.
    pub fn replace(&mut self, set: ReplicaSet) {
        let set = Arc::new(set);
        for own in self.new.iter_mut().chain(&mut self.old) {
            if own.metadata.uid == set.metadata.uid {
                *own = set.clone();
            }
        }
    }

    /// The highest revision of what is not the current template.
    pub fn newest_old_revision(&self) -> i64 {
        self.old.iter().map(|set| revision(set)).max().unwrap_or(0)
    }
}

/// The revision of a set, 0 when it has none.
pub fn revision(set: &ReplicaSet) -> i64 {
    set.annotations().get(REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Whether the set was made from the Deployment's template.
pub fn same_template(deployment: &Deployment, set: &ReplicaSet) -> bool {
    let wanted = deployment.spec.as_ref().map(|spec| &spec.template);
    let has = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
    let (Some(wanted), Some(has)) = (wanted, has) else {
        return false;
    };
    bare(wanted) == bare(has)
}

/// A template without what was added to tell it apart, and without the
/// difference between nothing and an empty list.
fn bare(template: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = template.clone();
    if let Some(metadata) = &mut template.metadata {
        if let Some(labels) = &mut metadata.labels {
            labels.remove(HASH_LABEL);
        }
        metadata.labels = metadata.labels.take().filter(|labels| !labels.is_empty());
        metadata.annotations = metadata.annotations.take().filter(|all| !all.is_empty());
        metadata.creation_timestamp = None;
    }
    template.metadata = template.metadata.filter(|metadata| *metadata != ObjectMeta::default());
    template
}

/// The set that the Deployment's template should have.
pub fn desired(deployment: &Deployment, fleet: &Fleet, replicas: i32) -> Result<ReplicaSet> {
    let spec = deployment.spec.clone().unwrap_or_default();
    let collisions = deployment.status.as_ref().and_then(|status| status.collision_count);
    let hash = hash(&bare(&spec.template), collisions);
    let mut template = spec.template;
    let mut selector = spec.selector;
    let labels = template.metadata.get_or_insert_default().labels.get_or_insert_default();
    labels.insert(HASH_LABEL.into(), hash.clone());
    let labels = labels.clone();
    selector.match_labels.get_or_insert_default().insert(HASH_LABEL.into(), hash.clone());
    let mut set = ReplicaSet {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", deployment.name_any())),
            namespace: deployment.namespace(),
            labels: Some(labels),
            owner_references: Some(vec![controller_reference(deployment)?]),
            ..ObjectMeta::default()
        },
        spec: Some(ReplicaSetSpec {
            min_ready_seconds: spec.min_ready_seconds,
            replicas: Some(replicas),
            selector,
            template: Some(template),
        }),
        status: None,
    };
    set.metadata.annotations = Some(annotations(deployment, &set, fleet.newest_old_revision()));
    Ok(set)
}

/// For what total a set was scaled.
pub fn totals(deployment: &Deployment) -> BTreeMap<String, String> {
    let wanted = wanted(deployment);
    BTreeMap::from([
        (DESIRED_REPLICAS.to_owned(), wanted.to_string()),
        (MAX_REPLICAS.to_owned(), (wanted + max_surge(deployment)).to_string()),
    ])
}

/// The annotations of the set of the current template.
///
/// A set that is used again (rolled back to) gets a new revision and remembers
/// its earlier ones.
pub fn annotations(
    deployment: &Deployment,
    set: &ReplicaSet,
    newest_old: i64,
) -> BTreeMap<String, String> {
    let mut annotations: BTreeMap<String, String> = deployment
        .annotations()
        .iter()
        .filter(|(key, _)| !NOT_CARRIED_OVER.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let before = revision(set);
    let number = before.max(newest_old + 1);
    annotations.insert(REVISION.to_owned(), number.to_string());
    if before != 0 && before != number {
        let history = match set.annotations().get(REVISION_HISTORY) {
            Some(history) => format!("{history},{before}"),
            None => before.to_string(),
        };
        annotations.insert(REVISION_HISTORY.to_owned(), history);
    }
    if replicas(set) > 0 || before == 0 {
        annotations.extend(totals(deployment));
    }
    annotations
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment() -> Deployment {
        serde_json::from_value(json!({
            "metadata": {"name": "web", "namespace": "a", "uid": "d", "annotations": {"kubernetes.io/change-cause": "two", REVISION: "1"}},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c"}]}},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}},
        }))
        .expect("a deployment")
    }

    #[test]
    fn the_desired_set_is_found_again() {
        let deployment = deployment();
        let fleet = Fleet { new: None, old: vec![] };
        let set = desired(&deployment, &fleet, 2).expect("a set");
        let hash = set.labels()[HASH_LABEL].clone();
        assert_eq!(set.name_any(), format!("web-{hash}"));
        assert_eq!(
            serde_json::to_value(set.annotations()).expect("JSON"),
            json!({"kubernetes.io/change-cause": "two", REVISION: "1", DESIRED_REPLICAS: "2", MAX_REPLICAS: "3"})
        );
        assert_eq!(
            serde_json::to_value(&set.spec.as_ref().expect("spec").selector).expect("JSON"),
            json!({"matchLabels": {"app": "web", HASH_LABEL: hash}})
        );
        let fleet = Fleet::new(&deployment, vec![Arc::new(set)]);
        assert!(fleet.new.is_some());
    }

    #[test]
    fn going_back_gives_a_new_revision() {
        let deployment = deployment();
        let fleet = Fleet { new: None, old: vec![] };
        let set = desired(&deployment, &fleet, 2).expect("a set");
        let again = annotations(&deployment, &set, 4);
        assert_eq!(again[REVISION], "5");
        assert_eq!(again[REVISION_HISTORY], "1");
        assert_eq!(annotations(&deployment, &set, 0)[REVISION], "1");
    }
}
