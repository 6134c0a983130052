//! Namespaces, nodes, configuration, storage, roles, events and the small kinds.

use serde_json::Value;

use super::{AGE, Column, NAME, age, integer, list, number, or_none, text, wide};
use crate::object;
use crate::registry::Resource;

pub(super) fn columns(resource: &Resource) -> Option<&'static [Column]> {
    Some(match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "namespaces") => NAMESPACES,
        ("", "nodes") => NODES,
        ("", "configmaps") => CONFIG_MAPS,
        ("", "secrets") => SECRETS,
        ("", "serviceaccounts") => AGED,
        ("" | "events.k8s.io", "events") => EVENTS,
        ("", "persistentvolumeclaims") => CLAIMS,
        ("", "persistentvolumes") => VOLUMES,
        ("", "resourcequotas") => QUOTAS,
        ("coordination.k8s.io", "leases") => LEASES,
        ("storage.k8s.io", "storageclasses") => CLASSES,
        ("storage.k8s.io", "csidrivers") => DRIVERS,
        ("scheduling.k8s.io", "priorityclasses") => PRIORITIES,
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => BINDINGS,
        _ => return None,
    })
}

const AGED: &[Column] = &[NAME, AGE];
const NAMESPACES: &[Column] =
    &[NAME, text("Status", |one| object::text(one, "/status/phase").into()), AGE];

const NODES: &[Column] = &[
    NAME,
    text("Status", |one| node_status(one).into()),
    text("Roles", roles),
    AGE,
    text("Version", |one| object::text(one, "/status/nodeInfo/kubeletVersion").into()),
    wide("Internal-IP", |one| address(one, "InternalIP")),
    wide("External-IP", |one| address(one, "ExternalIP")),
    wide("OS-Image", |one| unknown(object::text(one, "/status/nodeInfo/osImage"))),
    wide("Kernel-Version", |one| unknown(object::text(one, "/status/nodeInfo/kernelVersion"))),
    wide("Container-Runtime", |one| {
        unknown(object::text(one, "/status/nodeInfo/containerRuntimeVersion"))
    }),
];

fn node_status(node: &Value) -> String {
    let ready =
        list(node, "/status/conditions").iter().find(|one| object::text(one, "/type") == "Ready");
    let word = match ready.map(|one| object::text(one, "/status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    let held = node.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
    if held { format!("{word},SchedulingDisabled") } else { word.to_owned() }
}

fn roles(node: &Value) -> Value {
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object);
    let names = labels.into_iter().flatten().filter_map(|(key, value)| {
        match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role.to_owned()),
            None => {
                (key == "kubernetes.io/role").then(|| value.as_str().unwrap_or_default().to_owned())
            }
        }
    });
    let mut names: Vec<String> = names.filter(|role| !role.is_empty()).collect();
    names.sort();
    or_none(&names.join(","))
}

fn address(node: &Value, kind: &str) -> Value {
    let found =
        list(node, "/status/addresses").iter().find(|one| object::text(one, "/type") == kind);
    or_none(found.map_or("", |one| object::text(one, "/address")))
}

fn unknown(text: &str) -> Value {
    if text.is_empty() { "<unknown>".into() } else { text.into() }
}

fn count(object: &Value, field: &str) -> usize {
    object.get(field).and_then(Value::as_object).map_or(0, serde_json::Map::len)
}

const CONFIG_MAPS: &[Column] =
    &[NAME, text("Data", |one| (count(one, "data") + count(one, "binaryData")).into()), AGE];

const SECRETS: &[Column] = &[
    NAME,
    text("Type", |one| object::text(one, "/type").into()),
    text("Data", |one| count(one, "data").into()),
    AGE,
];

const EVENTS: &[Column] = &[
    text("Last Seen", |one| last_seen(one).into()),
    text("Type", |one| object::text(one, "/type").into()),
    text("Reason", |one| object::text(one, "/reason").into()),
    text("Object", |one| {
        let part = |field: &str| object::text(one, &format!("/involvedObject/{field}"));
        format!("{}/{}", part("kind").to_lowercase(), part("name")).into()
    }),
    wide("Subobject", |one| object::text(one, "/involvedObject/fieldPath").into()),
    wide("Source", |one| {
        let component = object::text(one, "/source/component");
        let component =
            if component.is_empty() { object::text(one, "/reportingComponent") } else { component };
        let host = object::text(one, "/source/host");
        if host.is_empty() { component.into() } else { format!("{component}, {host}").into() }
    }),
    text("Message", |one| object::text(one, "/message").trim().into()),
    wide("First Seen", |one| {
        let first = one
            .get("firstTimestamp")
            .filter(|time| time.is_string())
            .or_else(|| one.get("eventTime"));
        age::since(first).into()
    }),
    wide("Count", |one| number(one, "/count").max(1).to_string().into()),
    Column { wide: true, ..NAME },
];

fn last_seen(event: &Value) -> String {
    let fields =
        ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    let time = fields.iter().filter_map(|field| event.pointer(field)).find(|time| time.is_string());
    age::since(time)
}

fn modes(modes: &[Value]) -> Value {
    let short = modes.iter().filter_map(Value::as_str).map(|mode| match mode {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        other => other,
    });
    short.collect::<Vec<_>>().join(",").into()
}

fn unset(text: &str) -> Value {
    if text.is_empty() { "<unset>".into() } else { text.into() }
}

const CLAIMS: &[Column] = &[
    NAME,
    text("Status", |one| {
        if object::is_deleting(one) { "Terminating" } else { object::text(one, "/status/phase") }
            .into()
    }),
    text("Volume", |one| object::text(one, "/spec/volumeName").into()),
    text("Capacity", |one| object::text(one, "/status/capacity/storage").into()),
    text("Access Modes", |one| modes(list(one, "/status/accessModes"))),
    text("StorageClass", |one| object::text(one, "/spec/storageClassName").into()),
    text("VolumeAttributesClass", |one| {
        unset(object::text(one, "/spec/volumeAttributesClassName"))
    }),
    AGE,
    wide("VolumeMode", |one| unset(object::text(one, "/spec/volumeMode"))),
];

const VOLUMES: &[Column] = &[
    NAME,
    text("Capacity", |one| object::text(one, "/spec/capacity/storage").into()),
    text("Access Modes", |one| modes(list(one, "/spec/accessModes"))),
    text("Reclaim Policy", |one| object::text(one, "/spec/persistentVolumeReclaimPolicy").into()),
    text("Status", |one| {
        if object::is_deleting(one) { "Terminating" } else { object::text(one, "/status/phase") }
            .into()
    }),
    text("Claim", |one| match object::text(one, "/spec/claimRef/name") {
        "" => "".into(),
        name => format!("{}/{name}", object::text(one, "/spec/claimRef/namespace")).into(),
    }),
    text("StorageClass", |one| object::text(one, "/spec/storageClassName").into()),
    text("VolumeAttributesClass", |one| {
        unset(object::text(one, "/spec/volumeAttributesClassName"))
    }),
    text("Reason", |one| object::text(one, "/status/reason").into()),
    AGE,
    wide("VolumeMode", |one| unset(object::text(one, "/spec/volumeMode"))),
];

const QUOTAS: &[Column] =
    &[NAME, text("Request", |one| quota(one, false)), text("Limit", |one| quota(one, true)), AGE];

fn quota(quota: &Value, limits: bool) -> Value {
    let hard = quota.pointer("/status/hard").and_then(Value::as_object);
    let used = quota.pointer("/status/used");
    let mut shown: Vec<String> = hard
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.starts_with("limits.") == limits)
        .map(|(name, most)| {
            let now = used.and_then(|used| used.get(name)).and_then(Value::as_str).unwrap_or("0");
            format!("{name}: {now}/{}", most.as_str().unwrap_or_default())
        })
        .collect();
    shown.sort();
    shown.join(", ").into()
}

const LEASES: &[Column] =
    &[NAME, text("Holder", |one| object::text(one, "/spec/holderIdentity").into()), AGE];

const CLASSES: &[Column] = &[
    text("Name", |one| {
        let default =
            one.pointer("/metadata/annotations/storageclass.kubernetes.io~1is-default-class");
        let mark = if default.is_some_and(|value| value == "true") { " (default)" } else { "" };
        format!("{}{mark}", object::name(one)).into()
    }),
    text("Provisioner", |one| object::text(one, "/provisioner").into()),
    text("ReclaimPolicy", |one| object::text(one, "/reclaimPolicy").into()),
    text("VolumeBindingMode", |one| object::text(one, "/volumeBindingMode").into()),
    text("AllowVolumeExpansion", |one| {
        one.get("allowVolumeExpansion").and_then(Value::as_bool).unwrap_or(false).into()
    }),
    AGE,
];

const DRIVERS: &[Column] = &[
    NAME,
    Column {
        name: "AttachRequired",
        kind: "boolean",
        wide: false,
        cell: |one| one.pointer("/spec/attachRequired").cloned().unwrap_or_default(),
    },
    Column {
        name: "PodInfoOnMount",
        kind: "boolean",
        wide: false,
        cell: |one| one.pointer("/spec/podInfoOnMount").cloned().unwrap_or_default(),
    },
    text("Modes", |one| {
        let modes: Vec<&str> =
            list(one, "/spec/volumeLifecycleModes").iter().filter_map(Value::as_str).collect();
        modes.join(",").into()
    }),
    AGE,
];

const PRIORITIES: &[Column] = &[
    NAME,
    integer("Value", |one| number(one, "/value").into()),
    Column {
        name: "Global-Default",
        kind: "boolean",
        wide: false,
        cell: |one| one.get("globalDefault").and_then(Value::as_bool).unwrap_or(false).into(),
    },
    AGE,
    text("PreemptionPolicy", |one| object::text(one, "/preemptionPolicy").into()),
];

fn subjects(binding: &Value, kind: &str) -> Value {
    let all: Vec<String> = list(binding, "/subjects")
        .iter()
        .filter(|one| object::text(one, "/kind") == kind)
        .map(|one| match object::text(one, "/namespace") {
            "" => object::text(one, "/name").to_owned(),
            namespace => format!("{namespace}/{}", object::text(one, "/name")),
        })
        .collect();
    all.join(", ").into()
}

const BINDINGS: &[Column] = &[
    NAME,
    text("Role", |one| {
        format!("{}/{}", object::text(one, "/roleRef/kind"), object::text(one, "/roleRef/name"))
            .into()
    }),
    AGE,
    wide("Users", |one| subjects(one, "User")),
    wide("Groups", |one| subjects(one, "Group")),
    wide("ServiceAccounts", |one| subjects(one, "ServiceAccount")),
];
