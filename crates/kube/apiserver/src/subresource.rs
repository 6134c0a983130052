//! Parts of objects with an address of their own, other than `status`.

pub mod binding;
pub mod eviction;
pub mod finalize;
pub mod log;
pub mod scale;
pub mod token;

use crate::http::handle::Call;
use crate::http::respond::Answer;
use crate::registry::Verb;
use crate::status::Failure;
use crate::verbs::{patch, update};

pub(crate) async fn dispatch(call: &Call) -> Result<Answer, Failure> {
    match (call.path.subresource.as_str(), call.verb) {
        ("binding", _) => binding::create(call).await,
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
