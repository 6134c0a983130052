//! Dataset: mirrors the versions that uploads made into the object's status, and
//! forgets them with the object. Does not know how files are stored.

mod find;

use std::sync::Arc;
use std::time::Duration;

use dais_api::conditions::{self, READY, Verdict, reason};
use dais_api::{Dataset, DatasetStatus, DatasetVersion};
use futures::StreamExt;
use kube::api::Api;
use kube::api::{Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::runtime::finalizer::{Event, finalizer};
use kube::runtime::{Controller, watcher};
use kube::{Client, Resource, ResourceExt};
use serde_json::json;

pub use find::{Found, find};

use crate::apply;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observed::drive;

/// Holds the object until its versions are forgotten.
const FINALIZER: &str = "dais.io/dataset-versions";
/// Versions shown in `status`; the data API lists all.
const SHOWN: usize = 50;
/// Versions are announced as they are made; this is for announcements lost in a crash.
const RESYNC: Duration = Duration::from_secs(300);

pub async fn run(context: Arc<Context>) {
    let datasets = Api::<Dataset>::all(context.client.clone());
    let controller = Controller::new(datasets, watcher::Config::default());
    tokio::join!(drive("dataset", controller, context.clone(), reconcile), follow(context));
}

/// Mirrors a version as soon as it was made.
async fn follow(context: Arc<Context>) {
    let mut announcements = context.datasets.announcements();
    while let Some((project, name)) = announcements.next().await {
        let known =
            Api::<Dataset>::namespaced(context.client.clone(), &project).get_opt(&name).await;
        let mirrored = match known {
            Ok(Some(dataset)) => mirror(&dataset, &context).await.map(drop),
            Ok(None) => Ok(()),
            Err(error) => Err(Error::kube("reading the dataset")(error)),
        };
        if let Err(error) = mirrored {
            tracing::warn!(%error, namespace = project, name, "new version not mirrored yet");
        }
    }
}

async fn reconcile(dataset: Arc<Dataset>, context: Arc<Context>) -> Result<Action> {
    let project = dataset.namespace().unwrap_or_default();
    let name = dataset.name_any();
    let api = Api::<Dataset>::namespaced(context.client.clone(), &project);
    finalizer(&api, FINALIZER, dataset, |event| async {
        match event {
            Event::Apply(dataset) => mirror(&dataset, &context).await,
            Event::Cleanup(_) => {
                let forgotten = context.datasets.forget(&project, &name).await;
                forgotten.map_err(Error::seam("forgetting the dataset's versions"))?;
                Ok(Action::await_change())
            }
        }
    })
    .await
    .map_err(|source| Error::Finalizer { name: name.clone(), source: Box::new(source) })
}

/// Sees to it that a version which is written now is forgotten with its dataset; `false` where
/// there is no such dataset, or it is being deleted.
pub async fn hold(client: &Client, project: &str, name: &str) -> Result<bool> {
    let api = Api::<Dataset>::namespaced(client.clone(), project);
    let failed = || Error::kube(format!("holding dataset {name}"));
    loop {
        let Some(dataset) = api.get_opt(name).await.map_err(failed())? else { return Ok(false) };
        if dataset.metadata.deletion_timestamp.is_some() {
            return Ok(false);
        }
        let finalizers = dataset.finalizers();
        if finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
            return Ok(true);
        }
        let held: Vec<&str> = finalizers.iter().map(String::as_str).chain([FINALIZER]).collect();
        let version = dataset.resource_version();
        let patch = json!({"metadata": {"resourceVersion": version, "finalizers": held}});
        match api.patch_metadata(name, &PatchParams::default(), &Patch::Merge(patch)).await {
            Ok(_) => return Ok(true),
            // Somebody was quicker: look again.
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {}
            Err(error) => return Err(failed()(error)),
        }
    }
}

async fn mirror(dataset: &Dataset, context: &Context) -> Result<Action> {
    let project = dataset.namespace().unwrap_or_default();
    let versions = context
        .datasets
        .versions(&project, &dataset.name_any())
        .await
        .map_err(Error::seam("listing the dataset's versions"))?;
    let status = desired_status(dataset, versions);
    apply::status(&context.client, dataset, dataset.status.as_ref(), &status).await?;
    Ok(Action::requeue(RESYNC))
}

fn desired_status(dataset: &Dataset, mut versions: Vec<DatasetVersion>) -> DatasetStatus {
    let mut status = dataset.status.clone().unwrap_or_default();
    let generation = dataset.meta().generation;
    let verdict = match versions.first() {
        Some(latest) => Verdict::yes(
            reason::AVAILABLE,
            format!("{} has {} files, {} bytes", latest.name, latest.files, latest.bytes),
        ),
        None => Verdict::no(
            reason::NO_VERSION,
            "no version yet: upload files with `dais upload` or in the portal",
        ),
    };
    conditions::set(&mut status.conditions, READY, &verdict, generation);
    status.latest = versions.first().map(|latest| latest.name.clone());
    versions.truncate(SHOWN);
    status.versions = versions;
    status.observed_generation = generation;
    status
}
