//! Namespaces, Secrets, volumes, roles and the other small kinds.

use serde_json::{Value, json};

use super::{field, set, set_text};
use crate::object;
use crate::registry::Resource;

pub fn defaults(resource: &Resource, object: &mut Value) {
    let Some(map) = object.as_object_mut() else { return };
    match resource.plural.as_str() {
        "storageclasses" => {
            set_text(map, "reclaimPolicy", "Delete");
            set_text(map, "volumeBindingMode", "Immediate");
        }
        "csidrivers" => {
            let spec = field(object, "spec");
            set(spec, "attachRequired", true);
            set(spec, "podInfoOnMount", false);
            set(spec, "storageCapacity", false);
            set(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
            set(spec, "volumeLifecycleModes", json!(["Persistent"]));
            set(spec, "requiresRepublish", false);
            set(spec, "seLinuxMount", false);
        }
        "priorityclasses" => {
            set(map, "preemptionPolicy", "PreemptLowerPriority");
        }
        "rolebindings" | "clusterrolebindings" => binding(object),
        "roles" | "clusterroles" => set(map, "rules", Value::Null),
        _ => {}
    }
}

fn binding(object: &mut Value) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    set_text(field(object, "roleRef"), "apiGroup", GROUP);
    let subjects = object.get_mut("subjects").and_then(Value::as_array_mut);
    for subject in subjects.into_iter().flatten().filter_map(Value::as_object_mut) {
        if subject.get("kind").is_some_and(|kind| kind == "User" || kind == "Group") {
            set_text(subject, "apiGroup", GROUP);
        }
    }
}

pub fn namespace(object: &mut Value) {
    let name = object::name(object).to_owned();
    // A generated name was not there yet when the defaults were filled in.
    object::entry_map(object::metadata_mut(object), "labels")
        .insert("kubernetes.io/metadata.name".into(), name.into());
    let spec = field(object, "spec");
    let finalizers = spec.get_mut("finalizers").and_then(Value::as_array_mut);
    match finalizers {
        Some(list) if list.iter().any(|one| one == "kubernetes") => {}
        Some(list) => list.push("kubernetes".into()),
        None => {
            spec.insert("finalizers".into(), json!(["kubernetes"]));
        }
    }
    field(object, "status").insert("phase".into(), "Active".into());
}

/// Only the `finalize` subresource changes a namespace's finalizers.
pub fn keep_namespace_finalizers(object: &mut Value, old: &Value) {
    let kept = old.pointer("/spec/finalizers").cloned();
    let spec = field(object, "spec");
    match kept {
        Some(list) => spec.insert("finalizers".into(), list),
        None => spec.shift_remove("finalizers"),
    };
}

/// `stringData` is written as `data`; every Secret has a type.
pub fn secret(object: &mut Value) {
    use base64::Engine;
    let Some(map) = object.as_object_mut() else { return };
    set_text(map, "type", "Opaque");
    if let Some(Value::Object(texts)) = map.shift_remove("stringData") {
        let data = object::entry_map(map, "data");
        for (key, text) in texts {
            let text = text.as_str().unwrap_or_default();
            data.insert(key, base64::engine::general_purpose::STANDARD.encode(text).into());
        }
    }
}

pub fn claim(object: &mut Value) {
    set_text(field(object, "spec"), "volumeMode", "Filesystem");
}

pub fn volume(object: &mut Value) {
    let spec = field(object, "spec");
    set_text(spec, "persistentVolumeReclaimPolicy", "Retain");
    set_text(spec, "volumeMode", "Filesystem");
    if let Some(path) = spec.get_mut("hostPath").and_then(Value::as_object_mut) {
        set(path, "type", "");
    }
}

/// Defaults follow from the bounds: the default limit from the maximum, the
/// default request from the default limit, else from the minimum.
pub fn limit_range(object: &mut Value) {
    let limits = object.pointer_mut("/spec/limits").and_then(Value::as_array_mut);
    for limit in limits.into_iter().flatten().filter_map(Value::as_object_mut) {
        if limit.get("type").is_none_or(|kind| kind != "Container") {
            continue;
        }
        for (to, from) in
            [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")]
        {
            let amounts = limit.get(from).and_then(Value::as_object).cloned().unwrap_or_default();
            for (name, amount) in amounts {
                set(object::entry_map(limit, to), &name, amount);
            }
        }
    }
}
