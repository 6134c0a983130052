//! `GET /labeling/p/{project}/{work}/tasks/{task}/file`: the image of a task, for whoever may
//! see the task, whether they may read its dataset or not.
//!
//! The task names the file and the labelling project the dataset's version: an address has
//! neither, so that nothing else can be asked for.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use dais_api::{DatasetReference, LabelingProject};
use dais_controllers::dataset;
use dais_data::Data;
use dais_labeling::{Error, Labeling, Scope};
use http::HeaderMap;
use kube::{Api, Client, ResourceExt};
use serde::Deserialize;

use crate::platform::datasets::shared;

#[derive(Clone)]
pub struct Files {
    pub labeling: Labeling,
    pub data: Data,
    pub client: Client,
}

/// The address carries the project before these.
#[derive(Deserialize)]
pub struct OfTask {
    work: String,
    task: String,
}

pub async fn show(
    State(files): State<Files>,
    scope: Scope,
    Path(of): Path<OfTask>,
    headers: HeaderMap,
) -> Response {
    let path = match files.path(&scope, &of).await {
        Ok(path) => path,
        Err(error) => return error.into_response(),
    };
    let (project, dataset, version) = match files.version(&scope.project, &of.work).await {
        Ok(Some(found)) => found,
        Ok(None) => return nothing("dataset of the project", &of.work).into_response(),
        Err(error) => return shared::broken(&error),
    };
    match files.data.serve(&project, (&dataset, &version), &path, &headers).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

fn nothing(what: &'static str, name: &str) -> Error {
    Error::NotFound { what, name: name.to_owned() }
}

impl Files {
    /// The path that the task names, if it is theirs to see.
    async fn path(&self, scope: &Scope, of: &OfTask) -> dais_labeling::Result<String> {
        let task = of.task.parse().map_err(|_| nothing("task", &of.task))?;
        let work = self.labeling.work(&scope.project, &of.work);
        let found = work.task_for(scope, task).await?.task;
        let config = work.spec().await?.config;
        // A row of a table may have a column of this name, and names no file by it.
        let field = config.fields().into_iter().next().filter(|_| config.kind.is_image());
        let path = field.and_then(|field| found.data.get(field)?.as_str());
        path.map(str::to_owned).ok_or_else(|| nothing("file of task", &of.task))
    }

    async fn version(&self, project: &str, work: &str) -> dais_controllers::Result<Version> {
        let api = Api::<LabelingProject>::namespaced(self.client.clone(), project);
        let found = api.get_opt(work).await;
        let found = found.map_err(dais_controllers::Error::kube("reading the labelling project"));
        match found? {
            Some(work) => version(&self.client, &work).await,
            None => Ok(None),
        }
    }
}

/// Project, name and version of a dataset.
pub type Version = Option<(String, String, String)>;

/// The version whose tasks are there; nothing where its dataset is no longer to be read by
/// the labelling project's own.
pub async fn version(client: &Client, work: &LabelingProject) -> dais_controllers::Result<Version> {
    let project = work.namespace().unwrap_or_default();
    let made_of = work.status.as_ref().and_then(|status| status.dataset.as_deref());
    let Ok(DatasetReference { name, version: Some(version) }) = made_of.unwrap_or_default().parse()
    else {
        return Ok(None);
    };
    let found = dataset::find(client, &project, &name).await?;
    Ok(found.ok().map(|found| (found.project, found.name, version)))
}
