//! Handlers that log to a run: metrics, params and tags, one or many.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use sqlx::Row;

use crate::entity::{DONE, Done, Pair};
use crate::error::Result;
use crate::input::{Input, Required, list};
use crate::metric::Logged;
use crate::scope::Editor;
use crate::statement::statement;
use crate::writer::Batch;
use crate::{Error, Tracking, limits};

#[derive(Deserialize)]
pub(crate) struct LogBatch {
    run_id: Option<String>,
    #[serde(default, deserialize_with = "list")]
    metrics: Vec<Logged>,
    #[serde(default, deserialize_with = "list")]
    params: Vec<Pair>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<Pair>,
}

pub(crate) async fn log_batch(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<LogBatch>,
) -> Result<Json<Done>> {
    let LogBatch { run_id, metrics, params, tags } = request;
    limits::count("metrics", metrics.len(), limits::METRICS_PER_BATCH)?;
    limits::count("params", params.len(), limits::PARAMS_PER_BATCH)?;
    limits::count("tags", tags.len(), limits::TAGS_PER_BATCH)?;
    let all = metrics.len() + params.len() + tags.len();
    limits::count("metrics, params, and tags", all, limits::ENTITIES_PER_BATCH)?;
    let metrics = metrics
        .into_iter()
        .enumerate()
        .map(|(index, metric)| metric.check(&format!("metrics[{index}].")))
        .collect::<Result<Vec<_>>>()?;
    limits::tags("params", &params, limits::PARAM_VALUE)?;
    limits::tags("tags", &tags, limits::TAG_VALUE)?;
    refuse_repeated(&params)?;
    let run_id = run_id.required("run_id")?;
    tracking
        .writer()
        .write(Batch { project: scope.project, run_id, metrics, params, tags })
        .await?;
    Ok(DONE)
}

fn refuse_repeated(params: &[Pair]) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    match params.iter().find(|param| !seen.insert(&param.key)) {
        None => Ok(()),
        Some(param) => Err(Error::invalid(format!(
            "Duplicate parameter keys have been submitted: ['{}']. Please ensure the request contains only \
             one param value per param key.",
            param.key
        ))),
    }
}

#[derive(Deserialize)]
pub(crate) struct LogMetric {
    run_id: Option<String>,
    run_uuid: Option<String>,
    #[serde(flatten)]
    metric: Logged,
}

pub(crate) async fn log_metric(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<LogMetric>,
) -> Result<Json<Done>> {
    let run_id = request.run_id.or(request.run_uuid).required("run_id")?;
    let metrics = vec![request.metric.check("")?];
    let batch =
        Batch { project: scope.project, run_id, metrics, params: Vec::new(), tags: Vec::new() };
    tracking.writer().write(batch).await?;
    Ok(DONE)
}

#[derive(Deserialize)]
pub(crate) struct LogPair {
    run_id: Option<String>,
    run_uuid: Option<String>,
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
}

pub(crate) async fn log_param(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<LogPair>,
) -> Result<Json<Done>> {
    let run_id = request.run_id.or(request.run_uuid).required("run_id")?;
    limits::key("key", &request.key)?;
    limits::length("value", &request.value, limits::PARAM_VALUE)?;
    let params = vec![Pair { key: request.key, value: request.value }];
    let batch =
        Batch { project: scope.project, run_id, metrics: Vec::new(), params, tags: Vec::new() };
    tracking.writer().write(batch).await?;
    Ok(DONE)
}

pub(crate) async fn set_tag(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<LogPair>,
) -> Result<Json<Done>> {
    let run_id = request.run_id.or(request.run_uuid).required("run_id")?;
    limits::key("key", &request.key)?;
    limits::length("value", &request.value, limits::TAG_VALUE)?;
    let tags = vec![Pair { key: request.key, value: request.value }];
    let batch =
        Batch { project: scope.project, run_id, metrics: Vec::new(), params: Vec::new(), tags };
    tracking.writer().write(batch).await?;
    Ok(DONE)
}

pub(crate) async fn delete_tag(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<LogPair>,
) -> Result<Json<Done>> {
    let run_id = request.run_id.or(request.run_uuid).required("run_id")?;
    let mut transaction = tracking.database().begin().await?;
    let run = statement!(
        "SELECT seq FROM ml_runs WHERE project = $1 AND run_id = $2",
        &scope.project,
        &run_id
    )
    .optional(&mut *transaction)
    .await?
    .ok_or_else(|| Error::NotFound(format!("Run with id={run_id} not found")))?;
    let run: i64 = run.try_get(0)?;
    let gone = statement!("DELETE FROM ml_run_tags WHERE run = $1 AND key = $2", run, &request.key)
        .execute(&mut *transaction)
        .await?;
    if gone == 0 {
        return Err(Error::NotFound(format!(
            "No tag with name: {} in run with id {run_id}",
            request.key
        )));
    }
    transaction.commit().await?;
    Ok(DONE)
}

#[derive(Deserialize)]
pub(crate) struct LogModel {
    run_id: Option<String>,
    model_json: Option<String>,
}

/// Keeps, as the client expects, the history of a run's models in a tag.
pub(crate) async fn log_model(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<LogModel>,
) -> Result<Json<Done>> {
    const TAG: &str = "mlflow.log-model.history";
    let run_id = request.run_id.required("run_id")?;
    let text = request.model_json.required("model_json")?;
    let model: serde_json::Value = serde_json::from_str(&text).map_err(|error| {
        Error::invalid(format!("Malformed model info in 'model_json': {error}"))
    })?;
    let before = statement!(
        "SELECT t.value FROM ml_run_tags t JOIN ml_runs r ON r.seq = t.run \
         WHERE r.project = $1 AND r.run_id = $2 AND t.key = $3",
        &scope.project,
        &run_id,
        TAG
    )
    .optional(tracking.database().read())
    .await?;
    let mut history: Vec<serde_json::Value> = match before {
        Some(row) => serde_json::from_str(&row.try_get::<String, _>(0)?).unwrap_or_default(),
        None => Vec::new(),
    };
    history.push(model);
    let value = serde_json::Value::from(history).to_string();
    limits::length("model_json", &value, limits::REGISTRY_TAG_VALUE)?;
    let tags = vec![Pair { key: TAG.into(), value }];
    let batch =
        Batch { project: scope.project, run_id, metrics: Vec::new(), params: Vec::new(), tags };
    tracking.writer().write(batch).await?;
    Ok(DONE)
}
