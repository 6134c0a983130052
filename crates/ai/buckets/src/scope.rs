//! Whose buckets a request may touch; decided outside, obeyed here.

use async_trait::async_trait;

use crate::error::{Error, Result};

/// What one access key may do now.
#[derive(Clone, Debug)]
pub struct Scope {
    pub project: String,
    pub user: String,
    pub read: bool,
    pub write: bool,
    /// May see the versions of datasets.
    pub datasets: bool,
}

impl Scope {
    pub(crate) fn reads(&self) -> Result<()> {
        match self.read {
            true => Ok(()),
            false => Err(self.denied("see the buckets")),
        }
    }

    pub(crate) fn writes(&self) -> Result<()> {
        match self.write {
            true => Ok(()),
            false => Err(self.denied("change the buckets")),
        }
    }

    pub(crate) fn denied(&self, what: &str) -> Error {
        let Self { project, user, .. } = self;
        Error::Denied(format!(
            "{user} may not {what} of project {project}; ask an administrator of the project \
             for the role view or edit"
        ))
    }
}

/// Access keys: secrets for signatures, and what their holders may do.
#[async_trait]
pub trait Keys: Send + Sync + 'static {
    /// `None` for a key that is unknown, revoked or expired.
    async fn secret(&self, id: &str) -> Result<Option<String>>;

    /// Asked after the signature was found to be right.
    async fn scope(&self, id: &str) -> Result<Option<Scope>>;
}
