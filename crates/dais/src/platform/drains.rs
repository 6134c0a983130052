//! `GET /api/drained/<project>/<address>`: answers when the gateway has nothing under way
//! to an address of the project's, and sends nothing more there. A pod asks before it ends.

use std::net::IpAddr;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use dais_gateway::Gateway;
use dais_identity::Caller;
use http::StatusCode;
use serde_json::json;

use super::access::{Access, Right};
use super::refusals::{refuse, unknown_caller};

pub fn router(gateway: Gateway, access: Access) -> Router {
    Router::new()
        .route("/api/drained/{project}/{address}", get(drained))
        .with_state((gateway, access))
}

async fn drained(
    State((gateway, access)): State<(Gateway, Access)>,
    Path((project, address)): Path<(String, String)>,
    request: Request,
) -> Response {
    let Some(caller) = request.extensions().get::<Caller>() else {
        return unknown_caller();
    };
    // Whoever may call the project's services sees as much by calling them.
    match access.allows(caller, &Right::PREDICT, &project).await {
        Ok(true) => {}
        Ok(false) => {
            let reason = format!("{} may not call services of project {project:?}", caller.user);
            let hint = "ask an administrator of the project for the role `edit` or `view`";
            return refuse(StatusCode::FORBIDDEN, "project", &reason, hint);
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "rights not known");
            let reason = "rights could not be checked";
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "", reason, "try again");
        }
    }
    let Ok(ip) = address.parse::<IpAddr>() else {
        let reason = format!("{address:?} is no IP address");
        return refuse(StatusCode::BAD_REQUEST, "address", &reason, "name that of a pod");
    };
    gateway.drained(&project, ip).await;
    Json(json!({"drained": true})).into_response()
}
