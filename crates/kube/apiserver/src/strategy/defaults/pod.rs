//! Pods and pod templates.

use dais_schema::quantity;
use serde_json::{Map, Value, json};

use super::{field, items, set, set_text};

/// The template of a workload or a PodTemplate: `template.spec`.
pub fn template(owner: &mut Value) {
    if let Some(template) = owner.get_mut("template") {
        spec(field(template, "spec"));
    }
}

/// The first status of a pod.
pub fn status(pod: &mut Value) {
    let class = quality(pod.get("spec").unwrap_or(&Value::Null));
    let status = field(pod, "status");
    set(status, "phase", "Pending");
    set(status, "qosClass", class);
}

pub fn spec(spec: &mut Map<String, Value>) {
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        items(spec, list).for_each(container);
    }
    set_text(spec, "restartPolicy", "Always");
    set_text(spec, "dnsPolicy", "ClusterFirst");
    set_text(spec, "schedulerName", "default-scheduler");
    set(spec, "terminationGracePeriodSeconds", 30);
    set(spec, "securityContext", json!({}));
    account(spec);
    items(spec, "volumes").for_each(volume);
    if spec.get("hostNetwork") == Some(&Value::Bool(true)) {
        for list in ["containers", "initContainers"] {
            for container in items(spec, list) {
                for port in items(container, "ports") {
                    if let Some(number) = port.get("containerPort").cloned() {
                        set(port, "hostPort", number);
                    }
                }
            }
        }
    }
}

/// The old name of the service account is kept beside the new one.
fn account(spec: &mut Map<String, Value>) {
    let name = |spec: &Map<String, Value>, field: &str| {
        spec.get(field).filter(|name| *name != "").cloned()
    };
    if let Some(account) = name(spec, "serviceAccountName").or_else(|| name(spec, "serviceAccount"))
    {
        set_text(spec, "serviceAccountName", account.as_str().unwrap_or_default());
        spec.insert("serviceAccount".into(), spec["serviceAccountName"].clone());
    }
}

fn container(container: &mut Map<String, Value>) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let policy = if is_latest(image) { "Always" } else { "IfNotPresent" };
    set(container, "resources", json!({}));
    set_text(container, "terminationMessagePath", "/dev/termination-log");
    set_text(container, "terminationMessagePolicy", "File");
    set_text(container, "imagePullPolicy", policy);
    items(container, "ports").for_each(|port| set_text(port, "protocol", "TCP"));
    for env in items(container, "env") {
        if let Some(source) = env.get_mut("valueFrom")
            && let Some(reference) = source.get_mut("fieldRef").and_then(Value::as_object_mut)
        {
            set_text(reference, "apiVersion", "v1");
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(name).and_then(Value::as_object_mut) {
            self::probe(probe);
        }
    }
    if let Some(lifecycle) = container.get_mut("lifecycle").and_then(Value::as_object_mut) {
        for name in ["postStart", "preStop"] {
            if let Some(handler) = lifecycle.get_mut(name).and_then(Value::as_object_mut) {
                http_get(handler);
            }
        }
    }
}

/// What is filled in for pods, but not for templates.
pub fn own(spec: &mut Map<String, Value>) {
    set(spec, "enableServiceLinks", true);
    for list in ["containers", "initContainers"] {
        for container in items(spec, list) {
            if let Some(resources) = container.get_mut("resources").and_then(Value::as_object_mut) {
                resources_of(resources);
            }
        }
    }
}

/// `nginx` and `nginx:latest`, but not `nginx:1.27` or a digest.
fn is_latest(image: &str) -> bool {
    if image.contains('@') {
        return false;
    }
    let name = image.rsplit('/').next().unwrap_or_default();
    name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

/// A limit without a request is also the request.
fn resources_of(resources: &mut Map<String, Value>) {
    let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else { return };
    if limits.is_empty() {
        return;
    }
    let requests = crate::object::entry_map(resources, "requests");
    for (name, limit) in limits {
        set(requests, &name, canonical(&limit));
    }
}

fn canonical(value: &Value) -> Value {
    match value {
        Value::String(text) => quantity::canonical(text).into(),
        other => quantity::canonical(&other.to_string()).into(),
    }
}

fn probe(probe: &mut Map<String, Value>) {
    http_get(probe);
    set(probe, "timeoutSeconds", 1);
    set(probe, "periodSeconds", 10);
    set(probe, "successThreshold", 1);
    set(probe, "failureThreshold", 3);
    if let Some(grpc) = probe.get_mut("grpc").and_then(Value::as_object_mut) {
        set(grpc, "service", "");
    }
}

fn http_get(handler: &mut Map<String, Value>) {
    if let Some(get) = handler.get_mut("httpGet").and_then(Value::as_object_mut) {
        set_text(get, "path", "/");
        set_text(get, "scheme", "HTTP");
    }
}

fn volume(volume: &mut Map<String, Value>) {
    const MODE: i64 = 0o644;
    let sources = volume.keys().filter(|key| *key != "name").count();
    if sources == 0 {
        volume.insert("emptyDir".into(), json!({}));
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = volume.get_mut(source).and_then(Value::as_object_mut) {
            set(source, "defaultMode", MODE);
            items(source, "items").for_each(field_version);
            for projection in items(source, "sources") {
                if let Some(token) =
                    projection.get_mut("serviceAccountToken").and_then(Value::as_object_mut)
                {
                    set(token, "expirationSeconds", 3600);
                }
                if let Some(downward) =
                    projection.get_mut("downwardAPI").and_then(Value::as_object_mut)
                {
                    items(downward, "items").for_each(field_version);
                }
            }
        }
    }
    if let Some(path) = volume.get_mut("hostPath").and_then(Value::as_object_mut) {
        set(path, "type", "");
    }
}

fn field_version(item: &mut Map<String, Value>) {
    if let Some(reference) = item.get_mut("fieldRef").and_then(Value::as_object_mut) {
        set_text(reference, "apiVersion", "v1");
    }
}

/// The quality-of-service class that the containers' resources add up to.
fn quality(spec: &Value) -> &'static str {
    let lists = ["containers", "initContainers"];
    let containers: Vec<&Value> = lists
        .iter()
        .filter_map(|list| spec.get(list).and_then(Value::as_array))
        .flatten()
        .collect();
    let amount = |container: &Value, kind: &str, name: &str| -> Option<quantity::Quantity> {
        let text = container.get("resources")?.get(kind)?.get(name)?.as_str()?;
        quantity::Quantity::parse(text).ok().filter(|amount| !amount.is_zero())
    };
    let mut any = false;
    let mut guaranteed = !containers.is_empty();
    for container in containers {
        for name in ["cpu", "memory"] {
            let (request, limit) =
                (amount(container, "requests", name), amount(container, "limits", name));
            any |= request.is_some() || limit.is_some();
            guaranteed &= limit.is_some() && request == limit;
        }
    }
    match (guaranteed, any) {
        (true, _) => "Guaranteed",
        (false, true) => "Burstable",
        (false, false) => "BestEffort",
    }
}
