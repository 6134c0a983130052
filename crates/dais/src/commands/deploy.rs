//! `dais deploy`: serves a model version and waits until it answers.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use dais_api::conditions::{self, READY, reason};
use dais_api::{InferenceService, InferenceServiceSpec, ModelReference, labels};
use futures::{StreamExt, TryStreamExt};
use kube::Api;
use kube::api::{Patch, PatchParams};
use kube::runtime::{WatchStreamExt, watcher};

use crate::cli::{Deploy, Target};
use crate::client::Connection;
use crate::language::say;

const OWNER: &str = "dais-cli";

/// Reasons that waiting does not mend.
const HOPELESS: &[&str] = &[reason::INVALID, reason::MODEL_NOT_FOUND, reason::POD_REFUSED];

pub async fn run(target: &Target, args: Deploy) -> Result<ExitCode> {
    let model: ModelReference = args.model.parse()?;
    let connection = Connection::open(target)?;
    let client = connection.kube(&target.project)?;
    let name = args.name.unwrap_or_else(|| labels::label_value(&model.name));
    let spec = InferenceServiceSpec {
        model: args.model,
        replicas: args.replicas,
        environment: args.environment,
        ..InferenceServiceSpec::default()
    };
    let services = Api::<InferenceService>::namespaced(client, &target.project);
    let wanted = InferenceService::new(&name, spec);
    let applied = services
        .patch(&name, &PatchParams::apply(OWNER).force(), &Patch::Apply(&wanted))
        .await
        .context("deploying the model")?;
    if !args.detach {
        wait(&services, &name, applied.metadata.generation).await?;
    }
    let origin = connection.serve_url.unwrap_or_default();
    println!("{origin}/serve/{}/{name}/v2/models/{}", target.project, model.name);
    Ok(ExitCode::SUCCESS)
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
