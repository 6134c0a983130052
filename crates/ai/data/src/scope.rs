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
}

/// A scope that allows writing; extracting it refuses everybody else.
pub(crate) struct Editor(pub Scope);

impl<S: Send + Sync> FromRequestParts<S> for Scope {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Scope, Error> {
        let scope = parts.extensions.get::<Scope>().ok_or(Error::NoProject)?;
        crate::paths::project(&scope.project)?;
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
