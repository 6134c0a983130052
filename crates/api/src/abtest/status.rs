//! What the platform answers of a test.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::traffic::ShadowCount;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ABTestStatus {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<ABTestPhase>,
    /// `Ready`: requests are shared out, or why not. `SampleRatioMismatch`: true while
    /// the split of subjects is not the intended one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// When requests were first shared out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,
    /// Path on the gateway's origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What keys are hashed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// Name of the variant that everybody gets who takes no part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<RampStatus>,
    /// In the order of the spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<VariantStatus>,
    /// How often the shares of variants were set.
    #[serde(default)]
    pub splits: i64,
    /// Subjects of all variants.
    #[serde(default)]
    pub subjects: i64,
    /// Counted requests of all variants.
    #[serde(default)]
    pub requests: i64,
    /// Subjects that were seen under more than one variant; their first one counts.
    #[serde(default)]
    pub crossed: i64,
    /// When the figures below were made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysed: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<Mismatch>,
    /// In the order of the spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<MetricStatus>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guardrails: Vec<GuardrailStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<OutcomeCounts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<TestDecision>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandit: Option<BanditStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowCount>,
    /// Name of the Service that gets copies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow_backend: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<Promotion>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ABTestPhase {
    /// Variants come up; everybody gets the control where that is up.
    #[default]
    Pending,
    Running,
    /// `spec.suspend` is true.
    Suspended,
    /// Ended by a person or a guardrail.
    Stopped,
    /// Ended by `spec.until`.
    Succeeded,
    /// Ended by `spec.promote`.
    Promoted,
}

impl ABTestPhase {
    /// Whether nobody will take part any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Stopped | Self::Succeeded | Self::Promoted)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RampStatus {
    /// Share of keys that take part now.
    pub percent: f64,
    /// Place in `spec.ramp`, from 0; one past the last: all take part.
    pub step: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariantStatus {
    pub name: String,
    /// Name of its InferenceService.
    pub service: String,
    /// Name of the Service that requests go to.
    pub backend: String,
    /// `models:/<name>/<version>` that it served when the test began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default)]
    pub ready: bool,
    /// Its share of those who take part, out of 1.
    pub share: f64,
    #[serde(default)]
    pub subjects: i64,
    /// Its subjects when the shares last changed: the split is judged from there.
    #[serde(default)]
    pub subjects_before: i64,
    #[serde(default)]
    pub requests: i64,
    /// Requests that failed.
    #[serde(default)]
    pub failures: i64,
}

/// The split of subjects against the intended one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Mismatch {
    /// Of a χ² test at this look alone.
    pub p_value: f64,
    /// True: no figure of the test can be trusted. By a test that is valid at all looks
    /// together: in one of a hundred tests at most without a cause.
    pub alarm: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricStatus {
    pub name: String,
    /// In the order of the spec.
    pub variants: Vec<VariantFigures>,
    /// Why it has no values at all, for example a dataset that cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// One metric of one variant; all but the first three are absent for the control.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariantFigures {
    pub variant: String,
    /// Observations: subjects.
    pub count: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Why there is no comparison yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Against the control, relatively: 0.2 is a fifth more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<f64>,
    /// Of the effect: credible, or valid at all looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// `bayesian`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance_to_win: Option<f64>,
    /// `bayesian`: what is lost on average by taking the variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<f64>,
    /// `frequentist`: valid at all looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// Smallest relative effect that would be found today with the wanted power.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detectable: Option<f64>,
    /// Until an effect of `minimumEffect` would be found, at the present pace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<i64>,
    /// More subjects of the variant and the control until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subjects_left: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    pub lower: f64,
    pub upper: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardrailStatus {
    pub metric: String,
    pub variant: String,
    pub verdict: GuardrailVerdict,
    /// Signed so that more is better: relative to the control, or in units of the metric
    /// where `isAbsolute`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub improvement: Option<f64>,
    /// Of the improvement, valid at all looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    pub max_worse: f64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_absolute: bool,
    /// Why there is no verdict yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum GuardrailVerdict {
    /// Surely worse than accepted.
    Harmful,
    #[default]
    Inconclusive,
    /// Surely not worse than accepted.
    Fine,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeCounts {
    /// Outcomes of the test's subjects.
    pub joined: i64,
    /// Of those, the ones after the window: kept, and not counted.
    pub late: i64,
    /// Outcomes of the project whose request is not known, yet.
    pub waiting: i64,
    /// Exposures that were lost because they came faster than they could be written,
    /// since the platform started, of all tests.
    pub dropped: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestDecision {
    pub state: DecisionState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub winner: Option<String>,
    /// In CamelCase, for programs.
    pub reason: String,
    /// For people.
    pub message: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DecisionState {
    #[default]
    Open,
    /// `winner` is better than the others.
    Winner,
    NoDifference,
    /// The test must end without a result.
    Stopped,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BanditStatus {
    /// When the weights were last renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed: Option<Time>,
    #[serde(default)]
    pub rounds: i64,
    /// Chance of each variant to be the best, in the order of the spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub best: Vec<f64>,
    /// Weight of each variant out of 1, in the order of the spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<f64>,
    /// Why they were not renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What became of `spec.promote`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Promotion {
    pub variant: String,
    /// Name of the InferenceService that was changed; none where the test's own address
    /// goes on answering with the variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    pub done: bool,
    pub message: String,
}
