//! Follows one job to its end: the log of each attempt, then the exit code.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use dais_api::conditions::{self, READY};
use dais_api::{Phase, TrainingJob};
use futures::{AsyncBufReadExt, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};

use crate::cli::Target;
use crate::client::Connection;
use crate::language::say;

/// Exit code of a job that ended without one of its own.
const NO_EXIT_CODE: u8 = 125;

pub async fn to_the_end(connection: &Connection, target: &Target, job: &str) -> Result<ExitCode> {
    let client = connection.kube(&target.project)?;
    tokio::select! {
        code = watch_job(&client, &target.project, job) => code,
        _ = tokio::signal::ctrl_c() => {
            eprintln!(
                "{} `dais logs -f {job}`, `dais delete trainingjob {job}`",
                say("the job goes on without this terminal:", "任务将继续运行："),
            );
            Ok(ExitCode::from(130))
        }
    }
}

async fn watch_job(client: &Client, project: &str, name: &str) -> Result<ExitCode> {
    let jobs = Api::<TrainingJob>::namespaced(client.clone(), project);
    let only = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut changes = watcher(jobs, only).default_backoff().touched_objects().boxed();
    let mut followed = None;
    let mut said = String::new();
    let mut warned = false;
    while let Some(job) = changes.try_next().await.context("watching the job")? {
        if job.metadata.deletion_timestamp.is_some() {
            bail!("the job was deleted");
        }
        let status = job.status.clone().unwrap_or_default();
        let phase = status.phase.unwrap_or_default();
        warn_once(&status, &mut warned);
        let started = phase == Phase::Running || phase.is_final();
        if let Some(pod) = status.pod_name.clone().filter(|_| started)
            && followed.as_ref() != Some(&pod)
        {
            print_log(client, project, &pod).await?;
            followed = Some(pod);
        }
        let ready = conditions::find(&status.conditions, READY);
        let why = ready.map(|ready| ready.message.clone()).unwrap_or_default();
        if phase.is_final() {
            return Ok(finish(&status, phase, &why));
        }
        if !started && why != said {
            eprintln!("{why}");
            said = why;
        }
    }
    bail!("the platform ended the watch; `dais logs -f {name}` goes on")
}

/// A version that should not be used any more is told of, and runs.
fn warn_once(status: &dais_api::TrainingJobStatus, warned: &mut bool) {
    let Some(algorithm) = status.algorithm.as_ref().filter(|_| !*warned) else { return };
    if let Some(why) = &algorithm.deprecated {
        let is = say("is deprecated:", "已弃用：");
        eprintln!(
            "{}: {}@{} {is} {why}",
            say("warning", "警告"),
            algorithm.name,
            algorithm.version
        );
        *warned = true;
    }
}

async fn print_log(client: &Client, project: &str, pod: &str) -> Result<()> {
    let follow = LogParams { follow: true, ..LogParams::default() };
    let pods = Api::<Pod>::namespaced(client.clone(), project);
    let log = match pods.log_stream(pod, &follow).await {
        Ok(log) => log,
        // A container that never started has no log; the condition says why.
        Err(kube::Error::Api(refusal)) if refusal.code == 400 || refusal.code == 404 => {
            return Ok(());
        }
        Err(error) => return Err(error).context("reading the log"),
    };
    let mut lines = log.lines();
    while let Some(line) = lines.try_next().await.context("reading the log")? {
        println!("{line}");
    }
    Ok(())
}

fn finish(status: &dais_api::TrainingJobStatus, phase: Phase, why: &str) -> ExitCode {
    for model in &status.models {
        eprintln!("{} models:/{}/{}", say("made", "产出"), model.name, model.version);
    }
    if phase == Phase::Succeeded {
        return ExitCode::SUCCESS;
    }
    eprintln!("{}: {why}", say("failed", "失败"));
    let code = status.exit_code.and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.filter(|code| *code != 0).unwrap_or(NO_EXIT_CODE))
}
