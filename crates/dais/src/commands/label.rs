//! `dais label`: how far labelling is, and tasks and answers in other people's formats.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::ValueEnum;
use dais_api::LabelingProject;
use kube::Api;
use kube::api::{Patch, PatchParams};
use reqwest::Method;
use serde_json::{Value, json};

use super::upload::ensure_dataset;
use crate::cli::{Format, Label, LabelFormat, Target};
use crate::client::{self, Connection};
use crate::language::say;
use crate::output::{Table, print};

pub async fn run(target: &Target, action: Label) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let at = |name: &str, rest: &str| format!("/labeling/p/{}/{name}{rest}", target.project);
    match action {
        Label::Show { name } => {
            let statistics: Value = connection.get(&at(&name, "/statistics")).await?;
            match target.output {
                Format::Table => show(&statistics)?,
                format => print(format, &statistics, || people(&statistics))?,
            }
        }
        Label::Import { name, file, format, gold } => {
            let bytes =
                std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            let unsigned = if gold { "gold" } else { "prediction" };
            let path = at(&name, &format!("/tasks?format={}&unsigned={unsigned}", word(format)));
            let request = connection.request(Method::POST, &path).body(bytes);
            let taken: Value = client::answer(request).await?;
            println!(
                "{}: {} {}, {} {}",
                name,
                taken["new"],
                say("new tasks", "个新任务"),
                taken["known"],
                say("known before", "个已存在")
            );
            lost(&taken["lost"]);
        }
        Label::Predict { name, service, stop, again } => {
            let works = Api::<LabelingProject>::namespaced(
                connection.kube(&target.project)?,
                &target.project,
            );
            let wanted = match &service {
                Some(service) => json!({"service": service, "suspend": stop}),
                None => json!({"suspend": stop}),
            };
            let patch = Patch::Merge(json!({"spec": {"preannotation": wanted}}));
            works
                .patch(&name, &PatchParams::default(), &patch)
                .await
                .with_context(|| format!("changing labelling project {name}"))?;
            if again {
                let none = json!({});
                let _: Value = connection.post(&at(&name, "/predictions/again"), &none).await?;
            }
            let path = at(&name, "/predictions");
            predictions(&connection.get::<Value>(&path).await?);
        }
        Label::Export { name, format, to } => {
            let query = format!("?format={}", word(format));
            let report: Value =
                connection.get(&at(&name, &format!("/export/report{query}"))).await?;
            let request = connection.request(Method::GET, &at(&name, &format!("/export{query}")));
            let bytes = client::send(request).await?.bytes().await?;
            write(&to, &bytes)?;
            println!("{} ({} {})", to.display(), bytes.len(), say("bytes", "字节"));
            lost(&report["lost"]);
        }
        Label::Publish { name, dataset, format } => {
            ensure_dataset(&connection, target, &dataset).await?;
            let body = json!({"dataset": dataset, "format": word(format)});
            let made: Value = connection.post(&at(&name, "/publish"), &body).await?;
            let version = made["version"]["name"].as_str().unwrap_or_default();
            println!("{dataset}@{version}");
            lost(&made["lost"]);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// How far a model is.
fn predictions(found: &Value) {
    for (key, words) in [
        ("predicted", say("tasks with a prediction", "个任务已有预测")),
        ("waiting", say("to be asked", "个待预测")),
        ("failed", say("given up", "个已放弃")),
    ] {
        println!("{} {words}", found[key]);
    }
    if let Some(reason) = found["reason"].as_str() {
        println!("{} {reason}", say("last failure:", "最近一次失败："));
    }
}

fn word(format: LabelFormat) -> String {
    format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn write(to: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(to, bytes).with_context(|| format!("writing {}", to.display()))
}

/// What the format could not hold.
fn lost(lost: &Value) {
    for one in lost.as_array().into_iter().flatten() {
        let text = |key: &str| one[key].as_str().unwrap_or_default();
        let (what, first) = (text("what"), text("first"));
        let said = say("not held by the format:", "该格式无法保存：");
        eprintln!("{said} {what} × {} ({first})", one["count"]);
    }
}

fn show(statistics: &Value) -> Result<()> {
    let progress = &statistics["progress"];
    println!(
        "{} {} {} {}",
        progress["done"],
        say("of", "/"),
        progress["tasks"],
        say("tasks done", "个任务已完成")
    );
    if progress["toReview"].as_i64().unwrap_or_default() > 0 {
        println!("{} {}", progress["toReview"], say("answers to review", "个答案待审核"));
    }
    print(Format::Table, statistics, || people(statistics))
}

fn people(statistics: &Value) -> Table {
    let empty = say("nobody has answered yet", "还没有人作答");
    let head = ["ANNOTATOR", "ANSWERS", "SKIPPED", "ACCEPTED", "CORRECTED", "REJECTED", "MEDIAN S"];
    let mut table = Table::new(&head, empty);
    for one in statistics["annotators"].as_array().into_iter().flatten() {
        let number = |key: &str| one[key].as_f64().map_or(String::new(), |n| format!("{n}"));
        let mut row = vec![one["annotator"].as_str().unwrap_or_default().to_owned()];
        row.extend(["answers", "skipped", "accepted", "corrected", "rejected"].map(number));
        row.push(one["medianSeconds"].as_f64().map_or(String::new(), |n| format!("{n:.1}")));
        table.row(row);
    }
    table
}
