//! Requests to move a protected alias: who asked, from which version to which,
//! why, and what became of it.
//!
//! Reads and asks; `decisions` decides. A request notes the version that the
//! alias had when it was made, so that it is never applied to another state of
//! things. Rows are never deleted: they are the model's history.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Executor, Row};

use crate::database::now;
use crate::entity::Page;
use crate::error::Result;
use crate::experiments::with_next;
use crate::input::{Input, Required, int};
use crate::registered_models::absent as no_model;
use crate::scope::{Editor, Scope};
use crate::statement::{Statement, statement};
use crate::versions::{exists, number};
use crate::{Error, Tracking, kept, limits};

pub(crate) const TABLE: &str = "ml_alias_requests";

pub(crate) const OPEN: &str = "open";
pub(crate) const STATES: [&str; 4] = [OPEN, "approved", "rejected", "withdrawn"];

/// One request. Versions are text, as everywhere in the protocol; none is no version:
/// the alias is new, or is to be removed.
#[derive(Serialize)]
pub(crate) struct Approval {
    pub id: i64,
    pub name: String,
    pub alias: String,
    pub version: Option<String>,
    pub from_version: Option<String>,
    pub state: String,
    pub requested_by: String,
    requested_at: i64,
    reason: String,
    pub decided_by: Option<String>,
    decided_at: Option<i64>,
    decision_reason: Option<String>,
    /// Where the alias points now.
    pub current_version: Option<String>,
    /// The alias has moved since this was asked for.
    stale: bool,
}

const SELECT: &str = "SELECT r.id, r.name, r.alias, r.version, r.from_version, r.state, r.requested_by, \
    r.requested_at, r.reason, r.decided_by, r.decided_at, r.decision_reason, a.version \
    FROM ml_alias_requests r LEFT JOIN ml_model_aliases a \
    ON a.project = r.project AND a.name = r.name AND a.alias = r.alias WHERE r.project = ";

impl Approval {
    fn read(row: &AnyRow) -> Result<Approval> {
        let version = |at: usize| -> Result<Option<String>> {
            Ok(row.try_get::<Option<i64>, _>(at)?.map(|version| version.to_string()))
        };
        let (from_version, current_version) = (version(4)?, version(12)?);
        let state: String = row.try_get(5)?;
        Ok(Approval {
            id: row.try_get(0)?,
            name: row.try_get(1)?,
            alias: row.try_get(2)?,
            version: version(3)?,
            stale: state == OPEN && from_version != current_version,
            from_version,
            state,
            requested_by: row.try_get(6)?,
            requested_at: row.try_get(7)?,
            reason: row.try_get(8)?,
            decided_by: row.try_get(9)?,
            decided_at: row.try_get(10)?,
            decision_reason: row.try_get(11)?,
            current_version,
        })
    }
}

fn absent(id: &str) -> Error {
    Error::NotFound(format!("Approval request {id} not found"))
}

/// An address may carry parts that others own, hence a struct.
#[derive(Deserialize)]
pub(crate) struct At {
    id: String,
}

impl At {
    pub fn number(&self) -> Result<i64> {
        self.id.parse().map_err(|_| absent(&self.id))
    }
}

pub(crate) async fn find(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    id: i64,
) -> Result<Approval> {
    let mut select = Statement::new(SELECT);
    select.bind(&scope.project).push(" AND r.id = ").bind(id);
    let row = select.optional(on).await?.ok_or_else(|| absent(&id.to_string()))?;
    Approval::read(&row)
}

pub(crate) async fn answer(tracking: &Tracking, scope: &Scope, id: i64) -> Result<Json<Value>> {
    let found = find(tracking.database().read(), scope, id).await?;
    Ok(Json(json!({ "model_approval": found })))
}

pub(crate) async fn get(
    State(tracking): State<Tracking>,
    scope: Scope,
    Path(at): Path<At>,
) -> Result<Json<Value>> {
    answer(&tracking, &scope, at.number()?).await
}

#[derive(Deserialize)]
pub(crate) struct List {
    name: Option<String>,
    state: Option<String>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
    page_token: Option<String>,
}

/// Newest first, with what a page needs to know besides: which aliases are
/// protected, who asks, whether they may approve.
pub(crate) async fn list(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<List>,
) -> Result<Json<Value>> {
    let protection = scope.protection()?;
    let page = Page::new(None, request.max_results, 100, 1000)?;
    let mut select = Statement::new(SELECT);
    select.bind(&scope.project);
    if let Some(name) = request.name.filter(|name| !name.is_empty()) {
        select.push(" AND r.name = ").bind(name);
    }
    if let Some(state) = request.state.filter(|state| !state.is_empty()) {
        if !STATES.contains(&state.as_str()) {
            return Err(Error::invalid(format!(
                "Invalid value {state:?} for parameter 'state': expected one of {STATES:?}, or leave it out"
            )));
        }
        select.push(" AND r.state = ").bind(state);
    }
    if let Some(token) = request.page_token.filter(|token| !token.is_empty()) {
        let before = token.strip_prefix(BEFORE).and_then(|id| id.parse::<i64>().ok());
        let before = before.ok_or_else(|| {
            Error::invalid("Invalid 'page_token': take it from the previous page's answer")
        })?;
        select.push(" AND r.id < ").bind(before);
    }
    select.push(" ORDER BY r.id DESC LIMIT ").bind(page.limit + 1);
    let rows = select.all(tracking.database().read()).await?;
    let mut found = rows.iter().map(Approval::read).collect::<Result<Vec<_>>>()?;
    let more = page.cut(&mut found).is_some();
    let next = found.last().filter(|_| more).map(|last| format!("{BEFORE}{}", last.id));
    let answer = json!({
        "model_approvals": found,
        "protected_aliases": protection.protected_aliases,
        "may_approve": protection.may_approve,
        "user": scope.user,
    });
    Ok(Json(with_next(answer, next)))
}

/// Pages follow the number and not an offset: new requests push nothing over an edge.
const BEFORE: &str = "before-";

#[derive(Deserialize)]
pub(crate) struct Ask {
    name: Option<String>,
    alias: Option<String>,
    #[serde(default, deserialize_with = "crate::versions::text")]
    version: Option<String>,
    remove: Option<bool>,
    reason: Option<String>,
}

pub(crate) async fn create(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Ask>,
) -> Result<Json<Value>> {
    let (name, alias) = (request.name.required("name")?, request.alias.required("alias")?);
    limits::alias(&alias)?;
    let to = match (request.remove, request.version) {
        (Some(true), Some(_)) => {
            return Err(Error::invalid(
                "'remove' and 'version' exclude each other: give the version that the alias moves to, or remove it",
            ));
        }
        (Some(true), None) => None,
        (_, version) => Some(number(version)?),
    };
    let reason = limits::reason(request.reason)?;
    if !scope.protection()?.covers(&alias) {
        return Err(Error::invalid(format!(
            "'alias' {alias} is not protected in project '{}': nobody needs to approve, set it directly",
            scope.project
        )));
    }
    if !is_person(&scope.user) {
        return Err(Error::Denied(format!(
            "{} is no person: everybody who works in the project can use that account, whoever approves too. \
             Ask with a token of your own, which the portal's account page makes",
            scope.user
        )));
    }
    // An upload that has begun is placed before this, or not at all.
    let _turn = tracking.turn_to_keep().await;
    let mut transaction = tracking.database().begin().await?;
    lock(&mut *transaction, &scope, &name).await?;
    if let Some(version) = to {
        exists(&mut *transaction, &scope, &name, version).await?;
        kept::can_be(&mut *transaction, &scope, (&name, version)).await?;
    }
    let from = pointed(&mut *transaction, &scope, (&name, &alias)).await?;
    if from == to {
        let now =
            to.map_or("does not exist".into(), |to| format!("already points to version {to}"));
        return Err(Error::Conflict(format!("the alias '{alias}' of model '{name}' {now}")));
    }
    let asked = Asked { name, alias, from, to, reason };
    let id = put(&mut transaction, &scope, &asked).await?;
    transaction.commit().await?;
    answer(&tracking, &scope, id).await
}

/// Names of accounts that programs use, of which nobody knows who is behind them, begin so.
const PROGRAMS: &str = "system:";

/// Two people take part in an approval. Whoever may use a program's account would be one
/// of them and could be the other as well.
pub(crate) fn is_person(user: &str) -> bool {
    !user.starts_with(PROGRAMS)
}

/// Learns that the model is there, and on PostgreSQL has others who move its
/// aliases or delete its versions wait.
async fn lock(on: impl Executor<'_, Database = Any>, scope: &Scope, name: &str) -> Result<()> {
    let held = statement!(
        "UPDATE ml_models SET next_version = next_version WHERE project = $1 AND name = $2",
        &scope.project,
        name
    );
    if held.execute(on).await? == 0 { Err(no_model(name)) } else { Ok(()) }
}

async fn pointed(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    (name, alias): (&str, &str),
) -> Result<Option<i64>> {
    let row = statement!(
        "SELECT version FROM ml_model_aliases WHERE project = $1 AND name = $2 AND alias = $3",
        &scope.project,
        name,
        alias
    );
    Ok(row.optional(on).await?.map(|row| row.try_get(0)).transpose()?)
}

struct Asked {
    name: String,
    alias: String,
    from: Option<i64>,
    to: Option<i64>,
    reason: String,
}

/// Requests for different models of one project may take the same number at
/// the same moment on PostgreSQL: all but one try again.
const ATTEMPTS: usize = 20;

async fn put(on: &mut AnyConnection, scope: &Scope, asked: &Asked) -> Result<i64> {
    let Asked { name, alias, from, to, reason } = asked;
    for _ in 0..ATTEMPTS {
        let open = statement!(
            "SELECT id, requested_by FROM ml_alias_requests \
             WHERE project = $1 AND name = $2 AND alias = $3 AND state = 'open'",
            &scope.project,
            name,
            alias
        );
        if let Some(open) = open.optional(&mut *on).await? {
            let (id, by): (i64, String) = (open.try_get(0)?, open.try_get(1)?);
            return Err(Error::Conflict(format!(
                "request {id} of {by} for the alias '{alias}' of model '{name}' is still open: \
                 it must be decided or withdrawn first"
            )));
        }
        let newest = statement!(
            "SELECT COALESCE(MAX(id), 0) FROM ml_alias_requests WHERE project = $1",
            &scope.project
        );
        let newest = newest.optional(&mut *on).await?;
        let id = newest.map_or(Ok(0), |row| row.try_get::<i64, _>(0))? + 1;
        let made = statement!(
            "INSERT INTO ml_alias_requests (project, id, name, alias, version, from_version, state, \
             requested_by, requested_at, reason) VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9) \
             ON CONFLICT DO NOTHING",
            &scope.project,
            id,
            name,
            alias,
            *to,
            *from,
            &scope.user,
            now(),
            reason
        );
        if made.execute(&mut *on).await? > 0 {
            return Ok(id);
        }
    }
    Err(Error::Conflict("many requests were made at the same moment; send it again".into()))
}
