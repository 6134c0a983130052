//! The pods that a Job wants. Pure.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Container, EnvVar, EnvVarSource, ObjectFieldSelector, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::ResourceExt;

use super::TRACKING;
use crate::template;

/// Which part of an Indexed Job a pod does.
pub const INDEX: &str = "batch.kubernetes.io/job-completion-index";
const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";

/// A pod of the Job, for one index when it is Indexed.
pub fn desired(job: &Job, owner: &OwnerReference, index: Option<i32>) -> Pod {
    let spec = job.spec.clone().unwrap_or_default();
    let namespace = job.namespace().unwrap_or_default();
    let name = job.name_any();
    let mut pod = template::pod(&spec.template, &namespace, owner.clone());
    let labels = pod.labels_mut();
    // The API server has put these into the template; an adopted or older Job
    // may lack them.
    for key in ["batch.kubernetes.io/controller-uid", "controller-uid"] {
        labels.entry(key.to_owned()).or_insert_with(|| owner.uid.clone());
    }
    for key in ["batch.kubernetes.io/job-name", "job-name"] {
        labels.entry(key.to_owned()).or_insert_with(|| name.clone());
    }
    pod.finalizers_mut().push(TRACKING.to_owned());
    if let Some(index) = index {
        mark(&mut pod, &name, index);
    }
    pod
}

fn mark(pod: &mut Pod, job: &str, index: i32) {
    pod.metadata.generate_name = Some(template::generate_name(&format!("{job}-{index}")));
    pod.labels_mut().insert(INDEX.to_owned(), index.to_string());
    pod.annotations_mut().insert(INDEX.to_owned(), index.to_string());
    let Some(spec) = &mut pod.spec else { return };
    spec.hostname = Some(format!("{job}-{index}"));
    let containers = spec.containers.iter_mut();
    for container in containers.chain(spec.init_containers.iter_mut().flatten()) {
        tell_index(container);
    }
}

fn tell_index(container: &mut Container) {
    let variables = container.env.get_or_insert_default();
    if variables.iter().any(|variable| variable.name == INDEX_VARIABLE) {
        return;
    }
    variables.push(EnvVar {
        name: INDEX_VARIABLE.to_owned(),
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                api_version: None,
                field_path: format!("metadata.labels['{INDEX}']"),
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    });
}

/// The index that a pod does.
pub fn index(pod: &Pod) -> Option<i32> {
    pod.annotations().get(INDEX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn job() -> Job {
        serde_json::from_value(json!({
            "metadata": {"name": "idx", "namespace": "a", "uid": "u"},
            "spec": {"template": {"spec": {"containers": [{"name": "c"}], "restartPolicy": "Never"}}},
        }))
        .expect("a job")
    }

    #[test]
    fn pods_carry_what_the_real_ones_carry() {
        let owner = crate::ownership::controller_reference(&job()).expect("a reference");
        let pod = desired(&job(), &owner, Some(2));
        assert_eq!(index(&pod), Some(2));
        assert_eq!(
            serde_json::to_value(&pod).expect("JSON"),
            json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {
                    "annotations": {INDEX: "2"}, "finalizers": [TRACKING], "generateName": "idx-2-",
                    "labels": {"batch.kubernetes.io/controller-uid": "u", "batch.kubernetes.io/job-completion-index": "2",
                        "batch.kubernetes.io/job-name": "idx", "controller-uid": "u", "job-name": "idx"},
                    "namespace": "a",
                    "ownerReferences": [{"apiVersion": "batch/v1", "blockOwnerDeletion": true, "controller": true, "kind": "Job", "name": "idx", "uid": "u"}],
                },
                "spec": {"containers": [{"name": "c", "env": [{"name": "JOB_COMPLETION_INDEX",
                    "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['batch.kubernetes.io/job-completion-index']"}}}]}],
                    "hostname": "idx-2", "restartPolicy": "Never"},
            })
        );
    }
}
