//! The pods and claims of a StatefulSet. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, Volume,
};
use kube::ResourceExt;
use kube::api::ObjectMeta;

use super::revisions::Revisions;
use crate::error::Result;
use crate::ownership::controller_reference;
use crate::template;

const REVISION: &str = "controller-revision-hash";

/// A pod to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub ordinal: i32,
    /// From the template before the current one.
    pub old: bool,
}

/// The pod's place in the set, when its name is one of the set's.
pub fn ordinal(set: &StatefulSet, pod: &Pod) -> Option<i32> {
    let name = pod.name_any();
    let number = name.strip_prefix(&set.name_any())?.strip_prefix('-')?;
    number.parse().ok().filter(|ordinal: &i32| ordinal.to_string() == number)
}

/// The name of the revision that the pod was made from.
pub fn revision_of(pod: &Pod) -> Option<&String> {
    pod.labels().get(REVISION)
}

/// The pod of an ordinal.
pub fn desired(set: &StatefulSet, wanted: Wanted, revisions: &Revisions) -> Result<Pod> {
    let revision = if wanted.old { &revisions.current } else { &revisions.update };
    let namespace = set.namespace().unwrap_or_default();
    let mut pod = template::pod(&revision.template, &namespace, controller_reference(set)?);
    let name = format!("{}-{}", set.name_any(), wanted.ordinal);
    pod.metadata.name = Some(name.clone());
    let labels = pod.labels_mut();
    labels.insert("statefulset.kubernetes.io/pod-name".into(), name.clone());
    labels.insert("apps.kubernetes.io/pod-index".into(), wanted.ordinal.to_string());
    labels.insert(REVISION.into(), revision.name.clone());
    let service = set.spec.as_ref().and_then(|spec| spec.service_name.clone());
    let spec = pod.spec.get_or_insert_default();
    spec.hostname = Some(name.clone());
    spec.subdomain = service.filter(|service| !service.is_empty());
    let claimed = volumes(set, &name);
    let volumes = spec.volumes.get_or_insert_default();
    volumes.retain(|volume| !claimed.iter().any(|claimed| claimed.name == volume.name));
    volumes.extend(claimed);
    Ok(pod)
}

fn templates(set: &StatefulSet) -> impl Iterator<Item = &PersistentVolumeClaim> {
    set.spec.iter().flat_map(|spec| spec.volume_claim_templates.iter().flatten())
}

fn volumes(set: &StatefulSet, pod: &str) -> Vec<Volume> {
    let volumes = templates(set).map(|template| Volume {
        name: template.name_any(),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: format!("{}-{pod}", template.name_any()),
            ..PersistentVolumeClaimVolumeSource::default()
        }),
        ..Volume::default()
    });
    volumes.collect()
}

/// The claims of a pod.
pub fn claims(set: &StatefulSet, pod: &str) -> Vec<PersistentVolumeClaim> {
    let selected = set.spec.as_ref().and_then(|spec| spec.selector.match_labels.clone());
    let claims = templates(set).map(|template| {
        let mut labels: BTreeMap<String, String> = template.labels().clone();
        labels.extend(selected.clone().unwrap_or_default());
        PersistentVolumeClaim {
            metadata: ObjectMeta {
                name: Some(format!("{}-{pod}", template.name_any())),
                namespace: set.namespace(),
                labels: Some(labels),
                annotations: template.metadata.annotations.clone(),
                ..ObjectMeta::default()
            },
            spec: template.spec.clone(),
            status: None,
        }
    });
    claims.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stateful_set::revisions::Revision;
    use serde_json::json;

    #[test]
    fn pods_have_names_hosts_and_claims_of_their_own() {
        let set: StatefulSet = serde_json::from_value(json!({
            "metadata": {"name": "db", "namespace": "a", "uid": "u"},
            "spec": {"serviceName": "svc", "selector": {"matchLabels": {"app": "db"}}, "template": {},
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]},
        }))
        .expect("a set");
        let revision = Revision { name: "db-1".into(), template: Default::default() };
        let revisions = Revisions { current: revision.clone(), update: revision };
        let pod = desired(&set, Wanted { ordinal: 1, old: false }, &revisions).expect("a pod");
        assert_eq!((pod.name_any().as_str(), ordinal(&set, &pod)), ("db-1", Some(1)));
        let spec = serde_json::to_value(pod.spec).expect("JSON");
        assert_eq!(
            spec["volumes"],
            json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-1"}}])
        );
        assert_eq!((&spec["hostname"], &spec["subdomain"]), (&json!("db-1"), &json!("svc")));
        assert_eq!(claims(&set, "db-1")[0].labels()["app"], "db");
    }
}
