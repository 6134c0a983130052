//! What the kubelet's API and the metrics may know of the pods of this node.

use std::net::Ipv4Addr;
use std::sync::PoisonError;

use http::StatusCode;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use super::names::PodNames;
use crate::cgroup::{Cgroup, Limits, Usage};
use crate::host::Host;

/// A pod, as its worker published it last.
#[derive(Debug, Clone)]
pub(crate) struct PodEntry {
    pub(crate) names: PodNames,
    pub(crate) ip: Ipv4Addr,
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

/// A container that a request names.
pub(crate) struct Found {
    pub(crate) names: PodNames,
    pub(crate) entry: ContainerEntry,
}

/// Why a request is refused, in words.
pub(crate) type Refusal = (StatusCode, String);

impl Host {
    /// A container of the newest pod of a name.
    ///
    /// # Errors
    /// 404 where there is no such pod here, 400 where it has no such container.
    pub(crate) fn find(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
    ) -> Result<Found, Refusal> {
        let entry = self.pod(namespace, pod)?;
        let found = entry.containers.iter().find(|entry| entry.name == container);
        let found = found.cloned().ok_or_else(|| {
            let known: Vec<&str> =
                entry.containers.iter().map(|entry| entry.name.as_str()).collect();
            let words = format!(
                "container {container:?} is not in pod {pod:?} (hint: it has {})",
                known.join(", ")
            );
            (StatusCode::BAD_REQUEST, words)
        })?;
        Ok(Found { names: entry.names, entry: found })
    }

    /// The newest pod of a name.
    ///
    /// # Errors
    /// 404 where there is none here.
    pub(crate) fn pod(&self, namespace: &str, name: &str) -> Result<PodEntry, Refusal> {
        let registry = self.registry.read().unwrap_or_else(PoisonError::into_inner);
        let of_name =
            |entry: &&PodEntry| entry.names.namespace == namespace && entry.names.name == name;
        let newest = registry.values().filter(of_name).max_by_key(|entry| entry.started_at);
        newest.cloned().ok_or_else(|| {
            (StatusCode::NOT_FOUND, format!("pod {namespace}/{name} is not on this node"))
        })
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
