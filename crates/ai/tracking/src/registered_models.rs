//! Registered models: names under which versions are published, with tags and
//! aliases.

use axum::Json;
use axum::extract::State;
use dais_relations::Dialect;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Row};

use crate::database::now;
use crate::entity::{DONE, Done, Page, Pair};
use crate::error::Result;
use crate::experiments::with_next;
use crate::input::{Input, Required, int, list, texts};
use crate::scope::{Editor, Scope};
use crate::search::{Entity, Filter, Kind, Table, order};
use crate::stages;
use crate::statement::{Statement, statement};
use crate::{Error, Tracking, approvals, decisions, limits, protection};

#[derive(Serialize)]
struct Model {
    name: String,
    creation_timestamp: i64,
    last_updated_timestamp: i64,
    user_id: String,
    description: String,
    latest_versions: Vec<Value>,
    tags: Vec<Pair>,
    aliases: Vec<Alias>,
}

#[derive(Serialize)]
struct Alias {
    alias: String,
    version: String,
}

const COLUMNS: &str =
    "r.name, r.creation_timestamp, r.last_updated_timestamp, r.user_id, r.description";

pub(crate) fn absent(name: &str) -> Error {
    Error::NotFound(format!("Registered Model with name={name} not found"))
}

async fn complete(tracking: &Tracking, scope: &Scope, row: &AnyRow) -> Result<Model> {
    let name: String = row.try_get(0)?;
    let read = tracking.database().read();
    let tags = statement!(
        "SELECT key, value FROM ml_model_tags WHERE project = $1 AND name = $2 ORDER BY key",
        &scope.project,
        &name
    );
    let tags = tags.all(read).await?.iter().map(|row| Pair::read(row, 0)).collect::<Result<_>>()?;
    let aliases = statement!(
        "SELECT alias, version FROM ml_model_aliases WHERE project = $1 AND name = $2 ORDER BY alias",
        &scope.project,
        &name
    );
    let mut found = Vec::new();
    for row in aliases.all(read).await? {
        found
            .push(Alias { alias: row.try_get(0)?, version: row.try_get::<i64, _>(1)?.to_string() });
    }
    Ok(Model {
        creation_timestamp: row.try_get(1)?,
        last_updated_timestamp: row.try_get(2)?,
        user_id: row.try_get(3)?,
        description: row.try_get(4)?,
        latest_versions: stages::latest(tracking, scope, &name, &[]).await?,
        tags,
        aliases: found,
        name,
    })
}

async fn answer(tracking: &Tracking, scope: &Scope, name: &str) -> Result<Json<Value>> {
    let mut select =
        Statement::new(format!("SELECT {COLUMNS} FROM ml_models r WHERE r.project = "));
    select.bind(&scope.project).push(" AND r.name = ").bind(name);
    let row = select.optional(tracking.database().read()).await?.ok_or_else(|| absent(name))?;
    Ok(Json(json!({ "registered_model": complete(tracking, scope, &row).await? })))
}

#[derive(Deserialize)]
pub(crate) struct Named {
    name: Option<String>,
    new_name: Option<String>,
    description: Option<String>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<Pair>,
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
}

pub(crate) async fn create(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Value>> {
    let name = request.name.required("name")?;
    limits::model_name("name", &name)?;
    limits::length(
        "description",
        request.description.as_deref().unwrap_or(""),
        limits::DESCRIPTION,
    )?;
    limits::tags("tags", &request.tags, limits::REGISTRY_TAG_VALUE)?;
    let mut transaction = tracking.database().begin().await?;
    let made = statement!(
        "INSERT INTO ml_models (project, name, description, user_id, next_version, creation_timestamp, \
         last_updated_timestamp) VALUES ($1, $2, $3, $4, 1, $5, $5) ON CONFLICT DO NOTHING",
        &scope.project,
        &name,
        request.description.unwrap_or_default(),
        &scope.user,
        now()
    )
    .execute(&mut *transaction)
    .await?;
    if made == 0 {
        return Err(Error::Exists(format!("Registered Model (name={name}) already exists.")));
    }
    for tag in request.tags {
        put_tag(&mut *transaction, &scope, &name, tag).await?;
    }
    transaction.commit().await?;
    answer(&tracking, &scope, &name).await
}

async fn put_tag(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    name: &str,
    tag: Pair,
) -> Result<()> {
    statement!(
        "INSERT INTO ml_model_tags (project, name, key, value) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (project, name, key) DO UPDATE SET value = excluded.value",
        &scope.project,
        name,
        tag.key,
        tag.value
    )
    .execute(on)
    .await?;
    Ok(())
}

pub(crate) async fn get(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Named>,
) -> Result<Json<Value>> {
    answer(&tracking, &scope, &request.name.required("name")?).await
}

/// Marks the model as changed; the way to learn that it is there.
pub(crate) async fn touch(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    name: &str,
) -> Result<()> {
    let changed = statement!(
        "UPDATE ml_models SET last_updated_timestamp = $1 WHERE project = $2 AND name = $3",
        now(),
        &scope.project,
        name
    )
    .execute(on)
    .await?;
    if changed == 0 { Err(absent(name)) } else { Ok(()) }
}

pub(crate) async fn update(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Value>> {
    let name = request.name.required("name")?;
    let description = request.description.unwrap_or_default();
    limits::length("description", &description, limits::DESCRIPTION)?;
    let changed = statement!(
        "UPDATE ml_models SET description = $1, last_updated_timestamp = $2 WHERE project = $3 AND name = $4",
        description,
        now(),
        &scope.project,
        &name
    )
    .execute(&mut *tracking.database().write().await?)
    .await?;
    if changed == 0 {
        return Err(absent(&name));
    }
    answer(&tracking, &scope, &name).await
}

/// The tables whose rows belong to a model by its name.
const TABLES: [&str; 5] =
    ["ml_models", "ml_model_tags", "ml_model_aliases", "ml_versions", "ml_version_tags"];

pub(crate) async fn rename(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Value>> {
    let (name, new) = (request.name.required("name")?, request.new_name.required("new_name")?);
    limits::model_name("new_name", &new)?;
    let mut transaction = tracking.database().begin().await?;
    touch(&mut *transaction, &scope, &name).await?;
    protection::undisturbed(&mut *transaction, &scope, (&name, None), "renaming the model").await?;
    let taken = statement!(
        "SELECT 1 FROM ml_models WHERE project = $1 AND name = $2",
        &scope.project,
        &new
    );
    if taken.optional(&mut *transaction).await?.is_some() {
        return Err(Error::Exists(format!("Registered Model (name={new}) already exists.")));
    }
    for table in TABLES.into_iter().chain([approvals::TABLE]) {
        statement!(
            format!("UPDATE {table} SET name = $1 WHERE project = $2 AND name = $3"),
            &new,
            &scope.project,
            &name
        )
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    answer(&tracking, &scope, &new).await
}

pub(crate) async fn delete(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    let name = request.name.required("name")?;
    let mut transaction = tracking.database().begin().await?;
    touch(&mut *transaction, &scope, &name).await?;
    protection::undisturbed(&mut *transaction, &scope, (&name, None), "deleting the model").await?;
    decisions::close(&mut *transaction, &scope, (&name, None), "the model was deleted").await?;
    for table in TABLES {
        statement!(
            format!("DELETE FROM {table} WHERE project = $1 AND name = $2"),
            &scope.project,
            &name
        )
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(DONE)
}

pub(crate) async fn set_tag(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    let name = request.name.required("name")?;
    limits::key("key", &request.key)?;
    limits::length("value", &request.value, limits::REGISTRY_TAG_VALUE)?;
    let mut transaction = tracking.database().begin().await?;
    touch(&mut *transaction, &scope, &name).await?;
    put_tag(&mut *transaction, &scope, &name, Pair { key: request.key, value: request.value })
        .await?;
    transaction.commit().await?;
    Ok(DONE)
}

pub(crate) async fn delete_tag(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    let name = request.name.required("name")?;
    let mut transaction = tracking.database().begin().await?;
    touch(&mut *transaction, &scope, &name).await?;
    statement!(
        "DELETE FROM ml_model_tags WHERE project = $1 AND name = $2 AND key = $3",
        &scope.project,
        &name,
        &request.key
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(DONE)
}

#[derive(Default, Deserialize)]
pub(crate) struct Search {
    filter: Option<String>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
    #[serde(default, deserialize_with = "texts")]
    order_by: Vec<String>,
    page_token: Option<String>,
}

const TAGS: Table =
    Table { name: "ml_model_tags", on: "t.project = r.project AND t.name = r.name" };

const ENTITY: Entity = Entity {
    attributes: &[
        (&["name"], "r.name", Kind::Text),
        (&["creation_timestamp"], "r.creation_timestamp", Kind::Number),
        (&["last_updated_timestamp", "timestamp"], "r.last_updated_timestamp", Kind::Number),
    ],
    tags: Some(TAGS),
    params: None,
    metrics: None,
    datasets: None,
};

/// Before the name that a page of models by name begins behind.
const PAST: &str = "past-";

/// The rows of a page, and one more.
pub(crate) fn select(
    project: &str,
    asked: &Search,
    (page, past): (&Page, Option<&str>),
    dialect: Dialect,
) -> Result<Statement> {
    let mut filter = Filter::parse(asked.filter.as_deref())?;
    let mut select =
        Statement::new(format!("SELECT {COLUMNS} FROM ml_models r WHERE r.project = "));
    select.bind(project);
    filter.models_or_prompts(&TAGS, &mut select);
    filter.compile(&ENTITY, &mut select)?;
    let last = format!("r.name{}", dialect.byte_order());
    if let Some(name) = past {
        select.push(" AND ").push(&last).push(" > ").bind(name);
    }
    select.push(" ORDER BY ");
    order(&ENTITY, &asked.order_by, &last, dialect, &mut select)?;
    select.push(" LIMIT ").bind(page.limit + 1).push(" OFFSET ").bind(page.offset);
    Ok(select)
}

pub(crate) async fn search(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Search>,
) -> Result<Json<Value>> {
    // By name, a page begins behind the last name of the one before: counting its way
    // there would read all earlier pages again.
    let by_name = request.order_by.is_empty();
    let token = request.page_token.as_deref();
    let past = token.filter(|_| by_name).and_then(|token| token.strip_prefix(PAST));
    let counted = if past.is_some() { None } else { token };
    let page = Page::new(counted, request.max_results, 100, 1000)?;
    let dialect = tracking.database().dialect();
    let select = select(&scope.project, &request, (&page, past), dialect)?;
    let mut rows = select.all(tracking.database().read()).await?;
    let mut next = page.cut(&mut rows);
    if let (true, Some(next), Some(last)) = (by_name, &mut next, rows.last()) {
        *next = format!("{PAST}{}", last.try_get::<String, _>(0)?);
    }
    let mut models = Vec::with_capacity(rows.len());
    for row in &rows {
        models.push(complete(&tracking, &scope, row).await?);
    }
    Ok(Json(with_next(json!({ "registered_models": models }), next)))
}
