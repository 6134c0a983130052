//! `dais logs`: the log of a job's newest attempt, a service's pods, an
//! environment's build, or a pod.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use dais_api::labels;
use futures::{AsyncBufReadExt, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, LogParams};
use kube::{Api, ResourceExt};

use crate::cli::{LogKind, Logs, Target};
use crate::client::Connection;

pub async fn run(target: &Target, args: Logs) -> Result<ExitCode> {
    let client = Connection::open(target)?.kube(&target.project)?;
    let pods = Api::<Pod>::namespaced(client, &target.project);
    let names = pods_of(&pods, &args).await?;
    let parameters =
        LogParams { follow: args.follow, tail_lines: args.tail, ..LogParams::default() };
    let several = names.len() > 1;
    let mut streams = Vec::new();
    for name in names {
        let log = pods.log_stream(&name, &parameters).await;
        let log = log.with_context(|| format!("reading the log of pod {name}"))?;
        let prefix = if several { format!("{name} ") } else { String::new() };
        streams.push(log.lines().map_ok(move |line| format!("{prefix}{line}")).boxed());
    }
    let mut lines = futures::stream::select_all(streams);
    while let Some(line) = lines.try_next().await.context("reading the log")? {
        println!("{line}");
    }
    Ok(ExitCode::SUCCESS)
}

async fn pods_of(pods: &Api<Pod>, args: &Logs) -> Result<Vec<String>> {
    let kind = match args.kind {
        LogKind::Pod => return Ok(vec![args.name.clone()]),
        LogKind::Job => "TrainingJob",
        LogKind::Service => "InferenceService",
        LogKind::Environment => "Environment",
    };
    let instance = labels::label_value(&args.name);
    let selector = format!("{}={kind},app.kubernetes.io/instance={instance}", labels::KIND);
    let listed = pods.list(&ListParams::default().labels(&selector)).await?;
    let mut found = listed.items;
    found.sort_by_key(|pod| std::cmp::Reverse(pod.creation_timestamp()));
    if args.kind != LogKind::Service {
        found.truncate(1);
    }
    if found.is_empty() {
        bail!(
            "{} {:?} has no pod; `dais get pods` lists pods, the portal keeps older logs",
            kind,
            args.name
        );
    }
    Ok(found.iter().map(ResourceExt::name_any).collect())
}
