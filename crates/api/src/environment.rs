//! Environment: where code runs.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where code runs: a Python version with requirements, resolved and installed
/// once, shared read-only between pods; or a container image.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dais.io",
    version = "v1alpha1",
    kind = "Environment",
    namespaced,
    status = "EnvironmentStatus",
    shortname = "env",
    category = "dais",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name":"Python","type":"string","jsonPath":".status.pythonVersion"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    validation = Rule::new("has(self.spec.python) != has(self.spec.image)")
        .message("set exactly one of spec.python and spec.image"),
)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentSpec {
    /// Python with requirements, made on the machine itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<PythonEnvironment>,
    /// A container image; `host` is the machine's own file system, read-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

/// A Python interpreter and what is installed beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PythonEnvironment {
    /// Wanted version, for example `3.11`; any installed `python3` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^3(\.[0-9]{1,2}){0,2}$"))]
    pub version: Option<String>,
    /// Requirement specifiers as in PEP 508, for example `scikit-learn==1.5.2`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub requirements: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentStatus {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// SHA-256 over interpreter and requirements; equal digests share one build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Exact version of the interpreter, for example `3.11.2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python_version: Option<String>,
    /// Bytes of the build on disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<i64>,
    /// SHA-256 over all files of the build: their names, contents, and which are programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_digest: Option<String>,
    /// Everything that is installed, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<InstalledPackage>,
}

/// One distribution of an environment. All of them together are its lock: a build that is
/// made again installs exactly these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InstalledPackage {
    pub name: String,
    pub version: String,
    /// SHA-256 of the file that it was installed from, in hex; absent for what comes with
    /// the interpreter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// What its own metadata say: an SPDX expression where there is one, else a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

/// Exit codes of the program that builds an environment.
pub mod exit {
    /// No interpreter of the wanted version.
    pub const NO_PYTHON: i32 = 81;
    /// The interpreter cannot make virtual environments.
    pub const NO_VENV: i32 = 82;
    /// The installer refused a requirement.
    pub const NOT_INSTALLED: i32 = 83;
}
