//! Pods that start together or not at all.
//!
//! Source: the labels of the coscheduling plugin of kubernetes-sigs/scheduler-plugins
//! in their light form, which names the least number on the pods themselves. On a
//! cluster whose scheduler does not know them they say nothing.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

/// Label with the group's name, unique in its namespace.
pub const NAME: &str = "pod-group.scheduling.sigs.k8s.io/name";
/// Label with how many of its pods must have a place before any starts.
pub const LEAST: &str = "pod-group.scheduling.sigs.k8s.io/min-available";

/// The group that a pod says it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    namespace: String,
    name: String,
    pub least: usize,
}

impl Group {
    /// `None`: the pod starts by itself, as it does when what it says cannot be read.
    pub fn of(pod: &Pod) -> Option<Self> {
        let labels = pod.metadata.labels.as_ref()?;
        let (name, least) = (labels.get(NAME)?.clone(), labels.get(LEAST)?.parse().ok()?);
        Some(Self { namespace: pod.namespace().unwrap_or_default(), name, least })
    }

    /// Whether both are the same group, whatever number each of them says.
    pub fn is(&self, other: &Self) -> bool {
        self.name == other.name && self.namespace == other.namespace
    }

    pub fn incomplete(&self, known: usize) -> String {
        format!("pod group {}: {known} of at least {} pods are there", self.name, self.least)
    }

    pub fn does_not_fit(&self, placed: usize, words: &str) -> String {
        let Self { name, least, .. } = self;
        format!(
            "pod group {name} starts with all {least} pods or none, {placed} of them fit: {words}"
        )
    }
}
