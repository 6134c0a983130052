//! What a person's pages remember of them: one JSON object, whose meaning is the pages'.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::body::Body;
use crate::callers::Me;
use crate::problem::Refusal;
use crate::{Portal, Problem};

/// My settings; an empty object where nothing is kept yet.
#[utoipa::path(get, path = "/api/account/settings",
    responses((status = 200, body = Object), (status = 401, body = Refusal)))]
pub(crate) async fn read(
    State(portal): State<Portal>,
    Me(caller): Me,
) -> Result<Json<Map<String, Value>>, Problem> {
    Ok(Json(portal.identity().settings(&caller.user).await?))
}

/// Keeps my settings in place of those before, up to 64 KiB of them.
#[utoipa::path(put, path = "/api/account/settings", request_body = Object,
    responses((status = 204), (status = 400, body = Refusal)))]
pub(crate) async fn write(
    State(portal): State<Portal>,
    Me(caller): Me,
    Body(settings): Body<Map<String, Value>>,
) -> Result<StatusCode, Problem> {
    portal.identity().set_settings(&caller.user, &settings).await?;
    Ok(StatusCode::NO_CONTENT)
}
