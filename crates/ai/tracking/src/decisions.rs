//! What becomes of a request to move a protected alias.
//!
//! Expected flow: the request is read, the caller's right to decide on it is
//! checked, the decision is written where the request is still open, and an
//! approved alias moves, all in one transaction.
//!
//! Guarantees: a decision and what it does are both there or neither. Nobody
//! decides on their own request. An alias moves only from the version that it
//! had when the move was asked for.
//!
//! Errors: 403 for those who may not, 409 for what was decided before or has
//! become stale; nothing is changed then.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{Any, AnyConnection, Executor};

use crate::approvals::{Approval, At, OPEN, answer, find, is_person};
use crate::database::now;
use crate::error::Result;
use crate::input::Input;
use crate::registered_models::touch;
use crate::scope::Scope;
use crate::statement::{Statement, statement};
use crate::versions::{exists, number};
use crate::{Error, Tracking, kept, limits};

#[derive(Deserialize)]
pub(crate) struct Decision {
    reason: Option<String>,
}

pub(crate) async fn approve(
    State(tracking): State<Tracking>,
    scope: Scope,
    Path(at): Path<At>,
    Input(decision): Input<Decision>,
) -> Result<Json<Value>> {
    let reason = limits::reason(decision.reason)?;
    let id = at.number()?;
    let mut transaction = tracking.database().begin().await?;
    let request = find(&mut *transaction, &scope, id).await?;
    decider(&scope, &request)?;
    if !is_person(&request.requested_by) {
        return Err(Error::Denied(format!(
            "request {id} was made by {}, which is no person: whoever approves may have made it. \
             Reject it, and have somebody ask with a token of their own",
            request.requested_by
        )));
    }
    // Others who move this model's aliases or delete its versions wait.
    touch(&mut *transaction, &scope, &request.name).await?;
    settle(&mut transaction, &scope, &request, ("approved", &reason)).await?;
    apply(&mut transaction, &scope, &request).await?;
    transaction.commit().await?;
    answer(&tracking, &scope, id).await
}

pub(crate) async fn reject(
    State(tracking): State<Tracking>,
    scope: Scope,
    Path(at): Path<At>,
    Input(decision): Input<Decision>,
) -> Result<Json<Value>> {
    let reason = limits::reason(decision.reason)?;
    let id = at.number()?;
    let mut transaction = tracking.database().begin().await?;
    let request = find(&mut *transaction, &scope, id).await?;
    decider(&scope, &request)?;
    settle(&mut transaction, &scope, &request, ("rejected", &reason)).await?;
    transaction.commit().await?;
    answer(&tracking, &scope, id).await
}

/// The reason may be left out: it is their own request.
pub(crate) async fn withdraw(
    State(tracking): State<Tracking>,
    scope: Scope,
    Path(at): Path<At>,
    Input(decision): Input<Decision>,
) -> Result<Json<Value>> {
    let reason = match decision.reason.filter(|reason| !reason.trim().is_empty()) {
        Some(reason) => limits::reason(Some(reason))?,
        None => String::new(),
    };
    let id = at.number()?;
    let mut transaction = tracking.database().begin().await?;
    let request = find(&mut *transaction, &scope, id).await?;
    if request.requested_by != scope.user {
        return Err(Error::Denied(format!(
            "request {id} is {}'s: only they withdraw it; whoever may approve rejects it instead",
            request.requested_by
        )));
    }
    settle(&mut transaction, &scope, &request, ("withdrawn", &reason)).await?;
    transaction.commit().await?;
    answer(&tracking, &scope, id).await
}

/// Whether the caller may decide on this request.
fn decider(scope: &Scope, request: &Approval) -> Result<()> {
    let id = request.id;
    if !scope.protection()?.may_approve {
        return Err(Error::Denied(format!(
            "{} may not decide on request {id}: it takes a person with the right to approve models \
             in project '{}', such as an administrator of the project",
            scope.user, scope.project
        )));
    }
    if request.requested_by == scope.user {
        return Err(Error::Denied(format!(
            "request {id} is your own: by the four-eyes rule somebody else who may approve decides \
             on it; you can withdraw it"
        )));
    }
    Ok(())
}

/// Writes a decision, where none is yet.
async fn settle(
    on: &mut AnyConnection,
    scope: &Scope,
    request: &Approval,
    (state, reason): (&str, &str),
) -> Result<()> {
    let settled = statement!(
        "UPDATE ml_alias_requests SET state = $1, decided_by = $2, decided_at = $3, decision_reason = $4 \
         WHERE project = $5 AND id = $6 AND state = 'open'",
        state,
        &scope.user,
        now(),
        reason,
        &scope.project,
        request.id
    );
    if settled.execute(&mut *on).await? > 0 {
        return Ok(());
    }
    let now = find(on, scope, request.id).await?;
    Err(Error::Conflict(format!(
        "request {} was {} by {} before; nothing was changed",
        now.id,
        now.state,
        now.decided_by.as_deref().unwrap_or("somebody")
    )))
}

/// Moves the alias from exactly where it was when the move was asked for.
async fn apply(on: &mut AnyConnection, scope: &Scope, request: &Approval) -> Result<()> {
    let Approval { name, alias, version, from_version, .. } = request;
    let version_of =
        |text: &Option<String>| text.clone().map(|text| number(Some(text))).transpose();
    let (from, to) = (version_of(from_version)?, version_of(version)?);
    if let Some(to) = to {
        exists(&mut *on, scope, name, to).await?;
        kept::can_be(&mut *on, scope, (name, to)).await?;
    }
    let change = match (from, to) {
        (None, Some(to)) => statement!(
            "INSERT INTO ml_model_aliases (project, name, alias, version) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
            &scope.project,
            name,
            alias,
            to
        ),
        (Some(from), Some(to)) => statement!(
            "UPDATE ml_model_aliases SET version = $5 \
             WHERE project = $1 AND name = $2 AND alias = $3 AND version = $4",
            &scope.project,
            name,
            alias,
            from,
            to
        ),
        (from, None) => statement!(
            "DELETE FROM ml_model_aliases \
             WHERE project = $1 AND name = $2 AND alias = $3 AND version = $4",
            &scope.project,
            name,
            alias,
            from
        ),
    };
    if change.execute(&mut *on).await? > 0 {
        return Ok(());
    }
    let now = find(on, scope, request.id).await?.current_version;
    let words = |version: &Option<String>| match version {
        Some(version) => format!("version {version}"),
        None => "no version".to_owned(),
    };
    Err(Error::Conflict(format!(
        "request {} is stale: since it was made, the alias '{alias}' of model '{name}' has moved from {} \
         to {}. Nothing was changed; reject or withdraw it and ask again",
        request.id,
        words(from_version),
        words(&now)
    )))
}

/// Ends the open requests for what is being deleted: the model, or one version.
pub(crate) async fn close(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    (name, version): (&str, Option<i64>),
    why: &str,
) -> Result<()> {
    let mut update =
        Statement::new("UPDATE ml_alias_requests SET state = 'withdrawn', decided_by = ");
    update.bind(&scope.user).push(", decided_at = ").bind(now());
    update.push(", decision_reason = ").bind(why);
    update.push(" WHERE project = ").bind(&scope.project).push(" AND name = ").bind(name);
    update.push(" AND state = ").bind(OPEN);
    if let Some(version) = version {
        update.push(" AND version = ").bind(version);
    }
    update.execute(on).await?;
    Ok(())
}
