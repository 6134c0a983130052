//! Whose data a request may touch; decided outside, obeyed here.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::Error;

/// Request extension: the project of this request, who asks, and whether
/// writing is allowed.
#[derive(Clone, Debug)]
pub struct Scope {
    pub project: String,
    pub user: String,
    pub write: bool,
    /// `None`: nobody asked, and then no alias moves. Only requests that change
    /// aliases, or are about approvals, need it.
    pub protection: Option<Protection>,
}

/// Which aliases of the project move by approval alone, and whether the caller
/// may approve.
#[derive(Clone, Debug, Default)]
pub struct Protection {
    pub protected_aliases: Vec<String>,
    pub may_approve: bool,
}

impl Protection {
    /// Whatever the case: nobody should take `Production` for `production`.
    pub(crate) fn covers(&self, alias: &str) -> bool {
        let alias = alias.to_lowercase();
        self.protected_aliases.iter().any(|protected| protected.to_lowercase() == alias)
    }
}

impl Scope {
    pub(crate) fn protection(&self) -> Result<&Protection, Error> {
        self.protection.as_ref().ok_or(Error::ProtectionUnknown)
    }
}

/// A scope that allows writing; extracting it refuses everybody else.
pub(crate) struct Editor(pub Scope);

impl<S: Send + Sync> FromRequestParts<S> for Scope {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Scope, Error> {
        let scope = parts.extensions.get::<Scope>().ok_or(Error::NoProject)?;
        // The project names a directory of artifacts.
        let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if scope.project.is_empty()
            || scope.project.starts_with('.')
            || !scope.project.chars().all(safe)
        {
            return Err(Error::NoProject);
        }
        Ok(scope.clone())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Editor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Editor, Error> {
        let scope = Scope::from_request_parts(parts, state).await?;
        if !scope.write {
            return Err(Error::ReadOnly { project: scope.project });
        }
        Ok(Editor(scope))
    }
}
