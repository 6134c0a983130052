//! The restricted profile: current hardening practice, on top of baseline.

use serde_json::Value;

use super::{containers, named};
use crate::object;

const VOLUMES: [&str; 8] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

pub(super) fn violations(spec: &Value) -> Vec<String> {
    [
        volumes(spec),
        escalation(spec),
        capabilities(spec),
        non_root(spec),
        root_user(spec),
        seccomp(spec),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn volumes(spec: &Value) -> Option<String> {
    let list = spec.get("volumes").and_then(Value::as_array);
    let odd = |volume: &&Value| {
        let kind = volume
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .find(|key| *key != "name");
        kind.is_some_and(|kind| !VOLUMES.contains(&kind))
    };
    let guilty: Vec<&Value> = list.into_iter().flatten().filter(odd).collect();
    let first = guilty.first()?;
    let kind = first
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .find(|key| *key != "name")?;
    Some(format!(
        "restricted volume types (volume {:?} uses restricted volume type {kind:?})",
        object::text(first, "/name")
    ))
}

fn escalation(spec: &Value) -> Option<String> {
    let unset = |one: &&Value| {
        one.pointer("/securityContext/allowPrivilegeEscalation") != Some(&Value::Bool(false))
    };
    let who = named(containers(spec).filter(unset))?;
    Some(format!(
        "allowPrivilegeEscalation != false ({who} must set securityContext.allowPrivilegeEscalation=false)"
    ))
}

fn capabilities(spec: &Value) -> Option<String> {
    let keeps = |one: &&Value| {
        let dropped = one.pointer("/securityContext/capabilities/drop").and_then(Value::as_array);
        !dropped.is_some_and(|list| list.iter().any(|name| name == "ALL"))
    };
    let who = named(containers(spec).filter(keeps))?;
    Some(format!(
        "unrestricted capabilities ({who} must set securityContext.capabilities.drop=[\"ALL\"])"
    ))
}

fn non_root(spec: &Value) -> Option<String> {
    const FIELD: &str = "/securityContext/runAsNonRoot";
    let pod = spec.pointer(FIELD) == Some(&Value::Bool(true));
    let may = |one: &&Value| match one.pointer(FIELD) {
        Some(Value::Bool(set)) => !set,
        _ => !pod,
    };
    let who = named(containers(spec).filter(may))?;
    Some(format!("runAsNonRoot != true (pod or {who} must set securityContext.runAsNonRoot=true)"))
}

fn root_user(spec: &Value) -> Option<String> {
    const FIELD: &str = "/securityContext/runAsUser";
    let root = |one: &Value| one.pointer(FIELD).and_then(Value::as_i64) == Some(0);
    if root(spec) {
        return Some("runAsUser=0 (pod must not set runAsUser=0)".into());
    }
    let who = named(containers(spec).filter(|one| root(one)))?;
    Some(format!("runAsUser=0 ({who} must not set runAsUser=0)"))
}

fn seccomp(spec: &Value) -> Option<String> {
    const FIELD: &str = "/securityContext/seccompProfile/type";
    let fine = |value: &Value| matches!(object::text(value, FIELD), "RuntimeDefault" | "Localhost");
    let pod = fine(spec);
    let good = |one: &Value| fine(one) || pod && object::text(one, FIELD).is_empty();
    let who = named(containers(spec).filter(|one| !good(one)))?;
    Some(format!(
        "seccompProfile (pod or {who} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
    ))
}
