//! What the server is started with, and the doors to what it does not own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dais_store::Store;

use crate::audit::AuditSink;

/// Who asks. Inserted as a request extension by whoever mounts the router;
/// without it a bearer token is tried, and without that it is `system:anonymous`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserInfo {
    pub username: String,
    pub uid: Option<String>,
    pub groups: Vec<String>,
    pub extra: BTreeMap<String, Vec<String>>,
}

impl UserInfo {
    /// The group that may do everything.
    pub const MASTERS: &str = "system:masters";

    pub fn new<G: Into<String>>(
        username: impl Into<String>,
        groups: impl IntoIterator<Item = G>,
    ) -> UserInfo {
        UserInfo {
            username: username.into(),
            groups: groups.into_iter().map(Into::into).collect(),
            ..UserInfo::default()
        }
    }

    /// The platform itself.
    pub fn admin() -> UserInfo {
        UserInfo::new("system:admin", [UserInfo::MASTERS])
    }

    pub fn anonymous() -> UserInfo {
        UserInfo::new("system:anonymous", ["system:unauthenticated"])
    }

    pub fn is_master(&self) -> bool {
        self.groups.iter().any(|group| group == UserInfo::MASTERS)
    }
}

/// What `serviceaccounts/token` asks for.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    pub namespace: String,
    pub service_account: String,
    pub uid: String,
    pub audiences: Vec<String>,
    pub ttl: Duration,
    /// The `boundObjectRef` of the request, as it was sent.
    pub bound_object: Option<serde_json::Value>,
}

/// A token that was issued.
#[derive(Debug, Clone)]
pub struct Issued {
    pub token: String,
    /// RFC 3339.
    pub expires: String,
}

/// Issues and reviews tokens. The server holds no keys of its own.
#[async_trait]
pub trait Tokens: Send + Sync + 'static {
    /// # Errors
    /// Words for the client, where the request asks for what cannot be issued.
    async fn issue(&self, request: TokenRequest) -> Result<Issued, String>;

    /// Who holds the token, or nobody.
    async fn review(&self, token: &str) -> Option<UserInfo>;
}

/// No token is issued and none is valid: for tests and for embedding where
/// the caller is always in the request's extensions.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTokens;

#[async_trait]
impl Tokens for NoTokens {
    async fn issue(&self, _request: TokenRequest) -> Result<Issued, String> {
        Err("this server issues no tokens".into())
    }

    async fn review(&self, _token: &str) -> Option<UserInfo> {
        None
    }
}

/// How the server is started.
pub struct Config {
    pub store: Store,
    /// The kubelet's API for pods' subresources: `/containerLogs/{ns}/{pod}/{container}`,
    /// `/exec/…`, `/attach/…` and `/portForward/{ns}/{pod}`.
    pub kubelet: Option<axum::Router>,
    pub tokens: Arc<dyn Tokens>,
    pub audit: Arc<dyn AuditSink>,
    /// The range that Service addresses are taken from, such as `127.64.0.0/12`.
    pub service_cidr: String,
    /// Objects that are made at start where they are missing. Definitions of custom
    /// resources among them are brought up to date, and served before
    /// `ApiServer::new` returns.
    pub bootstrap: Vec<serde_json::Value>,
    pub authors: Authors,
}

/// Annotations in which the server notes whose an object is; nothing is noted under those
/// that are absent. Only `system:masters` may write them themselves.
#[derive(Clone, Debug, Default)]
pub struct Authors {
    /// Who made the object: never changed afterwards.
    pub creator: Option<String>,
    /// Who last changed its spec; absent while nobody has.
    pub changer: Option<String>,
}
