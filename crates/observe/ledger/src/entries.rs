//! Reading: single runs of containers, newest first, page by page.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;
use utoipa::ToSchema;

use crate::booking::exit_code;
use crate::error::Attempt;
use crate::groups::Question;
use crate::sql::{By, Sql};
use crate::totals::Totals;
use crate::{Error, Ledger, Result};

/// One run of a container, with what it used in the range that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// `<pod uid>/<container>/<attempt>`.
    pub id: String,
    pub project: String,
    pub workspace: String,
    pub app: String,
    pub user: String,
    pub kind: String,
    pub object: String,
    pub pod: String,
    pub container: String,
    pub attempt: i64,
    pub node: String,
    /// RFC 3339.
    pub started: String,
    /// Left out while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Seconds from start to end, or until it was looked at last.
    pub seconds: f64,
    pub cpu_request: f64,
    /// Bytes.
    pub memory_request: i64,
    /// Bytes; 0 when nobody knows.
    pub memory_peak: i64,
    /// Left out while it runs and when nobody saw how it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    pub reason: String,
    /// Whether it was counted to its end.
    pub complete: bool,
    #[serde(flatten)]
    pub totals: Totals,
}

/// Some entries, and how to go on.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Page {
    pub items: Vec<Entry>,
    /// What `before` takes for the next page; left out on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

const COLUMNS: &str =
    "e.entry, e.project, e.workspace, e.app, e.user_name, e.kind, e.object, e.pod,
 e.container, e.attempt, e.node, e.started_at, e.ended_at, e.measured_at, e.cpu_request_milli,
 e.memory_request, e.memory_peak, e.exit_code, e.reason, e.is_complete";

impl Ledger {
    /// Up to `limit` entries that ran in the range, from after `before` on.
    pub(crate) async fn page(
        &self,
        question: Question<'_>,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Page> {
        let mut sql = Sql::default();
        let (since, until) = (sql.number(question.range.since), sql.number(question.range.until));
        sql.push(&format!(
            "SELECT {COLUMNS} FROM ledger_entries e WHERE e.started_at < {until}
             AND (e.ended_at = 0 OR e.ended_at > {since} OR e.started_at >= {since})"
        ));
        sql.filter(question.filter, question.scope);
        if let Some(before) = before {
            let (start, entry) = cursor(before)?;
            let (start, entry) = (sql.number(start), sql.text(entry));
            sql.push(&format!(
                " AND (e.started_at < {start} OR e.started_at = {start} AND e.entry < {entry})"
            ));
        }
        let most = sql.number(i64::try_from(limit).unwrap_or(i64::MAX));
        sql.push(&format!(" ORDER BY e.started_at DESC, e.entry DESC LIMIT {most}"));
        let rows = sql.rows(self.pool(), "read entries").await?;
        let read: std::result::Result<Vec<(i64, Entry)>, _> = rows.iter().map(entry).collect();
        let mut items = read.attempt("read entries")?;
        let next = (items.len() == limit).then(|| items.last()).flatten();
        let next = next.map(|(start, entry)| format!("{start}.{}", entry.id));
        let ids: Vec<String> = items.iter().map(|(_, entry)| entry.id.clone()).collect();
        let mut used = self.used(question, &ids).await?;
        for (_, entry) in &mut items {
            if let Some(totals) = used.remove(&entry.id) {
                entry.totals = totals;
            }
        }
        Ok(Page { items: items.into_iter().map(|(_, entry)| entry).collect(), next })
    }

    async fn used(
        &self,
        question: Question<'_>,
        entries: &[String],
    ) -> Result<HashMap<String, Totals>> {
        if entries.is_empty() {
            return Ok(HashMap::new());
        }
        let question = Question { by: By::Entry, entries: Some(entries), ..question };
        let groups = self.groups(question).await?;
        Ok(groups.into_iter().map(|group| (group.name, group.totals)).collect())
    }
}

fn cursor(text: &str) -> Result<(i64, &str)> {
    let parts = text.split_once('.').and_then(|(start, entry)| Some((start.parse().ok()?, entry)));
    parts.ok_or_else(|| {
        Error::invalid("before", "is no place in a list", "give the `next` of the page before")
    })
}

fn entry(row: &AnyRow) -> std::result::Result<(i64, Entry), sqlx::Error> {
    let started: i64 = row.try_get(11)?;
    let ended: i64 = row.try_get(12)?;
    let measured: i64 = row.try_get(13)?;
    let time = |millis| Timestamp::from_millisecond(millis).unwrap_or_default().to_string();
    let entry = Entry {
        id: row.try_get(0)?,
        project: row.try_get(1)?,
        workspace: row.try_get(2)?,
        app: row.try_get(3)?,
        user: row.try_get(4)?,
        kind: row.try_get(5)?,
        object: row.try_get(6)?,
        pod: row.try_get(7)?,
        container: row.try_get(8)?,
        attempt: row.try_get(9)?,
        node: row.try_get(10)?,
        started: time(started),
        ended: (ended > 0).then(|| time(ended)),
        seconds: (measured.max(ended) - started) as f64 / 1000.0,
        cpu_request: row.try_get::<i64, _>(14)? as f64 / 1000.0,
        memory_request: row.try_get(15)?,
        memory_peak: row.try_get(16)?,
        exit_code: exit_code(row.try_get(17)?),
        reason: row.try_get(18)?,
        complete: row.try_get::<i64, _>(19)? != 0,
        totals: Totals::default(),
    };
    Ok((started, entry))
}
