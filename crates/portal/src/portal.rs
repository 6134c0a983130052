//! The portal put together: its routes, and the layer in front of all routes.

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::StatusCode;
use axum::routing::{delete, get, post, put};
use axum::{Router, middleware};
use dais_identity::{Caller, Identity};
use serde::Serialize;
use utoipa::ToSchema;

use crate::authenticate::authenticate;
use crate::{
    Info, Problem, audit, export, info, openapi, pages, record, session, settings, tokens, users,
};

/// A project that a person may work in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Project {
    pub name: String,
    pub workspace: String,
}

/// Says which projects a person may work in; the binary asks RBAC.
#[async_trait]
pub trait Projects: Send + Sync + 'static {
    async fn of(&self, caller: &Caller) -> Vec<Project>;
}

/// What the portal is started with.
pub struct Config {
    pub identity: Identity,
    pub info: Info,
    /// Without it, sessions name no projects.
    pub projects: Option<Arc<dyn Projects>>,
    /// Whether browsers reach it by HTTPS alone.
    pub secure_cookies: bool,
    /// Addresses below `/api` that others serve, described with ours.
    pub described: Vec<utoipa::openapi::OpenApi>,
}

/// The portal; clones share it.
#[derive(Clone)]
pub struct Portal(Arc<Config>);

impl Portal {
    pub fn new(config: Config) -> Self {
        Self(Arc::new(config))
    }

    /// `/api` and, as the fallback for every other address, the pages.
    pub fn router(&self) -> Router {
        let api = Router::new()
            .route("/api/session", get(session::read).post(session::open).delete(session::close))
            .route("/api/login", get(session::redeem))
            .route("/api/account/password", post(users::change_own_password))
            .route("/api/account/language", post(users::set_language))
            .route("/api/tokens", get(tokens::list).post(tokens::create))
            .route("/api/tokens/{id}", delete(tokens::revoke))
            .route("/api/users", get(users::list).post(users::create))
            .route("/api/users/{name}", delete(users::delete))
            .route("/api/users/{name}/groups", put(users::set_groups))
            .route("/api/users/{name}/password", post(users::reset_password))
            .route("/api/users/{name}/link", post(users::create_link))
            .route("/api/account/settings", get(settings::read).put(settings::write))
            .route("/api/audit", get(audit::list))
            .route("/api/audit/export/{format}", get(export::export))
            .route_layer(middleware::from_fn_with_state(self.clone(), record::record))
            .route("/api/info", get(info::read))
            .route("/api/openapi.json", get(openapi::read))
            .route("/api/{*rest}", axum::routing::any(nothing_here))
            .method_not_allowed_fallback(wrong_method)
            .with_state(self.clone());
        api.fallback(pages::serve)
    }

    /// Puts authentication, CSRF protection and security headers in front of
    /// every route of `router`. Apply it once, to the whole program.
    pub fn protect(&self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self.0.identity.clone(), authenticate))
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.0.identity
    }

    pub(crate) fn info(&self) -> &Info {
        &self.0.info
    }

    pub(crate) fn described(&self) -> &[utoipa::openapi::OpenApi] {
        &self.0.described
    }

    pub(crate) fn secure_cookies(&self) -> bool {
        self.0.secure_cookies
    }

    pub(crate) async fn projects(&self, caller: &Caller) -> Vec<Project> {
        match &self.0.projects {
            Some(projects) => projects.of(caller).await,
            None => Vec::new(),
        }
    }
}

async fn nothing_here() -> Problem {
    let hint = "see /api/openapi.json for the addresses";
    Problem::new(StatusCode::NOT_FOUND, "nothing has this address", hint)
}

async fn wrong_method() -> Problem {
    let hint = "see /api/openapi.json for the methods";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not take this method", hint)
}
