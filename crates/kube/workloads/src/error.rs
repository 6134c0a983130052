//! The errors of this crate.

/// What a controller attempted and why it failed.
///
/// Every controller retries; these are logged once, where the retry is decided.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A request to the API server failed.
    #[error("could not {attempted} {object}")]
    Request {
        /// The verb, in the infinitive: "create pod for".
        attempted: &'static str,
        /// Kind, namespace and name of the object that it was for.
        object: String,
        /// What the client said.
        #[source]
        source: Box<kube::Error>,
    },
    /// An object lacks what the API server always sets.
    #[error("{object} has no {field}: was it read from an API server?")]
    Incomplete {
        /// The object.
        object: String,
        /// The missing field.
        field: &'static str,
    },
    /// A label selector that cannot be parsed.
    #[error("{object} has a label selector that cannot be read: {reason}")]
    Selector {
        /// The object.
        object: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Whether somebody else wrote first, so that an immediate retry on fresh
    /// data is the cure.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Error::Request { source, .. } if is_conflict(source))
    }
}

/// Attaches what was attempted to a client error.
pub(crate) trait Attempt<T> {
    fn attempt(self, attempted: &'static str, object: impl std::fmt::Display) -> Result<T>;
}

impl<T> Attempt<T> for kube::Result<T> {
    fn attempt(self, attempted: &'static str, object: impl std::fmt::Display) -> Result<T> {
        self.map_err(|source| Error::Request {
            attempted,
            object: object.to_string(),
            source: Box::new(source),
        })
    }
}

/// Whether the server answered 404.
pub(crate) fn is_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.is_not_found())
}

/// Whether the server answered that the object exists already.
pub(crate) fn is_already_exists(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.is_already_exists())
}

/// Whether a precondition or a resourceVersion did not hold.
pub(crate) fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.is_conflict() && !status.is_already_exists())
}

/// The server's words, without the client's decoration.
pub(crate) fn message(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}
