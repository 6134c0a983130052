//! Parts of objects with an address of their own, other than `status`.

pub mod binding;
pub mod connect;
mod container;
pub mod eviction;
pub mod finalize;
pub mod log;
pub mod scale;
pub mod token;

use axum::response::Response;

use crate::http::handle::Call;
use crate::http::respond::Answer;
use crate::registry::Verb;
use crate::status::Failure;
use crate::verbs::{patch, update};

pub(crate) async fn dispatch(call: &Call) -> Result<Answer, Failure> {
    match (call.path.subresource.as_str(), call.verb) {
        ("binding", _) => binding::create(call).await,
        ("attach" | "exec" | "portforward", _) => connect::connect(call).await,
        ("eviction", _) => eviction::create(call).await,
        ("log", _) => log::get(call).await,
        ("token", _) => token::create(call).await,
        ("finalize", _) => finalize::update(call).await,
        ("scale", _) => scale::dispatch(call).await,
        // Like `status`: the object itself, of which a part may be changed.
        ("ephemeralcontainers" | "resize", Verb::Get) => {
            let entry = call
                .server
                .objects
                .expect(&call.resource, call.namespace(), &call.path.name)
                .await?;
            Ok(Answer::entry(200, entry))
        }
        ("ephemeralcontainers" | "resize", Verb::Patch) => patch::patch(call).await,
        ("ephemeralcontainers" | "resize", _) => update::update(call).await,
        _ => Err(Failure::no_such_resource()),
    }
}

/// What a kubelet refused, as a failure of ours.
async fn refused(response: Response) -> Failure {
    let code = response.status().as_u16();
    let text = axum::body::to_bytes(response.into_body(), 64 * 1024).await.unwrap_or_default();
    let message = String::from_utf8_lossy(&text).trim().to_owned();
    if code < 500 { Failure::bad_request(message) } else { Failure::internal(message) }
}
