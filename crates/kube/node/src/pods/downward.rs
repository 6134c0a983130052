//! The downward API: what a pod may learn of itself. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, ResourceFieldSelector};

use super::env::Facts;
use crate::quantity;

/// The value of a `fieldPath`; none when there is no such field.
pub(crate) fn field(facts: &Facts<'_>, path: &str) -> Option<String> {
    let meta = &facts.pod.metadata;
    let spec = facts.pod.spec.as_ref();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    if let Some((map, key)) = subscript(path) {
        let map = match map {
            "metadata.labels" => meta.labels.as_ref(),
            "metadata.annotations" => meta.annotations.as_ref(),
            _ => return None,
        };
        return Some(map.and_then(|map| map.get(key)).cloned().unwrap_or_default());
    }
    Some(match path {
        "metadata.name" => text(&meta.name),
        "metadata.namespace" => text(&meta.namespace),
        "metadata.uid" => text(&meta.uid),
        "metadata.labels" => lines(meta.labels.as_ref()),
        "metadata.annotations" => lines(meta.annotations.as_ref()),
        "spec.nodeName" => facts.node.to_owned(),
        "spec.serviceAccountName" => {
            spec.map(|spec| text(&spec.service_account_name)).unwrap_or_default()
        }
        "status.hostIP" | "status.hostIPs" => facts.host_ip.to_owned(),
        "status.podIP" | "status.podIPs" => facts.pod_ip.to_owned(),
        _ => return None,
    })
}

/// `metadata.labels['key']` as its map and key.
fn subscript(path: &str) -> Option<(&str, &str)> {
    let (map, key) = path.strip_suffix("']")?.split_once("['")?;
    Some((map, key))
}

/// `key="value"` lines, as a downward volume shows labels.
fn lines(map: Option<&BTreeMap<String, String>>) -> String {
    let lines: Vec<String> =
        map.into_iter().flatten().map(|(key, value)| format!("{key}={value:?}")).collect();
    lines.join("\n")
}

/// A limit or request of a container, in units of the divisor, rounded up.
pub(crate) fn resource(container: &Container, selector: &ResourceFieldSelector) -> Option<String> {
    let (list, name) = selector.resource.split_once('.')?;
    let resources = container.resources.as_ref()?;
    let limits = resources.limits.as_ref();
    let map = match list {
        "limits" => limits,
        // What is not requested is requested as much as it is limited.
        "requests" => resources.requests.as_ref().filter(|map| map.contains_key(name)).or(limits),
        _ => return None,
    };
    let value = quantity::parse(&map?.get(name)?.0)?;
    let divisor = selector.divisor.as_ref().and_then(|divisor| quantity::parse(&divisor.0));
    let divisor = divisor.filter(|divisor| *divisor > 0.0).unwrap_or(1.0);
    Some(format!("{}", (value / divisor).ceil()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    #[test]
    fn fields_of_a_pod() {
        let pod: Pod = serde_json::from_value(json!({"metadata": {"name": "p", "namespace": "n",
            "labels": {"a": "1", "b": "x y"}}, "spec": {"containers": []}}))
        .unwrap();
        let facts = Facts { pod: &pod, pod_ip: "127.80.0.3", host_ip: "127.0.0.1", node: "here" };
        for (path, wanted) in [
            ("metadata.name", "p"),
            ("metadata.labels['b']", "x y"),
            ("metadata.labels['c']", ""),
            ("metadata.labels", "a=\"1\"\nb=\"x y\""),
            ("status.podIP", "127.80.0.3"),
            ("spec.nodeName", "here"),
        ] {
            assert_eq!(field(&facts, path).as_deref(), Some(wanted), "{path}");
        }
        assert_eq!(field(&facts, "spec.nonsense"), None);
    }

    #[test]
    fn resources_are_rounded_up_to_the_divisor() {
        let container: Container = serde_json::from_value(json!({"name": "c",
            "resources": {"limits": {"cpu": "1500m", "memory": "100Mi"}}}))
        .unwrap();
        let ask = |resource: &str, divisor: &str| {
            let selector =
                serde_json::from_value(json!({"resource": resource, "divisor": divisor})).unwrap();
            super::resource(&container, &selector)
        };
        assert_eq!(ask("limits.cpu", "1").as_deref(), Some("2"));
        assert_eq!(ask("limits.memory", "1Mi").as_deref(), Some("100"));
        assert_eq!(ask("requests.cpu", "1m").as_deref(), Some("1500"));
        assert_eq!(ask("limits.gpu", "1"), None);
    }
}
