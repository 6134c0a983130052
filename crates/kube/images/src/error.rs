//! The one error type of this crate.

use std::io;
use std::path::{Path, PathBuf};

/// Why something about images was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was given is not as it should be.
    #[error("{reason}")]
    Refused {
        /// What is wrong with it.
        reason: String,
        /// What to do.
        hint: &'static str,
    },
    /// More than this platform takes.
    #[error("{reason}")]
    TooLarge {
        /// What is too large, and the limit.
        reason: String,
    },
    /// No image has this name or id.
    #[error("there is no image {0:?}")]
    Unknown(String),
    /// Nobody has said yet who holds what.
    #[error("it is not known yet who uses images")]
    Starting,
    /// Somebody runs on it.
    #[error("the image {name:?} is in use")]
    InUse {
        /// As it was asked for.
        name: String,
        /// Who holds it.
        by: Vec<String>,
    },
    /// A file of the store could not be used.
    #[error("{action} {}", path.display())]
    File {
        /// What was attempted, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What to do about an archive that is not whole.
pub(crate) const MAKE_ANEW: &str = "write the archive anew (docker save, skopeo copy … oci-archive:) and check that it arrived whole";

impl Error {
    pub(crate) fn refused(reason: impl Into<String>) -> Error {
        Error::Refused { reason: reason.into(), hint: MAKE_ANEW }
    }

    /// An error about `path`, for use in `map_err`.
    pub(crate) fn file(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(io::Error) -> Error + use<> {
        let path = path.to_owned();
        move |source| Error::File { action, path, source }
    }

    /// Whether the disk has no room left.
    pub fn is_full(&self) -> bool {
        let full = |kind| matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        matches!(self, Error::File { source, .. } if full(source.kind()))
    }
}
