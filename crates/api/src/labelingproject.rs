//! LabelingProject: people answer questions about a dataset.
//!
//! Its configuration and policy are what the labelling service calls so too; tasks, answers
//! and reviews are there, and no objects.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tasks made of a dataset's version, and who answers them how.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dais.io",
    version = "v1alpha1",
    kind = "LabelingProject",
    namespaced,
    status = "LabelingProjectStatus",
    shortname = "lp",
    category = "dais",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Dataset","type":"string","jsonPath":".status.dataset"}"#,
    printcolumn = r#"{"name":"Tasks","type":"integer","jsonPath":".status.tasks"}"#,
    printcolumn = r#"{"name":"Done","type":"integer","jsonPath":".status.done"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    validation = Rule::new("self.spec.dataset.split('@')[0] == oldSelf.spec.dataset.split('@')[0]")
        .message("spec.dataset: its version may change, the dataset not: make another labelling project"),
    validation = Rule::new("self.spec.config.kind == oldSelf.spec.config.kind")
        .message("spec.config.kind: never changes, since answers of one kind are none of another; make another labelling project"),
)]
#[serde(rename_all = "camelCase")]
pub struct LabelingProjectSpec {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub description: Option<String>,
    /// `name` or `name@v3`, `project/name` for one that another project shares. Without a version it is the newest there is when the project
    /// begins, and stays so. Tasks of a later version are added to those that are there.
    #[schemars(length(min = 1, max = 400))]
    pub dataset: String,
    /// Which of its files, as `images/*.png`; `*` stands for no `/`, `**` for anything.
    /// All that the kind of work can use when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub files: Option<String>,
    pub config: LabelConfig,
    #[serde(default)]
    pub policy: LabelingPolicy,
    /// A model that is asked about tasks first; what it says is where people begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preannotation: Option<Preannotation>,
}

/// An InferenceService of the same project that is asked about each task without a
/// prediction, by the Open Inference Protocol v2.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preannotation {
    /// Name of the InferenceService.
    #[schemars(length(min = 1, max = 253))]
    pub service: String,
    /// What the server calls the model: that of the service when absent, or the service's
    /// own name where it serves none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$"))]
    pub model: Option<String>,
    /// True: nothing more is asked; what was said stays.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
}

/// What annotators are asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LabelConfig {
    pub kind: LabelingKind,
    /// Empty for `preference`, which chooses between `left`, `right` and, with `ties`, `tie`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub labels: Vec<Label>,
    /// Markdown, shown to annotators.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 65536))]
    pub instructions: String,
    /// Of a classification: may a task have several labels.
    #[serde(default, skip_serializing_if = "is_false")]
    pub several: bool,
    /// Labels, shapes or spans that an answer must have at least.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub minimum: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u32>,
    /// Of a preference: may the answer be `tie`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ties: bool,
    /// Columns that hold what is labelled: `text`, or of a preference `left` and `right`,
    /// when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2))]
    pub fields: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LabelingKind {
    ImageClassification,
    ImageBoxes,
    ImagePolygons,
    #[default]
    TextClassification,
    TextSpans,
    /// Which of two answers is better.
    Preference,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Label {
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// `#rrggbb`; the pages choose when absent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = r"^(#[0-9a-fA-F]{6})?$"))]
    pub color: String,
    /// The key that gives it: one character. Digits in their order when absent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 1))]
    pub hotkey: String,
    /// When it is the right one.
    #[serde(default, skip_serializing_if = "LabelDescription::is_empty")]
    pub description: LabelDescription,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LabelDescription {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 4096))]
    pub en: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 4096))]
    pub zh: String,
}

impl LabelDescription {
    fn is_empty(&self) -> bool {
        self.en.is_empty() && self.zh.is_empty()
    }
}

/// Who gets which task, and what becomes of answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelingPolicy {
    pub assignment: LabelingAssignment,
    /// People that answer each task.
    #[schemars(range(min = 1, max = 100))]
    pub overlap: u32,
    /// How long a task that somebody opened is kept for them.
    #[schemars(range(min = 10, max = 2_592_000))]
    pub lease_seconds: u32,
    /// Share of tasks with a known answer among those that a person gets.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub gold_rate: f64,
    /// Whether answers are looked at before they count as final.
    pub review: bool,
    /// Who gets a task whose answer was rejected.
    pub rejected: RejectedTask,
}

impl Default for LabelingPolicy {
    fn default() -> Self {
        Self {
            assignment: LabelingAssignment::Queue,
            overlap: 1,
            lease_seconds: 3600,
            gold_rate: 0.0,
            review: false,
            rejected: RejectedTask::ToAnnotator,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LabelingAssignment {
    /// Whoever asks gets the next task.
    #[default]
    Queue,
    /// Everybody has a fixed list.
    Person,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RejectedTask {
    #[default]
    ToAnnotator,
    ToQueue,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LabelingProjectStatus {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The version whose tasks are there, as `reviews@v2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// As of some seconds ago.
    #[serde(default)]
    pub tasks: i64,
    /// Tasks that need nothing more.
    #[serde(default)]
    pub done: i64,
    /// Answers that wait for a reviewer.
    #[serde(default)]
    pub to_review: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preannotation: Option<PreannotationStatus>,
}

/// How far the model is that is asked about tasks; its condition is `Preannotated`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreannotationStatus {
    /// Tasks with a prediction, wherever it is from.
    pub predicted: i64,
    /// Tasks that are still asked about.
    pub waiting: i64,
    /// Tasks that were given up, since what the model said of them was of no use.
    pub failed: i64,
}

fn is_false(value: &bool) -> bool {
    !*value
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}
