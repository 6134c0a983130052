//! A person's API tokens.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use dais_identity::{TokenInfo, Via};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::time;
use crate::body::Body;
use crate::callers::Me;
use crate::problem::Refusal;
use crate::record::Changed;
use crate::{Portal, Problem};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Token {
    id: String,
    name: String,
    /// RFC 3339, as the others.
    created_at: String,
    /// Left out: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// To the minute; left out: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Tokens {
    tokens: Vec<Token>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// What the token is for.
    name: String,
    /// How long it is good for; left out: until it is revoked.
    days: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedToken {
    #[serde(flatten)]
    info: Token,
    /// Shown this once.
    token: String,
}

impl From<TokenInfo> for Token {
    fn from(info: TokenInfo) -> Self {
        let TokenInfo { id, name, created_at, expires_at, used_at } = info;
        Self {
            id,
            name,
            created_at: time(created_at),
            expires_at: expires_at.map(time),
            last_used_at: used_at.map(time),
        }
    }
}

/// My tokens, newest first.
#[utoipa::path(get, path = "/api/tokens",
    responses((status = 200, body = Tokens), (status = 401, body = Refusal)))]
pub(crate) async fn list(
    State(portal): State<Portal>,
    Me(caller): Me,
) -> Result<Json<Tokens>, Problem> {
    let tokens = portal.identity().tokens(&caller.user).await?;
    Ok(Json(Tokens { tokens: tokens.into_iter().map(Token::from).collect() }))
}

/// Creates a token in my name.
#[utoipa::path(post, path = "/api/tokens", request_body = NewToken,
    responses((status = 201, body = CreatedToken), (status = 400, body = Refusal),
        (status = 409, body = Refusal)))]
pub(crate) async fn create(
    State(portal): State<Portal>,
    Me(caller): Me,
    Body(NewToken { name, days }): Body<NewToken>,
) -> Result<(StatusCode, Extension<Changed>, Json<CreatedToken>), Problem> {
    if !matches!(caller.via, Via::Session | Via::Token(_)) {
        let hint = "sign in as a person";
        return Err(Problem::new(StatusCode::FORBIDDEN, "only people have API tokens", hint));
    }
    if days == Some(0) {
        let hint = "use at least 1, or leave it out";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "days is 0", hint).field("days"));
    }
    let lifetime = days.map(|days| Duration::from_secs(u64::from(days) * 24 * 3600));
    let made = portal.identity().create_token(&caller.user, &name, lifetime).await?;
    let token = made.token.expose().to_owned();
    let info: Token = made.info.into();
    let told = json!({"name": info.name, "id": info.id, "expiresAt": info.expires_at});
    let changed = Changed { old: None, new: Some(told) };
    Ok((StatusCode::CREATED, Extension(changed), Json(CreatedToken { info, token })))
}

/// Revokes one of my tokens.
#[utoipa::path(delete, path = "/api/tokens/{id}",
    responses((status = 204), (status = 404, body = Refusal)))]
pub(crate) async fn revoke(
    State(portal): State<Portal>,
    Me(caller): Me,
    Path(id): Path<String>,
) -> Result<(StatusCode, Extension<Changed>), Problem> {
    let mine = portal.identity().tokens(&caller.user).await?;
    let name = mine.into_iter().find(|token| token.id == id).map(|token| token.name);
    portal.identity().revoke_token(&caller.user, &id).await?;
    let changed = Changed { old: Some(json!({"id": id, "token": name})), new: None };
    Ok((StatusCode::NO_CONTENT, Extension(changed)))
}
