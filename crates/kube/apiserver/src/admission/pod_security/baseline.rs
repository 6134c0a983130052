//! The baseline profile: no known way out of the container.

use serde_json::Value;

use super::{containers, named};
use crate::object;

const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
const SYSCTLS: [&str; 9] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
];

pub(super) fn violations(_metadata: &Value, spec: &Value) -> Vec<String> {
    [
        host_namespaces(spec),
        privileged(spec),
        capabilities(spec),
        host_paths(spec),
        host_ports(spec),
        proc_mount(spec),
        seccomp(spec),
        sysctls(spec),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn is_true(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer) == Some(&Value::Bool(true))
}

fn host_namespaces(spec: &Value) -> Option<String> {
    let shared: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
        .iter()
        .filter(|field| is_true(spec, &format!("/{field}")))
        .map(|field| format!("{field}=true"))
        .collect();
    (!shared.is_empty()).then(|| format!("host namespaces ({})", shared.join(", ")))
}

fn privileged(spec: &Value) -> Option<String> {
    let who = named(containers(spec).filter(|one| is_true(one, "/securityContext/privileged")))?;
    Some(format!("privileged ({who} must not set securityContext.privileged=true)"))
}

fn capabilities(spec: &Value) -> Option<String> {
    let added = |one: &Value| -> Vec<String> {
        let list = one.pointer("/securityContext/capabilities/add").and_then(Value::as_array);
        let names = list.into_iter().flatten().filter_map(Value::as_str);
        names.filter(|name| !CAPABILITIES.contains(name)).map(|name| format!("{name:?}")).collect()
    };
    let who = named(containers(spec).filter(|one| !added(one).is_empty()))?;
    let mut names: Vec<String> = containers(spec).flat_map(added).collect();
    names.sort();
    names.dedup();
    Some(format!(
        "non-default capabilities ({who} must not include {} in securityContext.capabilities.add)",
        names.join(", ")
    ))
}

fn host_paths(spec: &Value) -> Option<String> {
    let volumes = spec.get("volumes").and_then(Value::as_array);
    let names: Vec<String> = volumes
        .into_iter()
        .flatten()
        .filter(|volume| volume.get("hostPath").is_some_and(Value::is_object))
        .map(|volume| format!("{:?}", object::text(volume, "/name")))
        .collect();
    match names.len() {
        0 => None,
        1 => Some(format!("hostPath volumes (volume {})", names[0])),
        _ => Some(format!("hostPath volumes (volumes {})", names.join(", "))),
    }
}

fn host_ports(spec: &Value) -> Option<String> {
    let ports = |one: &Value| -> Vec<i64> {
        let list = one.get("ports").and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|port| port.get("hostPort").and_then(Value::as_i64))
            .filter(|port| *port != 0)
            .collect()
    };
    let who = named(containers(spec).filter(|one| !ports(one).is_empty()))?;
    let mut all: Vec<i64> = containers(spec).flat_map(ports).collect();
    all.sort_unstable();
    all.dedup();
    let shown: Vec<String> = all.iter().map(i64::to_string).collect();
    let (uses, plural) = (
        if who.starts_with("containers") { "use" } else { "uses" },
        if all.len() > 1 { "s" } else { "" },
    );
    Some(format!("hostPort ({who} {uses} hostPort{plural} {})", shown.join(", ")))
}

fn proc_mount(spec: &Value) -> Option<String> {
    let odd =
        |one: &&Value| !matches!(object::text(one, "/securityContext/procMount"), "" | "Default");
    let who = named(containers(spec).filter(odd))?;
    Some(format!(
        "procMount ({who} must not set securityContext.procMount to anything but \"Default\")"
    ))
}

fn seccomp(spec: &Value) -> Option<String> {
    const PROFILE: &str = "/securityContext/seccompProfile/type";
    let mut who = Vec::new();
    if object::text(spec, PROFILE) == "Unconfined" {
        who.push("pod".to_owned());
    }
    who.extend(named(containers(spec).filter(|one| object::text(one, PROFILE) == "Unconfined")));
    let who = (!who.is_empty()).then(|| who.join(" and "))?;
    Some(format!(
        "seccompProfile ({who} must not set securityContext.seccompProfile.type to \"Unconfined\")"
    ))
}

fn sysctls(spec: &Value) -> Option<String> {
    let list = spec.pointer("/securityContext/sysctls").and_then(Value::as_array);
    let names: Vec<&str> = list
        .into_iter()
        .flatten()
        .map(|one| object::text(one, "/name"))
        .filter(|name| !SYSCTLS.contains(name))
        .collect();
    (!names.is_empty()).then(|| format!("forbidden sysctls ({})", names.join(", ")))
}
