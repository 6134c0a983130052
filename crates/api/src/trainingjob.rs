//! TrainingJob: a program that runs to its end and leaves runs and models.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EnvVar, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reference::seen_from;

/// A program that trains: what to run, where, on which data, with how much.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dais.io",
    version = "v1alpha1",
    kind = "TrainingJob",
    namespaced,
    status = "TrainingJobStatus",
    shortname = "tj",
    category = "dais",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name":"Queue","type":"string","jsonPath":".spec.queue"}"#,
    printcolumn = r#"{"name":"Exit","type":"integer","jsonPath":".status.exitCode"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    validation = Rule::new("has(self.spec.command) != has(self.spec.algorithm)")
        .message("set exactly one of spec.command and spec.algorithm"),
    validation = Rule::new("!has(self.spec.algorithm) || !has(self.spec.code)")
        .message("spec.code: the algorithm has its own; leave it out"),
)]
#[serde(rename_all = "camelCase")]
pub struct TrainingJobSpec {
    /// Program and its first arguments; no shell unless you name one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 1000))]
    pub command: Vec<String>,
    /// The Algorithm to run, in place of a command. What the job leaves out comes from it:
    /// environment, resources, checkpoints, model, parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<AlgorithmReference>,
    /// Further arguments, after `command`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub args: Vec<String>,
    /// Working directory inside the container; the code's directory when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// The code to run, as uploaded by `dais run`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeBundle>,
    /// Name of an Environment in the same project; the host's own programs when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Digest of a build of `environment` to use in place of its newest, so that a job
    /// can be run again exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub environment_digest: Option<String>,
    /// Extra environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// Parameters: JSON in `$DAIS_PARAMETERS`, each one in `$DAIS_PARAM_<NAME>`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Dataset versions to mount read-only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub datasets: Vec<DatasetInput>,
    /// MLflow experiment to log to; the application's name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// Registered model that the job adds a version to, for lineage and links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How many pods run the program together, all of them or none; 1 when absent.
    /// Each finds its rank and the others through PyTorch's rendezvous variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub replicas: Option<i32>,
    /// Processes that `torchrun` starts in each pod; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 256))]
    pub processes_per_replica: Option<i32>,
    /// A folder that outlives attempts, for `$DAIS_CHECKPOINT_DIR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoints: Option<Checkpoints>,
    /// Name of the Queue that says when the job may start; at once when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Whose turn it is in the queue: the higher first, 0 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1000, max = 1000))]
    pub priority: Option<i32>,
    /// Requests and limits of each pod: cpu, memory and accelerators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// How often a failed job is started again, as a whole.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100))]
    pub retries: i32,
    /// Seconds after which the job is stopped and failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub active_deadline_seconds: Option<i64>,
    /// True: the job is stopped, or not started, until this is false again.
    #[serde(default)]
    pub suspend: bool,
    /// True: the job is ended for good.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stop: bool,
    /// Seconds after its end at which the job is deleted; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub ttl_seconds_after_finished: Option<i64>,
    /// Application that logs, metrics and traces belong to; the job's name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
}

impl TrainingJobSpec {
    /// Pods of one attempt.
    pub fn replicas(&self) -> i32 {
        self.replicas.unwrap_or(1)
    }

    /// Place in the queue; the higher first.
    pub fn priority(&self) -> i32 {
        self.priority.unwrap_or(0)
    }
}

/// Where a job keeps what it needs to go on after an interruption.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Checkpoints {
    /// How much it may take; 10Gi when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,
    /// Where the folder appears; `/checkpoints` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^/"))]
    pub mount_path: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodeBundle {
    /// `sha256:` and 64 hex digits of an uploaded bundle.
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub bundle: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatasetInput {
    /// Name of a Dataset in the same project, or `project/name` of one that is shared with it.
    pub name: String,
    /// `v1`, `v2`, … or `latest`, resolved when the job starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^(latest|v[1-9][0-9]*)$"))]
    pub version: Option<String>,
    /// Where the files appear; `/data/<name>` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^/"))]
    pub mount_path: Option<String>,
    /// The algorithm's input that this is for; the first without one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub input: Option<String>,
}

/// A version of an Algorithm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlgorithmReference {
    /// Name of an Algorithm in the same project, or `project/name` of one that is shared
    /// with it.
    #[schemars(regex(
        pattern = r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/)?[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$"
    ))]
    pub name: String,
    /// `v1`, `v2`, …; when absent or `latest` the newest that is not deprecated, settled when
    /// the job begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^(latest|v[1-9][0-9]*)$"))]
    pub version: Option<String>,
}

impl AlgorithmReference {
    /// The project and the name in it, seen from `project`.
    pub fn seen_from<'a>(&'a self, project: &'a str) -> (&'a str, &'a str) {
        seen_from(&self.name, project)
    }

    /// The version that is asked for, if one is.
    pub fn pinned(&self) -> Option<&str> {
        self.version.as_deref().filter(|version| *version != "latest")
    }
}

/// Where a job is in its life, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Phase {
    #[default]
    Pending,
    Running,
    Succeeded,
    Failed,
    Suspended,
    Stopped,
}

impl Phase {
    /// Whether nothing will run any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Stopped)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrainingJobStatus {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The pod of the newest attempt; of several, the one of rank 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_name: Option<String>,
    /// Attempts begun so far.
    #[serde(default)]
    pub attempts: i32,
    /// Attempts that were ended from outside: suspended, stopped or put back by the
    /// queue. They count for no retry.
    #[serde(default)]
    pub interruptions: i32,
    /// Pods of the newest attempt that run now.
    #[serde(default)]
    pub running_replicas: i32,
    /// What the job's queue says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admission: Option<Admission>,
    /// The algorithm version that the job runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<ResolvedAlgorithm>,
    /// Digest of the Environment's build that the newest attempt runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_digest: Option<String>,
    /// MLflow run of the newest attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment_id: Option<String>,
    /// Exit code of the newest attempt, once it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,
    /// The dataset versions that the job really reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<ResolvedDataset>,
    /// The model versions that the job's run registered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ProducedModel>,
}

/// A queue's word whether a job may run. Written by the queue alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Admission {
    pub queue: String,
    pub admitted: bool,
    /// In one word, as in a condition.
    pub reason: String,
    pub message: String,
    /// Since when it is so.
    pub time: Time,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolvedDataset {
    pub name: String,
    pub version: String,
    pub digest: String,
}

/// What an Algorithm gave to a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResolvedAlgorithm {
    /// As the job names it.
    pub name: String,
    /// `v1`, `v2`, …
    pub version: String,
    /// Why that version should not be used any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// All parameters, those of the schema's defaults too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Requests and limits, where the job names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProducedModel {
    pub name: String,
    pub version: String,
}
