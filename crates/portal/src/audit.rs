//! The audit record: all of it for administrators; for everybody else what was done in
//! their projects, and what they did.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dais_identity::{AuditQuery, AuditRecord, Caller, FieldChange, Reader};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::body::Parameters;
use crate::callers::Me;
use crate::problem::Refusal;
use crate::{Portal, Problem};

/// Which records; what is left out does not matter.
#[derive(Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    user: Option<String>,
    verb: Option<String>,
    group: Option<String>,
    /// `pods` finds `pods/status`, too.
    resource: Option<String>,
    /// The namespace; `namespace` is understood, too.
    #[serde(alias = "namespace")]
    project: Option<String>,
    name: Option<String>,
    /// Stands anywhere in the record, whatever the case.
    text: Option<String>,
    /// RFC 3339: from this moment on; or so long ago, as `24h`.
    since: Option<String>,
    /// RFC 3339: before this moment; or so long ago.
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
    /// The address that it came from.
    #[serde(skip_serializing_if = "String::is_empty")]
    source: String,
    /// What the client calls itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    agent: String,
    verb: String,
    group: String,
    resource: String,
    namespace: String,
    name: String,
    /// The HTTP status that it ended with; 0 while it is under way, and for good when
    /// the platform died in between.
    code: u16,
    #[serde(skip_serializing_if = "String::is_empty")]
    request_id: String,
    /// What it changed; secrets are masked.
    changes: Vec<FieldDifference>,
    /// Whether `changes` is not all of it.
    truncated: bool,
}

/// One path with its value before and after, whatever is there.
#[derive(Serialize, ToSchema)]
pub(crate) struct FieldDifference {
    /// Empty: the whole object.
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    old: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    new: Option<serde_json::Value>,
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
    if let Some(ago) = ago(&text) {
        return Ok(Some(jiff::Timestamp::now().as_millisecond().saturating_sub(ago)));
    }
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    match parsed {
        Ok(moment) => Ok(Some(moment.as_millisecond())),
        Err(_) => {
            let reason = format!("{field} is not a moment: {text:?}");
            let hint = "write it as 2026-11-24T18:52:27Z, or as 24h ago: 24h";
            Err(Problem::new(StatusCode::BAD_REQUEST, reason, hint).field(field))
        }
    }
}

/// Everything for administrators; for others their projects and their own doings.
pub(crate) async fn reader(portal: &Portal, caller: Caller) -> Reader {
    if caller.is_admin() {
        return Reader::Everything;
    }
    let projects = portal.projects(&caller).await;
    let namespaces = projects.into_iter().map(|project| project.name).collect();
    Reader::Member { user: caller.user, namespaces }
}

impl Filter {
    pub(crate) fn query(self, limit: i64, reader: Reader) -> Result<AuditQuery, Problem> {
        Ok(AuditQuery {
            user: self.user,
            verb: self.verb,
            group: self.group,
            resource: self.resource,
            namespace: self.project,
            name: self.name,
            text: self.text,
            since: moment("since", self.since)?,
            until: moment("until", self.until)?,
            before: self.before,
            limit: Some(limit),
            reader,
        })
    }
}

/// `30m`, `24h` or `7d` in milliseconds.
fn ago(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    let number: u32 = text[..text.len() - 1].parse().ok()?;
    Some(i64::from(number) * unit)
}

/// Who did what, newest first.
#[utoipa::path(get, path = "/api/audit", params(Filter),
    responses((status = 200, body = Items), (status = 400, body = Refusal),
        (status = 401, body = Refusal)))]
pub(crate) async fn list(
    Me(caller): Me,
    State(portal): State<Portal>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Json<Items>, Problem> {
    let limit = filter.limit.unwrap_or(100);
    if !(1..=1000).contains(&limit) {
        let reason = format!("limit is {limit}");
        let problem = Problem::new(StatusCode::BAD_REQUEST, reason, "use 1 to 1000");
        return Err(problem.field("limit"));
    }
    let query = filter.query(limit, reader(&portal, caller).await)?;
    let records = portal.identity().audit(&query).await?;
    let full = i64::try_from(records.len()) == Ok(limit);
    let next = records.last().filter(|_| full).map(|record| record.id.clone());
    Ok(Json(Items { items: records.into_iter().map(item).collect(), next }))
}

pub(crate) fn item(record: AuditRecord) -> Item {
    let AuditRecord { id, at, entry } = record;
    Item {
        id,
        time: time(at),
        user: entry.user,
        acting_as: entry.acting_as,
        via: entry.via,
        source: entry.source,
        agent: entry.agent,
        verb: entry.verb,
        group: entry.group,
        resource: entry.resource,
        namespace: entry.namespace,
        name: entry.name,
        code: entry.status,
        request_id: entry.request_id,
        changes: entry.changes.fields.into_iter().map(FieldDifference::from).collect(),
        truncated: entry.changes.truncated,
    }
}

impl From<FieldChange> for FieldDifference {
    fn from(FieldChange { path, old, new }: FieldChange) -> Self {
        Self { path, old, new }
    }
}
