//! `GET /search?q=…`

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, page};
use crate::Data;
use crate::Error;
use crate::error::Result;
use crate::scope::Scope;
use crate::search::{Among, Search};

pub(super) fn router() -> Router<Data> {
    Router::new().route("/search", get(search))
}

#[derive(Deserialize)]
struct For {
    q: String,
    #[serde(rename = "in")]
    among: Option<Among>,
    #[serde(default)]
    after: String,
    limit: Option<usize>,
    /// `all`, or `latest`.
    #[serde(default)]
    versions: String,
}

async fn search(
    State(data): State<Data>,
    scope: Scope,
    Asked(asked): Asked<For>,
) -> Result<Json<Value>> {
    let limit = page(asked.limit)?;
    let all_versions = match asked.versions.as_str() {
        "" | "latest" => false,
        "all" => true,
        other => {
            return Err(Error::invalid(
                "versions",
                format!("expected latest or all, got '{other}'"),
            ));
        }
    };
    if asked.among.is_none() && !asked.after.is_empty() {
        return Err(Error::invalid("after", "say with `in` of which list it is the next page"));
    }
    let mut answer = json!({});
    for (name, among) in
        [("datasets", Among::Datasets), ("versions", Among::Versions), ("files", Among::Files)]
    {
        if asked.among.is_none_or(|only| only == among) {
            let search = Search::new(&asked.q, asked.after.clone(), limit, all_versions)?;
            answer[name] = data.search(&scope.project, among, search).await?;
        }
    }
    Ok(Json(answer))
}
