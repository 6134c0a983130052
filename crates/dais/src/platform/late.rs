//! A router that is mounted before it exists: the API server forwards to the
//! node, and the node is a client of the API server.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tower::ServiceExt;

#[derive(Clone, Default)]
pub struct Late(Arc<OnceLock<Router>>);

impl Late {
    /// The router to mount; answers 503 until [`Late::set`].
    pub fn router(&self) -> Router {
        Router::new().fallback(forward).with_state(self.clone())
    }

    /// Sets what requests go to. A second call changes nothing.
    pub fn set(&self, router: Router) {
        let _ = self.0.set(router);
    }
}

async fn forward(State(late): State<Late>, request: Request) -> Response {
    match late.0.get() {
        Some(router) => match router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        None => (StatusCode::SERVICE_UNAVAILABLE, "the node is starting").into_response(),
    }
}
