//! JSON Lines: a task a line, as [`NewTask`] has it, with `answer`, the one that stands for
//! the task. Reading leaves `answer` out, since it follows from the rest.

use std::io::Write;

use serde::Serialize;
use serde_json::Value;

use super::utf8;
use crate::answer::Answer;
use crate::config::LabelConfig;
use crate::finished::Finished;
use crate::new_task::NewTask;
use crate::{Error, Result};

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    task: NewTask,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<&'a Answer>,
}

pub(super) fn write(finished: &[Finished]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for one in finished {
        let line = Line { task: one.as_new(), answer: one.chosen() };
        serde_json::to_writer(&mut bytes, &line).expect("our own types are JSON");
        bytes.write_all(b"\n").expect("memory takes all");
    }
    bytes
}

pub(super) fn read(config: &LabelConfig, bytes: &[u8]) -> Result<Vec<NewTask>> {
    let mut tasks = Vec::new();
    for (at, line) in utf8("file", bytes)?.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let place = format!("line {}", at + 1);
        let wrong = |error: String| {
            let hint = "write {\"key\": …, \"data\": {…}} on each line";
            Error::invalid(place.clone(), error, hint)
        };
        let mut value: Value = serde_json::from_str(line).map_err(|e| wrong(e.to_string()))?;
        if let Some(object) = value.as_object_mut() {
            object.remove("answer");
        }
        let task: NewTask =
            serde_path_to_error::deserialize(value).map_err(|e| wrong(e.to_string()))?;
        task.validate(config).map_err(|error| error.within(&place))?;
        tasks.push(task);
    }
    Ok(tasks)
}
