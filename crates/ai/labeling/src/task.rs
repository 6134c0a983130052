//! Tasks and turns: what is stored of them, and what callers see.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::any::AnyRow;

use crate::answer::Answer;
use crate::config::name;
use crate::new_task::Prediction;
use crate::sql::{number, real, text};
use crate::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TaskState {
    /// No answer yet.
    Todo,
    /// Fewer answers than people are wanted.
    Started,
    /// All answers; some wait for review where there is one.
    Answered,
    /// All answers, each reviewed.
    Reviewed,
}

/// What a person made of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TurnState {
    /// On their list.
    Assigned,
    /// Open before them.
    Leased,
    /// They did not answer in time; somebody else may have it.
    Expired,
    Submitted,
    Skipped,
    /// Rejected, and theirs to do again.
    Returned,
    /// Rejected, and for others to do.
    Rejected,
    Accepted,
    /// Accepted as a reviewer corrected it.
    Corrected,
}

impl TaskState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Todo => "todo",
            Self::Started => "started",
            Self::Answered => "answered",
            Self::Reviewed => "reviewed",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Todo, Self::Started, Self::Answered, Self::Reviewed]
            .into_iter()
            .find(|state| state.word() == word)
    }
}

impl TurnState {
    pub const ALL: [Self; 9] = [
        Self::Assigned,
        Self::Leased,
        Self::Expired,
        Self::Submitted,
        Self::Skipped,
        Self::Returned,
        Self::Rejected,
        Self::Accepted,
        Self::Corrected,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::Leased => "leased",
            Self::Expired => "expired",
            Self::Submitted => "submitted",
            Self::Skipped => "skipped",
            Self::Returned => "returned",
            Self::Rejected => "rejected",
            Self::Accepted => "accepted",
            Self::Corrected => "corrected",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether it takes one of the places that the overlap gives.
    pub fn holds_place(self) -> bool {
        !matches!(self, Self::Expired | Self::Skipped | Self::Rejected)
    }

    /// Whether its answer counts.
    pub fn answered(self) -> bool {
        matches!(self, Self::Submitted | Self::Accepted | Self::Corrected)
    }

    pub fn reviewed(self) -> bool {
        matches!(self, Self::Accepted | Self::Corrected)
    }
}

/// A stored task. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    pub task: i64,
    pub key: String,
    pub data: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gold: Option<Answer>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predictions: Vec<Prediction>,
    pub state: TaskState,
    /// Answers that count.
    pub answers: i64,
    /// Mean over pairs of answers, 0 to 1; none before there are two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Turn {
    pub annotator: String,
    pub state: TurnState,
    pub leased: i64,
    /// When it goes back to the queue; none when it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// 0 before there is an answer.
    pub submitted: i64,
    /// Counts changes of the answer; a writer names the one that they saw.
    pub version: i64,
    /// The draft until it is submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Why it was skipped.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reviewer: String,
    #[serde(default)]
    pub reviewed: i64,
    /// What the reviewer said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// The reviewer's answer; the annotator's is kept beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Answer>,
}

impl Turn {
    /// The reviewer's answer where there is one, else the annotator's.
    pub fn final_answer(&self) -> Option<&Answer> {
        self.correction.as_ref().or(self.answer.as_ref())
    }
}

/// `expires` of a turn that stays with its person.
pub(crate) const NEVER: i64 = i64::MAX;

pub(crate) const TASK_COLUMNS: &str =
    "t.task, t.key, t.data, t.gold, t.predictions, t.state, t.answers, t.agreement";

pub(crate) const TURN_COLUMNS: &str =
    "u.annotator, u.state, u.leased, u.expires, u.submitted, u.version, u.answer, u.reason,
     u.reviewer, u.reviewed, u.comment, u.correction";

/// Reads what [`TASK_COLUMNS`] selects, from column `first` on.
pub(crate) fn read_task(row: &AnyRow, first: usize) -> Result<Task> {
    let agreement = real(row, first + 7)?;
    Ok(Task {
        task: number(row, first)?,
        key: text(row, first + 1)?,
        data: parse("a task", &text(row, first + 2)?)?,
        gold: optional("a known answer", &text(row, first + 3)?)?,
        predictions: optional("predictions", &text(row, first + 4)?)?.unwrap_or_default(),
        state: TaskState::parse(&text(row, first + 5)?).unwrap_or(TaskState::Todo),
        answers: number(row, first + 6)?,
        agreement: (agreement >= 0.0).then_some(agreement),
    })
}

/// Reads what [`TURN_COLUMNS`] selects, from column `first` on.
pub(crate) fn read_turn(row: &AnyRow, first: usize) -> Result<Turn> {
    let expires = number(row, first + 3)?;
    Ok(Turn {
        annotator: text(row, first)?,
        state: TurnState::parse(&text(row, first + 1)?).unwrap_or(TurnState::Expired),
        leased: number(row, first + 2)?,
        expires: (expires != NEVER).then_some(expires),
        submitted: number(row, first + 4)?,
        version: number(row, first + 5)?,
        answer: optional("an answer", &text(row, first + 6)?)?,
        reason: text(row, first + 7)?,
        reviewer: text(row, first + 8)?,
        reviewed: number(row, first + 9)?,
        comment: text(row, first + 10)?,
        correction: optional("a correction", &text(row, first + 11)?)?,
    })
}

fn parse<T: for<'de> Deserialize<'de>>(what: &'static str, json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|source| Error::Damaged { what, source })
}

pub(crate) fn optional<T: for<'de> Deserialize<'de>>(
    what: &'static str,
    json: &str,
) -> Result<Option<T>> {
    if json.is_empty() { Ok(None) } else { parse(what, json).map(Some) }
}

/// JSON of values whose maps have text for keys and whose numbers are finite.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types are JSON")
}

/// Who answers; an account's name.
pub(crate) fn person(field: &str, text: &str) -> Result<()> {
    name(field, text)
}

impl Task {
    /// Without what would tell annotators how others answer.
    pub(crate) fn for_annotators(self) -> Self {
        Self { gold: None, agreement: None, answers: 0, ..self }
    }
}
