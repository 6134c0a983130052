//! The audit record, for administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dais_identity::{AuditQuery, AuditRecord};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::body::Parameters;
use crate::callers::Admin;
use crate::problem::Refusal;
use crate::{Portal, Problem};

/// Which records; what is left out does not matter.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    user: Option<String>,
    verb: Option<String>,
    group: Option<String>,
    resource: Option<String>,
    /// The namespace; `namespace` is understood, too.
    #[serde(alias = "namespace")]
    project: Option<String>,
    name: Option<String>,
    /// RFC 3339: from this moment on.
    since: Option<String>,
    /// RFC 3339: before this moment.
    until: Option<String>,
    /// The `next` of the page before.
    before: Option<String>,
    /// Up to 1000; 100 unless given.
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    id: String,
    /// RFC 3339.
    time: String,
    user: String,
    /// Whom they impersonated, if anybody.
    #[serde(skip_serializing_if = "String::is_empty")]
    acting_as: String,
    via: String,
    verb: String,
    group: String,
    resource: String,
    namespace: String,
    name: String,
    /// The HTTP status that it ended with.
    code: u16,
    #[serde(skip_serializing_if = "String::is_empty")]
    request_id: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Items {
    /// Newest first.
    items: Vec<Item>,
    /// What `before` takes for the next page; left out on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// RFC 3339 of milliseconds since 1970.
pub(crate) fn time(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).unwrap_or_default().to_string()
}

fn moment(field: &'static str, text: Option<String>) -> Result<Option<i64>, Problem> {
    let Some(text) = text else {
        return Ok(None);
    };
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    match parsed {
        Ok(moment) => Ok(Some(moment.as_millisecond())),
        Err(_) => {
            let reason = format!("{field} is not a moment: {text:?}");
            let hint = "write it as 2026-11-24T18:52:27Z";
            Err(Problem::new(StatusCode::BAD_REQUEST, reason, hint).field(field))
        }
    }
}

/// Who did what, newest first.
#[utoipa::path(get, path = "/api/audit", params(Filter),
    responses((status = 200, body = Items), (status = 400, body = Refusal),
        (status = 403, body = Refusal)))]
pub(crate) async fn list(
    _: Admin,
    State(portal): State<Portal>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Json<Items>, Problem> {
    let limit = filter.limit.unwrap_or(100);
    if !(1..=1000).contains(&limit) {
        let reason = format!("limit is {limit}");
        let problem = Problem::new(StatusCode::BAD_REQUEST, reason, "use 1 to 1000");
        return Err(problem.field("limit"));
    }
    let query = AuditQuery {
        user: filter.user,
        verb: filter.verb,
        group: filter.group,
        resource: filter.resource,
        namespace: filter.project,
        name: filter.name,
        since: moment("since", filter.since)?,
        until: moment("until", filter.until)?,
        before: filter.before,
        limit: Some(limit),
    };
    let records = portal.identity().audit(&query).await?;
    let full = i64::try_from(records.len()) == Ok(limit);
    let next = records.last().filter(|_| full).map(|record| record.id.clone());
    Ok(Json(Items { items: records.into_iter().map(item).collect(), next }))
}

fn item(record: AuditRecord) -> Item {
    let AuditRecord { id, at, entry } = record;
    Item {
        id,
        time: time(at),
        user: entry.user,
        acting_as: entry.acting_as,
        via: entry.via,
        verb: entry.verb,
        group: entry.group,
        resource: entry.resource,
        namespace: entry.namespace,
        name: entry.name,
        code: entry.status,
        request_id: entry.request_id,
    }
}
