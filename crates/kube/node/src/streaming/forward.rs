//! `/portForward/{namespace}/{pod}`: connections to the pod's own address.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpStream;

use crate::host::Host;

pub(super) async fn forward(
    State(host): State<Arc<Host>>,
    Path((namespace, pod)): Path<(String, String)>,
    request: Request,
) -> Response {
    match host.pod(&namespace, &pod) {
        Ok(entry) => {
            let address = entry.ip;
            dais_streaming::port_forward(request, move |port| TcpStream::connect((address, port)))
                .await
        }
        Err(refusal) => refusal.into_response(),
    }
}
