//! Ours to Label Studio's.

use serde_json::{Map, Value, json};

use super::KEY;
use super::regions::results;
use crate::answer::{Answer, Side};
use crate::config::LabelConfig;
use crate::finished::Finished;
use crate::formats::Report;
use crate::task::{Turn, TurnState};

pub(in crate::formats) fn write(
    config: &LabelConfig,
    finished: &[Finished],
    report: &mut Report,
) -> Vec<u8> {
    let keys: Option<Vec<i64>> = finished.iter().map(|one| as_id(&one.task.key)).collect();
    let mut tasks = Vec::with_capacity(finished.len());
    let mut annotations = 0;
    for (at, one) in finished.iter().enumerate() {
        let mut task = task(config, one, report);
        // Numbers of ours where a key is none, since each task needs one of its own.
        task["id"] = keys.as_ref().map_or(one.task.task, |keys| keys[at]).into();
        if keys.is_none() {
            task["meta"] = json!({ KEY: one.task.key });
        }
        for annotation in task["annotations"].as_array_mut().into_iter().flatten() {
            annotations += 1;
            annotation["id"] = annotations.into();
        }
        tasks.push(task);
    }
    let tasks = Value::Array(tasks);
    let mut bytes = serde_json::to_vec_pretty(&tasks).expect("values are JSON");
    bytes.push(b'\n');
    bytes
}

/// A key that is a task's number, as Label Studio has them.
fn as_id(key: &str) -> Option<i64> {
    key.parse().ok().filter(|id: &i64| *id >= 0 && id.to_string() == key)
}

fn task(config: &LabelConfig, one: &Finished, report: &mut Report) -> Value {
    let mut task = Map::new();
    let key = &one.task.key;
    task.insert("data".to_owned(), one.task.data.clone().into());
    let place = || format!("task {key}");
    let mut annotations = Vec::new();
    let mut known = one.task.gold.as_ref();
    for turn in &one.turns {
        let is_known = known.is_some() && turn.answer.as_ref() == known;
        if let Some(annotation) = annotation(config, one, turn, is_known, report) {
            known = known.filter(|_| !is_known);
            annotations.push(annotation);
        }
        if turn.state.reviewed() {
            report.add("review decisions and comments", place);
        }
        if turn.state == TurnState::Corrected && turn.correction.is_some() {
            let corrected = Turn {
                annotator: turn.reviewer.clone(),
                answer: turn.correction.clone(),
                submitted: turn.reviewed,
                leased: turn.reviewed,
                state: TurnState::Submitted,
                ..turn.clone()
            };
            annotations.extend(annotation(config, one, &corrected, false, report));
        }
    }
    if let Some(gold) = known.filter(|gold| holds(gold, report, place)) {
        annotations.push(json!({
            "result": results(config, &one.task.data, gold),
            "was_cancelled": false,
            "ground_truth": true,
        }));
    }
    task.insert("annotations".to_owned(), annotations.into());
    let mut predictions = Vec::new();
    for prediction in &one.task.predictions {
        if holds(&prediction.answer, report, place) {
            let mut value = json!({
                "model_version": prediction.model,
                "result": results(config, &one.task.data, &prediction.answer),
            });
            if let Some(score) = prediction.score {
                value["score"] = score.into();
            }
            predictions.push(value);
        }
    }
    task.insert("predictions".to_owned(), predictions.into());
    Value::Object(task)
}

/// Whether the format has a place for an answer.
fn holds(answer: &Answer, report: &mut Report, place: impl Fn() -> String) -> bool {
    // A size stands with each shape.
    let sized = match answer {
        Answer::Boxes(drawing) => drawing.shapes.is_empty() && drawing.size.is_some(),
        Answer::Polygons(drawing) => drawing.shapes.is_empty() && drawing.size.is_some(),
        _ => false,
    };
    if sized {
        report.add("sizes of images on which nothing is drawn", &place);
    }
    let tie = *answer == Answer::Preference(Side::Tie);
    if tie {
        report.add("answers that are a tie", place);
    }
    !tie
}

fn annotation(
    config: &LabelConfig,
    one: &Finished,
    turn: &Turn,
    ground_truth: bool,
    report: &mut Report,
) -> Option<Value> {
    let place = || format!("task {}", one.task.key);
    let skipped = turn.state == TurnState::Skipped;
    if skipped && !turn.reason.is_empty() {
        report.add("reasons of skips", place);
    }
    let answer = turn.answer.as_ref().filter(|_| !skipped);
    if !skipped && !holds(answer?, report, place) {
        return None;
    }
    let took = turn.submitted.saturating_sub(turn.leased).max(0);
    let by = match as_id(&turn.annotator) {
        Some(id) => id.into(),
        None => json!({ "email": turn.annotator }),
    };
    let created = jiff::Timestamp::from_millisecond(turn.submitted).ok();
    Some(json!({
        "completed_by": by,
        "result": answer.map(|answer| results(config, &one.task.data, answer)).unwrap_or_default(),
        "was_cancelled": skipped,
        "ground_truth": ground_truth,
        "created_at": created.map(|at| at.to_string()),
        "lead_time": took as f64 / 1000.0,
    }))
}
