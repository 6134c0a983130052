//! `dais deploy`: serves a model version and waits until it answers.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use dais_api::conditions::{self, READY, reason};
use dais_api::traffic::Record;
use dais_api::{
    Autoscaling, InferenceService, InferenceServiceSpec, ModelReference, ModelServer, Rollout,
    labels,
};
use futures::{StreamExt, TryStreamExt};
use kube::Api;
use kube::api::{Patch, PatchParams};
use kube::runtime::{WatchStreamExt, watcher};

use super::run;
use crate::cli::{Deploy, Target};
use crate::client::Connection;
use crate::language::say;

const OWNER: &str = "dais-cli";

/// Reasons that waiting does not mend.
const HOPELESS: &[&str] = &[reason::INVALID, reason::MODEL_NOT_FOUND, reason::POD_REFUSED];

pub async fn run(target: &Target, args: Deploy) -> Result<ExitCode> {
    let model: Option<ModelReference> = args.model.as_ref().map(|text| text.parse()).transpose()?;
    let connection = Connection::open(target)?;
    let client = connection.kube(&target.project)?;
    let name = args.name.clone().or_else(|| Some(labels::label_value(&model.as_ref()?.name)));
    let name = name.context("--name: a service without a model needs one")?;
    let spec = spec(&connection, target, args.clone()).await?;
    let services = Api::<InferenceService>::namespaced(client, &target.project);
    let wanted = InferenceService::new(&name, spec);
    let applied = services
        .patch(&name, &PatchParams::apply(OWNER).force(), &Patch::Apply(&wanted))
        .await
        .context("deploying the service")?;
    if !args.detach {
        wait(&services, &name, applied.metadata.generation).await?;
    }
    let origin = connection.serve_url.unwrap_or_default();
    let path = match (&model, args.command.is_empty()) {
        (Some(model), true) => format!("v2/models/{}", model.name),
        _ => String::new(),
    };
    println!("{origin}/serve/{}/{name}/{path}", target.project);
    Ok(ExitCode::SUCCESS)
}

async fn spec(
    connection: &Connection,
    target: &Target,
    args: Deploy,
) -> Result<InferenceServiceSpec> {
    let code = match &args.code {
        Some(folder) => Some(run::upload_code(connection, target, folder).await?),
        None => None,
    };
    let autoscaling = args.scale.as_deref().map(|range| scaling(range, &args)).transpose()?;
    let rollout = (!args.canary.is_empty()).then(|| Rollout {
        steps: args.canary.clone(),
        step_seconds: args.step,
        min_requests: args.min_requests,
        max_failure_percent: None,
    });
    let server = (!args.command.is_empty()).then(|| ModelServer {
        command: args.command.clone(),
        code,
        port: args.port,
        ready_path: args.ready_path.clone(),
    });
    Ok(InferenceServiceSpec {
        model: args.model,
        server,
        replicas: args.replicas,
        autoscaling,
        rollout,
        record: args.record.map(|percent| Record { percent, ..Record::default() }),
        environment: args.environment,
        ..InferenceServiceSpec::default()
    })
}

/// `0..4`
fn scaling(range: &str, args: &Deploy) -> Result<Autoscaling> {
    let ends = range.split_once("..").and_then(|(min, max)| {
        Some((min.trim().parse::<i32>().ok()?, max.trim().parse::<i32>().ok()?))
    });
    let Some((min_replicas, max_replicas)) = ends else {
        bail!("--scale {range:?}: write min..max, for example 0..4");
    };
    Ok(Autoscaling {
        min_replicas,
        max_replicas,
        concurrency: args.concurrency,
        idle_seconds: args.idle,
    })
}

async fn wait(services: &Api<InferenceService>, name: &str, generation: Option<i64>) -> Result<()> {
    let only = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut changes = watcher(services.clone(), only).default_backoff().touched_objects().boxed();
    let mut said = String::new();
    while let Some(service) = changes.try_next().await.context("watching the service")? {
        if service.metadata.deletion_timestamp.is_some() {
            bail!("the service was deleted");
        }
        let status = service.status.unwrap_or_default();
        let Some(ready) = conditions::find(&status.conditions, READY) else { continue };
        if status.observed_generation < generation {
            continue;
        }
        if ready.status == "True" {
            return Ok(());
        }
        if HOPELESS.contains(&ready.reason.as_str()) {
            bail!("{}", ready.message);
        }
        if ready.message != said {
            eprintln!("{}: {}", say("not ready", "未就绪"), ready.message);
            said.clone_from(&ready.message);
        }
    }
    bail!("the platform ended the watch; `dais get inferenceservices` says how it stands")
}
