//! The formats in which tasks and answers come and go. No I/O: files are paths with bytes.
//!
//! | | holds |
//! |---|---|
//! | JSON Lines | everything: a [`NewTask`] a line, and `answer`, the one that stands for the task |
//! | CSV | everything but types in a task's data: a row for each answer |
//! | Label Studio JSON | all but reviews, reasons of skips and ties |
//! | COCO | boxes and polygons, one answer a task, in pixels |
//! | YOLO | boxes and polygons, one answer a task, in shares of the image |
//!
//! What a file says and we cannot hold, or the other way round, is in [`Lost`]; what is
//! wrong is refused with its place.

mod coco;
mod csv;
mod json_lines;
mod label_studio;
mod pixels;
mod report;
mod yolo;
mod zip;

use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::config::LabelConfig;
use crate::finished::Finished;
use crate::new_task::{Given, NewTask, Prediction};
use crate::{Error, Result};

pub use report::Lost;
pub(crate) use report::Report;
pub use zip::{pack, unpack};

/// A path with `/` between its parts, and what is in the file.
pub type File = (String, Vec<u8>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    JsonLines,
    Csv,
    LabelStudio,
    Coco,
    Yolo,
}

/// What answers count as that come without an annotator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsigned {
    /// A start for annotators; of no model.
    Prediction,
    /// The known answer.
    Gold,
    /// The answer of this person.
    AnswerOf(String),
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    pub tasks: Vec<NewTask>,
    pub lost: Vec<Lost>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub files: Vec<File>,
    pub lost: Vec<Lost>,
}

impl Unsigned {
    fn give(&self, task: &mut NewTask, answer: Answer) {
        match self {
            Self::Prediction => {
                task.predictions.push(Prediction { answer, score: None, model: String::new() });
            }
            Self::Gold => task.gold = Some(answer),
            Self::AnswerOf(person) => task.given.push(Given::by(person, Some(answer))),
        }
    }
}

impl Format {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::JsonLines => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
            Self::LabelStudio | Self::Coco => "application/json",
            Self::Yolo => "application/zip",
        }
    }
}

/// Reads tasks. All formats but YOLO are one file.
///
/// # Errors
/// [`Error::Invalid`] with the place in the file (`line 3.data.text`,
/// `annotations[5].bbox`) and what is wrong.
pub fn read(
    format: Format,
    config: &LabelConfig,
    unsigned: &Unsigned,
    files: &[File],
) -> Result<Read> {
    let mut report = Report::default();
    let tasks = match format {
        Format::Yolo => yolo::read(config, unsigned, files, &mut report)?,
        _ => {
            let [(_, bytes)] = files else {
                let hint = "send one file of this format";
                return Err(Error::invalid("file", format!("there are {}", files.len()), hint));
            };
            match format {
                Format::JsonLines => json_lines::read(config, bytes)?,
                Format::Csv => csv::read(config, unsigned, bytes)?,
                Format::LabelStudio => label_studio::read(config, bytes, &mut report)?,
                Format::Coco | Format::Yolo => coco::read(config, unsigned, bytes, &mut report)?,
            }
        }
    };
    Ok(Read { tasks, lost: report.lost() })
}

/// Writes finished work.
///
/// # Errors
/// [`Error::Invalid`] for a format that does not go with the kind of work.
pub fn write(format: Format, config: &LabelConfig, finished: &[Finished]) -> Result<Written> {
    let mut report = Report::default();
    let one = |name: &str, bytes: Vec<u8>| vec![(name.to_owned(), bytes)];
    let files = match format {
        Format::JsonLines => one("tasks.jsonl", json_lines::write(finished)),
        Format::Csv => one("tasks.csv", csv::write(config, finished, &mut report)?),
        Format::LabelStudio => {
            one("label-studio.json", label_studio::write(config, finished, &mut report))
        }
        Format::Coco => one("coco.json", coco::write(config, finished, &mut report)?),
        Format::Yolo => yolo::write(config, finished, &mut report)?,
    };
    Ok(Written { files, lost: report.lost() })
}

/// UTF-8, without the mark that some editors put first.
fn utf8<'a>(field: &str, bytes: &'a [u8]) -> Result<&'a str> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let hint = "save the file as UTF-8";
        Error::invalid(field, format!("byte {} is not UTF-8", error.valid_up_to()), hint)
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}
