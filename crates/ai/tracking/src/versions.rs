//! Model versions: numbered, immutable in source and run, the link from a
//! published model back to the run that made it.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Row};

use crate::database::now;
use crate::entity::{DONE, Done, Pair};
use crate::error::Result;
use crate::input::{Input, Required, list, texts};
use crate::registered_models::{absent as no_model, touch};
use crate::scope::{Editor, Scope};
use crate::statement::{Statement, statement};
use crate::version_origin::Origin;
use crate::{Error, Tracking, decisions, limits, protection};

#[derive(Serialize)]
pub(crate) struct Version {
    name: String,
    version: String,
    creation_timestamp: i64,
    last_updated_timestamp: i64,
    user_id: String,
    current_stage: String,
    description: String,
    source: String,
    run_id: String,
    run_link: String,
    status: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    model_id: String,
    tags: Vec<Pair>,
    aliases: Vec<String>,
}

/// Of `ml_versions r`, as [`Version::read`] reads them.
pub(crate) const COLUMNS: &str = "r.name, r.version, r.creation_timestamp, r.last_updated_timestamp, r.user_id, \
    r.stage, r.description, r.source, r.run_id, r.run_link, r.model_id";

impl Version {
    pub async fn read(row: &AnyRow, tracking: &Tracking, scope: &Scope) -> Result<Version> {
        let (name, version): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        let read = tracking.database().read();
        let tags = statement!(
            "SELECT key, value FROM ml_version_tags WHERE project = $1 AND name = $2 AND version = $3 ORDER BY key",
            &scope.project,
            &name,
            version
        );
        let tags =
            tags.all(read).await?.iter().map(|row| Pair::read(row, 0)).collect::<Result<_>>()?;
        let aliases = statement!(
            "SELECT alias FROM ml_model_aliases WHERE project = $1 AND name = $2 AND version = $3 ORDER BY alias",
            &scope.project,
            &name,
            version
        );
        let aliases =
            aliases.all(read).await?.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        Ok(Version {
            name,
            version: version.to_string(),
            creation_timestamp: row.try_get(2)?,
            last_updated_timestamp: row.try_get(3)?,
            user_id: row.try_get(4)?,
            current_stage: row.try_get(5)?,
            description: row.try_get(6)?,
            source: tracking.locations().public(&scope.project, &row.try_get::<String, _>(7)?),
            run_id: row.try_get(8)?,
            run_link: row.try_get(9)?,
            status: "READY",
            model_id: row.try_get(10)?,
            tags,
            aliases,
        })
    }
}

pub(crate) fn absent(name: &str, version: i64) -> Error {
    Error::NotFound(format!("Model Version (name={name}, version={version}) not found"))
}

pub(crate) fn number(version: Option<String>) -> Result<i64> {
    let text = version.required("version")?;
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| {
        Error::invalid(format!("Parameter 'version' must be a positive integer, got '{text}'."))
    })
}

pub(crate) async fn answer(
    tracking: &Tracking,
    scope: &Scope,
    name: &str,
    version: i64,
) -> Result<Json<Value>> {
    let mut select =
        Statement::new(format!("SELECT {COLUMNS} FROM ml_versions r WHERE r.project = "));
    select
        .bind(&scope.project)
        .push(" AND r.name = ")
        .bind(name)
        .push(" AND r.version = ")
        .bind(version);
    let row =
        select.optional(tracking.database().read()).await?.ok_or_else(|| absent(name, version))?;
    Ok(Json(json!({ "model_version": Version::read(&row, tracking, scope).await? })))
}

#[derive(Deserialize)]
pub(crate) struct Create {
    name: Option<String>,
    source: Option<String>,
    run_id: Option<String>,
    run_link: Option<String>,
    description: Option<String>,
    model_id: Option<String>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<Pair>,
}

pub(crate) async fn create(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Create>,
) -> Result<Json<Value>> {
    let name = request.name.required("name")?;
    let given = request.source.required("source")?;
    let source = tracking.locations().accept(&scope.project, "source", &given)?;
    let description = request.description.unwrap_or_default();
    let run_link = request.run_link.unwrap_or_default();
    limits::length("description", &description, limits::DESCRIPTION)?;
    limits::length("run_link", &run_link, limits::EXPERIMENT_NAME)?;
    limits::tags("tags", &request.tags, limits::REGISTRY_TAG_VALUE)?;
    let mut transaction = tracking.database().begin().await?;
    let mut origin = Origin {
        storage: source.clone(),
        run_id: request.run_id.unwrap_or_default(),
        model_id: request.model_id.unwrap_or_default(),
    };
    origin.resolve(&mut transaction, &scope, &source).await?;
    let moment = now();
    let changed = statement!(
        "UPDATE ml_models SET next_version = next_version + 1, last_updated_timestamp = $1 \
         WHERE project = $2 AND name = $3",
        moment,
        &scope.project,
        &name
    );
    if changed.execute(&mut *transaction).await? == 0 {
        return Err(no_model(&name));
    }
    let next = statement!(
        "SELECT next_version FROM ml_models WHERE project = $1 AND name = $2",
        &scope.project,
        &name
    );
    let next = next.optional(&mut *transaction).await?.ok_or_else(|| no_model(&name))?;
    let version = next.try_get::<i64, _>(0)? - 1;
    statement!(
        "INSERT INTO ml_versions (project, name, version, description, user_id, stage, source, storage, run_id, \
         run_link, model_id, creation_timestamp, last_updated_timestamp) \
         VALUES ($1, $2, $3, $4, $5, 'None', $6, $7, $8, $9, $10, $11, $11)",
        &scope.project,
        &name,
        version,
        description,
        &scope.user,
        source,
        origin.storage,
        origin.run_id,
        run_link,
        origin.model_id,
        moment
    )
    .execute(&mut *transaction)
    .await?;
    for tag in request.tags {
        put_tag(&mut *transaction, &scope, &name, version, tag).await?;
    }
    transaction.commit().await?;
    answer(&tracking, &scope, &name, version).await
}

async fn put_tag(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    name: &str,
    version: i64,
    tag: Pair,
) -> Result<()> {
    statement!(
        "INSERT INTO ml_version_tags (project, name, version, key, value) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (project, name, version, key) DO UPDATE SET value = excluded.value",
        &scope.project,
        name,
        version,
        tag.key,
        tag.value
    )
    .execute(on)
    .await?;
    Ok(())
}

#[derive(Deserialize)]
pub(crate) struct Named {
    pub name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    version: Option<String>,
    description: Option<String>,
    pub alias: Option<String>,
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
}

/// A version may come as a number.
pub(crate) fn text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Number(number) => Some(number.to_string()),
        other => texts(other).map_err(serde::de::Error::custom)?.into_iter().next(),
    })
}

impl Named {
    pub fn which(&self) -> Result<(String, i64)> {
        Ok((self.name.clone().required("name")?, number(self.version.clone())?))
    }
}

pub(crate) async fn get(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Named>,
) -> Result<Json<Value>> {
    let (name, version) = request.which()?;
    answer(&tracking, &scope, &name, version).await
}

pub(crate) async fn download_uri(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Named>,
) -> Result<Json<Value>> {
    let (name, version) = request.which()?;
    let row = statement!(
        "SELECT storage FROM ml_versions WHERE project = $1 AND name = $2 AND version = $3",
        &scope.project,
        &name,
        version
    );
    let row =
        row.optional(tracking.database().read()).await?.ok_or_else(|| absent(&name, version))?;
    let storage: String = row.try_get(0)?;
    Ok(Json(json!({ "artifact_uri": tracking.locations().public(&scope.project, &storage) })))
}

pub(crate) async fn change(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    (name, version): (&str, i64),
    (column, value): (&str, &str),
) -> Result<()> {
    let mut update = Statement::new("UPDATE ml_versions SET ");
    update.push(column).push(" = ").bind(value).push(", last_updated_timestamp = ").bind(now());
    update.push(" WHERE project = ").bind(&scope.project).push(" AND name = ").bind(name);
    update.push(" AND version = ").bind(version);
    match update.execute(on).await? {
        0 => Err(absent(name, version)),
        _ => Ok(()),
    }
}

pub(crate) async fn update(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Value>> {
    let (name, version) = request.which()?;
    let description = request.description.unwrap_or_default();
    limits::length("description", &description, limits::DESCRIPTION)?;
    change(
        &mut *tracking.database().write().await?,
        &scope,
        (&name, version),
        ("description", &description),
    )
    .await?;
    answer(&tracking, &scope, &name, version).await
}

pub(crate) async fn delete(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    let (name, version) = request.which()?;
    let mut transaction = tracking.database().begin().await?;
    touch(&mut *transaction, &scope, &name).await?;
    let which = (name.as_str(), Some(version));
    protection::undisturbed(&mut *transaction, &scope, which, "deleting the version").await?;
    decisions::close(&mut *transaction, &scope, which, "the version was deleted").await?;
    let mut gone = 0;
    for table in ["ml_version_tags", "ml_model_aliases", "ml_versions"] {
        gone = statement!(
            format!("DELETE FROM {table} WHERE project = $1 AND name = $2 AND version = $3"),
            &scope.project,
            &name,
            version
        )
        .execute(&mut *transaction)
        .await?;
    }
    if gone == 0 {
        return Err(absent(&name, version));
    }
    transaction.commit().await?;
    Ok(DONE)
}

pub(crate) async fn set_tag(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    let (name, version) = request.which()?;
    limits::key("key", &request.key)?;
    limits::length("value", &request.value, limits::REGISTRY_TAG_VALUE)?;
    let mut transaction = tracking.database().begin().await?;
    exists(&mut *transaction, &scope, &name, version).await?;
    put_tag(
        &mut *transaction,
        &scope,
        &name,
        version,
        Pair { key: request.key, value: request.value },
    )
    .await?;
    transaction.commit().await?;
    Ok(DONE)
}

pub(crate) async fn exists(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    name: &str,
    version: i64,
) -> Result<()> {
    let found = statement!(
        "SELECT 1 FROM ml_versions WHERE project = $1 AND name = $2 AND version = $3",
        &scope.project,
        name,
        version
    );
    found.optional(on).await?.map(drop).ok_or_else(|| absent(name, version))
}

pub(crate) async fn delete_tag(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    let (name, version) = request.which()?;
    let mut transaction = tracking.database().begin().await?;
    exists(&mut *transaction, &scope, &name, version).await?;
    statement!(
        "DELETE FROM ml_version_tags WHERE project = $1 AND name = $2 AND version = $3 AND key = $4",
        &scope.project,
        &name,
        version,
        &request.key
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(DONE)
}
