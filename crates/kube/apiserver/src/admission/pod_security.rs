//! Pod Security: what a pod may ask of its host, as Kubernetes' baseline and
//! restricted profiles say and word it.
//!
//! A namespace's label `pod-security.kubernetes.io/enforce` binds everybody.
//! Without it the profile is baseline, for everybody but `system:masters`. Since
//! controllers that run as `system:masters` make pods for others, the default is
//! also asked of the templates that others write: a tenant's Deployment cannot
//! bring in a host path by the back door.

mod baseline;
mod restricted;

use serde_json::Value;

use super::namespaces::Namespaces;
use crate::config::UserInfo;
use crate::object;
use crate::registry::Resource;
use crate::status::Failure;

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
const WARN: &str = "pod-security.kubernetes.io/warn";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Privileged,
    Baseline,
    Restricted,
}

impl Level {
    fn parse(text: &str) -> Option<Level> {
        match text {
            "privileged" => Some(Level::Privileged),
            "baseline" => Some(Level::Baseline),
            "restricted" => Some(Level::Restricted),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }
}

/// Judges a pod or a template; gives warnings.
///
/// # Errors
/// 403 that names everything that is against the profile.
pub(crate) fn check(
    namespaces: &Namespaces,
    resource: &Resource,
    user: &UserInfo,
    object: &Value,
) -> Result<Vec<String>, Failure> {
    let Some((metadata, spec)) = pod_of(resource, object) else { return Ok(Vec::new()) };
    let namespace = namespaces.get(object::namespace(object));
    let label = |key: &str| {
        namespace.and_then(|one| one.labels.get(key)).and_then(|text| Level::parse(text))
    };
    let is_pod = resource.is("", "pods");
    let enforced = label(ENFORCE);
    let level = match enforced {
        Some(level) if is_pod => level,
        Some(_) => Level::Privileged,
        None if user.is_master() => Level::Privileged,
        None => Level::Baseline,
    };
    let found = violations(level, metadata, spec);
    if !found.is_empty() {
        let why = format!("violates PodSecurity \"{}:latest\": {}", level.name(), found.join(", "));
        return Err(Failure::forbidden(resource.subject(object::name(object)), &why));
    }
    let Some(level) = label(WARN) else { return Ok(Vec::new()) };
    let found = violations(level, metadata, spec);
    let warning =
        || format!("would violate PodSecurity \"{}:latest\": {}", level.name(), found.join(", "));
    Ok(if found.is_empty() { Vec::new() } else { vec![warning()] })
}

/// The pod inside an object: metadata and spec.
fn pod_of<'a>(resource: &Resource, object: &'a Value) -> Option<(&'a Value, &'a Value)> {
    let at = match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "pods") => "",
        ("", "podtemplates") => "/template",
        ("", "replicationcontrollers")
        | ("apps", "deployments" | "replicasets" | "statefulsets" | "daemonsets")
        | ("batch", "jobs") => "/spec/template",
        ("batch", "cronjobs") => "/spec/jobTemplate/spec/template",
        _ => return None,
    };
    let pod = if at.is_empty() { object } else { object.pointer(at)? };
    Some((pod.get("metadata").unwrap_or(&Value::Null), pod.get("spec")?))
}

fn violations(level: Level, metadata: &Value, spec: &Value) -> Vec<String> {
    match level {
        Level::Privileged => Vec::new(),
        Level::Baseline => baseline::violations(metadata, spec),
        Level::Restricted => {
            let mut found = baseline::violations(metadata, spec);
            found.extend(restricted::violations(spec));
            found
        }
    }
}

/// All containers of a pod.
fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers", "ephemeralContainers"]
        .into_iter()
        .filter_map(|list| spec.get(list).and_then(Value::as_array))
        .flatten()
}

/// `container "a"`, `containers "a", "b"`; nothing where nobody is meant.
fn named<'a>(guilty: impl Iterator<Item = &'a Value>) -> Option<String> {
    let names: Vec<String> =
        guilty.map(|one| format!("{:?}", object::text(one, "/name"))).collect();
    match names.len() {
        0 => None,
        1 => Some(format!("container {}", names[0])),
        _ => Some(format!("containers {}", names.join(", "))),
    }
}

/// The levels that a namespace's labels name must exist.
pub(crate) fn check_labels(namespace: &Value) -> Vec<dais_schema::FieldError> {
    let mut errors = Vec::new();
    for mode in ["enforce", "audit", "warn"] {
        let key = format!("pod-security.kubernetes.io/{mode}");
        let given = namespace
            .pointer("/metadata/labels")
            .and_then(|labels| labels.get(&key))
            .and_then(Value::as_str);
        if let Some(given) = given.filter(|given| Level::parse(given).is_none()) {
            let why = "must be one of privileged, baseline, restricted";
            errors.push(dais_schema::FieldError::invalid(
                format!("metadata.labels[{key}]"),
                &Value::from(given),
                why,
            ));
        }
    }
    errors
}
