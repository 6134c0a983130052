//! The one error type of this crate.

use std::path::PathBuf;

/// What can go wrong when a recording is read. Hardware that does not answer is a
/// [`Finding`](crate::Finding), not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error("read the recording {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is not a recording.
    #[error("{} is not a recording of accelerators", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the parser said, with the line.
        source: Box<serde_saphyr::Error>,
    },
    /// The file is a recording, of something that cannot be played.
    #[error("recording {}, device {device}: {reason} (hint: {hint})", path.display())]
    Unplayable {
        /// The file.
        path: PathBuf,
        /// Which device, by its UUID.
        device: String,
        /// What is wrong.
        reason: String,
        /// How to mend it.
        hint: &'static str,
    },
}

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
