//! Going back to a release: `spec.rollbackTo` becomes the spec that it was.

use dais_api::Application;
use dais_api::conditions::{Verdict, reason};
use kube::api::PostParams;
use kube::{Api, ResourceExt};

use super::releases::{Releases, restored};
use crate::context::{CONTROLLER, Context};
use crate::error::{Error, Result};
use crate::revisions::CHANGE_CAUSE;

/// One write, which either happened or did not. Who asked for it stays the one who changed
/// the spec. A verdict: it cannot be.
pub async fn go_back(
    app: &Application,
    to: i64,
    releases: &Releases,
    context: &Context,
) -> Result<Option<Verdict>> {
    let Some(release) = releases.find(to) else {
        let numbers: Vec<String> = releases.numbers().iter().map(i64::to_string).collect();
        let words =
            format!("spec.rollbackTo: there is no release {to}; there are {}", numbers.join(", "));
        return Ok(Some(Verdict::no(reason::INVALID, words)));
    };
    let mut next = app.clone();
    match restored(&app.spec, &release.release) {
        Ok(spec) => next.spec = spec,
        Err(error) => {
            let words = format!("spec.rollbackTo: release {to} cannot be read: {error}");
            return Ok(Some(Verdict::no(reason::INVALID, words)));
        }
    }
    next.spec.rollback_to = None;
    next.annotations_mut().insert(CHANGE_CAUSE.to_owned(), format!("back to release {to}"));
    let api = Api::<Application>::namespaced(
        context.client.clone(),
        &app.namespace().unwrap_or_default(),
    );
    let writer = PostParams { field_manager: Some(CONTROLLER.to_owned()), ..PostParams::default() };
    api.replace(&app.name_any(), &writer, &next)
        .await
        .map_err(Error::kube(format!("going back to release {to}")))?;
    Ok(None)
}
