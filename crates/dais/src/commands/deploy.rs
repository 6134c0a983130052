//! `dais deploy`: serves a model version and waits until it answers.

use std::process::ExitCode;

use anyhow::{Context, Result};
use dais_api::traffic::Record;
use dais_api::{InferenceService, InferenceServiceSpec, ModelReference, ModelServer, labels};
use kube::Api;
use kube::api::{Patch, PatchParams};

use super::{ready, run, serving};
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
    let scale = args.scale.as_deref();
    let autoscaling = scale.map(|range| serving::autoscaling(range, args.concurrency, args.idle));
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
        autoscaling: autoscaling.transpose()?,
        rollout: serving::rollout(args.canary, args.step, args.min_requests),
        record: args.record.map(|percent| Record { percent, ..Record::default() }),
        environment: args.environment,
        ..InferenceServiceSpec::default()
    })
}
