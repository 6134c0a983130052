//! What the pages need to know before anybody signs in.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Portal;

/// Public facts of this installation.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Info {
    pub version: String,
    /// The parts that are switched on.
    pub features: Vec<String>,
    /// The origin that serves models, such as `http://127.0.0.1:8081`.
    pub gateway: String,
}

/// Version and features.
#[utoipa::path(get, path = "/api/info", responses((status = 200, body = Info)))]
pub(crate) async fn read(State(portal): State<Portal>) -> Json<Info> {
    Json(portal.info().clone())
}
