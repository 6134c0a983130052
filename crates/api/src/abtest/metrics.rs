//! What a test measures, and how it is judged.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One value of each subject, or of each request for the built-in ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-_.a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    #[serde(default)]
    pub kind: MetricKind,
    /// Which way is better.
    #[serde(default)]
    pub direction: Direction,
    /// Where values come from; `POST /feedback` under the metric's own name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<MetricSource>,
    /// What is known of each subject from before the test, and explains part of the
    /// metric (CUPED).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covariate: Option<Series>,
    /// Smallest effect worth finding, relative to the control: 0.05 is five percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0001, max = 1000.0))]
    pub minimum_effect: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MetricKind {
    /// Share of subjects with an outcome above 0.
    #[default]
    Proportion,
    /// Mean over subjects of the sum of their outcomes; who has none counts as 0.
    Mean,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    #[default]
    Increase,
    Decrease,
}

/// Exactly one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "(has(self.feedback) ? 1 : 0) + (has(self.builtin) ? 1 : 0) + (has(self.dataset) ? 1 : 0) == 1",
    "message": "set exactly one of feedback, builtin and dataset"
}]))]
pub struct MetricSource {
    /// Name under which `POST /feedback` brings values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub feedback: Option<String>,
    /// What the gateway measures itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builtin: Option<Builtin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<DatasetColumns>,
}

/// Per request, with the variance of requests of one subject taken together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Builtin {
    /// Mean seconds from a request's arrival to the head of its answer.
    #[default]
    Latency,
    /// Share of requests that were answered with 5xx or not at all.
    Errors,
}

/// Values from elsewhere; exactly one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.feedback) != has(self.dataset)",
    "message": "set feedback or dataset, and not both"
}]))]
pub struct Series {
    /// Name under which `POST /feedback` brings values; only those from before the
    /// subject's first exposure count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub feedback: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<DatasetColumns>,
}

/// Rows of a dataset's tables (CSV, JSON Lines, Parquet); `key` or `requestId` says whose they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.key) != has(self.requestId)",
    "message": "set key or requestId, and not both"
}]))]
pub struct DatasetColumns {
    /// `<name>` for the newest version, or `<name>@<version>`.
    #[schemars(length(min = 1, max = 300))]
    pub name: String,
    /// Column with the assignment key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Column with the request's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Column with the value, a number.
    pub value: String,
    /// Column with the time, RFC 3339 or seconds since 1970. Without one all rows count,
    /// whenever they came to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// A metric that no variant may make worse than `maxWorse`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!(has(self.maxWorse) && has(self.maxWorseBy))",
    "message": "set maxWorse or maxWorseBy, and not both"
}]))]
pub struct GuardrailRule {
    pub metric: String,
    /// How much worse than the control is still good enough, relatively: 0.1 is ten
    /// percent; 0 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub max_worse: Option<f64>,
    /// The same in units of the metric, in place of `maxWorse`: 0.01 of `errors` is one
    /// request in a hundred. Without it a control at 0 may not be left at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1_000_000_000.0))]
    pub max_worse_by: Option<f64>,
}

/// How figures are made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Analysis {
    #[serde(default)]
    pub engine: Engine,
    /// How often a test without any difference may name a winner, and as often one without
    /// harm be stopped by its guardrails: over all looks and variants together; 0.05 when
    /// absent. `bayesian`: of the interval alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0001, max = 0.4))]
    pub alpha: Option<f64>,
    /// `bayesian`: the chance from which on a variant wins at the end of the test; 0.95
    /// when absent. A test without any difference names each variant, and the control, as
    /// often as this leaves to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.76, max = 0.9999))]
    pub chance_to_win: Option<f64>,
    /// `frequentist`: number of subjects at which the sequential interval is tightest;
    /// 5000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0, max = 1_000_000_000_000.0))]
    pub tuning: Option<f64>,
    /// How often an effect of `minimumEffect` is to be found; 0.8 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.01, max = 0.999))]
    pub power: Option<f64>,
    /// Subjects of each variant before anything is decided; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 1_000_000_000))]
    pub min_subjects: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Engine {
    /// Sequential: p-values and intervals that are valid at every look.
    #[default]
    Frequentist,
    /// A flat prior, and the chance to win. May be looked at always; what decides is the
    /// look at the end that `until` sets by time, requests or subjects.
    Bayesian,
}
