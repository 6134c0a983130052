//! People's access keys.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use dais_identity::{AccessKeyRequest, Error, Identity, NewAccessKey, Via};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::Asking;

#[derive(Clone)]
pub struct People {
    pub identity: Identity,
    /// Of the store.
    pub address: String,
}

pub fn refuse(status: StatusCode, field: &str, reason: &str, hint: &str) -> Response {
    let error = json!({"field": field, "reason": reason, "hint": hint});
    (status, Json(json!({"error": error, "message": format!("{reason}; {hint}")}))).into_response()
}

fn refused(error: &Error) -> Response {
    match error {
        Error::Invalid { field, reason, hint } => {
            let reason = format!("{field} {reason}");
            refuse(StatusCode::BAD_REQUEST, field, &reason, hint)
        }
        Error::Exists { .. } => {
            let hint = "choose another name, or revoke that one";
            refuse(StatusCode::CONFLICT, "name", &error.to_string(), hint)
        }
        Error::NotFound { .. } => {
            let hint = "`dais s3 key list` lists those that there are";
            refuse(StatusCode::NOT_FOUND, "id", &error.to_string(), hint)
        }
        _ => {
            tracing::error!(%error, "access keys not reached");
            let hint = "the platform's log says why; try again when that is mended";
            refuse(StatusCode::SERVICE_UNAVAILABLE, "", "the accounts did not answer", hint)
        }
    }
}

pub async fn list(State(people): State<People>, Extension(asking): Extension<Asking>) -> Response {
    match people.identity.access_keys(&asking.project).await {
        Ok(mut keys) => {
            keys.retain(|key| asking.manages || key.user == asking.caller.user);
            Json(json!({"endpoint": people.address, "keys": keys})).into_response()
        }
        Err(error) => refused(&error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// What the key is for.
    name: String,
    days: Option<u32>,
}

pub async fn create(
    State(people): State<People>,
    Extension(asking): Extension<Asking>,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Response {
    if !matches!(asking.caller.via, Via::Session | Via::Token(_)) {
        let hint = "the project's work finds its key in AWS_ACCESS_KEY_ID";
        return refuse(StatusCode::FORBIDDEN, "", "only people make access keys", hint);
    }
    let Wanted { name, days } = match wanted {
        Ok(Json(wanted)) => wanted,
        Err(error) => {
            let hint = "send {\"name\": …, \"days\": …}";
            return refuse(StatusCode::BAD_REQUEST, "body", &error.body_text(), hint);
        }
    };
    let request = AccessKeyRequest {
        user: asking.caller.user,
        project: asking.project,
        name,
        lifetime: days.map(|days| Duration::from_secs(u64::from(days) * 24 * 3600)),
    };
    match people.identity.create_access_key(request).await {
        Ok(NewAccessKey { key, secret }) => {
            let answer = json!({
                "endpoint": people.address, "key": key, "secret": secret.expose(),
            });
            (StatusCode::CREATED, Json(answer)).into_response()
        }
        Err(error) => refused(&error),
    }
}

/// One of [`revoke`]; the address carries the project, too.
#[derive(Deserialize)]
pub struct OfKey {
    id: String,
}

pub async fn revoke(
    State(people): State<People>,
    Extension(asking): Extension<Asking>,
    Path(OfKey { id }): Path<OfKey>,
) -> Response {
    let revoked = async {
        let keys = people.identity.access_keys(&asking.project).await?;
        let mine = keys.iter().any(|key| key.id == id && key.user == asking.caller.user);
        match mine || asking.manages {
            true => people.identity.revoke_access_key(&asking.project, &id).await,
            // The same words whether it exists or not.
            false => Err(Error::NotFound { kind: "access key", name: id.clone() }),
        }
    };
    match revoked.await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused(&error),
    }
}
