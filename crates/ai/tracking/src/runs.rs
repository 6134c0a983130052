//! Runs: one execution each, with status, times and a place for its files.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{Any, Executor};
use uuid::Uuid;

use crate::database::now;
use crate::entity::{ACTIVE, DELETED, DONE, Done, Pair};
use crate::error::Result;
use crate::experiments::{location, number};
use crate::input::{Input, Required, int, list};
use crate::location::Locations;
use crate::run_data::{COLUMNS, RunInfo, complete};
use crate::scope::{Editor, Scope};
use crate::statement::{Statement, statement};
use crate::{Error, Tracking, limits};

const NAME_TAG: &str = "mlflow.runName";
const STATUSES: [&str; 5] = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

#[derive(Deserialize)]
pub(crate) struct Create {
    experiment_id: Option<String>,
    user_id: Option<String>,
    run_name: Option<String>,
    #[serde(default, deserialize_with = "int")]
    start_time: Option<i64>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<Pair>,
}

pub(crate) async fn create(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Create>,
) -> Result<Json<Value>> {
    tracking.ensure_default(&scope.project).await?;
    let experiment =
        number(request.experiment_id.as_deref().filter(|id| !id.is_empty()).unwrap_or("0"))?;
    let mut tags = request.tags;
    limits::tags("tags", &tags, limits::TAG_VALUE)?;
    let unique = Uuid::new_v4();
    let run_id = unique.simple().to_string();
    let name = name_of(request.run_name, &tags, &unique)?;
    tags.retain(|tag| tag.key != NAME_TAG);
    tags.push(Pair { key: NAME_TAG.into(), value: name.clone() });
    let user = if scope.user.is_empty() {
        request.user_id.unwrap_or_default()
    } else {
        scope.user.clone()
    };
    limits::length("user_id", &user, limits::KEY)?;
    // Never negative, so that it reads well; the database refuses the one double in 2^63.
    let seq = (Uuid::new_v4().as_u64_pair().0 >> 1) as i64;

    let mut transaction = tracking.database().begin().await?;
    let root = location(&mut *transaction, &scope, experiment).await?;
    statement!(
        "INSERT INTO ml_runs (seq, project, run_id, experiment_id, name, user_id, status, start_time, \
         lifecycle_stage, artifact_uri) VALUES ($1, $2, $3, $4, $5, $6, 'RUNNING', $7, $8, $9)",
        seq,
        &scope.project,
        &run_id,
        experiment,
        name,
        user,
        request.start_time.unwrap_or_else(now),
        ACTIVE,
        Locations::below(&root, &format!("{run_id}/artifacts"))
    )
    .execute(&mut *transaction)
    .await?;
    let mut last = std::collections::BTreeMap::new();
    last.extend(tags.into_iter().map(|tag| (tag.key, tag.value)));
    for (key, value) in last {
        statement!(
            "INSERT INTO ml_run_tags (run, key, value) VALUES ($1, $2, $3)",
            seq,
            key,
            value
        )
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    answer(&tracking, &scope, &run_id).await
}

/// The given name, the one in the tags, or a made-up one that people can say.
fn name_of(given: Option<String>, tags: &[Pair], unique: &Uuid) -> Result<String> {
    let tagged = tags.iter().find(|tag| tag.key == NAME_TAG).map(|tag| tag.value.clone());
    let given = given.filter(|name| !name.is_empty());
    if let (Some(given), Some(tagged)) = (&given, &tagged)
        && given != tagged
    {
        return Err(Error::invalid(format!(
            "Both 'run_name' ('{given}') and the tag {NAME_TAG} ('{tagged}') are given and differ"
        )));
    }
    let name = given.or(tagged).unwrap_or_else(|| invented(unique));
    limits::length("run_name", &name, limits::TAG_VALUE)?;
    Ok(name)
}

fn invented(unique: &Uuid) -> String {
    const FIRST: [&str; 16] = [
        "able", "bold", "calm", "deft", "eager", "fair", "gentle", "happy", "keen", "lucid",
        "merry", "nimble", "proud", "quiet", "swift", "warm",
    ];
    const SECOND: [&str; 16] = [
        "carp", "crane", "deer", "finch", "fox", "hare", "heron", "ibex", "lark", "lynx", "otter",
        "panda", "pika", "seal", "swan", "wren",
    ];
    let bytes = unique.as_bytes();
    let pick = |list: [&'static str; 16], byte: u8| list[usize::from(byte % 16)];
    format!(
        "{}-{}-{}",
        pick(FIRST, bytes[0]),
        pick(SECOND, bytes[1]),
        u16::from_be_bytes([bytes[2], bytes[3]]) % 1000
    )
}

#[derive(Deserialize)]
pub(crate) struct Named {
    run_id: Option<String>,
    run_uuid: Option<String>,
}

impl Named {
    fn id(self) -> Result<String> {
        self.run_id.or(self.run_uuid).required("run_id")
    }
}

pub(crate) fn absent(run_id: &str) -> Error {
    Error::NotFound(format!("Run with id={run_id} not found"))
}

pub(crate) async fn find(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    run_id: &str,
) -> Result<AnyRow> {
    let mut select = Statement::new(format!("SELECT {COLUMNS} FROM ml_runs r WHERE r.project = "));
    select.bind(&scope.project).push(" AND r.run_id = ").bind(run_id);
    select.optional(on).await?.ok_or_else(|| absent(run_id))
}

async fn answer(tracking: &Tracking, scope: &Scope, run_id: &str) -> Result<Json<Value>> {
    let row = find(tracking.database().read(), scope, run_id).await?;
    let runs = complete(tracking, vec![RunInfo::read(&row, tracking, scope)?]).await?;
    Ok(Json(json!({ "run": runs.into_iter().next() })))
}

pub(crate) async fn get(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Named>,
) -> Result<Json<Value>> {
    answer(&tracking, &scope, &request.id()?).await
}

#[derive(Deserialize)]
pub(crate) struct Update {
    run_id: Option<String>,
    run_uuid: Option<String>,
    status: Option<Value>,
    #[serde(default, deserialize_with = "int")]
    end_time: Option<i64>,
    run_name: Option<String>,
}

/// A status by name, or by its number in the protocol.
fn status_of(value: &Value) -> Result<&'static str> {
    let found = match value {
        Value::String(name) => STATUSES.into_iter().find(|status| status == name),
        Value::Number(number) => {
            number.as_u64().and_then(|n| STATUSES.get((n as usize).wrapping_sub(1)).copied())
        }
        _ => None,
    };
    found.ok_or_else(|| {
        Error::invalid(format!(
            "Invalid value {value} for parameter 'status': expected one of {STATUSES:?}"
        ))
    })
}

pub(crate) async fn update(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Update>,
) -> Result<Json<Value>> {
    let run_id = request.run_id.or(request.run_uuid).required("run_id")?;
    let status =
        request.status.as_ref().filter(|status| !status.is_null()).map(status_of).transpose()?;
    let name = request.run_name.filter(|name| !name.is_empty());
    limits::length("run_name", name.as_deref().unwrap_or(""), limits::TAG_VALUE)?;
    let mut transaction = tracking.database().begin().await?;
    let before =
        RunInfo::read(&find(&mut *transaction, &scope, &run_id).await?, &tracking, &scope)?;
    refuse_deleted(&before)?;
    statement!(
        "UPDATE ml_runs SET status = $1, end_time = $2, name = $3 WHERE seq = $4",
        status.unwrap_or(&before.status),
        request.end_time.or(before.end_time),
        name.as_ref().unwrap_or(&before.run_name),
        before.seq
    )
    .execute(&mut *transaction)
    .await?;
    if let Some(name) = name {
        statement!(
            "INSERT INTO ml_run_tags (run, key, value) VALUES ($1, $2, $3) \
             ON CONFLICT (run, key) DO UPDATE SET value = excluded.value",
            before.seq,
            NAME_TAG,
            name
        )
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    let row = find(tracking.database().read(), &scope, &run_id).await?;
    Ok(Json(json!({ "run_info": RunInfo::read(&row, &tracking, &scope)? })))
}

pub(crate) fn refuse_deleted(run: &RunInfo) -> Result<()> {
    match run.lifecycle_stage == ACTIVE {
        true => Ok(()),
        false => Err(Error::invalid(format!(
            "The run {} must be in the 'active' state. Current state is deleted.",
            run.run_id
        ))),
    }
}

async fn move_to(
    tracking: &Tracking,
    scope: &Scope,
    run_id: &str,
    stage: &str,
) -> Result<Json<Done>> {
    let changed = statement!(
        "UPDATE ml_runs SET lifecycle_stage = $1 WHERE project = $2 AND run_id = $3",
        stage,
        &scope.project,
        run_id
    )
    .execute(&mut *tracking.database().write().await?)
    .await?;
    match changed {
        0 => Err(absent(run_id)),
        _ => Ok(DONE),
    }
}

pub(crate) async fn delete(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    move_to(&tracking, &scope, &request.id()?, DELETED).await
}

pub(crate) async fn restore(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Named>,
) -> Result<Json<Done>> {
    move_to(&tracking, &scope, &request.id()?, ACTIVE).await
}
