//! `pods/log`: passed on to the kubelet of the pod's node.

use axum::body::Body;
use http::Request;
use serde_json::Value;
use tower::ServiceExt;

use crate::http::handle::Call;
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
    let container = container(call, &pod.object)?;
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
            query.push(format!("{name}={}", escape(value)));
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
    let code = response.status().as_u16();
    let text = axum::body::to_bytes(response.into_body(), 64 * 1024).await.unwrap_or_default();
    let message = String::from_utf8_lossy(&text).trim().to_owned();
    Err(if code < 500 { Failure::bad_request(message) } else { Failure::internal(message) })
}

fn names<'a>(pod: &'a Value, list: &str) -> Vec<&'a str> {
    let containers = pod.pointer(&format!("/spec/{list}")).and_then(Value::as_array);
    containers.into_iter().flatten().map(|container| object::text(container, "/name")).collect()
}

fn container(call: &Call, pod: &Value) -> Result<String, Failure> {
    let name = object::name(pod);
    let main = names(pod, "containers");
    match call.query.get("container").filter(|given| !given.is_empty()) {
        Some(given) => {
            let all = ["containers", "initContainers", "ephemeralContainers"];
            if all.iter().any(|list| names(pod, list).contains(&given)) {
                return Ok(given.to_owned());
            }
            Err(Failure::bad_request(format!("container {given} is not valid for pod {name}")))
        }
        None if main.len() == 1 => Ok(main[0].to_owned()),
        None => {
            let choose = format!(
                "a container name must be specified for pod {name}, choose one of: [{}]",
                main.join(" ")
            );
            let init = names(pod, "initContainers");
            let or = if init.is_empty() {
                String::new()
            } else {
                format!(" or one of the init containers: [{}]", init.join(" "))
            };
            Err(Failure::bad_request(format!("{choose}{or}")))
        }
    }
}

fn check_numbers(call: &Call) -> Result<(), Failure> {
    for name in ["sinceSeconds", "tailLines", "limitBytes"] {
        call.query.integer(name)?;
    }
    Ok(())
}

fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
