//! Who asks: what they may see, and whether they may act.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::error::{Error, Result};
use crate::scope::{Actor, Scope};

pub struct Caller {
    pub scope: Scope,
    actor: Actor,
}

impl Caller {
    /// The name of one who may change things.
    ///
    /// # Errors
    /// The caller may only read.
    pub fn writer(&self) -> Result<&str> {
        if self.actor.write {
            return Ok(&self.actor.user);
        }
        Err(Error::Forbidden("you may read alerts here, not change anything".into()))
    }

    /// The name of one who may act for everybody.
    ///
    /// # Errors
    /// The caller may only read, or only act in some namespaces.
    pub fn administrator(&self) -> Result<&str> {
        if self.scope.is_all() {
            return self.writer();
        }
        Err(Error::Forbidden("receivers are for those who may see every alert".into()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Self, Infallible> {
        let scope = parts.extensions.get::<Scope>().cloned().unwrap_or_else(Scope::nothing);
        let actor = parts.extensions.get::<Actor>().cloned().unwrap_or_default();
        Ok(Caller { scope, actor })
    }
}
