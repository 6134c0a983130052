//! LabelingProject: declares it to the labelling service, makes tasks of the dataset's
//! version once, and says how far the people are. Does not know what a task is.

mod preannotation;

use std::sync::Arc;
use std::time::Duration;

use dais_api::conditions::{self, READY, Verdict, reason};
use dais_api::{DatasetReference, LabelingProject, LabelingProjectStatus};
use kube::ResourceExt;
use kube::api::Api;
use kube::runtime::controller::Action;
use kube::runtime::finalizer::{Event, finalizer};
use kube::runtime::{Controller, watcher};

use crate::apply;
use crate::context::Context;
use crate::dataset;
use crate::error::{Error, Result};
use crate::observed::drive;
use crate::seams::LabelingRefusal;

/// Holds the object until its tasks and answers are forgotten.
const FINALIZER: &str = "dais.io/labelling";
/// People work meanwhile, and nothing else tells.
const LOOK: Duration = Duration::from_secs(15);
/// A dataset without the version that is named may get it.
const WAIT: Duration = Duration::from_secs(5);

pub async fn run(context: Arc<Context>) {
    let projects = Api::<LabelingProject>::all(context.client.clone());
    let controller = Controller::new(projects, watcher::Config::default());
    drive("labelingproject", controller, context, reconcile).await;
}

async fn reconcile(work: Arc<LabelingProject>, context: Arc<Context>) -> Result<Action> {
    let project = work.namespace().unwrap_or_default();
    let name = work.name_any();
    let api = Api::<LabelingProject>::namespaced(context.client.clone(), &project);
    finalizer(&api, FINALIZER, work, |event| async {
        match event {
            Event::Apply(work) => carry_out(&work, &context).await,
            Event::Cleanup(work) => {
                let forgotten = context.labeling.forget(&work.uid().unwrap_or_default()).await;
                forgotten.map_err(Error::seam("forgetting tasks and answers"))?;
                Ok(Action::await_change())
            }
        }
    })
    .await
    .map_err(|source| Error::Finalizer { name: name.clone(), source: Box::new(source) })
}

async fn carry_out(work: &LabelingProject, context: &Context) -> Result<Action> {
    let mut status = work.status.clone().unwrap_or_default();
    let (verdict, again) = match prepare(work, &mut status, context).await? {
        Ok(()) => {
            let verdict = count(work, &mut status, context).await?;
            let on = preannotation::carry_on(work, &mut status, context).await?;
            (verdict, on.unwrap_or(LOOK))
        }
        Err(verdict) => (verdict, WAIT),
    };
    let generation = work.metadata.generation;
    let was = conditions::find(&status.conditions, READY).map(|was| was.reason.clone());
    conditions::set(&mut status.conditions, READY, &verdict, generation);
    status.observed_generation = generation;
    if was.as_deref() != Some(verdict.reason) {
        context.event(work, !verdict.status, verdict.reason, &verdict.message).await;
    }
    apply::status(&context.client, work, work.status.as_ref(), &status).await?;
    Ok(Action::requeue(again))
}

/// Declares it, and makes the tasks that are not there yet.
async fn prepare(
    work: &LabelingProject,
    status: &mut LabelingProjectStatus,
    context: &Context,
) -> Result<Result<(), Verdict>> {
    let refused = |LabelingRefusal(words)| Verdict::no(reason::INVALID, words);
    let declared = context.labeling.declare(work).await;
    if let Err(refusal) = declared.map_err(Error::seam("declaring the labelling project"))? {
        return Ok(Err(refused(refusal)));
    }
    let version = match version(work, status, context).await? {
        Ok(version) => version,
        Err(verdict) => return Ok(Err(verdict)),
    };
    if status.dataset.as_ref() == Some(&version) {
        return Ok(Ok(()));
    }
    let made = context.labeling.make_tasks(work, &version).await;
    match made.map_err(Error::seam("making tasks of the dataset"))? {
        Ok(new) => {
            let words = format!("{new} tasks of {version}");
            context.event(work, false, "TasksMade", &words).await;
            status.dataset = Some(version);
            Ok(Ok(()))
        }
        Err(refusal) => Ok(Err(refused(refusal))),
    }
}

/// `name@v3`: what the spec names, else what it began with, else the newest.
async fn version(
    work: &LabelingProject,
    status: &LabelingProjectStatus,
    context: &Context,
) -> Result<Result<String, Verdict>> {
    let reference: DatasetReference = match work.spec.dataset.parse() {
        Ok(reference) => reference,
        Err(error) => {
            return Ok(Err(Verdict::no(reason::INVALID, format!("spec.dataset: {error}"))));
        }
    };
    if reference.version.is_none()
        && let Some(began) = &status.dataset
    {
        return Ok(Ok(began.clone()));
    }
    let project = work.namespace().unwrap_or_default();
    let dataset = match dataset::find(&context.client, &project, &reference.name).await? {
        Ok(dataset) => dataset,
        Err(words) => {
            return Ok(Err(Verdict::no(
                reason::DATASET_NOT_FOUND,
                format!("spec.dataset: {words}"),
            )));
        }
    };
    let versions = context
        .datasets
        .versions(&dataset.project, &dataset.name)
        .await
        .map_err(Error::seam("listing the dataset's versions"))?;
    let found = match &reference.version {
        Some(wanted) => versions.iter().find(|version| version.name == *wanted),
        None => versions.first(),
    };
    Ok(match found {
        Some(found) => Ok(format!("{}@{}", reference.name, found.name)),
        None => {
            let words = format!(
                "dataset {} has no such version yet: upload files with `dais upload`",
                work.spec.dataset
            );
            Err(Verdict::no(reason::NO_VERSION, words))
        }
    })
}

async fn count(
    work: &LabelingProject,
    status: &mut LabelingProjectStatus,
    context: &Context,
) -> Result<Verdict> {
    let progress = context.labeling.progress(work).await;
    let progress = progress.map_err(Error::seam("counting tasks"))?;
    (status.tasks, status.done, status.to_review) =
        (progress.tasks, progress.done, progress.to_review);
    let words = format!("{} of {} tasks done", progress.done, progress.tasks);
    Ok(Verdict::yes(reason::AVAILABLE, words))
}
