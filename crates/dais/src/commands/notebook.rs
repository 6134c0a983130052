//! `dais notebook`: JupyterLab for the people of a project, and jobs out of it.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use dais_api::application::OwnClaim;
use dais_api::conditions::{self, READY, reason};
use dais_api::{CodeBundle, DatasetInput, NotebookSpec, TrainingJob, TrainingJobSpec};
use futures::TryStreamExt;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use serde::Deserialize;
use serde_json::json;

use super::limits::limits;
use super::{follow, run as job};
use crate::cli::{Notebook, NotebookOptions, Target};
use crate::client::Connection;
use crate::language::say;

type Notebooks = Api<dais_api::Notebook>;

/// Who writes the fields that the command line sets.
const MANAGER: &str = "dais";

pub async fn run(target: &Target, action: Notebook) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let notebooks = Notebooks::namespaced(connection.kube(&target.project)?, &target.project);
    match action {
        Notebook::Create(options) => create(&connection, &notebooks, options).await,
        Notebook::Start { name } => {
            stopped(&notebooks, &name, false).await?;
            wait(&connection, &notebooks, &name).await
        }
        Notebook::Stop { name } => {
            stopped(&notebooks, &name, true).await?;
            println!("{} {name}", say("stopped", "已停止"));
            Ok(ExitCode::SUCCESS)
        }
        Notebook::Run { name, path, queue, detach } => {
            submit(&connection, target, (&name, &path), queue, detach).await
        }
    }
}

async fn create(
    connection: &Connection,
    notebooks: &Notebooks,
    options: NotebookOptions,
) -> Result<ExitCode> {
    let spec = spec(&options)?;
    let wanted = dais_api::Notebook::new(&options.name, spec);
    let write = PatchParams::apply(MANAGER).force();
    notebooks
        .patch(&options.name, &write, &Patch::Apply(&wanted))
        .await
        .context("making the notebook")?;
    if options.detach {
        println!("{}", options.name);
        return Ok(ExitCode::SUCCESS);
    }
    wait(connection, notebooks, &options.name).await
}

fn spec(options: &NotebookOptions) -> Result<NotebookSpec> {
    let size = options.storage.clone().map(Quantity);
    Ok(NotebookSpec {
        environment: options.environment.clone(),
        requirements: options.requirements.clone(),
        storage: size.map(|size| OwnClaim { size, storage_class: None }),
        datasets: options.dataset.iter().map(|text| job::dataset(text)).collect::<Result<_>>()?,
        resources: limits(options.cpu.as_deref(), options.memory.as_deref(), options.gpus),
        idle_seconds: options.idle,
        ..NotebookSpec::default()
    })
}

async fn stopped(notebooks: &Notebooks, name: &str, stopped: bool) -> Result<()> {
    let patch = json!({"spec": {"stopped": stopped}});
    notebooks
        .patch(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .context("changing the notebook")?;
    Ok(())
}

/// Says how it goes until it is ready; its address then.
async fn wait(connection: &Connection, notebooks: &Notebooks, name: &str) -> Result<ExitCode> {
    let one = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut changes =
        std::pin::pin!(watcher(notebooks.clone(), one).default_backoff().touched_objects());
    let mut said = String::new();
    while let Some(notebook) = changes.try_next().await.context("following the notebook")? {
        if notebook.metadata.deletion_timestamp.is_some() {
            bail!("{name}: {}", say("it was deleted", "已被删除"));
        }
        let status = notebook.status.clone().unwrap_or_default();
        if status.observed_generation != notebook.metadata.generation {
            continue;
        }
        let Some(ready) = conditions::find(&status.conditions, READY) else { continue };
        if ready.status == "True" {
            let at = status.url.unwrap_or_default();
            println!("{}{at}", connection.serve_url.as_deref().unwrap_or_default());
            return Ok(ExitCode::SUCCESS);
        }
        let hopeless = [reason::INVALID, reason::ENVIRONMENT_NOT_FOUND, reason::DATASET_NOT_FOUND];
        if hopeless.contains(&ready.reason.as_str()) {
            eprintln!("{name}: {}", ready.message);
            return Ok(ExitCode::FAILURE);
        }
        if said != ready.message {
            eprintln!("{name}: {}", ready.message);
            said.clone_from(&ready.message);
        }
    }
    bail!("{}", say("the platform went away", "平台已停止"))
}

/// What the platform made of a notebook's file.
#[derive(Deserialize)]
struct Code {
    bundle: String,
    command: Vec<String>,
    environment: Option<String>,
    datasets: Vec<DatasetInput>,
}

async fn submit(
    connection: &Connection,
    target: &Target,
    (name, path): (&str, &str),
    queue: Option<String>,
    detach: bool,
) -> Result<ExitCode> {
    let at = format!("/notebooks/p/{}/{name}/code", target.project);
    let Code { bundle, command, environment, datasets } =
        connection.post(&at, &json!({"path": path})).await?;
    let generated = format!("{}-", job::name_of(&command));
    let spec = TrainingJobSpec {
        code: Some(CodeBundle { bundle }),
        command,
        environment,
        datasets,
        queue,
        ..TrainingJobSpec::default()
    };
    let mut wanted = TrainingJob::new("", spec);
    (wanted.metadata.name, wanted.metadata.generate_name) = (None, Some(generated));
    let jobs = Api::<TrainingJob>::namespaced(connection.kube(&target.project)?, &target.project);
    let made = jobs.create(&PostParams::default(), &wanted).await.context("submitting the job")?;
    let made = made.name_any();
    if detach {
        println!("{made}");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{} {made}", say("submitted", "已提交"));
    follow::to_the_end(connection, target, &made).await
}
