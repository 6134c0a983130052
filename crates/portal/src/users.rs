//! Accounts: everybody's own, and all of them for administrators.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use dais_identity::{ADMINS, NewUser, Secret};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::audit::time;
use crate::body::Body;
use crate::callers::{Admin, BrowserSession, Me};
use crate::problem::Refusal;
use crate::record::Changed;
use crate::{Portal, Problem};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    name: String,
    groups: Vec<String>,
    admin: bool,
    /// RFC 3339.
    created_at: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Users {
    users: Vec<User>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateUser {
    name: String,
    /// Left out: a random one is made and answered once.
    password: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedUser {
    #[serde(flatten)]
    user: User,
    /// The random password, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    current: String,
    new: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetPassword {
    /// Left out: a random one is made and answered once.
    password: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PasswordSet {
    /// The random password, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Groups {
    groups: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Language {
    /// Such as `zh-CN` or `en`.
    language: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SignInLink {
    /// The path to open; good once, for 15 minutes.
    path: String,
}

impl From<dais_identity::User> for User {
    fn from(user: dais_identity::User) -> Self {
        let dais_identity::User { name, groups, language: _, created_at } = user;
        let admin = groups.iter().any(|group| group == ADMINS);
        Self { name, groups, admin, created_at: time(created_at) }
    }
}

/// The password to set, and what to tell the administrator of it.
fn chosen(password: Option<String>) -> Result<(Secret, Option<String>), Problem> {
    match password {
        Some(password) => Ok((Secret::new(password), None)),
        None => {
            let password = Secret::random_password()?;
            let told = password.expose().to_owned();
            Ok((password, Some(told)))
        }
    }
}

/// What the audit record keeps of an account.
fn shown(user: &dais_identity::User) -> serde_json::Value {
    json!({"name": user.name, "groups": user.groups})
}

/// All users, by name.
#[utoipa::path(get, path = "/api/users",
    responses((status = 200, body = Users), (status = 403, body = Refusal)))]
pub(crate) async fn list(_: Admin, State(portal): State<Portal>) -> Result<Json<Users>, Problem> {
    let users = portal.identity().users().await?;
    Ok(Json(Users { users: users.into_iter().map(User::from).collect() }))
}

/// Creates a user.
#[utoipa::path(post, path = "/api/users", request_body = CreateUser,
    responses((status = 201, body = CreatedUser), (status = 400, body = Refusal),
        (status = 409, body = Refusal)))]
pub(crate) async fn create(
    _: Admin,
    State(portal): State<Portal>,
    Body(CreateUser { name, password, groups }): Body<CreateUser>,
) -> Result<(StatusCode, Extension<Changed>, Json<CreatedUser>), Problem> {
    let (password, told) = chosen(password)?;
    let new = NewUser { name, password: Some(password), groups };
    let user = portal.identity().create_user(new).await?;
    let changed = Changed { old: None, new: Some(shown(&user)) };
    let created = CreatedUser { user: user.into(), password: told };
    Ok((StatusCode::CREATED, Extension(changed), Json(created)))
}

/// Deletes a user with their sessions and tokens.
#[utoipa::path(delete, path = "/api/users/{name}",
    responses((status = 204), (status = 404, body = Refusal), (status = 409, body = Refusal)))]
pub(crate) async fn delete(
    _: Admin,
    State(portal): State<Portal>,
    Path(name): Path<String>,
) -> Result<(StatusCode, Extension<Changed>), Problem> {
    let user = portal.identity().user(&name).await?;
    portal.identity().delete_user(&name).await?;
    Ok((StatusCode::NO_CONTENT, Extension(Changed { old: Some(shown(&user)), new: None })))
}

/// Sets a user's groups.
#[utoipa::path(put, path = "/api/users/{name}/groups", request_body = Groups,
    responses((status = 200, body = User), (status = 400, body = Refusal)))]
pub(crate) async fn set_groups(
    _: Admin,
    State(portal): State<Portal>,
    Path(name): Path<String>,
    Body(Groups { groups }): Body<Groups>,
) -> Result<(Extension<Changed>, Json<User>), Problem> {
    let before = portal.identity().user(&name).await?;
    portal.identity().set_groups(&name, &groups).await?;
    let user = portal.identity().user(&name).await?;
    let changed = Changed { old: Some(shown(&before)), new: Some(shown(&user)) };
    Ok((Extension(changed), Json(user.into())))
}

/// Sets a user's password and ends their sessions.
#[utoipa::path(post, path = "/api/users/{name}/password", request_body = ResetPassword,
    responses((status = 200, body = PasswordSet), (status = 400, body = Refusal)))]
pub(crate) async fn reset_password(
    _: Admin,
    State(portal): State<Portal>,
    Path(name): Path<String>,
    Body(ResetPassword { password }): Body<ResetPassword>,
) -> Result<Json<PasswordSet>, Problem> {
    let (password, told) = chosen(password)?;
    portal.identity().set_password(&name, &password, None).await?;
    Ok(Json(PasswordSet { password: told }))
}

/// Makes a one-time sign-in link for a user.
#[utoipa::path(post, path = "/api/users/{name}/link",
    responses((status = 201, body = SignInLink), (status = 404, body = Refusal)))]
pub(crate) async fn create_link(
    _: Admin,
    State(portal): State<Portal>,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<SignInLink>), Problem> {
    let token = portal.identity().create_sign_in_link(&name).await?;
    let path = format!("/api/login?token={}", token.expose());
    Ok((StatusCode::CREATED, Json(SignInLink { path })))
}

/// Changes my password and ends my other sessions.
#[utoipa::path(post, path = "/api/account/password", request_body = ChangePassword,
    responses((status = 204), (status = 400, body = Refusal)))]
pub(crate) async fn change_own_password(
    State(portal): State<Portal>,
    Me(caller): Me,
    session: Option<Extension<BrowserSession>>,
    Body(ChangePassword { current, new }): Body<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let identity = portal.identity();
    match identity.verify_password(&caller.user, &Secret::new(current)).await {
        // 401 would tell the page that the session is over.
        Err(dais_identity::Error::WrongPassword) => {
            let reason = "this is not your present password";
            let problem = Problem::new(StatusCode::BAD_REQUEST, reason, "type it again");
            return Err(problem.field("current"));
        }
        verified => verified?,
    };
    let keep = session.as_ref().map(|Extension(session)| &session.key);
    match identity.set_password(&caller.user, &Secret::new(new), keep).await {
        Err(dais_identity::Error::Invalid { reason, hint, .. }) => {
            let reason = format!("the new password {reason}");
            Err(Problem::new(StatusCode::BAD_REQUEST, reason, hint).field("new"))
        }
        done => Ok(done.map(|()| StatusCode::NO_CONTENT)?),
    }
}

/// Remembers the language that I chose.
#[utoipa::path(post, path = "/api/account/language", request_body = Language,
    responses((status = 204), (status = 400, body = Refusal)))]
pub(crate) async fn set_language(
    State(portal): State<Portal>,
    Me(caller): Me,
    Body(Language { language }): Body<Language>,
) -> Result<StatusCode, Problem> {
    portal.identity().set_language(&caller.user, &language).await?;
    Ok(StatusCode::NO_CONTENT)
}
