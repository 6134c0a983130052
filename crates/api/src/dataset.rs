//! Dataset: a named body of data with immutable versions.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A named body of data. Versions are immutable and content-addressed; they are
/// made by uploads and listed in `status`.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dais.io",
    version = "v1alpha1",
    kind = "Dataset",
    namespaced,
    status = "DatasetStatus",
    shortname = "ds",
    category = "dais",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Latest","type":"string","jsonPath":".status.latest"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct DatasetSpec {
    /// What the data is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub description: Option<String>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub tags: Vec<String>,
    /// Projects that may read its versions besides its own. They name it `project/name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(min = 1, max = 63)))]
    pub shared_with: Vec<String>,
}

impl DatasetSpec {
    /// Whether `project`, which is not its own, may read it.
    pub fn is_shared_with(&self, project: &str) -> bool {
        self.shared_with.iter().any(|one| one == project)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatasetStatus {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Name of the newest version, for example `v3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<String>,
    /// The newest versions, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<DatasetVersion>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatasetVersion {
    /// `v1`, `v2`, …
    pub name: String,
    /// `sha256:` and 64 hex digits over the manifest.
    pub digest: String,
    /// Number of files.
    pub files: i64,
    /// Size of all files in bytes.
    pub bytes: i64,
    pub created_at: Time,
    pub created_by: String,
    /// What made it, as whoever made it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<VersionOrigin>,
}

/// An object of the same project, which may be gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VersionOrigin {
    /// `TrainingJob`, `LabelingProject`, or `Bucket` with `bucket/prefix` as its name.
    pub kind: String,
    pub name: String,
}
