//! Stages, MLflow's older way to mark versions (aliases are the newer one).

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::{Any, Executor, Row};

use crate::error::Result;
use crate::input::{Input, Required, texts};
use crate::registered_models::absent as no_model;
use crate::scope::{Editor, Scope};
use crate::statement::{Statement, statement};
use crate::versions::{COLUMNS, Version, absent, answer, change, number};
use crate::{Error, Tracking, protection};

const STAGES: [&str; 4] = ["None", "Staging", "Production", "Archived"];

fn stage_of(text: &str) -> Result<&'static str> {
    STAGES.into_iter().find(|stage| stage.eq_ignore_ascii_case(text)).ok_or_else(|| {
        Error::invalid(format!(
            "Invalid Model Version stage: {text}. Value must be one of {STAGES:?}."
        ))
    })
}

/// The newest version of each stage, or of the given stages.
pub(crate) async fn latest(
    tracking: &Tracking,
    scope: &Scope,
    name: &str,
    stages: &[String],
) -> Result<Vec<Value>> {
    let mut select =
        Statement::new(format!("SELECT {COLUMNS} FROM ml_versions r WHERE r.project = "));
    select.bind(&scope.project).push(" AND r.name = ").bind(name);
    select.push(
        " AND r.version = (SELECT MAX(v.version) FROM ml_versions v WHERE v.project = r.project \
         AND v.name = r.name AND v.stage = r.stage)",
    );
    if !stages.is_empty() {
        let stages = stages.iter().map(|stage| stage_of(stage)).collect::<Result<Vec<_>>>()?;
        select.push(" AND r.stage IN ").bind_list(stages);
    }
    select.push(" ORDER BY r.version");
    let mut found = Vec::new();
    for row in select.all(tracking.database().read()).await? {
        found.push(json!(Version::read(&row, tracking, scope).await?));
    }
    Ok(found)
}

#[derive(Deserialize)]
pub(crate) struct Latest {
    name: Option<String>,
    #[serde(default, deserialize_with = "texts")]
    stages: Vec<String>,
}

pub(crate) async fn get_latest(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Latest>,
) -> Result<Json<Value>> {
    let name = request.name.required("name")?;
    let model = statement!(
        "SELECT 1 FROM ml_models WHERE project = $1 AND name = $2",
        &scope.project,
        &name
    );
    model.optional(tracking.database().read()).await?.ok_or_else(|| no_model(&name))?;
    let versions = latest(&tracking, &scope, &name, &request.stages).await?;
    Ok(Json(json!({ "model_versions": versions })))
}

async fn current(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    name: &str,
    version: i64,
) -> Result<String> {
    let row = statement!(
        "SELECT stage FROM ml_versions WHERE project = $1 AND name = $2 AND version = $3",
        &scope.project,
        name,
        version
    );
    let row = row.optional(on).await?.ok_or_else(|| absent(name, version))?;
    Ok(row.try_get(0)?)
}

#[derive(Deserialize)]
pub(crate) struct Transition {
    name: Option<String>,
    #[serde(default, deserialize_with = "crate::versions::text")]
    version: Option<String>,
    stage: Option<String>,
    #[serde(default)]
    archive_existing_versions: Option<Value>,
}

pub(crate) async fn transition(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Transition>,
) -> Result<Json<Value>> {
    let (name, version) = (request.name.required("name")?, number(request.version)?);
    let stage = stage_of(&request.stage.required("stage")?)?;
    let mut transaction = tracking.database().begin().await?;
    let before = current(&mut *transaction, &scope, &name, version).await?;
    protection::stage(&scope, [stage, &before])?;
    if request.archive_existing_versions == Some(Value::Bool(true)) {
        if !matches!(stage, "Staging" | "Production") {
            return Err(Error::invalid(
                "'archive_existing_versions' needs the stage Staging or Production",
            ));
        }
        statement!(
            "UPDATE ml_versions SET stage = 'Archived' WHERE project = $1 AND name = $2 AND stage = $3 AND version <> $4",
            &scope.project,
            &name,
            stage,
            version
        )
        .execute(&mut *transaction)
        .await?;
    }
    change(&mut *transaction, &scope, (&name, version), ("stage", stage)).await?;
    transaction.commit().await?;
    answer(&tracking, &scope, &name, version).await
}
