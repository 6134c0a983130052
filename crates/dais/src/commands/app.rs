//! `dais app`: applications, their releases, and what is to become of them.

mod deploy;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use dais_api::conditions::{self, READY};
use dais_api::{Application, Release, labels};
use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::jiff::Timestamp;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::{App, Target};
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};

pub async fn run(target: &Target, action: App) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let client = connection.kube(&target.project)?;
    let apps = Api::<Application>::namespaced(client.clone(), &target.project);
    match action {
        App::List => list(target, &apps).await?,
        App::Deploy(args) => deploy::run(target, &connection, &apps, *args).await?,
        App::Releases { name } => {
            let app = read(&apps, &name).await?;
            let all = releases(&client, &app).await?;
            print(target.output, &all, || table_of(&all))?;
        }
        App::Rollback { name, to } => {
            let to = match to {
                Some(to) => to,
                None => before(&releases(&client, &read(&apps, &name).await?).await?)?,
            };
            change(&apps, &name, json!({"spec": {"rollbackTo": to}})).await?;
            println!("{name} {} {to}", say("goes back to release", "正在回退到版本"));
        }
        App::Restart { name } => {
            let time = json!({"dais.io/restarted-at": Timestamp::now().to_string()});
            change(&apps, &name, json!({"metadata": {"annotations": time}})).await?;
            println!("{name} {}", say("starts anew, replica by replica", "正在逐个重启副本"));
        }
        App::Scale { name, replicas } => {
            change(&apps, &name, json!({"spec": {"replicas": replicas}})).await?;
            println!("{name}: {replicas} {}", say("replicas", "个副本"));
        }
        App::Stop { name } => {
            change(&apps, &name, json!({"spec": {"stopped": true}})).await?;
            println!(
                "{name} {}",
                say("stops; volumes and releases stay", "正在停止；存储与版本予以保留")
            );
        }
        App::Start { name } => {
            change(&apps, &name, json!({"spec": {"stopped": false}})).await?;
            println!("{name} {}", say("starts", "正在启动"));
        }
        App::RunNow { name } => {
            let job = run_now(&client, &read(&apps, &name).await?).await?;
            println!("{name} {} {job}", say("runs now, as job", "已立即运行，任务为"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn read(apps: &Api<Application>, name: &str) -> Result<Application> {
    apps.get(name)
        .await
        .with_context(|| format!("reading {name:?}; `dais app list` lists what there is"))
}

async fn change(apps: &Api<Application>, name: &str, change: Value) -> Result<()> {
    let changed = apps.patch(name, &PatchParams::default(), &Patch::Merge(change)).await;
    changed.map(drop).with_context(|| format!("changing application {name:?}"))
}

async fn list(target: &Target, apps: &Api<Application>) -> Result<()> {
    let mut all = apps.list(&ListParams::default()).await?.items;
    all.sort_by_key(ResourceExt::name_any);
    print(target.output, &all, || {
        let empty = say(
            "no applications yet: `dais app deploy` makes one",
            "还没有应用：`dais app deploy` 可以部署一个",
        );
        let head = ["NAME", "RELEASE", "REPLICAS", "READY", "URL", "WHY"];
        let mut table = Table::new(&head, empty);
        for app in &all {
            let status = app.status.clone().unwrap_or_default();
            let ready = conditions::find(&status.conditions, READY);
            table.row(vec![
                app.name_any(),
                status.release.map_or_else(String::new, |number| number.to_string()),
                format!("{}/{}", status.ready_replicas, status.replicas),
                ready.map(|ready| ready.status.clone()).unwrap_or_default(),
                status.url.or(status.address).unwrap_or_default(),
                ready.map(|ready| ready.message.clone()).unwrap_or_default(),
            ]);
        }
        table
    })
}

/// A release under its number, for people and programs.
#[derive(Serialize)]
struct Numbered {
    number: i64,
    #[serde(flatten)]
    release: Release,
    time: Option<String>,
}

/// Newest first.
async fn releases(client: &Client, app: &Application) -> Result<Vec<Numbered>> {
    let namespace = app.namespace().unwrap_or_default();
    let labels = format!(
        "{}={},{}={}",
        labels::KIND,
        Application::kind(&()),
        labels::INSTANCE,
        labels::label_value(&app.name_any())
    );
    let all = Api::<ControllerRevision>::namespaced(client.clone(), &namespace)
        .list(&ListParams::default().labels(&labels))
        .await
        .context("listing the releases")?;
    let uid = app.uid().unwrap_or_default();
    let own = all
        .items
        .into_iter()
        .filter(|one| one.owner_references().iter().any(|owner| owner.uid == uid));
    let numbered = own.map(|one| {
        let time = one.creation_timestamp().map(|time| time.0.to_string());
        let data = one.data.map(|data| data.0).unwrap_or_default();
        let release = serde_json::from_value(data).context("reading a release")?;
        Ok(Numbered { number: one.revision, release, time })
    });
    let mut numbered = numbered.collect::<Result<Vec<Numbered>>>()?;
    numbered.sort_by_key(|one| std::cmp::Reverse(one.number));
    Ok(numbered)
}

fn table_of(all: &[Numbered]) -> Table {
    let mut table = Table::new(&["RELEASE", "WHEN", "WHO", "WHY", "CHANGES"], "");
    for one in all {
        let mut changes = one.release.changes.iter();
        table.row(vec![
            one.number.to_string(),
            one.time.clone().unwrap_or_default(),
            one.release.by.clone(),
            one.release.cause.clone().unwrap_or_default(),
            changes.next().cloned().unwrap_or_default(),
        ]);
        for more in changes {
            let empty = String::new;
            table.row(vec![empty(), empty(), empty(), empty(), more.clone()]);
        }
    }
    table
}

fn before(releases: &[Numbered]) -> Result<i64> {
    match releases {
        [_, before, ..] => Ok(before.number),
        _ => bail!("there is no release before this one; `dais app releases` lists them"),
    }
}

/// A run beside those of the schedule, as `kubectl create job --from` makes one.
async fn run_now(client: &Client, app: &Application) -> Result<String> {
    let namespace = app.namespace().unwrap_or_default();
    let uid = app.uid().unwrap_or_default();
    let cron_jobs = Api::<CronJob>::namespaced(client.clone(), &namespace);
    let all = cron_jobs.list(&ListParams::default()).await.context("listing the schedules")?;
    let own = all
        .items
        .into_iter()
        .find(|one| one.owner_references().iter().any(|owner| owner.uid == uid));
    let own = own.with_context(|| {
        format!("{} has no schedule; set spec.schedule, or start it", app.name_any())
    })?;
    let template = own.spec.job_template.clone();
    let mut metadata = template.metadata.unwrap_or_default();
    metadata.name = Some(format!("{}-now-{}", own.name_any(), Timestamp::now().as_second()));
    metadata.owner_references = Some(own.controller_owner_ref(&()).into_iter().collect());
    let manual = ("cronjob.kubernetes.io/instantiate".to_owned(), "manual".to_owned());
    metadata.annotations.get_or_insert_default().extend([manual]);
    let job = Job { metadata, spec: template.spec, status: None };
    let made = Api::<Job>::namespaced(client.clone(), &namespace)
        .create(&PostParams::default(), &job)
        .await
        .context("making the run")?;
    Ok(made.name_any())
}
