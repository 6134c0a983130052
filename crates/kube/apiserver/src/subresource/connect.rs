//! `pods/exec`, `pods/attach` and `pods/portforward`: the connection is upgraded, and the
//! kubelet of the pod's node speaks over it.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

use super::container;
use crate::http::handle::Call;
use crate::http::path::encode;
use crate::http::respond::Answer;
use crate::object;
use crate::status::Failure;

/// Streams in the API's words and in the kubelet's.
const STREAMS: [(&str, &str); 4] =
    [("stdin", "input"), ("stdout", "output"), ("stderr", "error"), ("tty", "tty")];

pub(crate) async fn connect(call: &Call) -> Result<Answer, Failure> {
    let pod = call.server.objects.expect(&call.resource, call.namespace(), &call.path.name).await?;
    let uri = address(call, &pod.object)?;
    let Some(kubelet) = call.server.kubelet.clone() else {
        return Err(Failure::internal("this server has no kubelet to connect to"));
    };
    // With the extensions goes the connection itself.
    let mut request = Request::builder()
        .method(call.parts.method.clone())
        .version(call.parts.version)
        .uri(uri)
        .body(Body::empty())
        .map_err(|error| Failure::bad_request(error.to_string()))?;
    *request.headers_mut() = call.parts.headers.clone();
    *request.extensions_mut() = call.parts.extensions.clone();
    let response = kubelet.oneshot(request).await.unwrap_or_else(|never| match never {});
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Ok(Answer::ready(response));
    }
    Err(super::refused(response).await)
}

fn address(call: &Call, pod: &Value) -> Result<String, Failure> {
    let (namespace, name) = (encode(call.namespace()), encode(&call.path.name));
    let phase = object::text(pod, "/status/phase");
    if matches!(phase, "Succeeded" | "Failed") {
        return Err(Failure::bad_request(format!(
            "cannot connect to a completed pod; current phase is {phase}"
        )));
    }
    if object::text(pod, "/spec/nodeName").is_empty() {
        return Err(Failure::bad_request(format!(
            "pod {} does not have a host assigned",
            call.path.name
        )));
    }
    if call.path.subresource == "portforward" {
        let ports: Vec<String> =
            call.query.all("ports").map(|port| format!("ports={}", encode(port))).collect();
        return Ok(format!("/portForward/{namespace}/{name}?{}", ports.join("&")));
    }
    let container = encode(&container::choose(call, pod)?);
    let streams = STREAMS.iter().filter(|(ours, _)| call.query.flag(ours));
    let streams = streams.map(|(_, theirs)| format!("{theirs}=1"));
    let words = call.query.all("command").map(|word| format!("command={}", encode(word)));
    let query: Vec<String> = streams.chain(words).collect();
    let verb = &call.path.subresource;
    Ok(format!("/{verb}/{namespace}/{name}/{container}?{}", query.join("&")))
}
