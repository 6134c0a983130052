//! What can be done to a resource: one file per verb.
//!
//! Each takes a [`Call`] and gives an [`Answer`]; `write` is the part that
//! create, update and patch share: defaults, admission, validation, field
//! ownership, and the compare-and-swap on the store.

pub mod create;
pub mod delete;
pub mod delete_collection;
pub mod delete_options;
pub mod list;
pub mod patch;
pub mod update;
pub mod watch;
pub mod write;

use crate::http::handle::Call;
use crate::http::respond::Answer;
use crate::registry::Verb;
use crate::status::Failure;
use crate::{reviews, subresource};

pub(crate) async fn dispatch(call: &Call) -> Result<Answer, Failure> {
    if !call.path.subresource.is_empty() && call.path.subresource != "status" {
        return subresource::dispatch(call).await;
    }
    if reviews::is_review(&call.resource) {
        return reviews::create(call).await;
    }
    match call.verb {
        Verb::Create if call.resource.is("", "bindings") => {
            subresource::binding::create(call).await
        }
        Verb::Create => create::create(call).await,
        Verb::Get => get(call).await,
        Verb::List => list::list(call).await,
        Verb::Watch => watch::watch(call).await,
        Verb::Update => update::update(call).await,
        Verb::Patch => patch::patch(call).await,
        Verb::Delete => delete::delete(call).await,
        Verb::DeleteCollection => delete_collection::delete_collection(call).await,
    }
}

/// A resource version on a get means "at least": the newest is always that.
async fn get(call: &Call) -> Result<Answer, Failure> {
    list::wait_for(
        call,
        list::version(call, "resourceVersion").map_err(|_| list::unparsable(call))?,
    )
    .await?;
    let entry =
        call.server.objects.expect(&call.resource, call.namespace(), &call.path.name).await?;
    Ok(Answer::entry(200, entry))
}
