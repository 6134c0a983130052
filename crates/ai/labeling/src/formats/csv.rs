//! CSV: a row for each answer, or one without for a task that has none; rows of one key are
//! one task.
//!
//! Columns of ours are [`OURS`]; every other is a field of the task's data, and one that is
//! called as ours or begins with `data.` is written `data.<field>`. An answer is its label
//! where it is one, else JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Report, Unsigned, utf8};
use crate::answer::{Answer, Side};
use crate::config::{LabelConfig, shown};
use crate::finished::Finished;
use crate::new_task::{Given, NewTask, Prediction};
use crate::task::json;
use crate::{Error, Result};

const OURS: [&str; 11] = [
    "key",
    "annotator",
    "answer",
    "reason",
    "time",
    "seconds",
    "reviewer",
    "reviewed",
    "comment",
    "correction",
    "gold",
];
const PREDICTIONS: &str = "predictions";
const DATA: &str = "data.";

fn is_ours(name: &str) -> bool {
    OURS.contains(&name) || name == PREDICTIONS
}

/// Counts lines up to where records begin. The reader's own count lags behind where lines
/// end with two characters.
#[derive(Default)]
struct Lines {
    counted: usize,
    passed: usize,
}

impl Lines {
    /// The line of a record, which is not before the one asked for last.
    fn of(&mut self, text: &str, at: &csv::Position) -> usize {
        let bytes = text.as_bytes();
        let end = usize::try_from(at.byte()).unwrap_or(usize::MAX).min(bytes.len());
        let before = bytes.get(self.counted..end).unwrap_or_default();
        self.passed += before.iter().filter(|byte| **byte == b'\n').count();
        self.counted = end.max(self.counted);
        self.passed + 1 + usize::from(bytes.get(end) == Some(&b'\n'))
    }
}

fn broken(text: &str, error: &csv::Error) -> Error {
    let place = error.position().map(|at| format!("line {}", Lines::default().of(text, at)));
    let problem = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} cells, and the first line has {expected_len}")
        }
        _ => error.to_string(),
    };
    let hint = "give every row as many cells as the first, and quote those with commas";
    Error::invalid(place.unwrap_or_else(|| "file".to_owned()), problem, hint)
}

pub(super) fn write(
    config: &LabelConfig,
    finished: &[Finished],
    report: &mut Report,
) -> Result<Vec<u8>> {
    let mut fields: Vec<&str> = config.fields();
    let mut known: BTreeSet<&str> = fields.iter().copied().collect();
    for one in finished {
        fields.extend(one.task.data.keys().map(String::as_str).filter(|key| known.insert(*key)));
    }
    let column = |field: &&str| match is_ours(field) || field.starts_with(DATA) {
        true => format!("{DATA}{field}"),
        false => (*field).to_owned(),
    };
    let mut head: Vec<String> = vec![OURS[0].to_owned()];
    head.extend(fields.iter().map(column));
    head.extend(OURS[1..].iter().map(|name| (*name).to_owned()));
    head.push(PREDICTIONS.to_owned());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&head).map_err(|error| broken("", &error))?;
    for one in finished {
        let task = one.as_new();
        let mut start = vec![task.key.clone()];
        start.extend(fields.iter().map(|field| match task.data.get(*field) {
            Some(Value::String(text)) => text.clone(),
            None => String::new(),
            Some(other) => {
                let what = "types of data: numbers and lists come back as texts";
                report.add(what, || format!("task {}: {field}", task.key));
                other.to_string()
            }
        }));
        let known = task.gold.as_ref().map(cell).unwrap_or_default();
        let predictions = match task.predictions.is_empty() {
            true => String::new(),
            false => json(&task.predictions),
        };
        let end = [known, predictions];
        let mut rows: Vec<Vec<String>> = task.given.iter().map(given_cells).collect();
        if rows.is_empty() {
            rows.push(vec![String::new(); 9]);
        }
        for row in rows {
            let record = start.iter().chain(&row).chain(&end);
            writer.write_record(record).map_err(|error| broken("", &error))?;
        }
    }
    writer.into_inner().map_err(|error| Error::Write { what: "CSV", source: error.into_error() })
}

fn given_cells(given: &Given) -> Vec<String> {
    let number = |number: i64| if number == 0 { String::new() } else { number.to_string() };
    let answer = |answer: &Option<Answer>| answer.as_ref().map(cell).unwrap_or_default();
    vec![
        given.annotator.clone(),
        answer(&given.answer),
        given.reason.clone(),
        number(given.time),
        given.seconds.to_string(),
        given.reviewer.clone(),
        number(given.reviewed),
        given.comment.clone(),
        answer(&given.correction),
    ]
}

/// A single label as it is, unless it looks like JSON or is empty.
fn cell(answer: &Answer) -> String {
    match answer {
        Answer::Choices(choices) => match choices.as_slice() {
            [choice] if !choice.starts_with(['{', '[', '"']) => choice.clone(),
            choices => json(&choices),
        },
        Answer::Preference(side) => side.word().to_owned(),
        other => json(other),
    }
}

fn uncell(config: &LabelConfig, text: &str) -> Result<Answer, String> {
    let wrong = |error: serde_json::Error| error.to_string();
    if config.kind.is_classification() {
        return match text.starts_with(['[', '{', '"']) {
            false => Ok(Answer::Choices(vec![text.to_owned()])),
            true => serde_json::from_str(text).map(Answer::Choices).map_err(wrong),
        };
    }
    match text {
        "left" => Ok(Answer::Preference(Side::Left)),
        "right" => Ok(Answer::Preference(Side::Right)),
        "tie" => Ok(Answer::Preference(Side::Tie)),
        text => serde_json::from_str(text).map_err(wrong),
    }
}

/// The cells of a row, by the names of its columns.
struct Row<'a> {
    config: &'a LabelConfig,
    head: &'a [String],
    cells: &'a csv::StringRecord,
    place: String,
}

impl Row<'_> {
    fn cell(&self, name: &str) -> &str {
        let at = self.head.iter().position(|column| column == name);
        at.and_then(|at| self.cells.get(at)).unwrap_or_default()
    }

    fn wrong(&self, name: &str, problem: String, hint: &str) -> Error {
        Error::invalid(format!("{}, column {name}", self.place), problem, hint)
    }

    fn answer(&self, name: &str) -> Result<Option<Answer>> {
        let text = self.cell(name);
        if text.is_empty() {
            return Ok(None);
        }
        let hint = "write a label, or an answer as JSON";
        uncell(self.config, text).map(Some).map_err(|error| self.wrong(name, error, hint))
    }

    fn number<T: std::str::FromStr + Default>(&self, name: &str) -> Result<T> {
        let text = self.cell(name);
        match text.is_empty() {
            true => Ok(T::default()),
            false => text.parse().map_err(|_| {
                self.wrong(name, format!("'{}' is no number", shown(text)), "write a number")
            }),
        }
    }

    fn given(&self) -> Result<Option<Given>> {
        let annotator = self.cell("annotator");
        if annotator.is_empty() {
            return Ok(None);
        }
        let seconds: f64 = self.number("seconds")?;
        Ok(Some(Given {
            reason: self.cell("reason").to_owned(),
            time: self.number("time")?,
            seconds: if seconds.is_finite() { seconds } else { 0.0 },
            reviewer: self.cell("reviewer").to_owned(),
            reviewed: self.number("reviewed")?,
            comment: self.cell("comment").to_owned(),
            correction: self.answer("correction")?,
            ..Given::by(annotator, self.answer("answer")?)
        }))
    }

    fn predictions(&self) -> Result<Vec<Prediction>> {
        let text = self.cell(PREDICTIONS);
        match text.is_empty() {
            true => Ok(Vec::new()),
            false => serde_json::from_str(text).map_err(|error| {
                self.wrong(PREDICTIONS, error.to_string(), "write a JSON list of predictions")
            }),
        }
    }

    fn task(&self) -> Result<NewTask> {
        let key = match self.cell("key") {
            "" => self.place.clone(),
            key => key.to_owned(),
        };
        let columns = self.head.iter().zip(self.cells).filter(|(column, _)| !is_ours(column));
        let data = columns
            .filter(|(_, cell)| !cell.is_empty())
            .map(|(column, cell)| (column.strip_prefix(DATA).unwrap_or(column), cell))
            .map(|(field, cell)| (field.to_owned(), Value::String(cell.to_owned())))
            .collect();
        let (gold, predictions) = (self.answer("gold")?, self.predictions()?);
        Ok(NewTask { key, data, gold, predictions, given: Vec::new() })
    }
}

pub(super) fn read(
    config: &LabelConfig,
    unsigned: &Unsigned,
    bytes: &[u8],
) -> Result<Vec<NewTask>> {
    let text = utf8("file", bytes)?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().map_err(|error| broken(text, &error))?;
    let head: Vec<String> = head.iter().map(|name| name.trim().to_owned()).collect();
    for (at, name) in head.iter().enumerate() {
        if head[..at].contains(name) {
            let problem = format!("column '{}' is there twice", shown(name));
            return Err(Error::invalid("line 1", problem, "name each column once"));
        }
    }
    let (mut tasks, mut places): (Vec<NewTask>, Vec<String>) = (Vec::new(), Vec::new());
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut lines = Lines::default();
    for cells in reader.records() {
        let cells = cells.map_err(|error| broken(text, &error))?;
        let line = cells.position().map_or(0, |at| lines.of(text, at));
        let row = Row { config, head: &head, cells: &cells, place: format!("line {line}") };
        let task = row.task()?;
        let at = *known.entry(task.key.clone()).or_insert(tasks.len());
        if at == tasks.len() {
            tasks.push(task);
            places.push(row.place.clone());
        } else if (&tasks[at].data, &tasks[at].gold) != (&task.data, &task.gold) {
            let problem = format!("'{}' was something else before", shown(&task.key));
            let hint = "rows of one key differ in their answers alone";
            return Err(row.wrong("key", problem, hint));
        }
        match (row.given()?, row.answer("answer")?) {
            (Some(given), _) => tasks[at].given.push(given),
            (None, Some(answer)) => unsigned.give(&mut tasks[at], answer),
            (None, None) => {}
        }
    }
    for (task, place) in tasks.iter().zip(&places) {
        task.validate(config).map_err(|error| error.within(place))?;
    }
    Ok(tasks)
}
