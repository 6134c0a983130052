//! Aliases: movable names for versions, such as `champion`.

use axum::Json;
use axum::extract::State;
use serde_json::Value;
use sqlx::Row;

use crate::entity::{DONE, Done};
use crate::error::Result;
use crate::input::{Input, Required};
use crate::registered_models::touch;
use crate::scope::{Editor, Scope};
use crate::statement::statement;
use crate::versions::{Named, answer, exists};
use crate::{Error, Tracking, limits, protection};

pub(crate) async fn set(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    let (name, version) = request.which()?;
    let alias = request.alias.required("alias")?;
    limits::alias(&alias)?;
    protection::direct(&scope, (&name, &alias), Some(version))?;
    let mut transaction = tracking.database().begin().await?;
    exists(&mut *transaction, &scope, &name, version).await?;
    statement!(
        "INSERT INTO ml_model_aliases (project, name, alias, version) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (project, name, alias) DO UPDATE SET version = excluded.version",
        &scope.project,
        &name,
        alias,
        version
    )
    .execute(&mut *transaction)
    .await?;
    touch(&mut *transaction, &scope, &name).await?;
    transaction.commit().await?;
    Ok(DONE)
}

pub(crate) async fn delete(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    let (name, alias) = (request.name.required("name")?, request.alias.required("alias")?);
    protection::direct(&scope, (&name, &alias), None)?;
    let mut transaction = tracking.database().begin().await?;
    touch(&mut *transaction, &scope, &name).await?;
    statement!(
        "DELETE FROM ml_model_aliases WHERE project = $1 AND name = $2 AND alias = $3",
        &scope.project,
        &name,
        &alias
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(DONE)
}

pub(crate) async fn by_alias(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Named>,
) -> Result<Json<Value>> {
    let (name, alias) = (request.name.required("name")?, request.alias.required("alias")?);
    let sql = match alias.eq_ignore_ascii_case("latest") {
        true => {
            "SELECT MAX(version) FROM ml_versions WHERE project = $1 AND name = $2 AND $3 <> ''"
        }
        false => {
            "SELECT version FROM ml_model_aliases WHERE project = $1 AND name = $2 AND alias = $3"
        }
    };
    let row =
        statement!(sql, &scope.project, &name, &alias).optional(tracking.database().read()).await?;
    let version = row.map(|row| row.try_get::<Option<i64>, _>(0)).transpose()?.flatten();
    let version = version.ok_or_else(|| {
        Error::NotFound(format!("Registered model alias {alias} of model {name} not found."))
    })?;
    answer(&tracking, &scope, &name, version).await
}
