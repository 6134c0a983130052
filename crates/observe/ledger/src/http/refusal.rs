//! What a refused request is answered with: which field, why, what to do.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::{Error, Fault};

/// The body of every answer that is not a success.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Refusal {
    error: Fault,
}

#[derive(Debug)]
pub(crate) struct Refused(StatusCode, Fault);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid { field, reason, hint } => {
                let reason = format!("{field} {reason}");
                Self(StatusCode::BAD_REQUEST, Fault { field, reason, hint })
            }
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "ledger did not answer");
                let hint = "the platform's log says why; try again when that is mended";
                let fault = Fault {
                    field: String::new(),
                    reason: error.to_string(),
                    hint: hint.to_owned(),
                };
                Self(StatusCode::SERVICE_UNAVAILABLE, fault)
            }
        }
    }
}

impl From<QueryRejection> for Refused {
    fn from(rejection: QueryRejection) -> Self {
        let words = rejection.body_text();
        let words = words.strip_prefix("Failed to deserialize query string: ").unwrap_or(&words);
        // `limit: invalid digit …`, or: unknown field `x`, expected …
        let field = match words.split_once(": ") {
            Some((field, _)) if !field.contains(' ') => field,
            _ => words.split('`').nth(1).unwrap_or_default(),
        };
        let hint = "see /api/openapi.json for the parameters";
        let fault =
            Fault { field: field.to_owned(), reason: words.to_owned(), hint: hint.to_owned() };
        Self(StatusCode::BAD_REQUEST, fault)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(Refusal { error: self.1 })).into_response()
    }
}

/// The parameters of an address.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let Query(parameters) = Query::<T>::from_request_parts(parts, state).await?;
        Ok(Self(parameters))
    }
}
