//! The one error type of this crate.

use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong while this node does its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory of the node could not be used.
    #[error("{action} {}", path.display())]
    File {
        /// What was attempted, as a verb: "read", "create directory".
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of the node holds something that is not what the node writes.
    #[error("{} is not readable as {what}", path.display())]
    Malformed {
        /// What it should have been.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// The shim could not be started.
    #[error("start {} for a container", exe.display())]
    Spawn {
        /// The program that was to be the shim.
        exe: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The API server refused or could not be reached.
    #[error("{action}")]
    Api {
        /// What was attempted, on what.
        action: String,
        /// What the client said.
        source: Box<kube::Error>,
    },
    /// The wanted runtime does not work on this machine.
    #[error(
        "the {runtime} runtime does not work here: {reason} (hint: choose the runtime `process`, or `auto` to let the node choose)"
    )]
    Runtime {
        /// The runtime's name.
        runtime: &'static str,
        /// What its probe said.
        reason: String,
    },
    /// A log was asked for that is not there.
    #[error("{0}")]
    NoLog(String),
}

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error about `path`, for use in `map_err`.
    pub(crate) fn file(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(io::Error) -> Error + use<> {
        let path = path.to_owned();
        move |source| Error::File { action, path, source }
    }

    /// An error of the API client, for use in `map_err`.
    pub(crate) fn api(action: impl Into<String>) -> impl FnOnce(kube::Error) -> Error {
        let action = action.into();
        move |source| Error::Api { action, source: Box::new(source) }
    }
}
