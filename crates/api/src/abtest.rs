//! ABTest: an experiment between models behind one address.
//!
//! Owns what a person declares of a test; what the platform answers is in [`status`].
//! The first variant is the control, and everybody who takes no part gets it.

mod metrics;
mod status;

use k8s_openapi::api::core::v1::{EnvVar, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::traffic::AssignmentKey;

pub use metrics::{
    Analysis, Builtin, DatasetColumns, Direction, Engine, GuardrailRule, Metric, MetricKind,
    MetricSource, Series,
};
pub use status::{
    ABTestPhase, ABTestStatus, BanditStatus, DecisionState, GuardrailStatus, GuardrailVerdict,
    Interval, MetricStatus, Mismatch, OutcomeCounts, Promotion, RampStatus, TestDecision,
    VariantFigures, VariantStatus,
};

/// Shares requests out between services or model versions, and tells which does best.
/// Answers at `/serve/<project>/<name>/` of the gateway.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dais.io",
    version = "v1alpha1",
    kind = "ABTest",
    plural = "abtests",
    namespaced,
    status = "ABTestStatus",
    shortname = "ab",
    category = "dais",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Subjects","type":"integer","jsonPath":".status.subjects"}"#,
    printcolumn = r#"{"name":"Winner","type":"string","jsonPath":".status.decision.winner"}"#,
    printcolumn = r#"{"name":"Why","type":"string","jsonPath":".status.decision.message","priority":1}"#,
    printcolumn = r#"{"name":"URL","type":"string","jsonPath":".status.url"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    validation = Rule::new("self.spec.variants.all(v, has(v.service) != has(v.model))")
        .message("spec.variants: set service or model of each, and not both"),
    validation = Rule::new("self.spec.variants.all(a, self.spec.variants.exists_one(b, b.name == a.name))")
        .message("spec.variants: give each variant a name of its own"),
    validation = Rule::new("self.spec.metrics.all(a, self.spec.metrics.exists_one(b, b.name == a.name))")
        .message("spec.metrics: give each metric a name of its own"),
    validation = Rule::new("self.spec.metrics.exists(m, m.name == self.spec.primary)")
        .message("spec.primary: name one of spec.metrics"),
    validation = Rule::new("!has(self.spec.guardrails) || self.spec.guardrails.all(g, self.spec.metrics.exists(m, m.name == g.metric))")
        .message("spec.guardrails: metric must name one of spec.metrics"),
    validation = Rule::new("!has(self.spec.until) || !has(self.spec.until.decided) || !self.spec.until.decided || self.spec.analysis.engine == 'frequentist'")
        .message("spec.until.decided: only with spec.analysis.engine frequentist, since who looks at a chance to win until it is high finds a winner far too often; or set spec.until.time, requests or subjects"),
    validation = Rule::new("!has(self.spec.until) || !has(self.spec.until.decided) || !self.spec.until.decided || !has(self.spec.bandit)")
        .message("spec.until.decided: not with spec.bandit, whose shares follow the results and bias what figures say; set spec.until.time, requests or subjects"),
    validation = Rule::new("!has(self.spec.promote) || self.spec.variants.exists(v, v.name == self.spec.promote)")
        .message("spec.promote: name one of spec.variants"),
    validation = Rule::new("(has(self.spec.key.header) ? 1 : 0) + (has(self.spec.key.cookie) ? 1 : 0) + (has(self.spec.key.body) ? 1 : 0) == 1")
        .message("spec.key: set exactly one of header, cookie and body"),
    validation = Rule::new("has(self.spec.salt) == has(oldSelf.spec.salt) && (!has(self.spec.salt) || self.spec.salt == oldSelf.spec.salt)")
        .message("spec.salt: never changes, since everybody would get another variant; make another test"),
    validation = Rule::new("self.spec.variants.size() == oldSelf.spec.variants.size() && self.spec.variants.all(v, oldSelf.spec.variants.exists(o, o.name == v.name && has(o.model) == has(v.model) && (has(v.model) ? o.model == v.model : o.service == v.service))) && self.spec.variants[0].name == oldSelf.spec.variants[0].name")
        .message("spec.variants: only weights change while a test is there; make another test"),
    validation = Rule::new("!has(oldSelf.spec.promote) || (has(self.spec.promote) && self.spec.promote == oldSelf.spec.promote)")
        .message("spec.promote: a winner has taken over and stays so; change the service's model instead"),
    validation = Rule::new("self.spec.key == oldSelf.spec.key")
        .message("spec.key: never changes, since everybody would get another variant; make another test"),
)]
#[serde(rename_all = "camelCase")]
pub struct ABTestSpec {
    /// The first is the control.
    #[schemars(length(min = 2, max = 10))]
    pub variants: Vec<TestVariant>,
    /// How the services of variants that name a model are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<VariantTemplate>,
    /// Name of an InferenceService of the project whose address the test answers at too
    /// while it runs, so that callers change nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253), regex(pattern = r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"))]
    pub route: Option<String>,
    /// Whose request it is; requests without a key get the control and do not count.
    pub key: AssignmentKey,
    /// Tests with one salt assign alike; the test's uid when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub salt: Option<String>,
    /// Keys that take no part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10_000), inner(length(max = 1024)))]
    pub exclude: Vec<String>,
    /// Shares of keys that take part, one after another; all at once when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub ramp: Vec<RampStep>,
    /// Copies requests to one more model, whose answers are compared and dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<TestShadow>,
    /// What is measured.
    #[schemars(length(min = 1, max = 50))]
    pub metrics: Vec<Metric>,
    /// Name of the metric that decides.
    pub primary: String,
    /// What no variant may harm: the test stops by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub guardrails: Vec<GuardrailRule>,
    #[serde(default)]
    pub analysis: Analysis,
    /// Gives more requests to the variants that do better; such a test chooses and does
    /// not measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandit: Option<BanditRule>,
    /// When the test ends by itself; only guardrails end it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// Seconds after an exposure in which an outcome counts; a week when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 31_536_000))]
    pub window_seconds: Option<i64>,
    /// True: everybody gets the control and nothing is counted; who got what is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
    /// True: the test is ended for good, and everybody gets the control.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stop: bool,
    /// Name of the variant that takes over; ends the test for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promote: Option<String>,
}

/// One of the models that are compared; `service` or `model`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestVariant {
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// Its share is this over the sum of all; 1 when absent.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub weight: f64,
    /// Name of an InferenceService of the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253), regex(pattern = r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"))]
    pub service: Option<String>,
    /// `models:/<name>/<version>` or `models:/<name>@<alias>`: the test makes a service of
    /// it, of the version that the alias names when the test begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^models:/[^/@]+(/[1-9][0-9]*|@[A-Za-z0-9_.-]+)$"))]
    pub model: Option<String>,
}

fn one() -> f64 {
    1.0
}

/// Settings of the services that a test makes; those of an InferenceService.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariantTemplate {
    /// Servers of each variant; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub replicas: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<crate::ModelServer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// Name of an Environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RampStep {
    /// Share of keys that take part, in percent. Those that do go on doing so as it grows.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub percent: f64,
    /// Seconds until the next step; after the last, all keys take part.
    #[schemars(range(min = 1, max = 31_536_000))]
    pub seconds: i64,
}

/// A model that gets copies; `service` or `model`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.service) != has(self.model)",
    "message": "spec.shadow: set service or model, and not both"
}]))]
pub struct TestShadow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253), regex(pattern = r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"))]
    pub service: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^models:/[^/@]+(/[1-9][0-9]*|@[A-Za-z0-9_.-]+)$"))]
    pub model: Option<String>,
    /// Share of requests that are copied, in percent.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub percent: f64,
    /// Numbers that differ by less than this, absolutely or relatively, are alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub tolerance: Option<f64>,
    /// JSON pointers into the answers that are not compared, for example `/id`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub ignore: Vec<String>,
}

/// Thompson sampling over the primary metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BanditRule {
    /// Seconds between two changes of the weights; 3600 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 31_536_000))]
    pub every_seconds: Option<i64>,
    /// Least share of each variant in percent; 5 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 50.0))]
    pub min_percent: Option<f64>,
    /// Subjects of each variant before weights move; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 1_000_000_000))]
    pub min_subjects: Option<i64>,
}

/// The first that comes true ends the test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Until {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    /// Counted requests of all variants together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub requests: Option<i64>,
    /// Subjects that every variant has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub subjects: Option<i64>,
    /// One variant is better, or none is. By the frequentist engine alone, whose figures
    /// hold at every look, and not of a bandit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decided: bool,
}
