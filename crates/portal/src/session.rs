//! Signing in and out.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use dais_identity::{Caller, Error, OpenedSession, Secret};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::authenticate::{COOKIE, cookie};
use crate::body::{Body, Parameters};
use crate::callers::{BrowserSession, Me};
use crate::portal::Project;
use crate::problem::Refusal;
use crate::record::Actor;
use crate::{Portal, Problem};

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    user: String,
    groups: Vec<String>,
    admin: bool,
    /// What every write must carry as `X-Dais-Csrf`; empty with a bearer token.
    csrf: String,
    /// The language that the person chose.
    #[serde(skip_serializing_if = "String::is_empty")]
    language: String,
    projects: Vec<Project>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    user: String,
    password: String,
}

#[derive(Deserialize, IntoParams)]
pub(crate) struct Link {
    /// The one-time token of a sign-in link.
    token: String,
}

/// Who am I?
#[utoipa::path(get, path = "/api/session",
    responses((status = 200, body = Session), (status = 401, body = Refusal)))]
pub(crate) async fn read(
    State(portal): State<Portal>,
    Me(caller): Me,
    session: Option<Extension<BrowserSession>>,
) -> Json<Session> {
    let csrf = session.map(|Extension(session)| session.csrf);
    Json(describe(&portal, caller, csrf).await)
}

async fn describe(portal: &Portal, caller: Caller, csrf: Option<Secret>) -> Session {
    // Service accounts are callers without an account.
    let user = portal.identity().user(&caller.user).await.ok();
    Session {
        admin: caller.is_admin(),
        csrf: csrf.map(|csrf| csrf.expose().to_owned()).unwrap_or_default(),
        language: user.map(|user| user.language).unwrap_or_default(),
        projects: portal.projects(&caller).await,
        user: caller.user,
        groups: caller.groups,
    }
}

/// Signs in with a password; the session is a cookie.
#[utoipa::path(post, path = "/api/session", request_body = SignIn,
    responses((status = 200, body = Session), (status = 401, body = Refusal),
        (status = 429, body = Refusal)))]
pub(crate) async fn open(
    State(portal): State<Portal>,
    headers: HeaderMap,
    Body(sign_in): Body<SignIn>,
) -> Response {
    let actor = Extension(Actor(sign_in.user.clone()));
    let answer = match sign_in_with(&portal, &headers, sign_in).await {
        Ok((cookie, session)) => ([(header::SET_COOKIE, cookie)], Json(session)).into_response(),
        Err(problem) => problem.into_response(),
    };
    (actor, answer).into_response()
}

async fn sign_in_with(
    portal: &Portal,
    headers: &HeaderMap,
    SignIn { user, password }: SignIn,
) -> Result<(HeaderValue, Session), Problem> {
    let identity = portal.identity();
    identity.verify_password(&user, &Secret::new(password)).await?;
    let opened = replace_session(portal, headers, &user).await?;
    let session = identity.session(&opened.key).await?.ok_or_else(Problem::unauthenticated)?;
    let session_cookie = set_cookie(portal, &opened)?;
    Ok((session_cookie, describe(portal, session.caller, Some(session.csrf)).await))
}

/// Opens a session and ends the one that the browser had, if any.
async fn replace_session(
    portal: &Portal,
    headers: &HeaderMap,
    user: &str,
) -> Result<OpenedSession, Problem> {
    if let Some(old) = cookie(headers) {
        portal.identity().close_session(&old).await?;
    }
    Ok(portal.identity().open_session(user).await?)
}

/// Signs out.
#[utoipa::path(delete, path = "/api/session", responses((status = 204)))]
pub(crate) async fn close(
    State(portal): State<Portal>,
    session: Option<Extension<BrowserSession>>,
) -> Result<Response, Problem> {
    if let Some(Extension(session)) = session {
        portal.identity().close_session(&session.key).await?;
    }
    let gone = cookie_header(&portal, "", Duration::ZERO)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]).into_response())
}

/// Signs in with a one-time link and goes to the pages.
#[utoipa::path(get, path = "/api/login", params(Link),
    responses((status = 303), (status = 410, body = Refusal)))]
pub(crate) async fn redeem(
    State(portal): State<Portal>,
    headers: HeaderMap,
    Parameters(link): Parameters<Link>,
) -> Result<Response, Problem> {
    let user = match portal.identity().redeem_sign_in_link(&Secret::new(link.token)).await {
        Ok(user) => user,
        Err(Error::LinkSpent) if wants_page(&headers) => {
            return Ok(Redirect::to("/sign-in?link=spent").into_response());
        }
        Err(error) => return Err(error.into()),
    };
    let opened = replace_session(&portal, &headers, &user).await?;
    let session_cookie = set_cookie(&portal, &opened)?;
    let answer = ([(header::SET_COOKIE, session_cookie)], Redirect::to("/"));
    Ok((Extension(Actor(user)), answer).into_response())
}

pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn set_cookie(portal: &Portal, opened: &OpenedSession) -> Result<HeaderValue, Problem> {
    cookie_header(portal, opened.key.expose(), opened.lifetime)
}

fn cookie_header(portal: &Portal, key: &str, lifetime: Duration) -> Result<HeaderValue, Problem> {
    let secure = if portal.secure_cookies() { "; Secure" } else { "" };
    let seconds = lifetime.as_secs();
    let cookie =
        format!("{COOKIE}={key}; HttpOnly; SameSite=Lax; Path=/; Max-Age={seconds}{secure}");
    let mut value = HeaderValue::try_from(cookie).map_err(|_| Problem::unauthenticated())?;
    value.set_sensitive(true);
    Ok(value)
}
