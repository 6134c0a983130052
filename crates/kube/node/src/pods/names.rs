//! What a pod is called.

use k8s_openapi::api::core::v1::Pod;

/// The three names of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PodNames {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
}

impl PodNames {
    pub(crate) fn of(pod: &Pod) -> PodNames {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        PodNames {
            namespace: text(&pod.metadata.namespace),
            name: text(&pod.metadata.name),
            uid: text(&pod.metadata.uid),
        }
    }

    /// `<namespace>_<pod>_<uid>`; none of the three can hold a `_`.
    pub(crate) fn joined(&self) -> String {
        format!("{}_{}_{}", self.namespace, self.name, self.uid)
    }
}
