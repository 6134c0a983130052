//! Label Studio's to ours.

use serde_json::{Map, Value};

use super::KEY;
use super::regions::answer;
use crate::answer::Answer;
use crate::config::{LabelConfig, shown};
use crate::formats::{Report, utf8};
use crate::new_task::{Given, NewTask, Prediction};
use crate::{Error, Result};

/// Members of a task and of an annotation that say nothing about the work, or that follow
/// from the rest: leaving them out loses nothing.
const OF_TASKS: [&str; 19] = [
    "id",
    "data",
    "meta",
    "annotations",
    "predictions",
    "created_at",
    "updated_at",
    "inner_id",
    "project",
    "file_upload",
    "total_annotations",
    "cancelled_annotations",
    "total_predictions",
    "comment_count",
    "unresolved_comment_count",
    "last_comment_updated_at",
    "updated_by",
    "comment_authors",
    "drafts",
];
const OF_ANNOTATIONS: [&str; 19] = [
    "id",
    "result",
    "completed_by",
    "was_cancelled",
    "ground_truth",
    "created_at",
    "updated_at",
    "lead_time",
    "result_count",
    "task",
    "project",
    "unique_id",
    "updated_by",
    "draft_created_at",
    "import_id",
    "last_action",
    "bulk_created",
    "last_created_by",
    "prediction",
];
const OF_PREDICTIONS: [&str; 13] = [
    "id",
    "result",
    "score",
    "model_version",
    "created_at",
    "updated_at",
    "created_ago",
    "task",
    "project",
    "cluster",
    "neighbors",
    "mislabeling",
    "model",
];

pub(in crate::formats) fn read(
    config: &LabelConfig,
    bytes: &[u8],
    report: &mut Report,
) -> Result<Vec<NewTask>> {
    let wrong = |error: String| {
        let hint = "export the project as JSON, not JSON-MIN";
        Error::invalid("file", error, hint)
    };
    let text = utf8("file", bytes)?;
    let tasks: Vec<Value> = serde_json::from_str(text).map_err(|e| wrong(e.to_string()))?;
    let mut read = Vec::with_capacity(tasks.len());
    for (at, value) in tasks.iter().enumerate() {
        let place = format!("[{at}]");
        let task = task(config, value, &place, report)?;
        task.validate(config).map_err(|error| error.within(&place))?;
        read.push(task);
    }
    Ok(read)
}

fn leave_out(value: &Value, known: &[&str], of: &str, place: &str, report: &mut Report) {
    for (key, member) in value.as_object().into_iter().flatten() {
        let empty = member.is_null() || member.as_array().is_some_and(Vec::is_empty);
        if !known.contains(&key.as_str()) && !empty {
            report.add(format!("'{}' of {of}", shown(key)), || place.to_owned());
        }
    }
}

fn task(config: &LabelConfig, value: &Value, place: &str, report: &mut Report) -> Result<NewTask> {
    leave_out(value, &OF_TASKS, "tasks", place, report);
    leave_out(&value["meta"], &[KEY], "a task's meta", place, report);
    if value["drafts"].as_array().is_some_and(|drafts| !drafts.is_empty()) {
        report.add("drafts", || place.to_owned());
    }
    let wrong = |member: &str, expected: &str| {
        let hint = "look at Label Studio's task format";
        Error::invalid(format!("{place}.{member}"), format!("is not {expected}"), hint)
    };
    let data: Map<String, Value> =
        value["data"].as_object().cloned().ok_or_else(|| wrong("data", "an object"))?;
    let key = match (value["meta"][KEY].as_str(), value["id"].as_i64()) {
        (Some(key), _) => key.to_owned(),
        (None, Some(id)) => id.to_string(),
        (None, None) => return Err(wrong("id", "a number")),
    };
    let mut task = NewTask { key, data, ..NewTask::default() };
    for (at, value) in list(value, "annotations").enumerate() {
        let place = format!("{place}.annotations[{at}]");
        annotation(config, value, &mut task, &place, report)?;
    }
    for (at, value) in list(value, "predictions").enumerate() {
        let place = format!("{place}.predictions[{at}]");
        leave_out(value, &OF_PREDICTIONS, "predictions", &place, report);
        let results = results(value, &place)?;
        if let Some(answer) = answer(config, &task.data, results, &place, report)? {
            let model = value["model_version"].as_str().unwrap_or_default().to_owned();
            task.predictions.push(Prediction { answer, score: value["score"].as_f64(), model });
        }
    }
    Ok(task)
}

fn list<'a>(value: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    value[member].as_array().into_iter().flatten()
}

fn results<'a>(value: &'a Value, place: &str) -> Result<&'a [Value]> {
    value["result"].as_array().map(Vec::as_slice).ok_or_else(|| {
        let hint = "look at Label Studio's task format";
        Error::invalid(format!("{place}.result"), "is not a list", hint)
    })
}

fn annotation(
    config: &LabelConfig,
    value: &Value,
    task: &mut NewTask,
    place: &str,
    report: &mut Report,
) -> Result<()> {
    leave_out(value, &OF_ANNOTATIONS, "annotations", place, report);
    let results = results(value, place)?;
    let skipped = value["was_cancelled"] == true;
    if skipped && !results.is_empty() {
        report.add("answers of skipped tasks", || place.to_owned());
    }
    let answer = match skipped {
        true => None,
        false => answer(config, &task.data, results, place, report)?,
    };
    if value["ground_truth"] == true && answer.is_some() {
        match (&task.gold, &answer) {
            (Some(known), Some(answer)) if known != answer => {
                report.add("further known answers of a task", || place.to_owned());
            }
            _ => task.gold = answer.clone(),
        }
    }
    let Some(annotator) = completed_by(&value["completed_by"], place)? else {
        if value["ground_truth"] != true {
            report.add("annotations of nobody", || place.to_owned());
        }
        return Ok(());
    };
    if answer.is_none() && !skipped {
        report.add("annotations without an answer", || place.to_owned());
        return Ok(());
    }
    if task.given.iter().any(|given| given.annotator == annotator) {
        report.add("further annotations of an annotator", || place.to_owned());
        return Ok(());
    }
    task.given.push(given(value, &annotator, answer));
    Ok(())
}

fn given(value: &Value, annotator: &str, answer: Option<Answer>) -> Given {
    let created = value["created_at"].as_str().and_then(|at| at.parse().ok());
    Given {
        time: created.map_or(0, jiff::Timestamp::as_millisecond),
        seconds: value["lead_time"].as_f64().unwrap_or_default(),
        ..Given::by(annotator, answer)
    }
}

/// A number, a name, `{"email": …}` or `{"id": …}`.
fn completed_by(value: &Value, place: &str) -> Result<Option<String>> {
    match value {
        Value::Null => Ok(None),
        Value::Number(id) => Ok(Some(id.to_string())),
        Value::String(name) => Ok(Some(name.clone())),
        value => {
            let named = value["email"].as_str().map(str::to_owned);
            let named = named.or_else(|| value["id"].as_i64().map(|id| id.to_string()));
            named.map(Some).ok_or_else(|| {
                let hint = "give a number, or an object with email or id";
                Error::invalid(format!("{place}.completed_by"), "names nobody", hint)
            })
        }
    }
}
