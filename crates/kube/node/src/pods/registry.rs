//! What the log endpoint and the metrics may know of the pods of this node.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use super::names::PodNames;
use crate::cgroup::{Cgroup, Limits, Usage};

/// A pod, as its worker published it last.
#[derive(Debug, Clone)]
pub(crate) struct PodEntry {
    pub(crate) names: PodNames,
    pub(crate) containers: Vec<ContainerEntry>,
    pub(crate) started_at: Timestamp,
}

/// One of its containers.
#[derive(Debug, Clone)]
pub(crate) struct ContainerEntry {
    pub(crate) name: String,
    pub(crate) attempt: u32,
    pub(crate) running: bool,
    /// Whether any attempt ever began.
    pub(crate) began: bool,
    pub(crate) id: Option<String>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) image: String,
    pub(crate) cgroup: Option<Cgroup>,
    pub(crate) limits: Limits,
    /// Processor time of the attempt that ended, as its shim wrote it.
    pub(crate) final_cpu_seconds: Option<f64>,
}

impl ContainerEntry {
    /// What it uses now.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.cgroup.as_ref().filter(|_| self.running)?.usage()
    }
}

/// What a collector reads beside the logs of a pod.
pub(crate) fn log_label(pod: &Pod, names: &PodNames, node: &str) -> serde_json::Value {
    serde_json::json!({
        "namespace": names.namespace,
        "pod": names.name,
        "uid": names.uid,
        "node": node,
        "labels": pod.metadata.labels.clone().unwrap_or_default(),
        "annotations": pod.metadata.annotations.clone().unwrap_or_default(),
    })
}
