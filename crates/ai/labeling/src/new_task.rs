//! Tasks as they come in, and whether they fit the configuration.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::config::{LabelConfig, shown, too_long};
use crate::task::{TurnState, person};
use crate::turns::remark;
use crate::{Error, Result};

/// Of a key: a path in a dataset version and a row.
const LONGEST_KEY: usize = 1024;
const LARGEST_DATA: usize = 1 << 20;
pub(crate) const MOST_GIVEN: usize = 1000;

/// A task as it comes in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTask {
    /// Tells tasks of a project apart; what comes twice is left out the second time.
    pub key: String,
    /// What is shown: the fields that the configuration names (`text`; `image`, a path in
    /// the dataset version; `left` and `right`), and whatever else should come out again.
    pub data: Map<String, Value>,
    /// The known answer, for measuring annotators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gold: Option<Answer>,
    /// What models say, shown as a start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predictions: Vec<Prediction>,
    /// Answers from before, of another tool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Given>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prediction {
    pub answer: Answer,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
}

/// An answer, or that somebody skipped the task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Given {
    pub annotator: String,
    /// Without one they skipped it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// When, in milliseconds since 1970.
    #[serde(default)]
    pub time: i64,
    /// How long they took.
    #[serde(default)]
    pub seconds: f64,
    /// Why it was skipped.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Who accepted it, or corrected it where there is a correction.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reviewer: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reviewed: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Answer>,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Given {
    /// Of somebody, without anything else.
    pub fn by(annotator: &str, answer: Option<Answer>) -> Self {
        Self {
            annotator: annotator.to_owned(),
            answer,
            time: 0,
            seconds: 0.0,
            reason: String::new(),
            reviewer: String::new(),
            reviewed: 0,
            comment: String::new(),
            correction: None,
        }
    }

    pub(crate) fn state(&self) -> TurnState {
        match (&self.answer, &self.correction) {
            (None, _) => TurnState::Skipped,
            (Some(_), Some(_)) => TurnState::Corrected,
            (Some(_), None) if !self.reviewer.is_empty() => TurnState::Accepted,
            (Some(_), None) => TurnState::Submitted,
        }
    }

    fn validate(&self, config: &LabelConfig, data: &Map<String, Value>) -> Result<()> {
        person("annotator", &self.annotator)?;
        remark("reason", &self.reason)?;
        remark("comment", &self.comment)?;
        for (outer, answer) in [("answer", &self.answer), ("correction", &self.correction)] {
            if let Some(answer) = answer {
                answer.validate(config, data).map_err(|error| error.within(outer))?;
            }
        }
        if self.correction.is_some() && (self.answer.is_none() || self.reviewer.is_empty()) {
            let hint = "name the reviewer, and the answer that was corrected";
            return Err(Error::invalid("correction", "is of nobody or nothing", hint));
        }
        match self.reviewer.is_empty() {
            true => Ok(()),
            false => person("reviewer", &self.reviewer),
        }
    }
}

impl NewTask {
    /// # Errors
    /// [`Error::Invalid`] with the field inside the task.
    pub fn validate(&self, config: &LabelConfig) -> Result<()> {
        if self.key.is_empty() || self.key.len() > LONGEST_KEY || self.key.contains('\0') {
            return Err(Error::invalid(
                "key",
                format!("'{}' is empty, too long or has a NUL", shown(&self.key)),
                format!("give each task a key of 1 to {LONGEST_KEY} bytes"),
            ));
        }
        data_fits(&self.data, config)?;
        let check = |answer: &Answer, outer: &str| {
            answer.validate(config, &self.data).map_err(|error| error.within(outer))
        };
        if let Some(gold) = &self.gold {
            check(gold, "gold")?;
        }
        for (at, prediction) in self.predictions.iter().enumerate() {
            let outer = format!("predictions[{at}].answer");
            let fits = prediction.answer.validate_draft(config, &self.data);
            fits.map_err(|error| error.within(&outer))?;
        }
        if self.given.len() > MOST_GIVEN {
            return Err(Error::invalid("given", "has too many", format!("at most {MOST_GIVEN}")));
        }
        for (at, given) in self.given.iter().enumerate() {
            let outer = format!("given[{at}]");
            let fits = given.validate(config, &self.data);
            fits.map_err(|error| error.within(&outer))?;
            if self.given[..at].iter().any(|other| other.annotator == given.annotator) {
                return Err(Error::invalid(
                    format!("given[{at}].annotator"),
                    format!("'{}' answers twice", shown(&given.annotator)),
                    "give one answer for each person and task",
                ));
            }
        }
        Ok(())
    }
}

fn data_fits(data: &Map<String, Value>, config: &LabelConfig) -> Result<()> {
    for field in config.fields() {
        let there = data.get(field).and_then(Value::as_str);
        if there.is_none_or(str::is_empty) {
            return Err(Error::invalid(
                format!("data.{field}"),
                "is not a text, or empty",
                "a task's data has what is shown in the fields that the project names",
            ));
        }
    }
    let size: usize = data.iter().map(|(key, value)| key.len() + rough_size(value)).sum();
    if size > LARGEST_DATA { Err(too_long("data", LARGEST_DATA)) } else { Ok(()) }
}

/// Bytes of a value's JSON, nearly.
fn rough_size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| rough_size(item) + 1).sum::<usize>() + 2,
        Value::Object(map) => {
            map.iter().map(|(key, item)| key.len() + rough_size(item) + 4).sum::<usize>() + 2
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}
