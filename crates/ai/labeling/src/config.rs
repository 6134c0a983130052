//! What is labelled and how: the part of a labelling project that a person writes.
//!
//! Plain data that a Kubernetes kind can carry as its spec; nothing here is stored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

pub const MOST_LABELS: usize = 1000;
const LONGEST_NAME: usize = 253;
const LONGEST_TEXT: usize = 64 << 10;
/// More people than this on one task is a typing mistake.
pub const MOST_OVERLAP: u32 = 100;
const LONGEST_LEASE_SECONDS: u32 = 30 * 24 * 3600;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    ImageClassification,
    ImageBoxes,
    ImagePolygons,
    TextClassification,
    TextSpans,
    /// Which of two answers is better.
    Preference,
}

/// What annotators are asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelConfig {
    pub kind: Kind,
    /// Empty for preferences, which choose between `left`, `right` and `tie`.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Markdown, shown to annotators.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instructions: String,
    /// Of a classification: may a task have several labels.
    #[serde(default)]
    pub several: bool,
    /// Labels, shapes or spans that an answer must have at least.
    #[serde(default)]
    pub minimum: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u32>,
    /// Of a preference: may the answer be `tie`.
    #[serde(default)]
    pub ties: bool,
    /// Fields of a task's data that are shown; [`LabelConfig::fields`] has the defaults.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Label {
    pub name: String,
    /// `#rrggbb`; empty lets the page choose.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub color: String,
    /// One character.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hotkey: String,
    #[serde(default, skip_serializing_if = "Description::is_empty")]
    pub description: Description,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Description {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub en: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub zh: String,
}

/// Who gets which task, and what becomes of answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Policy {
    pub assignment: Assignment,
    /// People that answer each task.
    pub overlap: u32,
    /// How long a task that somebody opened is kept for them.
    pub lease_seconds: u32,
    /// Share of tasks with a known answer among those that a person gets, 0 to 1.
    pub gold_rate: f64,
    /// Whether answers are looked at before they count as final.
    pub review: bool,
    /// Who gets a task whose answer was rejected.
    pub rejected: Rejected,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Assignment {
    /// Whoever asks gets the next task.
    #[default]
    Queue,
    /// Everybody has a fixed list.
    Person,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rejected {
    #[default]
    ToAnnotator,
    ToQueue,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            assignment: Assignment::Queue,
            overlap: 1,
            lease_seconds: 3600,
            gold_rate: 0.0,
            review: false,
            rejected: Rejected::ToAnnotator,
        }
    }
}

impl Description {
    fn is_empty(&self) -> bool {
        self.en.is_empty() && self.zh.is_empty()
    }
}

impl Kind {
    pub fn is_image(self) -> bool {
        matches!(self, Self::ImageClassification | Self::ImageBoxes | Self::ImagePolygons)
    }

    pub fn is_classification(self) -> bool {
        matches!(self, Self::ImageClassification | Self::TextClassification)
    }

    fn default_fields(self) -> &'static [&'static str] {
        match self {
            Self::ImageClassification | Self::ImageBoxes | Self::ImagePolygons => &["image"],
            Self::TextClassification | Self::TextSpans => &["text"],
            Self::Preference => &["left", "right"],
        }
    }
}

impl LabelConfig {
    /// The fields of a task's data that hold what is labelled: one, or a preference's two.
    pub fn fields(&self) -> Vec<&str> {
        match self.fields.is_empty() {
            true => self.kind.default_fields().to_vec(),
            false => self.fields.iter().map(String::as_str).collect(),
        }
    }

    pub fn has_label(&self, name: &str) -> bool {
        self.labels.iter().any(|label| label.name == name)
    }

    /// # Errors
    /// [`Error::Invalid`] with the field and what it should be.
    pub fn validate(&self) -> Result<()> {
        self.validate_labels()?;
        self.validate_counts()?;
        let wanted = self.kind.default_fields().len();
        if !self.fields.is_empty() && self.fields.len() != wanted {
            return Err(Error::invalid(
                "fields",
                format!("has {} names", self.fields.len()),
                format!("name {wanted}, or none for {:?}", self.kind.default_fields()),
            ));
        }
        for (at, field) in self.fields.iter().enumerate() {
            name(&format!("fields[{at}]"), field)?;
            if self.fields[..at].contains(field) {
                return Err(twice(format!("fields[{at}]"), field));
            }
        }
        if self.instructions.len() > LONGEST_TEXT {
            return Err(too_long("instructions", LONGEST_TEXT));
        }
        Ok(())
    }

    fn validate_labels(&self) -> Result<()> {
        if self.kind == Kind::Preference {
            return match self.labels.is_empty() {
                true => Ok(()),
                false => Err(Error::invalid(
                    "labels",
                    "a preference has none of its own",
                    "leave them out: people choose left, right or, with `ties`, tie",
                )),
            };
        }
        if self.labels.is_empty() || self.labels.len() > MOST_LABELS {
            return Err(Error::invalid(
                "labels",
                format!("there are {}", self.labels.len()),
                format!("name 1 to {MOST_LABELS} labels"),
            ));
        }
        let (mut names, mut hotkeys) = (BTreeSet::new(), BTreeSet::new());
        for (at, label) in self.labels.iter().enumerate() {
            let outer = format!("labels[{at}]");
            label.validate().map_err(|error| error.within(&outer))?;
            if !names.insert(&label.name) {
                return Err(twice(format!("{outer}.name"), &label.name));
            }
            if !label.hotkey.is_empty() && !hotkeys.insert(&label.hotkey) {
                return Err(twice(format!("{outer}.hotkey"), &label.hotkey));
            }
        }
        Ok(())
    }

    fn validate_counts(&self) -> Result<()> {
        let single =
            self.kind == Kind::Preference || self.kind.is_classification() && !self.several;
        let most = if single { 1 } else { self.maximum.unwrap_or(u32::MAX) };
        if self.minimum > most {
            return Err(Error::invalid(
                "minimum",
                format!("is {}, and an answer may have at most {most}", self.minimum),
                "lower it, or allow more",
            ));
        }
        if self.maximum == Some(0) {
            return Err(Error::invalid("maximum", "is 0", "allow at least 1, or leave it out"));
        }
        if self.several && !self.kind.is_classification() {
            return Err(Error::invalid(
                "several",
                "is of classifications",
                "leave it out: `minimum` and `maximum` say how many shapes or spans there may be",
            ));
        }
        if self.ties && self.kind != Kind::Preference {
            return Err(Error::invalid("ties", "is of preferences", "leave it out"));
        }
        Ok(())
    }
}

impl Label {
    fn validate(&self) -> Result<()> {
        name("name", &self.name)?;
        let hex = self.color.strip_prefix('#').unwrap_or_default();
        let is_color = hex.len() == 6 && hex.chars().all(|c| c.is_ascii_hexdigit());
        if !self.color.is_empty() && !is_color {
            return Err(Error::invalid(
                "color",
                format!("'{}' is no colour", shown(&self.color)),
                "write #rrggbb, like #1677ff",
            ));
        }
        if self.hotkey.chars().count() > 1 || self.hotkey.chars().any(char::is_whitespace) {
            return Err(Error::invalid(
                "hotkey",
                format!("'{}' is no key", shown(&self.hotkey)),
                "write one character, like 1 or q",
            ));
        }
        for (field, text) in [("en", &self.description.en), ("zh", &self.description.zh)] {
            if text.len() > LONGEST_TEXT {
                return Err(too_long(&format!("description.{field}"), LONGEST_TEXT));
            }
        }
        Ok(())
    }
}

impl Policy {
    /// # Errors
    /// [`Error::Invalid`] with the field and what it should be.
    pub fn validate(&self) -> Result<()> {
        if !(1..=MOST_OVERLAP).contains(&self.overlap) {
            return Err(Error::invalid(
                "overlap",
                format!("is {}", self.overlap),
                format!("say how many people answer each task, 1 to {MOST_OVERLAP}"),
            ));
        }
        if !(1..=LONGEST_LEASE_SECONDS).contains(&self.lease_seconds) {
            return Err(Error::invalid(
                "leaseSeconds",
                format!("is {}", self.lease_seconds),
                format!("give 1 to {LONGEST_LEASE_SECONDS} seconds"),
            ));
        }
        if !(0.0..=1.0).contains(&self.gold_rate) {
            return Err(Error::invalid(
                "goldRate",
                format!("is {}", self.gold_rate),
                "give a share from 0 to 1",
            ));
        }
        Ok(())
    }
}

/// A name that people gave: any script, no control characters.
pub(crate) fn name(field: &str, text: &str) -> Result<()> {
    if text.is_empty() || text.trim() != text {
        return Err(Error::invalid(
            field,
            format!("'{}' is empty or has spaces at an end", shown(text)),
            "give it a name without spaces around it",
        ));
    }
    if text.len() > LONGEST_NAME {
        return Err(too_long(field, LONGEST_NAME));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(
            field,
            format!("'{}' has a control character", shown(text)),
            "leave line ends, tabs and the like out",
        ));
    }
    Ok(())
}

pub(crate) fn too_long(field: &str, most: usize) -> Error {
    Error::invalid(field, format!("is longer than {most} bytes"), "shorten it")
}

fn twice(field: String, name: &str) -> Error {
    Error::invalid(field, format!("'{}' is there twice", shown(name)), "name each once")
}

/// As much of a text as an answer should repeat.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}
