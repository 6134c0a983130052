//! What a handler asks for to know who is calling.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use dais_identity::{Caller, Secret};

use crate::Problem;

/// Whoever is signed in.
pub(crate) struct Me(pub Caller);

/// An administrator.
pub(crate) struct Admin;

/// The browser session that the request came with; travels as an extension.
#[derive(Clone)]
pub struct BrowserSession {
    pub key: Secret,
    pub csrf: Secret,
}

impl<S: Send + Sync> FromRequestParts<S> for Me {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.map(Self).ok_or_else(Problem::unauthenticated)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Me(caller) = Me::from_request_parts(parts, state).await?;
        match caller.is_admin() {
            true => Ok(Self),
            false => Err(Problem::not_an_admin()),
        }
    }
}
