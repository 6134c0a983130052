//! Delete everything that a selector wants.

use super::delete::{self, Deleted};
use super::delete_options::DeleteOptions;
use super::list;
use crate::http::handle::Call;
use crate::http::respond::{Answer, List};
use crate::object;
use crate::select::Selector;
use crate::status::Failure;

/// Answers with the objects as they were listed.
pub(crate) async fn delete_collection(call: &Call) -> Result<Answer, Failure> {
    let options = DeleteOptions::of(call)?;
    let selector = Selector::parse(&call.query, &call.resource)?;
    let page: List = list::page(call, &selector).await?;
    for entry in &page.entries {
        let place = (object::namespace(&entry.object), object::name(&entry.object));
        match delete::delete_object(call, &call.resource, place, &options).await {
            Ok(Deleted::Gone(_) | Deleted::Marked(_)) => {}
            // Somebody else deleted it in between.
            Err(failure) if failure.code == 404 => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(Answer::list(page))
}
