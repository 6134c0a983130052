//! `dais algorithm`: programs with parameters, in versions.

mod add;
mod create;
mod diff;
mod git;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use dais_api::conditions::{self, READY};
use dais_api::{Algorithm, Release, labels};
use k8s_openapi::api::apps::v1::ControllerRevision;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::{self, Target};
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};

pub async fn run(target: &Target, action: cli::Algorithm) -> Result<ExitCode> {
    if let cli::Algorithm::Library = action {
        add::list(target)?;
        return Ok(ExitCode::SUCCESS);
    }
    let connection = Connection::open(target)?;
    let client = connection.kube(&target.project)?;
    let all = Api::<Algorithm>::namespaced(client.clone(), &target.project);
    match action {
        cli::Algorithm::Create(args) => create::run(target, &connection, &all, *args).await?,
        cli::Algorithm::List => list(target, &connection, &all).await?,
        cli::Algorithm::Versions { name } => {
            let versions = versions(&client, &read(&all, &name).await?).await?;
            print(target.output, &versions, || table_of(&versions))?;
        }
        cli::Algorithm::Diff { name, from, to } => {
            let versions = versions(&client, &read(&all, &name).await?).await?;
            diff::run(target, &connection, (&versions, &from, &to)).await?;
        }
        cli::Algorithm::Deprecate { name, version, reason, undo: _ } => {
            deprecate(&all, &name, &version, reason).await?;
        }
        cli::Algorithm::Share { name, with, not_with } => {
            share(&all, &name, &with, &not_with).await?;
        }
        cli::Algorithm::Add { algorithm, name } => {
            add::run(target, &connection, &algorithm, name.as_deref()).await?;
        }
        cli::Algorithm::Library => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn read(all: &Api<Algorithm>, name: &str) -> Result<Algorithm> {
    all.get(name)
        .await
        .with_context(|| format!("reading {name:?}; `dais algorithm list` lists what there is"))
}

/// A version, for people and programs.
#[derive(Serialize)]
struct Version {
    name: String,
    time: Option<String>,
    deprecated: Option<String>,
    #[serde(flatten)]
    release: Release,
}

/// Newest first.
async fn versions(client: &Client, algorithm: &Algorithm) -> Result<Vec<Version>> {
    let labels = format!(
        "{}={},{}={}",
        labels::KIND,
        Algorithm::kind(&()),
        labels::INSTANCE,
        labels::label_value(&algorithm.name_any())
    );
    let project = algorithm.namespace().unwrap_or_default();
    let found = Api::<ControllerRevision>::namespaced(client.clone(), &project)
        .list(&ListParams::default().labels(&labels))
        .await
        .context("listing the versions")?;
    let uid = algorithm.uid().unwrap_or_default();
    let own = found
        .items
        .into_iter()
        .filter(|one| one.owner_references().iter().any(|owner| owner.uid == uid));
    let mut numbered: Vec<(i64, Version)> = own
        .map(|one| {
            let name = format!("v{}", one.revision);
            let time = one.creation_timestamp().map(|time| time.0.to_string());
            let data = one.data.map(|data| data.0).unwrap_or_default();
            let release = serde_json::from_value(data).context("reading a version")?;
            let deprecated = algorithm.spec.deprecation(&name).map(ToOwned::to_owned);
            Ok((one.revision, Version { name, time, deprecated, release }))
        })
        .collect::<Result<_>>()?;
    numbered.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    Ok(numbered.into_iter().map(|(_, version)| version).collect())
}

fn table_of(versions: &[Version]) -> Table {
    let empty = say("no version yet", "还没有版本");
    let mut table = Table::new(&["VERSION", "TIME", "WHO", "DEPRECATED", "WHAT CHANGED"], empty);
    for version in versions {
        let release = &version.release;
        let mut changed = release.cause.iter().chain(&release.changes);
        let first = changed.next().cloned().unwrap_or_default();
        table.row(vec![
            version.name.clone(),
            version.time.clone().unwrap_or_default(),
            release.by.clone(),
            version.deprecated.clone().unwrap_or_default(),
            first,
        ]);
        for line in changed {
            let blank = String::new();
            table.row(vec![blank.clone(), blank.clone(), blank.clone(), blank, line.clone()]);
        }
    }
    table
}

async fn list(target: &Target, connection: &Connection, all: &Api<Algorithm>) -> Result<()> {
    let mut own = all.list(&ListParams::default()).await.context("listing algorithms")?.items;
    own.sort_by_key(ResourceExt::name_any);
    let path = format!("/api/algorithms/{}/shared", target.project);
    let shared: Value = connection.get(&path).await.context("listing what is shared")?;
    let items = shared["algorithms"].as_array().cloned().unwrap_or_default();
    let whole = json!({"algorithms": own, "shared": items});
    print(target.output, &whole, || {
        let empty = say(
            "no algorithms yet: `dais algorithm add classification` puts one here",
            "还没有算法：`dais algorithm add classification` 可以添加一个",
        );
        let mut table = Table::new(&["NAME", "VERSION", "TITLE", "READY", "WHY"], empty);
        for one in &own {
            let status = one.status.clone().unwrap_or_default();
            let ready = conditions::find(&status.conditions, READY);
            table.row(vec![
                one.name_any(),
                status.latest.unwrap_or_default(),
                one.spec.title.clone().unwrap_or_default(),
                ready.map(|ready| ready.status.clone()).unwrap_or_default(),
                ready.map(|ready| ready.message.clone()).unwrap_or_default(),
            ]);
        }
        for one in &items {
            let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
            let newest = one["versions"][0]["name"].as_str().unwrap_or_default().to_owned();
            let shared = say("shared with this project", "由其他项目共享").to_owned();
            table.row(vec![text("name"), newest, text("title"), "True".to_owned(), shared]);
        }
        table
    })
}

/// Changes a list of the spec: read and written with its version, so that what another adds
/// meanwhile is not lost.
async fn change(
    all: &Api<Algorithm>,
    algorithm: &Algorithm,
    field: &str,
    value: impl Serialize,
) -> Result<()> {
    let name = algorithm.name_any();
    let patch = json!({
        "metadata": {"resourceVersion": algorithm.resource_version()},
        "spec": {field: value},
    });
    let changed = all.patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await;
    changed.map(drop).with_context(|| format!("changing algorithm {name:?}"))
}

async fn deprecate(
    all: &Api<Algorithm>,
    name: &str,
    version: &str,
    reason: Option<String>,
) -> Result<()> {
    let algorithm = read(all, name).await?;
    let status = algorithm.status.clone().unwrap_or_default();
    if !status.versions.iter().any(|one| one.name == version) {
        let newest = status.latest.unwrap_or_else(|| "none".to_owned());
        bail!("{name} has no version {version:?}; its newest is {newest}");
    }
    let mut deprecated = algorithm.spec.deprecated.clone();
    deprecated.retain(|one| one.version != version);
    let undone = reason.is_none();
    let version = version.to_owned();
    deprecated
        .extend(reason.map(|reason| dais_api::Deprecation { version: version.clone(), reason }));
    change(all, &algorithm, "deprecated", deprecated).await?;
    match undone {
        true => println!("{name}@{version} {}", say("may be used again", "已恢复使用")),
        false => println!("{name}@{version} {}", say("is deprecated", "已弃用")),
    }
    Ok(())
}

async fn share(
    all: &Api<Algorithm>,
    name: &str,
    with: &[String],
    not_with: &[String],
) -> Result<()> {
    let algorithm = read(all, name).await?;
    let mut projects = algorithm.spec.shared_with.clone();
    projects.retain(|project| !not_with.contains(project) && !with.contains(project));
    projects.extend(with.iter().cloned());
    projects.sort();
    projects.dedup();
    change(all, &algorithm, "sharedWith", &projects).await?;
    match projects.is_empty() {
        true => println!("{name} {}", say("is this project's alone", "仅供本项目使用")),
        false => {
            println!("{name} {} {}", say("is shared with", "已共享给"), projects.join(", "));
        }
    }
    Ok(())
}
