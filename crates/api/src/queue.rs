//! Queue: what training jobs share, and whose turn it is.
//!
//! Concepts and words are those of Kueue's ClusterQueue (kueue.x-k8s.io/v1beta1).

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A share of the cluster for training jobs: they wait here until it has room.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dais.io",
    version = "v1alpha1",
    kind = "Queue",
    status = "QueueStatus",
    category = "dais",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Cohort","type":"string","jsonPath":".spec.cohort"}"#,
    printcolumn = r#"{"name":"Strategy","type":"string","jsonPath":".spec.strategy"}"#,
    printcolumn = r#"{"name":"Pending","type":"integer","jsonPath":".status.pending"}"#,
    printcolumn = r#"{"name":"Admitted","type":"integer","jsonPath":".status.admitted"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    validation = Rule::new("self.spec.resources.all(a, self.spec.resources.exists_one(b, b.name == a.name))")
        .message("spec.resources: name each resource once"),
)]
#[serde(rename_all = "camelCase")]
pub struct QueueSpec {
    /// What is shared out; what is not named here is not limited by the queue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub resources: Vec<QueueResource>,
    /// Queues of one cohort lend each other what they do not use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub cohort: Option<String>,
    /// What happens behind a job that does not fit.
    #[serde(default)]
    pub strategy: QueueStrategy,
    /// Whether jobs that run make room for jobs of higher priority.
    #[serde(default)]
    pub preemption: Preemption,
    /// Whether jobs are let in at all.
    #[serde(default)]
    pub stop_policy: StopPolicy,
    /// Projects that may use the queue; every one when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub projects: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueResource {
    /// `cpu`, `memory`, `nvidia.com/gpu`, …
    #[schemars(length(min = 1, max = 316))]
    pub name: String,
    /// How much of it is the queue's own.
    pub nominal_quota: Quantity,
    /// How much more it may take of its cohort's unused; all of it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub borrowing_limit: Option<Quantity>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum QueueStrategy {
    /// Whoever fits goes; a large job may wait behind small ones.
    #[default]
    BestEffortFIFO,
    /// Nobody overtakes: a job that does not fit holds up all behind it.
    StrictFIFO,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Preemption {
    #[default]
    Never,
    /// A waiting job may push out jobs of this queue with lower priority. They go on
    /// from their checkpoints when there is room again.
    LowerPriority,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StopPolicy {
    #[default]
    None,
    /// No job is let in; those that run go on.
    Hold,
    /// No job is let in, and those that run are put back.
    HoldAndDrain,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueStatus {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Jobs that wait.
    #[serde(default)]
    pub pending: i32,
    /// Jobs that may run and have not ended.
    #[serde(default)]
    pub admitted: i32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<QueueUse>,
}

/// What the admitted jobs of a queue ask for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueueUse {
    pub name: String,
    pub used: Quantity,
    /// How much of it is beyond the queue's own.
    pub borrowed: Quantity,
}
