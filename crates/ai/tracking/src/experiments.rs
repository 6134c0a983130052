//! Experiments: named groups of runs, numbered within their project.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Row};

use crate::database::now;
use crate::entity::{ACTIVE, DELETED, DONE, Done, Pair};
use crate::error::Result;
use crate::input::{Input, Required, list, texts};
use crate::location::Locations;
use crate::scope::{Editor, Scope};
use crate::statement::{Statement, statement};
use crate::{Error, Tracking, limits};

/// What a client uses when it names no experiment.
const DEFAULT: &str = "Default";

/// The projects known to have their default experiment (number 0).
#[derive(Default)]
pub(crate) struct Defaults(Mutex<HashSet<String>>);

impl Defaults {
    pub fn forget(&self, project: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(project);
    }
}

#[derive(Serialize)]
pub(crate) struct Experiment {
    experiment_id: String,
    name: String,
    artifact_location: String,
    lifecycle_stage: String,
    creation_time: i64,
    last_update_time: i64,
    tags: Vec<Pair>,
}

pub(crate) const COLUMNS: &str = "r.experiment_id, r.name, r.artifact_location, r.lifecycle_stage, r.creation_time, r.last_update_time";

impl Experiment {
    pub fn read(row: &AnyRow, tracking: &Tracking, scope: &Scope) -> Result<Experiment> {
        Ok(Experiment {
            experiment_id: row.try_get::<i64, _>(0)?.to_string(),
            name: row.try_get(1)?,
            artifact_location: tracking
                .locations()
                .public(&scope.project, &row.try_get::<String, _>(2)?),
            lifecycle_stage: row.try_get(3)?,
            creation_time: row.try_get(4)?,
            last_update_time: row.try_get(5)?,
            tags: Vec::new(),
        })
    }
}

impl Tracking {
    /// Makes the project's default experiment when it has none yet.
    pub(crate) async fn ensure_default(&self, project: &str) -> Result<()> {
        let known =
            |set: &Defaults| set.0.lock().unwrap_or_else(PoisonError::into_inner).contains(project);
        if known(&self.inner.defaults) {
            return Ok(());
        }
        let moment = now();
        statement!(
            "INSERT INTO ml_experiments (project, experiment_id, name, artifact_location, lifecycle_stage, \
             creation_time, last_update_time) VALUES ($1, 0, $2, $3, $4, $5, $5) ON CONFLICT DO NOTHING",
            project,
            DEFAULT,
            Locations::stored("0"),
            ACTIVE,
            moment
        )
        .execute(&mut *self.database().write().await?)
        .await?;
        let mut set = self.inner.defaults.0.lock().unwrap_or_else(PoisonError::into_inner);
        set.insert(project.to_owned());
        Ok(())
    }
}

/// An experiment's number, or the same answer as for one that is not there.
pub(crate) fn number(id: &str) -> Result<i64> {
    id.parse().map_err(|_| absent(id))
}

fn absent(id: &str) -> Error {
    Error::NotFound(format!("No Experiment with id={id} exists"))
}

/// Where the artifacts of a living experiment are.
pub(crate) async fn location(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    id: i64,
) -> Result<String> {
    let row = statement!(
        "SELECT artifact_location, lifecycle_stage FROM ml_experiments WHERE project = $1 AND experiment_id = $2",
        &scope.project,
        id
    )
    .optional(on)
    .await?
    .ok_or_else(|| absent(&id.to_string()))?;
    if row.try_get::<String, _>(1)? != ACTIVE {
        return Err(Error::invalid(format!(
            "The experiment {id} must be in the 'active' state. Current state is deleted."
        )));
    }
    Ok(row.try_get(0)?)
}

#[derive(Deserialize)]
pub(crate) struct Create {
    name: Option<String>,
    artifact_location: Option<String>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<Pair>,
}

pub(crate) async fn create(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Create>,
) -> Result<Json<Value>> {
    let name = request.name.required("name")?;
    limits::length("name", &name, limits::EXPERIMENT_NAME)?;
    limits::tags("tags", &request.tags, limits::EXPERIMENT_TAG_VALUE)?;
    tracking.ensure_default(&scope.project).await?;
    let mut transaction = tracking.database().begin().await?;
    refuse_taken(&mut transaction, &scope, &name).await?;
    let newest = statement!(
        "SELECT MAX(experiment_id) FROM ml_experiments WHERE project = $1",
        &scope.project
    )
    .optional(&mut *transaction)
    .await?;
    let id = newest.map(|row| row.try_get::<i64, _>(0)).transpose()?.unwrap_or(-1) + 1;
    let location = match request.artifact_location.filter(|location| !location.is_empty()) {
        Some(location) => {
            tracking.locations().accept(&scope.project, "artifact_location", &location)?
        }
        None => Locations::stored(&id.to_string()),
    };
    statement!(
        "INSERT INTO ml_experiments (project, experiment_id, name, artifact_location, lifecycle_stage, \
         creation_time, last_update_time) VALUES ($1, $2, $3, $4, $5, $6, $6)",
        &scope.project,
        id,
        &name,
        location,
        ACTIVE,
        now()
    )
    .execute(&mut *transaction)
    .await?;
    for tag in request.tags {
        put_tag(&mut *transaction, &scope, id, tag).await?;
    }
    transaction.commit().await?;
    Ok(Json(json!({ "experiment_id": id.to_string() })))
}

async fn refuse_taken(on: &mut sqlx::AnyConnection, scope: &Scope, name: &str) -> Result<()> {
    let taken = statement!(
        "SELECT lifecycle_stage FROM ml_experiments WHERE project = $1 AND name = $2",
        &scope.project,
        name
    )
    .optional(&mut *on)
    .await?;
    let Some(row) = taken else { return Ok(()) };
    let hint = match row.try_get::<String, _>(0)?.as_str() {
        ACTIVE => "",
        _ => " in deleted state. Restore it, or choose another name",
    };
    Err(Error::Exists(format!("Experiment '{name}' already exists{hint}.")))
}

#[derive(Deserialize)]
pub(crate) struct Named {
    #[serde(default, deserialize_with = "text")]
    experiment_id: Option<String>,
    experiment_name: Option<String>,
    new_name: Option<String>,
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
}

/// An id may come as a number.
fn text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(texts(from)?.into_iter().next())
}

async fn find(
    tracking: &Tracking,
    scope: &Scope,
    column: &str,
    value: impl Into<crate::statement::Value>,
) -> Result<Option<Experiment>> {
    let mut select =
        Statement::new(format!("SELECT {COLUMNS} FROM ml_experiments r WHERE r.project = "));
    select.bind(&scope.project).push(" AND r.").push(column).push(" = ").bind(value);
    let Some(row) = select.optional(tracking.database().read()).await? else { return Ok(None) };
    let mut found = vec![Experiment::read(&row, tracking, scope)?];
    attach_tags(tracking, scope, &mut found).await?;
    Ok(found.pop())
}

pub(crate) async fn attach_tags(
    tracking: &Tracking,
    scope: &Scope,
    experiments: &mut [Experiment],
) -> Result<()> {
    for some in experiments.chunks_mut(500) {
        let ids = some.iter().map(|e| number(&e.experiment_id)).collect::<Result<Vec<_>>>()?;
        let mut select = Statement::new(
            "SELECT experiment_id, key, value FROM ml_experiment_tags WHERE project = ",
        );
        select
            .bind(&scope.project)
            .push(" AND experiment_id IN ")
            .bind_list(ids)
            .push(" ORDER BY key");
        for row in select.all(tracking.database().read()).await? {
            let id = row.try_get::<i64, _>(0)?.to_string();
            if let Some(experiment) = some.iter_mut().find(|e| e.experiment_id == id) {
                experiment.tags.push(Pair::read(&row, 1)?);
            }
        }
    }
    Ok(())
}

pub(crate) async fn get(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Named>,
) -> Result<Json<Value>> {
    tracking.ensure_default(&scope.project).await?;
    let id = request.experiment_id.required("experiment_id")?;
    let found =
        find(&tracking, &scope, "experiment_id", number(&id)?).await?.ok_or_else(|| absent(&id))?;
    Ok(Json(json!({ "experiment": found })))
}

pub(crate) async fn get_by_name(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Named>,
) -> Result<Json<Value>> {
    tracking.ensure_default(&scope.project).await?;
    let name = request.experiment_name.required("experiment_name")?;
    let found = find(&tracking, &scope, "name", &name)
        .await?
        .ok_or_else(|| Error::NotFound(format!("Could not find experiment with name '{name}'")))?;
    Ok(Json(json!({ "experiment": found })))
}

async fn move_to(
    tracking: &Tracking,
    scope: &Scope,
    id: &str,
    from: &str,
    to: &str,
) -> Result<Json<Done>> {
    if to == DELETED && id == "0" {
        return Err(Error::invalid("The default experiment (id 0) cannot be deleted"));
    }
    let changed = statement!(
        "UPDATE ml_experiments SET lifecycle_stage = $1, last_update_time = $2 \
         WHERE project = $3 AND experiment_id = $4 AND lifecycle_stage = $5",
        to,
        now(),
        &scope.project,
        number(id)?,
        from
    )
    .execute(&mut *tracking.database().write().await?)
    .await?;
    match changed {
        0 => Err(Error::NotFound(format!("No {from} experiment with id={id} exists"))),
        _ => Ok(DONE),
    }
}

pub(crate) async fn delete(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    move_to(&tracking, &scope, &request.experiment_id.required("experiment_id")?, ACTIVE, DELETED)
        .await
}

pub(crate) async fn restore(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    move_to(&tracking, &scope, &request.experiment_id.required("experiment_id")?, DELETED, ACTIVE)
        .await
}

pub(crate) async fn update(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    let id = number(&request.experiment_id.required("experiment_id")?)?;
    let name = request.new_name.required("new_name")?;
    limits::length("new_name", &name, limits::EXPERIMENT_NAME)?;
    let mut transaction = tracking.database().begin().await?;
    location(&mut *transaction, &scope, id).await?;
    refuse_taken(&mut transaction, &scope, &name).await?;
    statement!(
        "UPDATE ml_experiments SET name = $1, last_update_time = $2 WHERE project = $3 AND experiment_id = $4",
        &name,
        now(),
        &scope.project,
        id
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(DONE)
}

async fn put_tag(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    id: i64,
    tag: Pair,
) -> Result<()> {
    statement!(
        "INSERT INTO ml_experiment_tags (project, experiment_id, key, value) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (project, experiment_id, key) DO UPDATE SET value = excluded.value",
        &scope.project,
        id,
        tag.key,
        tag.value
    )
    .execute(on)
    .await?;
    Ok(())
}

pub(crate) async fn set_tag(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    let id = number(&request.experiment_id.required("experiment_id")?)?;
    limits::key("key", &request.key)?;
    limits::length("value", &request.value, limits::EXPERIMENT_TAG_VALUE)?;
    let mut transaction = tracking.database().begin().await?;
    location(&mut *transaction, &scope, id).await?;
    put_tag(&mut *transaction, &scope, id, Pair { key: request.key, value: request.value }).await?;
    transaction.commit().await?;
    Ok(DONE)
}

pub(crate) async fn delete_tag(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    let id = number(&request.experiment_id.required("experiment_id")?)?;
    let gone = statement!(
        "DELETE FROM ml_experiment_tags WHERE project = $1 AND experiment_id = $2 AND key = $3",
        &scope.project,
        id,
        &request.key
    )
    .execute(&mut *tracking.database().write().await?)
    .await?;
    match gone {
        0 => Err(Error::NotFound(format!(
            "No tag with name: {} in experiment with id {id}",
            request.key
        ))),
        _ => Ok(DONE),
    }
}

/// The protocol leaves the token of a next page out when there is none.
pub(crate) fn with_next(mut answer: Value, next: Option<String>) -> Value {
    if let (Some(object), Some(next)) = (answer.as_object_mut(), next) {
        object.insert("next_page_token".into(), next.into());
    }
    answer
}
