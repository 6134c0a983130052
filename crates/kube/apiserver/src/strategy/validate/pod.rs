//! Pods and the pod part of templates.

use std::collections::HashSet;

use dais_schema::quantity::Quantity;
use dais_schema::{FieldError, names};
use serde_json::{Value, json};

use crate::object;

pub fn validate(new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let spec = new.get("spec").unwrap_or(&Value::Null);
    match old {
        None => validate_spec(spec, "spec"),
        Some(old) => changed_only_what_may(spec, old.get("spec").unwrap_or(&Value::Null)),
    }
}

/// A pod template: labels and spec; `restartPolicy` must be one of `allowed`.
pub fn validate_template(template: &Value, at: &str, allowed: &[&str]) -> Vec<FieldError> {
    let spec = template.get("spec").unwrap_or(&Value::Null);
    let mut errors = Vec::new();
    if let Some(labels) = template.pointer("/metadata/labels") {
        errors.extend(names::validate_labels(labels, &format!("{at}.labels")));
    }
    errors.extend(validate_spec(spec, &format!("{at}.spec")));
    let policy = object::text(spec, "/restartPolicy");
    if !allowed.contains(&policy) {
        let field = format!("{at}.spec.restartPolicy");
        errors.push(match policy {
            // What is filled in where a Job says nothing.
            "Always" => FieldError::required(field, "valid values: \"OnFailure\", \"Never\""),
            _ => FieldError::unsupported(field, &Value::from(policy), allowed),
        });
    }
    errors
}

fn validate_spec(spec: &Value, at: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let volumes = volumes(spec, at, &mut errors);
    let containers = list(spec, "containers");
    if containers.is_empty() {
        errors.push(FieldError::required(format!("{at}.containers"), ""));
    }
    let mut seen = HashSet::new();
    for kind in ["containers", "initContainers"] {
        for (index, one) in list(spec, kind).iter().enumerate() {
            container(one, &format!("{at}.{kind}[{index}]"), &volumes, &mut errors);
            let name = object::text(one, "/name");
            if !name.is_empty() && !seen.insert(name.to_owned()) {
                errors.push(FieldError::duplicate(
                    format!("{at}.{kind}[{index}].name"),
                    &Value::from(name),
                ));
            }
        }
    }
    let policy = object::text(spec, "/restartPolicy");
    let known = ["Always", "OnFailure", "Never"];
    if !known.contains(&policy) {
        errors.push(FieldError::unsupported(
            format!("{at}.restartPolicy"),
            &Value::from(policy),
            &known,
        ));
    }
    let dns = object::text(spec, "/dnsPolicy");
    let known = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    if !known.contains(&dns) {
        errors.push(FieldError::unsupported(format!("{at}.dnsPolicy"), &Value::from(dns), &known));
    }
    if spec
        .get("terminationGracePeriodSeconds")
        .and_then(Value::as_i64)
        .is_some_and(|seconds| seconds < 0)
    {
        let field = format!("{at}.terminationGracePeriodSeconds");
        errors.push(FieldError::invalid(
            field,
            &spec["terminationGracePeriodSeconds"],
            "must be greater than or equal to 0",
        ));
    }
    if let Some(seconds) = spec
        .get("activeDeadlineSeconds")
        .filter(|value| value.as_i64().is_some_and(|number| number < 1))
    {
        errors.push(FieldError::invalid(
            format!("{at}.activeDeadlineSeconds"),
            seconds,
            "must be between 1 and 2147483647, inclusive",
        ));
    }
    errors
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn volumes(spec: &Value, at: &str, errors: &mut Vec<FieldError>) -> HashSet<String> {
    let mut seen = HashSet::new();
    for (index, volume) in list(spec, "volumes").iter().enumerate() {
        let field = format!("{at}.volumes[{index}].name");
        let name = object::text(volume, "/name");
        if name.is_empty() {
            errors.push(FieldError::required(&field, ""));
        } else {
            errors.extend(
                names::dns1123_label(name)
                    .into_iter()
                    .map(|why| FieldError::invalid(&field, &Value::from(name), &why)),
            );
            if !seen.insert(name.to_owned()) {
                errors.push(FieldError::duplicate(&field, &Value::from(name)));
            }
        }
    }
    seen
}

fn container(container: &Value, at: &str, volumes: &HashSet<String>, errors: &mut Vec<FieldError>) {
    let name = object::text(container, "/name");
    if name.is_empty() {
        errors.push(FieldError::required(format!("{at}.name"), ""));
    } else {
        let field = format!("{at}.name");
        errors.extend(
            names::dns1123_label(name)
                .into_iter()
                .map(|why| FieldError::invalid(&field, &Value::from(name), &why)),
        );
    }
    if object::text(container, "/image").is_empty() {
        errors.push(FieldError::required(format!("{at}.image"), ""));
    }
    let policy = object::text(container, "/imagePullPolicy");
    let known = ["Always", "IfNotPresent", "Never"];
    if !known.contains(&policy) {
        errors.push(FieldError::unsupported(
            format!("{at}.imagePullPolicy"),
            &Value::from(policy),
            &known,
        ));
    }
    ports(container, at, errors);
    environment(container, at, errors);
    mounts(container, at, volumes, errors);
    resources(container, at, errors);
}

fn ports(container: &Value, at: &str, errors: &mut Vec<FieldError>) {
    for (index, port) in list(container, "ports").iter().enumerate() {
        let at = format!("{at}.ports[{index}]");
        let number = port.get("containerPort").and_then(Value::as_i64).unwrap_or_default();
        if number == 0 {
            errors.push(FieldError::required(format!("{at}.containerPort"), ""));
        } else if !(1..=65_535).contains(&number) {
            let why = "must be between 1 and 65535, inclusive";
            errors.push(FieldError::invalid(format!("{at}.containerPort"), &json!(number), why));
        }
        let name = object::text(port, "/name");
        if !name.is_empty() {
            let field = format!("{at}.name");
            errors.extend(
                names::port_name(name)
                    .into_iter()
                    .map(|why| FieldError::invalid(&field, &Value::from(name), &why)),
            );
        }
        let protocol = object::text(port, "/protocol");
        let known = ["SCTP", "TCP", "UDP"];
        if !known.contains(&protocol) {
            errors.push(FieldError::unsupported(
                format!("{at}.protocol"),
                &Value::from(protocol),
                &known,
            ));
        }
    }
}

fn environment(container: &Value, at: &str, errors: &mut Vec<FieldError>) {
    for (index, env) in list(container, "env").iter().enumerate() {
        let at = format!("{at}.env[{index}]");
        let name = object::text(env, "/name");
        if name.is_empty() {
            errors.push(FieldError::required(format!("{at}.name"), ""));
        } else {
            let field = format!("{at}.name");
            errors.extend(
                names::env_var_name(name)
                    .into_iter()
                    .map(|why| FieldError::invalid(&field, &Value::from(name), &why)),
            );
        }
        let source = env.get("valueFrom").filter(|source| source.is_object());
        if source.is_some() && !object::text(env, "/value").is_empty() {
            let why = "may not be specified when `value` is not empty";
            errors.push(FieldError::invalid(format!("{at}.valueFrom"), &Value::from(""), why));
        }
    }
}

fn mounts(container: &Value, at: &str, volumes: &HashSet<String>, errors: &mut Vec<FieldError>) {
    let mut paths = HashSet::new();
    for (index, mount) in list(container, "volumeMounts").iter().enumerate() {
        let at = format!("{at}.volumeMounts[{index}]");
        let name = object::text(mount, "/name");
        if name.is_empty() {
            errors.push(FieldError::required(format!("{at}.name"), ""));
        } else if !volumes.contains(name) {
            errors.push(FieldError::not_found(format!("{at}.name"), &Value::from(name)));
        }
        let path = object::text(mount, "/mountPath");
        if path.is_empty() {
            errors.push(FieldError::required(format!("{at}.mountPath"), ""));
        } else if !paths.insert(path.to_owned()) {
            errors.push(FieldError::invalid(
                format!("{at}.mountPath"),
                &Value::from(path),
                "must be unique",
            ));
        }
        let sub = object::text(mount, "/subPath");
        if sub.starts_with('/') {
            errors.push(FieldError::invalid(
                format!("{at}.subPath"),
                &Value::from(sub),
                "must be a relative path",
            ));
        } else if sub.split('/').any(|part| part == "..") {
            errors.push(FieldError::invalid(
                format!("{at}.subPath"),
                &Value::from(sub),
                "must not contain '..'",
            ));
        }
    }
}

fn resources(container: &Value, at: &str, errors: &mut Vec<FieldError>) {
    let at = format!("{at}.resources");
    let limits = container.pointer("/resources/limits").and_then(Value::as_object);
    let requests = container.pointer("/resources/requests").and_then(Value::as_object);
    for (kind, map) in [("limits", limits), ("requests", requests)] {
        for (name, value) in map.into_iter().flatten() {
            let field = format!("{at}.{kind}[{name}]");
            resource_name(name, &field, errors);
            if let Some(amount) = parsed(value)
                && amount.is_negative()
            {
                errors.push(FieldError::invalid(
                    field,
                    value,
                    "must be greater than or equal to 0",
                ));
            }
        }
    }
    for (name, request) in requests.into_iter().flatten() {
        let limit = limits.and_then(|limits| limits.get(name));
        let (Some(wanted), Some(most)) = (parsed(request), limit.and_then(parsed)) else {
            if is_extended(name) && limit.is_none() {
                errors.push(FieldError::required(
                    format!("{at}.limits"),
                    "Limit must be set for non overcommitable resources",
                ));
            }
            continue;
        };
        let text = limit.and_then(Value::as_str).unwrap_or_default();
        if is_extended(name) && wanted != most {
            let why = format!("must be equal to {name} limit of {text}");
            errors.push(FieldError::invalid(format!("{at}.requests"), request, &why));
        } else if wanted > most {
            let why = format!("must be less than or equal to {name} limit of {text}");
            errors.push(FieldError::invalid(format!("{at}.requests"), request, &why));
        }
    }
}

fn resource_name(name: &str, field: &str, errors: &mut Vec<FieldError>) {
    errors.extend(
        names::qualified_name(name)
            .into_iter()
            .map(|why| FieldError::invalid(field, &Value::from(name), &why)),
    );
    let standard =
        matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
    if !standard && !name.contains('/') {
        errors.push(FieldError::invalid(
            field,
            &Value::from(name),
            "must be a standard resource type or fully qualified",
        ));
        errors.push(FieldError::invalid(
            field,
            &Value::from(name),
            "must be a standard resource for containers",
        ));
    }
}

fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/")
}

fn parsed(value: &Value) -> Option<Quantity> {
    Quantity::parse(value.as_str()?).ok()
}

const ONLY_THESE: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

fn changed_only_what_may(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for kind in ["containers", "initContainers"] {
        for (index, one) in list(new, kind).iter().enumerate() {
            if object::text(one, "/image").is_empty() {
                errors.push(FieldError::required(format!("spec.{kind}[{index}].image"), ""));
            }
        }
        if list(new, kind).len() != list(old, kind).len() {
            let why = "pod updates may not add or remove containers";
            errors.push(FieldError::forbidden(format!("spec.{kind}"), why));
            return errors;
        }
    }
    let mut allowed = new.clone();
    for kind in ["containers", "initContainers"] {
        let images: Vec<Option<Value>> =
            list(old, kind).iter().map(|one| one.get("image").cloned()).collect();
        let containers = allowed.get_mut(kind).and_then(Value::as_array_mut);
        for (container, image) in containers.into_iter().flatten().zip(images) {
            if let (Some(map), Some(image)) = (container.as_object_mut(), image) {
                map.insert("image".into(), image);
            }
        }
    }
    for field in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] {
        if let Some(map) = allowed.as_object_mut() {
            match old.get(field) {
                Some(value) => map.insert(field.into(), value.clone()),
                None => map.shift_remove(field),
            };
        }
    }
    if allowed != *old {
        errors.push(FieldError::forbidden("spec", ONLY_THESE));
    }
    errors
}
