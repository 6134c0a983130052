//! Sweep: a search over a training job's parameters.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::trainingjob::{AlgorithmReference, Phase, TrainingJobSpec};

/// Runs a job again and again with other parameters, and keeps what did best.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dais.io",
    version = "v1alpha1",
    kind = "Sweep",
    namespaced,
    status = "SweepStatus",
    shortname = "sw",
    category = "dais",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Finished","type":"integer","jsonPath":".status.finished"}"#,
    printcolumn = r#"{"name":"Best","type":"number","jsonPath":".status.best.value"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    validation = Rule::new("has(self.spec.job.command) != has(self.spec.job.algorithm)")
        .message("set exactly one of spec.job.command and spec.job.algorithm"),
    validation = Rule::new("!has(self.spec.job.algorithm) || !has(self.spec.job.code)")
        .message("spec.job.code: the algorithm has its own; leave it out"),
)]
#[serde(rename_all = "camelCase")]
pub struct SweepSpec {
    /// What is searched.
    #[schemars(length(min = 1, max = 100))]
    pub parameters: Vec<SweepParameter>,
    /// What makes a trial good.
    pub objective: Objective,
    #[serde(default)]
    pub algorithm: SearchAlgorithm,
    /// Ends trials that will not be good; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
    /// Trials in all; a grid ends by itself.
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_trials: i32,
    /// Trials at a time.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 100))]
    pub parallel_trials: i32,
    /// The sweep fails with this many failed trials; 3 when absent.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_failed_trials: i32,
    /// True: no trial is started, and those that run are suspended.
    #[serde(default)]
    pub suspend: bool,
    /// True: the sweep is ended for good, and its trials with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stop: bool,
    /// The job; its `parameters` are those that stay the same.
    pub job: TrainingJobSpec,
}

fn two() -> i32 {
    2
}

fn three() -> i32 {
    3
}

fn twenty() -> i32 {
    20
}

/// One parameter and where it may lie.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SweepParameter {
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    #[serde(rename = "type")]
    pub type_: ParameterType,
    /// Least value of a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Greatest value of a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Distance between the values of a number; a grid over doubles needs it or `count`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// `grid`: so many values of a double from `min` to `max`, in place of a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 1000))]
    pub count: Option<i32>,
    /// How a number's range is measured.
    #[serde(default)]
    pub scale: Scale,
    /// The values of a categorical parameter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub values: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ParameterType {
    #[default]
    Double,
    Int,
    Categorical,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Scale {
    #[default]
    Linear,
    Log,
}

/// A metric of the trial's run, and which way is better.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Objective {
    /// Name of the metric that the job logs to its run.
    #[schemars(length(min = 1, max = 250))]
    pub metric: String,
    #[serde(default)]
    pub goal: Goal,
    /// The sweep ends when a trial is this good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Goal {
    #[default]
    Maximize,
    Minimize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchAlgorithm {
    #[serde(default)]
    pub name: AlgorithmName,
    /// Same seed, same search; 0 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub seed: Option<i64>,
    /// `tpe`: trials at random before it begins to learn; 10 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub startup_trials: Option<i32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AlgorithmName {
    /// Every combination, one after another.
    Grid,
    /// Independent draws.
    Random,
    /// Tree-structured Parzen estimator: draws where good trials lie.
    #[default]
    Tpe,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EarlyStopping {
    #[serde(default)]
    pub name: StoppingRule,
    /// Steps of the metric that every trial may log first; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub min_steps: Option<i64>,
    /// `median`: trials that must have finished before any is stopped; 5 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub min_trials: Option<i32>,
    /// `halving`: the best one of so many goes on at each rung; 3 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 100))]
    pub factor: Option<i32>,
    /// `halving`: steps of a full run, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2))]
    pub max_steps: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StoppingRule {
    /// Worse than the median of the others at the same step.
    #[default]
    Median,
    /// Asynchronous successive halving: only the best go on past each rung.
    Halving,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SweepStatus {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,
    /// Trials that ended, however they did.
    #[serde(default)]
    pub finished: i32,
    /// Trials that failed.
    #[serde(default)]
    pub failed: i32,
    /// Trials that were ended because they were not good enough.
    #[serde(default)]
    pub pruned: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Trial>,
    /// The algorithm version that all trials run, settled with the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<AlgorithmReference>,
    /// All trials, in the order in which they began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<Trial>,
    /// How much of the objective each parameter explains, out of 1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub importance: BTreeMap<String, f64>,
}

/// One job of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trial {
    /// From 1.
    pub number: i32,
    /// Name of its TrainingJob.
    pub job: String,
    pub state: TrialState,
    pub parameters: BTreeMap<String, String>,
    /// The objective, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Why it ended, when it did not simply finish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TrialState {
    #[default]
    Pending,
    Running,
    Succeeded,
    Failed,
    /// Stopped early: others did better.
    Pruned,
}

impl TrialState {
    /// Whether nothing will run any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Pruned)
    }
}
