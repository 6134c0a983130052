//! InferenceService: a model version, or any program that answers HTTP, behind an address.

use k8s_openapi::api::core::v1::{EnvVar, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::traffic::Record;
use crate::trainingjob::CodeBundle;

/// A registered model version, served with the Open Inference Protocol v2, or a program
/// of one's own; at `/serve/<project>/<name>/` of the gateway.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dais.io",
    version = "v1alpha1",
    kind = "InferenceService",
    namespaced,
    status = "InferenceServiceStatus",
    shortname = "isvc",
    category = "dais",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Model","type":"string","jsonPath":".spec.model"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name":"URL","type":"string","jsonPath":".status.url"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    validation = Rule::new("has(self.spec.model) || has(self.spec.server)")
        .message("set spec.model, spec.server or both"),
    validation = Rule::new("!has(self.spec.autoscaling) || self.spec.autoscaling.minReplicas <= self.spec.autoscaling.maxReplicas")
        .message("spec.autoscaling.maxReplicas: must not be below minReplicas"),
)]
#[serde(rename_all = "camelCase")]
pub struct InferenceServiceSpec {
    /// `models:/<name>/<version>` or `models:/<name>@<alias>`. ONNX is served by the
    /// built-in server; a program in `server` finds the version in `$DAIS_MODEL_URI`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^models:/[^/@]+(/[1-9][0-9]*|@[A-Za-z0-9_.-]+)$"))]
    pub model: Option<String>,
    /// The program that answers, in place of the built-in server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ModelServer>,
    /// Number of servers, where `autoscaling` does not decide it.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: i32,
    /// As many servers as the requests need, down to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
    /// How a new version takes over; all at once, server by server, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// Which requests and answers are written to the service's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Record>,
    /// Requests and limits of each model server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// Name of an Environment: where `server` runs, or whose ONNX Runtime library the
    /// built-in server uses when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Extra environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// Application that logs, metrics and traces belong to; the service's name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
}

fn one() -> i32 {
    1
}

/// A program that answers HTTP at `$HOST:$PORT`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelServer {
    /// Program and its arguments; no shell unless you name one.
    #[schemars(length(min = 1, max = 1000))]
    pub command: Vec<String>,
    /// The code to run, as uploaded by `dais deploy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeBundle>,
    /// Port that it listens on, `$PORT`; 8080 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,
    /// Path that answers with 2xx or 3xx once it is ready; ready as soon as it takes
    /// connections when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^/"))]
    pub ready_path: Option<String>,
}

/// As many servers as keep the requests under way at `concurrency` for each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Autoscaling {
    /// 0: nothing runs while nobody asks; the first request waits for a server.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1000))]
    pub min_replicas: i32,
    #[schemars(range(min = 1, max = 1000))]
    pub max_replicas: i32,
    /// Requests under way that one server is to have.
    #[schemars(range(min = 1, max = 10_000))]
    pub concurrency: i32,
    /// How long fewer servers must have been enough before any is stopped; 60 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub idle_seconds: Option<i32>,
}

/// A new version gets part of the requests first, and is taken back if it fails them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// Shares of the requests in percent, one step after another.
    #[schemars(length(min = 1, max = 20), inner(range(min = 1, max = 100)))]
    pub steps: Vec<i32>,
    /// Seconds of a step at least; 60 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 604_800))]
    pub step_seconds: Option<i32>,
    /// Requests that the new version must have answered in a step; 20 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub min_requests: Option<i32>,
    /// Failed requests in percent beyond which it is taken back; 5 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 100.0))]
    pub max_failure_percent: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InferenceServiceStatus {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Path on the gateway's origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_name: Option<String>,
    /// The version that answers; while another is being rolled out, the old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_version: Option<String>,
    /// The run that made this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    #[serde(default)]
    pub replicas: i32,
    #[serde(default)]
    pub ready_replicas: i32,
    /// The version on its way in, or the last one that was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutStatus>,
    /// What autoscaling decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<ScaleStatus>,
}

/// How far a new version has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutStatus {
    pub version: String,
    pub state: RolloutState,
    /// Share of the requests that it gets.
    pub percent: i32,
    /// Place in `spec.rollout.steps`, from 0.
    pub step: i32,
    /// Since when the step is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Requests of this step, and how many of them failed.
    #[serde(default)]
    pub requests: i64,
    #[serde(default)]
    pub failures: i64,
    /// The gateway's counts when the step began, and which run of it counted; none until
    /// it has counted for these servers, whose place others may have had before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_requests: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_failures: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
    #[serde(default)]
    pub message: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RolloutState {
    /// Its servers come up; they get no requests yet.
    #[default]
    Starting,
    Progressing,
    /// It passed every step, and the service's own servers take it over.
    Promoting,
    /// It failed too many requests; the old version answers them all.
    RolledBack,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScaleStatus {
    pub replicas: i32,
    /// Since when fewer would be enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_since: Option<Time>,
}
