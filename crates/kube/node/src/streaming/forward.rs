//! `/portForward/{namespace}/{pod}`: connections to the pod's own address.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};

use crate::host::Host;

pub(super) async fn forward(
    State(host): State<Arc<Host>>,
    Path((namespace, pod)): Path<(String, String)>,
    request: Request,
) -> Response {
    match host.pod(&namespace, &pod) {
        Ok(entry) => {
            let to = (host, entry.ip, entry.names.namespace);
            dais_streaming::port_forward(request, move |port| {
                let (host, ip, namespace) = to.clone();
                async move { host.connect((ip, port).into(), &namespace).await }
            })
            .await
        }
        Err(refusal) => refusal.into_response(),
    }
}
