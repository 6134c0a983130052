//! Tags and params of logged models.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{Any, Executor};

use crate::entity::{DONE, Done, Pair};
use crate::error::Result;
use crate::input::{Input, list};
use crate::logged_models::{Of, answer, find};
use crate::scope::{Editor, Scope};
use crate::statement::statement;
use crate::{Error, Tracking, limits};

pub(crate) async fn put_tag(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    id: &str,
    tag: Pair,
) -> Result<()> {
    statement!(
        "INSERT INTO ml_logged_model_tags (project, model_id, key, value) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (project, model_id, key) DO UPDATE SET value = excluded.value",
        &scope.project,
        id,
        tag.key,
        tag.value
    )
    .execute(on)
    .await?;
    Ok(())
}

pub(crate) async fn put_params(
    on: &mut sqlx::AnyConnection,
    scope: &Scope,
    id: &str,
    params: Vec<Pair>,
) -> Result<()> {
    for param in params {
        statement!(
            "INSERT INTO ml_logged_model_params (project, model_id, key, value) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (project, model_id, key) DO UPDATE SET value = excluded.value",
            &scope.project,
            id,
            param.key,
            param.value
        )
        .execute(&mut *on)
        .await?;
    }
    Ok(())
}

#[derive(Deserialize)]
pub(crate) struct Pairs {
    #[serde(default, deserialize_with = "list")]
    tags: Vec<Pair>,
    #[serde(default, deserialize_with = "list")]
    params: Vec<Pair>,
}

pub(crate) async fn set_tags(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Path(of): Path<Of>,
    Input(request): Input<Pairs>,
) -> Result<Json<Value>> {
    limits::count("tags", request.tags.len(), limits::ENTITIES_PER_BATCH)?;
    limits::tags("tags", &request.tags, limits::TAG_VALUE)?;
    let mut transaction = tracking.database().begin().await?;
    find(&mut *transaction, &scope, &of.model_id, false).await?;
    for tag in request.tags {
        put_tag(&mut *transaction, &scope, &of.model_id, tag).await?;
    }
    transaction.commit().await?;
    answer(&tracking, &scope, &of.model_id, false).await
}

pub(crate) async fn log_params(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Path(of): Path<Of>,
    Input(request): Input<Pairs>,
) -> Result<Json<Done>> {
    limits::count("params", request.params.len(), limits::ENTITIES_PER_BATCH)?;
    limits::tags("params", &request.params, limits::PARAM_VALUE)?;
    let mut transaction = tracking.database().begin().await?;
    find(&mut *transaction, &scope, &of.model_id, false).await?;
    put_params(&mut transaction, &scope, &of.model_id, request.params).await?;
    transaction.commit().await?;
    Ok(DONE)
}

pub(crate) async fn delete_tag(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Path(of): Path<Of>,
) -> Result<Json<Done>> {
    let key = of.tag_key.unwrap_or_default();
    let gone = statement!(
        "DELETE FROM ml_logged_model_tags WHERE project = $1 AND model_id = $2 AND key = $3",
        &scope.project,
        &of.model_id,
        &key
    )
    .execute(&mut *tracking.database().write().await?)
    .await?;
    match gone {
        0 => Err(Error::NotFound(format!(
            "No tag with key '{key}' on logged model '{}'",
            of.model_id
        ))),
        _ => Ok(DONE),
    }
}
