//! Deployments and their kin, Jobs, CronJobs, autoscalers.

use serde_json::{Map, Value, json};

use super::{field, items, pod, set, set_text};
use crate::object;
use crate::registry::Resource;

pub fn defaults(resource: &Resource, object: &mut Value) {
    match resource.plural.as_str() {
        "deployments" => deployment(object),
        "replicasets" | "replicationcontrollers" => replica_set(resource, object),
        "statefulsets" => stateful_set(object),
        "daemonsets" => daemon_set(object),
        "jobs" => job_spec(field(object, "spec")),
        "cronjobs" => cron_job(object),
        "horizontalpodautoscalers" => set(field(object, "spec"), "minReplicas", 1),
        _ => {}
    }
}

fn template(spec: &mut Map<String, Value>) {
    if let Some(template) = spec.get_mut("template") {
        pod::spec(field(template, "spec"));
    }
}

fn deployment(object: &mut Value) {
    let spec = field(object, "spec");
    template(spec);
    set(spec, "replicas", 1);
    set(spec, "revisionHistoryLimit", 10);
    set(spec, "progressDeadlineSeconds", 600);
    let strategy = object::entry_map(spec, "strategy");
    set_text(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        let rolling = object::entry_map(strategy, "rollingUpdate");
        set(rolling, "maxUnavailable", "25%");
        set(rolling, "maxSurge", "25%");
    }
}

fn replica_set(resource: &Resource, object: &mut Value) {
    let labels = object.pointer("/spec/template/metadata/labels").cloned();
    let spec = field(object, "spec");
    template(spec);
    set(spec, "replicas", 1);
    if resource.group.is_empty()
        && let Some(labels) = labels
    {
        set(spec, "selector", labels.clone());
        set(field(object, "metadata"), "labels", labels);
    }
}

fn stateful_set(object: &mut Value) {
    let spec = field(object, "spec");
    template(spec);
    set(spec, "replicas", 1);
    set_text(spec, "podManagementPolicy", "OrderedReady");
    set(spec, "revisionHistoryLimit", 10);
    let retention = object::entry_map(spec, "persistentVolumeClaimRetentionPolicy");
    set_text(retention, "whenDeleted", "Retain");
    set_text(retention, "whenScaled", "Retain");
    let strategy = object::entry_map(spec, "updateStrategy");
    set_text(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        set(object::entry_map(strategy, "rollingUpdate"), "partition", 0);
    }
    for claim in items(spec, "volumeClaimTemplates") {
        set_text(claim, "kind", "PersistentVolumeClaim");
        set_text(claim, "apiVersion", "v1");
        set_text(object::entry_map(claim, "spec"), "volumeMode", "Filesystem");
        set_text(object::entry_map(claim, "status"), "phase", "Pending");
    }
}

fn daemon_set(object: &mut Value) {
    let spec = field(object, "spec");
    template(spec);
    set(spec, "revisionHistoryLimit", 10);
    let strategy = object::entry_map(spec, "updateStrategy");
    set_text(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        let rolling = object::entry_map(strategy, "rollingUpdate");
        set(rolling, "maxUnavailable", 1);
        set(rolling, "maxSurge", 0);
    }
}

/// A Job finds its pods by its own uid, which only the server can write.
pub fn tie_to_pods(object: &mut Value) {
    let uid = object::uid(object).to_owned();
    let name = object::name(object).to_owned();
    let spec = field(object, "spec");
    if spec.get("manualSelector") == Some(&Value::Bool(true)) || uid.is_empty() {
        return;
    }
    let template = object::entry_map(spec, "template");
    let labels = object::entry_map(object::entry_map(template, "metadata"), "labels");
    for (key, value) in [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ] {
        set(labels, key, value.as_str());
    }
    set(spec, "selector", json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}));
}

fn job_spec(spec: &mut Map<String, Value>) {
    template(spec);
    let nothing_said = spec.get("completions").is_none_or(Value::is_null)
        && spec.get("parallelism").is_none_or(Value::is_null);
    if nothing_said {
        set(spec, "completions", 1);
    }
    set(spec, "parallelism", 1);
    let by_index = spec.get("backoffLimitPerIndex").is_some_and(Value::is_number);
    set(spec, "backoffLimit", if by_index { i32::MAX } else { 6 });
    set_text(spec, "completionMode", "NonIndexed");
    set(spec, "suspend", false);
    let replacement = if spec.get("podFailurePolicy").is_some_and(Value::is_object) {
        "Failed"
    } else {
        "TerminatingOrFailed"
    };
    set_text(spec, "podReplacementPolicy", replacement);
    set(spec, "manualSelector", false);
    if spec["manualSelector"] == false {
        spec.shift_remove("manualSelector");
    }
    if let Some(policy) = spec.get_mut("podFailurePolicy").and_then(Value::as_object_mut) {
        for rule in items(policy, "rules") {
            for condition in items(rule, "onPodConditions") {
                set_text(condition, "status", "True");
            }
        }
    }
}

fn cron_job(object: &mut Value) {
    let spec = field(object, "spec");
    if let Some(job) = spec.get_mut("jobTemplate") {
        let inner = field(job, "spec");
        template(inner);
    }
    set_text(spec, "concurrencyPolicy", "Allow");
    set(spec, "suspend", false);
    set(spec, "successfulJobsHistoryLimit", 3);
    set(spec, "failedJobsHistoryLimit", 1);
}
