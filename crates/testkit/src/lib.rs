//! For tests: a cluster in this process, and clients that speak to it as
//! whoever a test wants to be.
//!
//! It is the real API server over a real store in memory; nothing runs pods.
//! Start reading at [`Cluster`]. [`postgres`] is for those who keep relations,
//! [`images`] writes archives of container images.

pub mod images;
pub mod postgres;

use std::sync::Arc;

use dais_apiserver::{ApiServer, AuditSink, Authors, Config, LogAudit, NoTokens, Tokens, UserInfo};
use dais_store::Store;

/// The range that embedded Services get their addresses from.
const SERVICE_CIDR: &str = "127.64.0.0/12";

/// What a test's cluster is started with.
pub struct Options {
    /// Objects that are there before the first request: definitions of custom
    /// resources, namespaces, roles.
    pub bootstrap: Vec<serde_json::Value>,
    pub kubelet: Option<axum::Router>,
    pub tokens: Arc<dyn Tokens>,
    pub audit: Arc<dyn AuditSink>,
    pub authors: Authors,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bootstrap: Vec::new(),
            kubelet: None,
            tokens: Arc::new(NoTokens),
            audit: Arc::new(LogAudit),
            authors: Authors::default(),
        }
    }
}

/// A cluster of its own, gone with its last client.
pub struct Cluster {
    /// Acts as a member of `system:masters`.
    pub client: kube::Client,
    pub store: Store,
    /// The API as HTTP: a request without a [`UserInfo`] extension is anonymous.
    pub router: axum::Router,
    server: ApiServer,
}

impl Cluster {
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// A cluster that serves these custom resources.
    pub async fn with_definitions(
        definitions: impl IntoIterator<Item = impl serde::Serialize>,
    ) -> Self {
        let json = |definition| serde_json::to_value(definition).expect("a definition is JSON");
        let bootstrap = definitions.into_iter().map(json).collect();
        Self::start_with(Options { bootstrap, ..Options::default() }).await
    }

    /// # Panics
    /// When a bootstrap object is refused: the test is wrong.
    pub async fn start_with(options: Options) -> Self {
        let Options { bootstrap, kubelet, tokens, audit, authors } = options;
        let store = Store::in_memory().expect("a store in memory opens");
        let config = Config {
            store: store.clone(),
            kubelet,
            tokens,
            audit,
            service_cidr: SERVICE_CIDR.to_owned(),
            bootstrap,
            authors,
        };
        let server = match ApiServer::new(config).await {
            Ok(server) => server,
            Err(error) => panic!("the API server did not start: {error}"),
        };
        let client = client(&server, UserInfo::admin());
        Self { client, store, router: server.router(), server }
    }

    /// A client that is this person, with what RBAC lets them do.
    pub fn client_as(&self, user: &str, groups: &[&str]) -> kube::Client {
        client(&self.server, UserInfo::new(user, groups.iter().copied()))
    }
}

fn client(server: &ApiServer, user: UserInfo) -> kube::Client {
    kube::Client::new(server.client(user), "default")
}
