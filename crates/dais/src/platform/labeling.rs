//! Labelling, put together: the controllers' seam to it, tasks out of datasets, and
//! finished work back into them.

mod ask;
mod file;
mod publish;
mod tasks;

pub use publish::WritesData;

use async_trait::async_trait;
use axum::Router;
use axum::routing::{get, post};
use dais_api::reference::seen_from;
use dais_api::{LabelingProject, LabelingProjectSpec};
use dais_controllers::seams::{
    self, AskedRound, LabelingProgress, LabelingRefusal, PredictingService, PredictionProgress,
    SeamError,
};
use dais_data::Data;
use dais_labeling::{Declared, Error, Labeling, Spec, Work};
use kube::{Client, ResourceExt};

pub struct Seam {
    pub labeling: Labeling,
    pub data: Data,
    /// Where the services are that are asked about tasks.
    pub gateway: Router,
    pub client: Client,
}

/// The service's own addresses, `GET /{work}/tasks/{task}/file` and `POST /{work}/publish`.
pub fn router(labeling: &Labeling, data: &Data, client: Client) -> Router {
    let publishing = (labeling.clone(), data.clone());
    let files = file::Files { labeling: labeling.clone(), data: data.clone(), client };
    dais_labeling::router(labeling.clone())
        .merge(Router::new().route("/{work}/tasks/{task}/file", get(file::show)).with_state(files))
        .merge(
            Router::new().route("/{work}/publish", post(publish::publish)).with_state(publishing),
        )
}

fn failed(error: &dyn std::error::Error) -> SeamError {
    let cause = error.source().map(|cause| format!(": {cause}"));
    SeamError(format!("{error}{}", cause.unwrap_or_default()))
}

/// What a person can mend, apart from what failed.
fn refused<T>(done: dais_labeling::Result<T>) -> Result<Result<T, LabelingRefusal>, SeamError> {
    match done {
        Ok(done) => Ok(Ok(done)),
        Err(Error::Invalid { field, problem, hint }) => {
            Ok(Err(LabelingRefusal(format!("spec.{field}: {problem} (hint: {hint})"))))
        }
        Err(Error::Conflict { problem, .. }) => Ok(Err(LabelingRefusal(problem))),
        Err(error) => Err(failed(&error)),
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

impl Seam {
    fn work(&self, work: &LabelingProject) -> Work {
        self.labeling.work(&work.namespace().unwrap_or_default(), &work.name_any())
    }
}

/// The service's words for what the kind says: their shapes are the same.
fn spec(spec: &LabelingProjectSpec) -> Result<Spec, SeamError> {
    let value = serde_json::json!({"config": spec.config, "policy": spec.policy});
    serde_json::from_value(value).map_err(|error| failed(&error))
}

#[async_trait]
impl seams::Labeling for Seam {
    async fn declare(
        &self,
        work: &LabelingProject,
    ) -> Result<Result<(), LabelingRefusal>, SeamError> {
        let declared = Declared {
            project: work.namespace().unwrap_or_default(),
            name: work.name_any(),
            uid: work.uid().unwrap_or_default(),
        };
        refused(self.labeling.declare(&declared, &spec(&work.spec)?, now()).await)
    }

    async fn make_tasks(
        &self,
        work: &LabelingProject,
        version: &str,
    ) -> Result<Result<u64, LabelingRefusal>, SeamError> {
        let project = work.namespace().unwrap_or_default();
        let (dataset, version) = version.split_once('@').unwrap_or((version, "latest"));
        // The controller has looked whether it is this project's to read.
        let (owner, dataset) = seen_from(dataset, &project);
        let holder = format!("labelling:{}", work.uid().unwrap_or_default());
        let folder = self.data.materialize_dataset(owner, (dataset, version), &holder).await;
        let folder = folder.map_err(|error| failed(&error))?;
        let spec = work.spec.clone();
        let read = tokio::task::spawn_blocking(move || tasks::read(&folder, &spec)).await;
        self.data.release(&holder).await.map_err(|error| failed(&error))?;
        let tasks = match read.map_err(|error| failed(&error))? {
            Ok(tasks) => tasks,
            Err(error) => return Ok(Err(LabelingRefusal(format!("{error:#}")))),
        };
        let taken = self.work(work).import("", &tasks, now(), |_| ()).await;
        refused(taken.map(|taken| taken.new))
    }

    async fn progress(&self, work: &LabelingProject) -> Result<LabelingProgress, SeamError> {
        let progress = self.work(work).progress().await.map_err(|error| failed(&error))?;
        let dais_labeling::Progress { tasks, done, to_review, .. } = progress;
        Ok(LabelingProgress { tasks, done, to_review })
    }

    async fn predict(
        &self,
        work: &LabelingProject,
        service: &PredictingService,
    ) -> Result<AskedRound, SeamError> {
        let of = self.work(work);
        let config = of.spec().await.map_err(|error| failed(&error))?.config;
        let images = file::version(&self.client, work).await.map_err(|error| failed(&error))?;
        let round = ask::Round {
            gateway: &self.gateway,
            data: &self.data,
            work: &of,
            config,
            project: &work.namespace().unwrap_or_default(),
            service,
            images,
        };
        round.run().await.map_err(|error| failed(&error))
    }

    async fn predictions(&self, work: &LabelingProject) -> Result<PredictionProgress, SeamError> {
        let found = self.work(work).predicted().await.map_err(|error| failed(&error))?;
        let dais_labeling::Predicted { predicted, waiting, failed, reason } = found;
        Ok(PredictionProgress { predicted, waiting, failed, reason })
    }

    async fn forget(&self, uid: &str) -> Result<(), SeamError> {
        self.labeling.forget(uid).await.map_err(|error| failed(&error))
    }
}
