//! `pods/log`: passed on to the kubelet of the pod's node.

use axum::body::Body;
use http::Request;
use tower::ServiceExt;

use super::container;
use crate::http::handle::Call;
use crate::http::path::encode;
use crate::http::respond::Answer;
use crate::object;
use crate::status::Failure;

/// The parameters that the kubelet understands.
const PASSED_ON: [&str; 8] = [
    "follow",
    "previous",
    "sinceSeconds",
    "sinceTime",
    "timestamps",
    "tailLines",
    "limitBytes",
    "stream",
];

pub(crate) async fn get(call: &Call) -> Result<Answer, Failure> {
    let pod = call.server.objects.expect(&call.resource, call.namespace(), &call.path.name).await?;
    let container = container::choose(call, &pod.object)?;
    check_numbers(call)?;
    if object::text(&pod.object, "/spec/nodeName").is_empty() {
        // A pod that runs nowhere yet has said nothing.
        return Ok(Answer::ready(crate::http::respond::text(200, String::new())));
    }
    let Some(kubelet) = call.server.kubelet.clone() else {
        return Err(Failure::internal("this server has no kubelet to ask for logs"));
    };
    let mut query: Vec<String> = Vec::new();
    for name in PASSED_ON {
        if let Some(value) = call.query.get(name) {
            query.push(format!("{name}={}", encode(value)));
        }
    }
    let uri = format!(
        "/containerLogs/{}/{}/{container}?{}",
        call.namespace(),
        call.path.name,
        query.join("&")
    );
    let request = Request::get(uri)
        .body(Body::empty())
        .map_err(|error| Failure::bad_request(error.to_string()))?;
    let response = kubelet.oneshot(request).await.unwrap_or_else(|never| match never {});
    if response.status().is_success() {
        return Ok(Answer::ready(response));
    }
    Err(super::refused(response).await)
}

fn check_numbers(call: &Call) -> Result<(), Failure> {
    for name in ["sinceSeconds", "tailLines", "limitBytes"] {
        call.query.integer(name)?;
    }
    Ok(())
}
