//! What a refused request is answered with: which field, why, what to do.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dais_identity::Error;
use serde::Serialize;
use utoipa::ToSchema;

/// A refusal, as `{"error": {"field", "reason", "hint"}}`.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    words: Words,
    retry_after: Option<u64>,
}

/// The body of every answer that is not a success.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Refusal {
    error: Words,
}

#[derive(Debug, Serialize, ToSchema)]
struct Words {
    /// The input to change, where one is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    reason: String,
    hint: String,
}

impl Problem {
    pub fn new(status: StatusCode, reason: impl Into<String>, hint: impl Into<String>) -> Self {
        let words = Words { field: None, reason: reason.into(), hint: hint.into() };
        Self { status, words, retry_after: None }
    }

    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.words.field = Some(field.into());
        self
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "nobody is signed in",
            "sign in, or send an API token as Authorization: Bearer …",
        )
    }

    pub(crate) fn not_an_admin() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "only administrators may do this",
            format!("ask a member of {}", dais_identity::ADMINS),
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, words, retry_after } = self;
        let mut response = (status, Json(Refusal { error: words })).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let words = error.to_string();
        match error {
            Error::Invalid { field, reason, hint } => {
                Self::new(StatusCode::BAD_REQUEST, format!("{field} {reason}"), hint).field(field)
            }
            Error::WrongPassword => Self::new(
                StatusCode::UNAUTHORIZED,
                words,
                "an administrator can set a new password",
            ),
            Error::Throttled { retry_after } => {
                let seconds = retry_after.as_secs().max(1);
                let hint = format!("wait {seconds} s");
                let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, words, hint);
                problem.retry_after = Some(seconds);
                problem
            }
            Error::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, words, "look at the list"),
            Error::Exists { .. } => {
                Self::new(StatusCode::CONFLICT, words, "choose another name").field("name")
            }
            Error::LastAdmin { .. } => {
                let hint = "make another user an administrator first";
                Self::new(StatusCode::CONFLICT, words, hint)
            }
            Error::LinkSpent => {
                Self::new(StatusCode::GONE, words, "`dais up` and administrators make new ones")
            }
            error => {
                log(&error);
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    words,
                    "the platform's log says why; try again when that is mended",
                )
            }
        }
    }
}

/// Logs the whole chain, here where it ends.
fn log(error: &dyn std::error::Error) {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain = format!("{chain}: {cause}");
        source = cause.source();
    }
    tracing::error!(error = chain, "accounts did not answer");
}
