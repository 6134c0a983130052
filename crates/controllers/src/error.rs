//! What can go wrong while reconciling. A mistake in an object's `spec` is no
//! error: it becomes a condition.

use thiserror::Error;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, Error)]
pub enum Error {
    #[error("{attempt}")]
    Kube {
        attempt: String,
        #[source]
        source: Box<kube::Error>,
    },
    #[error("{attempt}")]
    Seam {
        attempt: String,
        #[source]
        source: crate::seams::SeamError,
    },
    #[error("encoding {what}")]
    Encode {
        what: &'static str,
        #[source]
        source: serde_json::Error,
    },
    #[error("{kind} {name} has no {field}; the API server always sets it")]
    Incomplete { kind: &'static str, name: String, field: &'static str },
    #[error(
        "there is a {kind} {name} of somebody else's, which stays as it is; delete it, or choose another name"
    )]
    Taken { kind: String, name: String },
    #[error("environment {name} stays until pod {pod} is gone, which uses its build")]
    InUse { name: String, pod: String },
    #[error("finalizing {name}")]
    Finalizer {
        name: String,
        #[source]
        source: Box<kube::runtime::finalizer::Error<Error>>,
    },
}

impl Error {
    /// For `map_err`: what was attempted, in words.
    pub fn kube(attempt: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        move |source| Self::Kube { attempt: attempt.into(), source: Box::new(source) }
    }

    /// Why what was attempted will not do, in words for whoever wrote the object; `None`
    /// where it may do the next time, or is no matter of theirs.
    pub fn refusal(&self) -> Option<String> {
        match self {
            Self::Kube { attempt, source } => match &**source {
                kube::Error::Api(status) if matches!(status.code, 400 | 403 | 422) => {
                    Some(format!(
                        "{attempt} was refused: {}; change the spec, or what it meets there, and it is tried again",
                        status.message.trim_end_matches('.')
                    ))
                }
                _ => None,
            },
            Self::Taken { .. } => Some(self.to_string()),
            _ => None,
        }
    }

    /// For `map_err` on the traits of [`crate::seams`].
    pub fn seam(attempt: impl Into<String>) -> impl FnOnce(crate::seams::SeamError) -> Self {
        move |source| Self::Seam { attempt: attempt.into(), source }
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn answered(code: u16, message: &str) -> Error {
        let status = Status { code, message: message.to_owned(), ..Status::default() };
        Error::kube("applying Service a/web")(kube::Error::Api(Box::new(status)))
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words_and_nothing_else() {
        let why = r#"Service "web" is invalid: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535"#;
        let words = answered(422, why).refusal().unwrap();
        assert_eq!(
            words,
            format!(
                "applying Service a/web was refused: {why}; change the spec, or what it meets there, and it is tried again"
            )
        );
        for code in [400, 403] {
            assert!(answered(code, "exceeded quota").refusal().is_some());
        }
        for code in [404, 409, 429, 500] {
            assert_eq!(answered(code, "not now").refusal(), None, "{code}");
        }
    }
}
