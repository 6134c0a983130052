//! Notebook: JupyterLab for the people of a project.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EnvVar, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::application::OwnClaim;
use crate::trainingjob::DatasetInput;

/// JupyterLab at `/notebook/<project>/<name>/` of the gateway, with a home folder that
/// stays. Sleeps when its kernels are idle; a visit wakes it.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dais.io",
    version = "v1alpha1",
    kind = "Notebook",
    namespaced,
    status = "NotebookStatus",
    shortname = "nb",
    category = "dais",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name":"Kernels","type":"integer","jsonPath":".status.kernels"}"#,
    printcolumn = r#"{"name":"Active","type":"date","jsonPath":".status.lastActivity"}"#,
    printcolumn = r#"{"name":"URL","type":"string","jsonPath":".status.url"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    validation = Rule::new("!has(self.spec.environment) || !has(self.spec.requirements) || size(self.spec.requirements) == 0")
        .message("spec.requirements: the packages of an environment that is named are its own; set one of both"),
    validation = Rule::new("has(self.spec.storage) == has(oldSelf.spec.storage) && (!has(self.spec.storage) || self.spec.storage == oldSelf.spec.storage)")
        .message("spec.storage: cannot be changed"),
)]
#[serde(rename_all = "camelCase")]
pub struct NotebookSpec {
    /// Name of an Environment in the same project that holds `jupyterlab`. One is made for
    /// the notebook when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub environment: Option<String>,
    /// What the notebook's own environment holds beside JupyterLab, as in PEP 508.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub requirements: Vec<String>,
    /// The home folder; 10Gi when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<OwnClaim>,
    /// Datasets to read, at `/data/<name>` unless said otherwise. The newest version is taken
    /// each time it starts, where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub datasets: Vec<DatasetInput>,
    /// Environment variables; values from ConfigMaps and Secrets by `valueFrom`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub env: Vec<EnvVar>,
    /// Requests and limits: cpu, memory and accelerators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// Seconds without a busy kernel or a used terminal after which it goes to sleep; 3600
    /// when absent, 0 for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 31_536_000))]
    pub idle_seconds: Option<i64>,
    /// True: nothing runs, and no visit wakes it. The home folder stays.
    #[serde(default)]
    pub stopped: bool,
}

impl NotebookSpec {
    /// Seconds of idleness before it sleeps; `None`: it never does.
    pub fn idle(&self) -> Option<i64> {
        Some(self.idle_seconds.unwrap_or(3600)).filter(|seconds| *seconds > 0)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotebookStatus {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Path on the gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The Environment that it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Version of each dataset, by name, since it last started.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub datasets: BTreeMap<String, String>,
    /// It was idle; the next visit starts it.
    #[serde(default)]
    pub asleep: bool,
    /// Since when it is awake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awake_since: Option<Time>,
    /// When a kernel or terminal last did something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity: Option<Time>,
    /// Kernels that run.
    #[serde(default)]
    pub kernels: i32,
    /// Kernels that compute.
    #[serde(default)]
    pub busy_kernels: i32,
}
