//! The gateway's doors: who may call a service, and where its spans go.

use std::fmt::Display;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use dais_api::InferenceService;
use dais_gateway::{Admission, Asked, Denied, Gateway, Target};
use dais_identity::{Caller, Identity};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use kube::{Api, Client};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::access::{Access, Right};
use super::peers::Peers;
use super::visits::Visits;

/// Where notebooks are on the tenants' origin.
const NOTEBOOKS: &str = "/notebook/";

/// Asks identity who it is and RBAC whether they may.
///
/// What was asked a moment ago is answered at once; else the question goes to the
/// platform's own runtime, because the gateway's threads are for requests alone.
pub struct Doorkeeper {
    pub identity: Identity,
    pub access: Access,
    pub visits: Visits,
    pub platform: Handle,
    pub peers: Peers,
}

#[async_trait]
impl Admission for Doorkeeper {
    async fn admit(&self, asked: Asked<'_>, target: &Target) -> Result<Arc<str>, Denied> {
        let caller = match (asked.extensions.get::<Caller>(), bearer(asked.headers)) {
            (Some(caller), _) => Arc::new(caller.clone()),
            (None, Some(token)) => self.caller(token).await?,
            (None, None) => self.visitor(&asked).await?,
        };
        // Whoever enters a notebook runs programs; a service only answers.
        let (right, words) = match asked.route.starts_with(NOTEBOOKS) {
            true => (Right::ENTER_NOTEBOOK, "enter notebooks"),
            false => (Right::PREDICT, "call services"),
        };
        if self.may(&caller, right, &target.namespace).await? {
            return Ok(caller.user.as_str().into());
        }
        let Target { namespace, .. } = target;
        Err(Denied::Forbidden(format!("{} may not {words} of project {namespace:?}", caller.user)))
    }

    fn answers(&self, connection: &TcpStream, namespace: &str) -> io::Result<()> {
        self.peers.check(connection, namespace)
    }
}

impl Doorkeeper {
    async fn caller(&self, token: &str) -> Result<Arc<Caller>, Denied> {
        if let Some(caller) = self.identity.recall(token) {
            return Ok(caller);
        }
        let (identity, token) = (self.identity.clone(), token.to_owned());
        let found = self.platform.spawn(async move { identity.authenticate(&token).await });
        match found.await {
            Ok(Ok(caller)) => caller.ok_or(Denied::Unauthenticated),
            Ok(Err(error)) => {
                tracing::error!(%error, "token not checked");
                Err(Denied::Unauthenticated)
            }
            Err(error) => Err(not_asked(&error)),
        }
    }

    /// Whose browser it is, or where it is to go to say so.
    async fn visitor(&self, asked: &Asked<'_>) -> Result<Arc<Caller>, Denied> {
        let failed = |error: dais_identity::Error| {
            tracing::error!(%error, "session not read");
            Denied::Unauthenticated
        };
        if let Some(caller) = self.visits.caller(asked).await.map_err(failed)? {
            return Ok(caller);
        }
        let Some(step) = self.visits.step(asked).await.map_err(failed)? else {
            return Err(Denied::Unauthenticated);
        };
        let value = |text: String| HeaderValue::try_from(text).map_err(|_| Denied::Unauthenticated);
        Err(Denied::Elsewhere { to: value(step.to)?, cookie: step.cookie.map(value).transpose()? })
    }

    async fn may(&self, caller: &Arc<Caller>, right: Right, project: &str) -> Result<bool, Denied> {
        if let Some(known) = self.access.known(caller, &right, project) {
            return Ok(known);
        }
        let (access, caller, project) = (self.access.clone(), caller.clone(), project.to_owned());
        let asked =
            self.platform.spawn(async move { access.allows(&caller, &right, &project).await });
        match asked.await {
            Ok(Ok(allowed)) => Ok(allowed),
            Ok(Err(error)) => Err(not_asked(format!("{error:#}"))),
            Err(error) => Err(not_asked(&error)),
        }
    }
}

fn not_asked(error: impl Display) -> Denied {
    tracing::error!(%error, "rights not known");
    Denied::Forbidden("rights could not be checked; try again".to_owned())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let token = header.strip_prefix("Bearer ").or(header.strip_prefix("bearer "))?;
    Some(token.trim())
}

/// Serves what tenants serve until `stop`.
pub async fn serve(gateway: Gateway, listener: TcpListener, stop: CancellationToken) {
    if let Err(error) = gateway.serve(listener, stop).await {
        tracing::error!(%error, "gateway ended");
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
