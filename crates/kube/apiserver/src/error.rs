//! Why the server did not start. Failures of requests are `status::Failure`.

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "{given:?} is not a range of IPv4 addresses for Services: write one such as 127.64.0.0/12"
    )]
    ServiceRange { given: String },

    #[error("the {kind} {name:?} that the server starts with was refused: {message}")]
    Bootstrap { kind: String, name: String, message: String },

    #[error("the store of objects does not answer")]
    Store(#[from] dais_store::Error),
}
