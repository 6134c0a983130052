//! Deleting series. Only a caller whom the binary gave [`Admin`] may.

use axum::extract::{Extension, State};
use axum::http::StatusCode;

use super::parameters::Parameters;
use super::{Api, blocking, scope_of};
use crate::error::{Error, Result};
use crate::scope::Scope;

/// A request extension that the binary inserts for those who may delete metrics of all
/// namespaces.
#[derive(Debug, Clone, Copy)]
pub struct Admin;

pub async fn delete_series(
    State(api): State<Api>,
    scope: Option<Extension<Scope>>,
    admin: Option<Extension<Admin>>,
    parameters: Parameters,
) -> Result<StatusCode> {
    permitted(scope, admin)?;
    let (from, to) = parameters.span()?;
    let selectors = parameters.selectors()?;
    if selectors.is_empty() {
        return Err(Error::BadData("no match[] parameter provided".into()));
    }
    blocking(move || {
        selectors.into_iter().try_for_each(|matchers| api.store.delete(matchers, from, to))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn clean_tombstones(
    State(api): State<Api>,
    scope: Option<Extension<Scope>>,
    admin: Option<Extension<Admin>>,
) -> Result<StatusCode> {
    permitted(scope, admin)?;
    blocking(move || api.store.clean_tombstones()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn permitted(scope: Option<Extension<Scope>>, admin: Option<Extension<Admin>>) -> Result<()> {
    if admin.is_some() && scope_of(scope).namespaces.is_none() {
        return Ok(());
    }
    Err(Error::Forbidden("only an administrator of the whole platform may delete metrics".into()))
}
