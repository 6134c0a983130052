//! Logged models: what a run made, with its own files, before anybody gives it
//! a name in the registry.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Row};
use uuid::Uuid;

use crate::database::now;
use crate::entity::{ACTIVE, DELETED, DONE, Done, Pair};
use crate::error::Result;
use crate::experiments::{location, number};
use crate::input::{Input, Required, list};
use crate::location::Locations;
use crate::logged_model_pairs::{put_params, put_tag};
use crate::metric::{self, Metric};
use crate::scope::{Editor, Scope};
use crate::statement::{Statement, statement};
use crate::{Error, Tracking, limits, runs};

const STATUSES: [&str; 4] = [
    "LOGGED_MODEL_STATUS_UNSPECIFIED",
    "LOGGED_MODEL_PENDING",
    "LOGGED_MODEL_READY",
    "LOGGED_MODEL_UPLOAD_FAILED",
];

#[derive(Serialize)]
pub(crate) struct Info {
    pub model_id: String,
    experiment_id: String,
    name: String,
    creation_timestamp_ms: i64,
    last_updated_timestamp_ms: i64,
    artifact_uri: String,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_run_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_message: Option<String>,
    tags: Vec<Pair>,
    registrations: Vec<Value>,
}

/// Of `ml_logged_models r`, as [`Info::read`] reads them.
pub(crate) const COLUMNS: &str = "r.model_id, r.experiment_id, r.name, r.creation_timestamp, \
    r.last_updated_timestamp, r.artifact_uri, r.status, r.model_type, r.source_run_id, r.status_message";

impl Info {
    pub fn read(row: &AnyRow, tracking: &Tracking, scope: &Scope) -> Result<Info> {
        Ok(Info {
            model_id: row.try_get(0)?,
            experiment_id: row.try_get::<i64, _>(1)?.to_string(),
            name: row.try_get(2)?,
            creation_timestamp_ms: row.try_get(3)?,
            last_updated_timestamp_ms: row.try_get(4)?,
            artifact_uri: tracking
                .locations()
                .public(&scope.project, &row.try_get::<String, _>(5)?),
            status: row.try_get(6)?,
            model_type: row.try_get(7)?,
            source_run_id: row.try_get(8)?,
            status_message: row.try_get(9)?,
            tags: Vec::new(),
            registrations: Vec::new(),
        })
    }
}

/// The protocol's `LoggedModel`: the row and everything that belongs to it.
pub(crate) async fn complete(tracking: &Tracking, scope: &Scope, mut info: Info) -> Result<Value> {
    let read = tracking.database().read();
    let (project, id) = (&scope.project, &info.model_id);
    let tags = statement!(
        "SELECT key, value FROM ml_logged_model_tags WHERE project = $1 AND model_id = $2 ORDER BY key",
        project,
        id
    );
    let tags = tags.all(read).await?.iter().map(|row| Pair::read(row, 0)).collect::<Result<_>>()?;
    let params = statement!(
        "SELECT key, value FROM ml_logged_model_params WHERE project = $1 AND model_id = $2 ORDER BY key",
        project,
        id
    );
    let params: Vec<Pair> =
        params.all(read).await?.iter().map(|row| Pair::read(row, 0)).collect::<Result<_>>()?;
    let mut select = Statement::new(format!(
        "SELECT {}, run_id, dataset_name, dataset_digest FROM ml_logged_model_metrics WHERE project = ",
        metric::COLUMNS
    ));
    select.bind(project).push(" AND model_id = ").bind(id).push(" ORDER BY key");
    let mut metrics = Vec::new();
    for row in select.all(read).await? {
        let some = |at: usize| {
            row.try_get::<String, _>(at).map(|text| Some(text).filter(|text| !text.is_empty()))
        };
        metrics.push(Metric {
            run_id: some(5)?,
            dataset_name: some(6)?,
            dataset_digest: some(7)?,
            model_id: Some(id.clone()),
            ..Metric::read(&row, 0)?
        });
    }
    let versions = statement!(
        "SELECT name, version FROM ml_versions WHERE project = $1 AND model_id = $2",
        project,
        id
    );
    for row in versions.all(read).await? {
        let (name, version): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        info.registrations.push(json!({ "name": name, "version": version.to_string() }));
    }
    info.tags = tags;
    Ok(json!({ "info": info, "data": { "params": params, "metrics": metrics } }))
}

fn absent(id: &str) -> Error {
    Error::NotFound(format!("Logged model with ID '{id}' not found."))
}

pub(crate) async fn find(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    id: &str,
    deleted: bool,
) -> Result<AnyRow> {
    let mut select =
        Statement::new(format!("SELECT {COLUMNS} FROM ml_logged_models r WHERE r.project = "));
    select.bind(&scope.project).push(" AND r.model_id = ").bind(id);
    if !deleted {
        select.push(" AND r.lifecycle_stage = ").bind(ACTIVE);
    }
    select.optional(on).await?.ok_or_else(|| absent(id))
}

pub(crate) async fn answer(
    tracking: &Tracking,
    scope: &Scope,
    id: &str,
    deleted: bool,
) -> Result<Json<Value>> {
    let row = find(tracking.database().read(), scope, id, deleted).await?;
    let model = complete(tracking, scope, Info::read(&row, tracking, scope)?).await?;
    Ok(Json(json!({ "model": model })))
}

#[derive(Deserialize)]
pub(crate) struct Create {
    experiment_id: Option<String>,
    name: Option<String>,
    model_type: Option<String>,
    source_run_id: Option<String>,
    #[serde(default, deserialize_with = "list")]
    params: Vec<Pair>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<Pair>,
}

pub(crate) async fn create(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Create>,
) -> Result<Json<Value>> {
    tracking.ensure_default(&scope.project).await?;
    let experiment = number(&request.experiment_id.required("experiment_id")?)?;
    limits::tags("params", &request.params, limits::PARAM_VALUE)?;
    limits::tags("tags", &request.tags, limits::TAG_VALUE)?;
    let unique = Uuid::new_v4().simple().to_string();
    let id = format!("m-{unique}");
    let name = request
        .name
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| format!("model-{}", &unique[..8]));
    let forbidden = ['/', ':', '.', '%', '"', '\''];
    if name.contains(forbidden) || name.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "Invalid model name ({name:?}) in 'name': it must not contain any of {forbidden:?}"
        )));
    }
    limits::length("name", &name, limits::MODEL_NAME)?;
    limits::length(
        "model_type",
        request.model_type.as_deref().unwrap_or(""),
        limits::EXPERIMENT_NAME,
    )?;
    let mut transaction = tracking.database().begin().await?;
    let root = location(&mut *transaction, &scope, experiment).await?;
    let run_id = request.source_run_id.filter(|id| !id.is_empty());
    if let Some(run_id) = &run_id {
        runs::find(&mut *transaction, &scope, run_id).await?;
    }
    statement!(
        "INSERT INTO ml_logged_models (project, model_id, experiment_id, name, model_type, source_run_id, \
         artifact_uri, status, lifecycle_stage, creation_timestamp, last_updated_timestamp) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        &scope.project,
        &id,
        experiment,
        name,
        request.model_type,
        run_id,
        Locations::below(&root, &format!("models/{id}/artifacts")),
        "LOGGED_MODEL_PENDING",
        ACTIVE,
        now()
    )
    .execute(&mut *transaction)
    .await?;
    for tag in request.tags {
        put_tag(&mut *transaction, &scope, &id, tag).await?;
    }
    put_params(&mut transaction, &scope, &id, request.params).await?;
    transaction.commit().await?;
    answer(&tracking, &scope, &id, false).await
}

/// Addresses carry the model's id, and more parts that others own.
#[derive(Deserialize)]
pub(crate) struct Of {
    pub model_id: String,
    pub tag_key: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Get {
    #[serde(default)]
    allow_deleted: Option<Value>,
}

pub(crate) async fn get(
    State(tracking): State<Tracking>,
    scope: Scope,
    Path(of): Path<Of>,
    Input(request): Input<Get>,
) -> Result<Json<Value>> {
    let deleted = matches!(request.allow_deleted, Some(Value::Bool(true)))
        || request.allow_deleted.as_ref().and_then(Value::as_str) == Some("true");
    answer(&tracking, &scope, &of.model_id, deleted).await
}

#[derive(Deserialize)]
pub(crate) struct Finalize {
    status: Option<Value>,
}

pub(crate) async fn finalize(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Path(of): Path<Of>,
    Input(request): Input<Finalize>,
) -> Result<Json<Value>> {
    let status = match &request.status {
        Some(Value::String(name)) => STATUSES.into_iter().find(|status| status == name),
        Some(Value::Number(number)) => {
            number.as_u64().and_then(|n| STATUSES.get(n as usize).copied())
        }
        _ => return Err(Error::missing("status")),
    };
    let status = status.ok_or_else(|| {
        Error::invalid(format!(
            "Invalid value for parameter 'status': expected one of {STATUSES:?}"
        ))
    })?;
    touch(&tracking, &scope, &of.model_id, "status", status).await?;
    answer(&tracking, &scope, &of.model_id, false).await
}

async fn touch(
    tracking: &Tracking,
    scope: &Scope,
    id: &str,
    column: &str,
    value: &str,
) -> Result<()> {
    let mut update = Statement::new("UPDATE ml_logged_models SET ");
    update.push(column).push(" = ").bind(value).push(", last_updated_timestamp = ").bind(now());
    update.push(" WHERE project = ").bind(&scope.project).push(" AND model_id = ").bind(id);
    update.push(" AND lifecycle_stage = ").bind(ACTIVE);
    match update.execute(&mut *tracking.database().write().await?).await? {
        0 => Err(absent(id)),
        _ => Ok(()),
    }
}

pub(crate) async fn delete(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Path(of): Path<Of>,
) -> Result<Json<Done>> {
    touch(&tracking, &scope, &of.model_id, "lifecycle_stage", DELETED).await?;
    Ok(DONE)
}
