//! `dais status`: whether the platform answers and what it runs.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Result;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::{Api, ResourceExt};
use serde::Serialize;
use serde_json::Value;

use crate::cli::Target;
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};
use crate::platform::engines::Health;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    url: String,
    /// Where buckets are; empty for those who may not see the project's.
    s3_url: String,
    version: String,
    nodes: Vec<NodeReport>,
    pods_running: usize,
    pods_waiting: usize,
    /// Engines that are not ours; empty without any, and for those who may not see.
    engines: Vec<Health>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeReport {
    name: String,
    ready: bool,
    /// Conditions that a person should know of, in words.
    notes: Vec<String>,
    /// What pods may ask for, and how many there are.
    accelerators: BTreeMap<String, String>,
    /// What was found when accelerators were looked for.
    accelerators_note: String,
}

pub async fn run(target: &Target) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let info: Value = connection.get("/api/info").await?;
    let client = connection.kube(&target.project)?;
    let nodes = Api::<Node>::all(client.clone()).list(&Default::default()).await?.items;
    let pods = Api::<Pod>::all(client).list(&Default::default()).await?.items;
    let in_phase = |wanted: &str| {
        let phase =
            |pod: &&Pod| pod.status.as_ref().and_then(|s| s.phase.as_deref()) == Some(wanted);
        pods.iter().filter(phase).count()
    };
    let keys = format!("/buckets/p/{}/keys", target.project);
    let s3: Value = connection.get(&keys).await.unwrap_or_default();
    let report = Report {
        url: connection.url.clone(),
        s3_url: s3["endpoint"].as_str().unwrap_or_default().to_owned(),
        version: info["version"].as_str().unwrap_or_default().to_owned(),
        nodes: nodes.iter().map(node).collect(),
        pods_running: in_phase("Running"),
        pods_waiting: in_phase("Pending"),
        engines: connection.get("/api/engines").await.unwrap_or_default(),
    };
    print(target.output, &report, || table(&report))?;
    let engines = report.engines.iter().all(|engine| engine.ok);
    let well = engines && report.nodes.iter().all(|node| node.ready) && !report.nodes.is_empty();
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn node(node: &Node) -> NodeReport {
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let capacity = node.status.iter().flat_map(|status| status.capacity.iter().flatten());
    let accelerators = capacity.filter(|(name, _)| name.contains('/'));
    let mut report = NodeReport {
        name: node.name_any(),
        ready: false,
        notes: Vec::new(),
        accelerators: accelerators.map(|(name, count)| (name.clone(), count.0.clone())).collect(),
        accelerators_note: String::new(),
    };
    for condition in conditions {
        if condition.type_ == "Ready" {
            report.ready = condition.status == "True";
        } else if condition.type_ == "AcceleratorsUnavailable" {
            report.accelerators_note = condition.message.clone().unwrap_or_default();
        } else if condition.status == "True" {
            let message = condition.message.clone().unwrap_or_default();
            report.notes.push(format!("{}: {message}", condition.type_));
        }
    }
    report
}

fn table(report: &Report) -> Table {
    let mut table = Table::new(&[say("PART", "组成"), say("STATE", "状态")], "");
    table.row(vec![say("portal", "门户").to_owned(), report.url.clone()]);
    if !report.s3_url.is_empty() {
        table.row(vec!["s3".to_owned(), report.s3_url.clone()]);
    }
    table.row(vec![say("version", "版本").to_owned(), report.version.clone()]);
    for node in &report.nodes {
        let state = if node.ready { say("ready", "就绪") } else { say("not ready", "未就绪") };
        table.row(vec![format!("{} {}", say("node", "节点"), node.name), state.to_owned()]);
        let word = say("accelerators", "加速卡");
        for (name, count) in &node.accelerators {
            table.row(vec![word.to_owned(), format!("{count} × {name}")]);
        }
        if !node.accelerators_note.is_empty() {
            table.row(vec![word.to_owned(), node.accelerators_note.clone()]);
        }
        for note in &node.notes {
            table.row(vec![String::new(), note.clone()]);
        }
    }
    let pods = format!(
        "{} {}, {} {}",
        report.pods_running,
        say("running", "运行中"),
        report.pods_waiting,
        say("waiting", "等待中")
    );
    table.row(vec![say("pods", "容器组").to_owned(), pods]);
    for Health { engine, ok, found } in &report.engines {
        let state =
            if *ok { say("answers", "正常应答") } else { say("does not answer", "无应答") };
        table.row(vec![engine.clone(), format!("{state}: {found}")]);
    }
    table
}
