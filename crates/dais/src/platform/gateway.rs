//! The gateway's doors: who may call a service, and where its spans go.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use dais_api::InferenceService;
use dais_gateway::{Admission, Denied, Gateway, Target};
use dais_identity::{Caller, Identity};
use http::{Extensions, HeaderMap, StatusCode, Uri, header};
use kube::{Api, Client};
use serde_json::json;
use tower::ServiceExt;

use super::access::{Access, Right};

/// Asks identity who it is and RBAC whether they may.
pub struct Doorkeeper {
    pub identity: Identity,
    pub access: Access,
}

impl Doorkeeper {
    async fn caller(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<Caller> {
        if let Some(caller) = extensions.get::<Caller>() {
            return Some(caller.clone());
        }
        let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let token = header.strip_prefix("Bearer ").or(header.strip_prefix("bearer "))?;
        match self.identity.authenticate(token.trim()).await {
            Ok(caller) => caller,
            Err(error) => {
                tracing::error!(%error, "token not checked");
                None
            }
        }
    }
}

#[async_trait]
impl Admission for Doorkeeper {
    async fn admit(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        target: &Target,
    ) -> Result<String, Denied> {
        let caller = self.caller(headers, extensions).await.ok_or(Denied::Unauthenticated)?;
        match self.access.allows(&caller, &Right::PREDICT, &target.namespace).await {
            Ok(true) => Ok(caller.user),
            Ok(false) => Err(Denied::Forbidden(format!(
                "{} may not call services of project {:?}",
                caller.user, target.namespace
            ))),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "rights not known");
                Err(Denied::Forbidden("rights could not be checked; try again".to_owned()))
            }
        }
    }
}

/// The portal's way to a service on its own origin, for trying it:
/// `/api/predict/<project>/<service>`; GET describes the model, POST asks it.
pub fn try_it(gateway: &Gateway, client: &Client) -> Router {
    let state = Arc::new((gateway.router(), client.clone()));
    Router::new()
        .route("/api/predict/{project}/{service}", get(forward).post(forward))
        .with_state(state)
}

async fn forward(
    State(state): State<Arc<(Router, Client)>>,
    Path((project, service)): Path<(String, String)>,
    mut request: Request<Body>,
) -> Response {
    let (gateway, client) = (&state.0, &state.1);
    let found =
        Api::<InferenceService>::namespaced(client.clone(), &project).get_opt(&service).await;
    let model = match found {
        Ok(found) => found.and_then(|service| service.status?.model_name),
        Err(error) => {
            tracing::error!(%error, "service not read");
            None
        }
    };
    // Without a model the gateway still decides what this caller may be told.
    let model = model.unwrap_or_default();
    let infer = if request.method() == http::Method::POST { "/infer" } else { "" };
    let path = format!("/serve/{project}/{service}/v2/models/{model}{infer}");
    let Ok(uri) = path.parse::<Uri>() else {
        let error = json!({"error": {"reason": "the name cannot be part of an address", "hint": "check it"}});
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    };
    *request.uri_mut() = uri;
    match gateway.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
