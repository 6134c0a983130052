//! A server over a store in memory, and requests to it.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use bytes::Bytes;
use dais_apiserver::{
    ApiServer, AuditEvent, AuditSink, Authors, Change, Config, NoTokens, UserInfo,
};
use dais_store::Store;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

/// Audit events, kept.
#[derive(Default)]
pub struct Kept(pub Mutex<Vec<AuditEvent>>);

#[async_trait::async_trait]
impl AuditSink for Kept {
    fn note(&self, event: &AuditEvent, change: Change<'_>) -> Option<Bytes> {
        Some(serde_json::json!([event, change.old, change.new]).to_string().into())
    }

    async fn record(&self, event: AuditEvent) -> Result<(), String> {
        self.0.lock().expect("no test panics while it holds this").push(event);
        Ok(())
    }
}

pub struct Rig {
    pub server: ApiServer,
    pub audit: Arc<Kept>,
    pub store: Store,
}

/// An answer, read to its end.
pub struct Answered {
    pub code: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The message of a `Status`.
    pub fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }
}

impl Rig {
    pub async fn new() -> Rig {
        Rig::with(|_| {}).await
    }

    pub async fn with(adjust: impl FnOnce(&mut Config)) -> Rig {
        let store = Store::in_memory().expect("a store in memory");
        let audit = Arc::new(Kept::default());
        let mut config = Config {
            store: store.clone(),
            kubelet: None,
            tokens: Arc::new(NoTokens),
            audit: audit.clone(),
            service_cidr: "127.64.0.0/12".into(),
            bootstrap: Vec::new(),
            authors: Authors::default(),
        };
        adjust(&mut config);
        let server = ApiServer::new(config).await.expect("the server starts");
        Rig { server, audit, store }
    }

    pub fn client(&self, user: UserInfo) -> kube::Client {
        kube::Client::new(self.server.client(user), "default")
    }

    pub fn admin(&self) -> kube::Client {
        self.client(UserInfo::admin())
    }

    pub async fn raw(&self, request: Request<Body>) -> http::Response<Body> {
        self.server.router().oneshot(request).await.unwrap_or_else(|never| match never {})
    }

    /// A request as a user, without or with a JSON body.
    pub async fn ask(
        &self,
        user: &UserInfo,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answered {
        let media =
            if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let text = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", media)
            .extension(user.clone());
        self.read(request.body(Body::from(text)).expect("a well-formed request")).await
    }

    pub async fn read(&self, request: Request<Body>) -> Answered {
        let response = self.raw(request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("an answer ends well").to_bytes().to_vec();
        Answered { code: parts.status.as_u16(), headers: parts.headers, body }
    }
}
