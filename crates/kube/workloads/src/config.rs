//! What the caller decides.

use std::time::Duration;

/// How the controllers behave.
#[derive(Debug, Clone)]
pub struct Config {
    /// PEM of the authority that signed the API server's certificate, published
    /// in each namespace as the ConfigMap `kube-root-ca.crt`.
    pub root_ca: String,
    /// Label keys that `kube_pod_labels` and `kube_namespace_labels` show.
    pub metric_labels: Vec<String>,
    /// A node whose lease was not renewed for so long counts as unreachable.
    pub node_grace: Duration,
    /// Finished pods that nobody owns are removed beyond this number, the oldest
    /// first.
    pub finished_pods_kept: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            root_ca: String::new(),
            metric_labels: Vec::new(),
            // kube-controller-manager's --node-monitor-grace-period.
            node_grace: Duration::from_secs(50),
            // kube-controller-manager's --terminated-pod-gc-threshold.
            finished_pods_kept: 12_500,
        }
    }
}
