//! Which container of a pod a request is about.

use serde_json::Value;

use crate::http::handle::Call;
use crate::object;
use crate::status::Failure;

fn names<'a>(pod: &'a Value, list: &str) -> Vec<&'a str> {
    let containers = pod.pointer(&format!("/spec/{list}")).and_then(Value::as_array);
    containers.into_iter().flatten().map(|container| object::text(container, "/name")).collect()
}

/// The container of a pod that a request is about: the one named, or the only one.
///
/// # Errors
/// 400 where the pod has no such container, or several and none was named.
pub(super) fn choose(call: &Call, pod: &Value) -> Result<String, Failure> {
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
