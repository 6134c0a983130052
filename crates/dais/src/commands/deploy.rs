//! `dais deploy`: serves a model version and waits until it answers.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use dais_api::traffic::Record;
use dais_api::{
    Autoscaling, InferenceService, InferenceServiceSpec, ModelReference, ModelServer, Rollout,
    labels,
};
use kube::Api;
use kube::api::{Patch, PatchParams};

use super::{ready, run};
use crate::cli::{Deploy, Target};
use crate::client::Connection;

const OWNER: &str = "dais-cli";

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
        let generation = applied.metadata.generation;
        ready::wait(&services, &name, generation, |service: InferenceService| {
            let status = service.status.unwrap_or_default();
            (status.observed_generation, status.conditions)
        })
        .await?;
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
pub fn range(text: &str) -> Result<(i32, i32)> {
    let ends = text.split_once("..").and_then(|(min, max)| {
        Some((min.trim().parse::<i32>().ok()?, max.trim().parse::<i32>().ok()?))
    });
    match ends {
        Some(ends) => Ok(ends),
        None => bail!("--scale {text:?}: write min..max, for example 0..4"),
    }
}

fn scaling(range: &str, args: &Deploy) -> Result<Autoscaling> {
    let (min_replicas, max_replicas) = self::range(range)?;
    Ok(Autoscaling {
        min_replicas,
        max_replicas,
        concurrency: args.concurrency,
        idle_seconds: args.idle,
    })
}
