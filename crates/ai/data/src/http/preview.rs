//! `GET /datasets/{dataset}/versions/{version}/preview/{path…}`

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;

use super::{Asked, OfVersionFile};
use crate::error::Result;
use crate::scope::Scope;
use crate::versions::blocking;
use crate::{Data, preview};

pub(super) fn router() -> Router<Data> {
    Router::new().route("/datasets/{dataset}/versions/{version}/preview/{*path}", get(preview))
}

async fn preview(
    State(data): State<Data>,
    scope: Scope,
    Path(of): Path<OfVersionFile>,
    Asked(asked): Asked<preview::Asked>,
) -> Result<Json<Value>> {
    let file = data.file(&scope.project, &of.dataset, &of.version, &of.path).await?;
    blocking(move || data.preview(&scope.project, &file, &asked).map(Json)).await
}
