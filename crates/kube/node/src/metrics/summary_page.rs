//! `/stats/summary`: the same numbers in kubelet's JSON, for `kubectl top`'s
//! kin.

use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::proc;
use crate::host::Host;
use crate::pods::registry::{ContainerEntry, PodEntry};

pub(crate) async fn summary(State(host): State<Arc<Host>>) -> Json<Value> {
    let registry = host.registry.read().unwrap_or_else(PoisonError::into_inner);
    let memory = proc::memory_info();
    let bytes = |name: &str| memory.get(name).copied().unwrap_or(0);
    let disk = rustix::fs::statvfs(&host.dirs.data_dir).ok();
    Json(json!({
        "node": {
            "nodeName": host.config.name,
            "memory": {
                "time": Timestamp::now(),
                "availableBytes": bytes("MemAvailable"),
                "usageBytes": bytes("MemTotal") - bytes("MemFree"),
                "workingSetBytes": bytes("MemTotal").saturating_sub(bytes("MemAvailable")),
            },
            "fs": disk.map(|stat| json!({
                "availableBytes": stat.f_bavail * stat.f_frsize,
                "capacityBytes": stat.f_blocks * stat.f_frsize,
                "usedBytes": (stat.f_blocks - stat.f_bfree) * stat.f_frsize,
            })),
        },
        "pods": registry.values().map(pod).collect::<Vec<_>>(),
    }))
}

fn pod(entry: &PodEntry) -> Value {
    json!({
        "podRef": {"name": entry.names.name, "namespace": entry.names.namespace, "uid": entry.names.uid},
        "startTime": entry.started_at,
        "containers": entry.containers.iter().filter(|container| container.running).map(container).collect::<Vec<_>>(),
    })
}

fn container(entry: &ContainerEntry) -> Value {
    let usage = entry.usage().unwrap_or_default();
    json!({
        "name": entry.name,
        "startTime": entry.started_at,
        "cpu": {"time": Timestamp::now(), "usageCoreNanoSeconds": (usage.cpu_seconds * 1e9) as u64},
        "memory": {"time": Timestamp::now(), "workingSetBytes": usage.working_set, "rssBytes": usage.rss},
    })
}
