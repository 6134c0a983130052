//! What a request may touch; decided outside, obeyed here.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::config::name;
use crate::review::Reviewer;
use crate::{Error, Result};

/// What somebody may do; each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum May {
    /// Get tasks and answer them; see one's own.
    Annotate,
    /// See and decide on everybody's answers; export.
    Review,
    /// Import, assign, and decide on own answers.
    Manage,
}

/// Request extension: the project of this request, who asks, and what they may do there.
#[derive(Clone, Debug)]
pub struct Scope {
    pub project: String,
    pub user: String,
    pub may: May,
}

impl Scope {
    pub(crate) fn must(&self, may: May, action: &'static str) -> Result<()> {
        match self.may >= may {
            true => Ok(()),
            false => Err(Error::Forbidden { user: self.user.clone(), action }),
        }
    }

    pub(crate) fn reviewer(&self) -> Reviewer<'_> {
        Reviewer { user: &self.user, own: self.may >= May::Manage }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Scope {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let scope = parts.extensions.get::<Self>().ok_or(Error::NoProject)?;
        name("project", &scope.project)?;
        name("user", &scope.user)?;
        Ok(scope.clone())
    }
}
