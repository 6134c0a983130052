//! Algorithm: code with an entry point and parameters, in versions that never change.

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::sweep::Goal;
use crate::trainingjob::{Checkpoints, CodeBundle};

/// A program that training jobs name in place of a command. Each change of what it runs is
/// a version of its own, and stays.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dais.io",
    version = "v1alpha1",
    kind = "Algorithm",
    namespaced,
    status = "AlgorithmStatus",
    shortname = "algo",
    category = "dais",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Version","type":"string","jsonPath":".status.latest"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name":"Title","type":"string","jsonPath":".spec.title"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    validation = Rule::new("!has(self.spec.inputs) || self.spec.inputs.all(a, self.spec.inputs.exists_one(b, b.name == a.name))")
        .message("spec.inputs: give each input a name of its own"),
    validation = Rule::new("!has(self.spec.deprecated) || self.spec.deprecated.all(a, self.spec.deprecated.exists_one(b, b.version == a.version))")
        .message("spec.deprecated: name each version once"),
)]
#[serde(rename_all = "camelCase")]
pub struct AlgorithmSpec {
    /// What it is called in lists; its name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4000))]
    pub description: Option<String>,
    /// Entry point: the program and its arguments; no shell unless you name one. Parameters
    /// come as in a TrainingJob: JSON in `$DAIS_PARAMETERS`, each one in
    /// `$DAIS_PARAM_<NAME>`, which an argument writes as `$(DAIS_PARAM_<NAME>)`.
    #[schemars(length(min = 1, max = 1000))]
    pub command: Vec<String>,
    /// The code, as uploaded by `dais algorithm create`; the working directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeBundle>,
    /// Where the code was taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<GitSource>,
    /// JSON Schema (draft 2020-12) of type `object`, a property for each parameter.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "any_object")]
    pub parameters: Map<String, Value>,
    /// The datasets that it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub inputs: Vec<AlgorithmInput>,
    /// What it leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<AlgorithmOutputs>,
    /// Name of an Environment in the same project; the host's own programs when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub environment: Option<String>,
    /// Requests and limits of a job that names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// A folder that outlives attempts, for a job that names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoints: Option<Checkpoints>,
    /// Versions that should not be used any more. They still run, and warn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub deprecated: Vec<Deprecation>,
    /// Projects whose jobs may use it besides its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(min = 1, max = 63)))]
    pub shared_with: Vec<String>,
}

/// A JSON Schema is kept as it is written; what is wrong with it is said in the status.
fn any_object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": true,
    })
}

impl AlgorithmSpec {
    /// Why a version should not be used any more, where that was said.
    pub fn deprecation(&self, version: &str) -> Option<&str> {
        let found = self.deprecated.iter().find(|one| one.version == version);
        found.map(|one| one.reason.as_str())
    }

    /// Whether jobs of `project` may use it, which is not its own.
    pub fn is_shared_with(&self, project: &str) -> bool {
        self.shared_with.iter().any(|one| one == project)
    }
}

/// A commit of a Git repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GitSource {
    #[schemars(length(min = 1, max = 2000))]
    pub url: String,
    /// The branch, tag or commit that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 250))]
    pub revision: Option<String>,
    /// What that was at the time.
    #[schemars(regex(pattern = r"^[0-9a-f]{40,64}$"))]
    pub commit: String,
    /// The folder inside the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub path: Option<String>,
}

/// A dataset that a job gives; its folder is `$DAIS_INPUT_<NAME>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlgorithmInput {
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub description: Option<String>,
    /// True: a job may leave it out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Where the files appear; `/data/<dataset>` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000), regex(pattern = r"^/"))]
    pub mount_path: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlgorithmOutputs {
    /// Registered model that a job adds a version to, where the job names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 250))]
    pub model: Option<String>,
    /// Metrics that it logs to its run, for example as the objective of a Sweep.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub metrics: Vec<AlgorithmMetric>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlgorithmMetric {
    #[schemars(length(min = 1, max = 250))]
    pub name: String,
    /// Which way is better.
    #[serde(default)]
    pub goal: Goal,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub description: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deprecation {
    /// `v1`, `v2`, …
    #[schemars(length(max = 12), regex(pattern = r"^v[1-9][0-9]*$"))]
    pub version: String,
    /// What to use instead, and why.
    #[schemars(length(min = 1, max = 1000))]
    pub reason: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlgorithmStatus {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The newest version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<String>,
    /// Newest first. What each of them runs is in its ControllerRevision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<AlgorithmVersion>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlgorithmVersion {
    /// `v1`, `v2`, …
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Time>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub created_by: String,
    /// Why it should not be used any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
}
