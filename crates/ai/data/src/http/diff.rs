//! `GET /datasets/{dataset}/diff?from=v1&to=v2`

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, OfDataset, page};
use crate::Data;
use crate::difference::{Kind, difference};
use crate::error::Result;
use crate::scope::Scope;
use crate::versions::blocking;

pub(super) fn router() -> Router<Data> {
    Router::new().route("/datasets/{dataset}/diff", get(diff))
}

#[derive(Deserialize)]
struct Between {
    from: String,
    to: String,
    kind: Option<Kind>,
    /// Part of a path, new or old.
    #[serde(default)]
    search: String,
    /// The path after which this page begins.
    #[serde(default)]
    after: String,
    limit: Option<usize>,
}

async fn diff(
    State(data): State<Data>,
    scope: Scope,
    Path(of): Path<OfDataset>,
    Asked(between): Asked<Between>,
) -> Result<Json<Value>> {
    let limit = page(between.limit)?;
    let from = data.version(&scope.project, &of.dataset, &between.from).await?;
    let to = data.version(&scope.project, &of.dataset, &between.to).await?;
    let before = data.manifest(&scope.project, &from.digest).await?;
    let after = data.manifest(&scope.project, &to.digest).await?;
    blocking(move || {
        let (entries, summary) = difference(&before, &after);
        let matches = |path: &str| path.contains(&between.search);
        let mut found = entries
            .into_iter()
            .filter(|entry| between.kind.is_none_or(|kind| kind == entry.kind))
            .filter(|entry| {
                matches(entry.path) || entry.before.is_some_and(|old| matches(&old.path))
            })
            .filter(|entry| entry.path > between.after.as_str());
        let shown: Vec<_> = found.by_ref().take(limit).collect();
        let next = found.next().and(shown.last()).map(|entry| entry.path);
        Ok(Json(
            json!({ "from": from, "to": to, "summary": summary, "entries": shown, "next": next }),
        ))
    })
    .await
}
