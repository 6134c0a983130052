//! The server as a whole: what all requests share, and the door to it.

use std::sync::Arc;

use axum::{Extension, Router};
use tokio::task::JoinSet;

use crate::admission::namespaces::{self, Namespaces};
use crate::admission::quota::recount;
use crate::audit::AuditSink;
use crate::authz::{Policy, policy};
use crate::config::{Authors, Config, Tokens, UserInfo};
use crate::custom::establish::{self, Definitions};
use crate::discovery::documents::Documents;
use crate::error::Error;
use crate::http::handle;
use crate::metrics::Metrics;
use crate::registry::Catalog;
use crate::start;
use crate::status::Failure;
use crate::storage::Objects;
use crate::storage::mirror::Mirror;
use crate::strategy::service::Addresses;

/// What every request needs.
pub(crate) struct Server {
    pub objects: Objects,
    pub policy: Mirror<Policy>,
    pub definitions: Mirror<Definitions>,
    pub namespaces: Mirror<Namespaces>,
    pub tokens: Arc<dyn Tokens>,
    pub audit: Arc<dyn AuditSink>,
    pub kubelet: Option<Router>,
    pub addresses: Addresses,
    pub authors: Authors,
    pub metrics: Metrics,
    pub documents: Documents,
    /// Quota is counted and charged by one create at a time.
    pub quota: tokio::sync::Mutex<()>,
}

impl Server {
    /// What is served as of the newest commit.
    pub async fn catalog(&self) -> Result<Arc<Catalog>, Failure> {
        Ok(self.definitions.current().await?.catalog())
    }
}

/// What runs beside the requests; it ends with the server.
struct Tasks(Vec<tokio::task::JoinHandle<()>>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// A running API server. Its background tasks end with its last clone.
#[derive(Clone)]
pub struct ApiServer {
    server: Arc<Server>,
    _tasks: Arc<Tasks>,
}

impl ApiServer {
    /// Opens the server over a store: makes the namespaces, roles and objects
    /// that are missing, and serves the definitions that are there.
    ///
    /// # Errors
    /// A bad range of Service addresses, a bootstrap object that is refused, a
    /// store that does not answer.
    pub async fn new(config: Config) -> Result<ApiServer, Error> {
        let Config { store, kubelet, tokens, audit, service_cidr, bootstrap, authors } = config;
        let server = Arc::new(Server {
            policy: Mirror::new(store.clone(), policy::PREFIX),
            definitions: Mirror::new(store.clone(), establish::PREFIX),
            namespaces: Mirror::new(store.clone(), namespaces::PREFIX),
            objects: Objects::new(store),
            tokens,
            audit,
            kubelet,
            addresses: Addresses::parse(&service_cidr)?,
            authors,
            metrics: Metrics::default(),
            documents: Documents::default(),
            quota: tokio::sync::Mutex::default(),
        });
        start::bootstrap(&server, bootstrap).await?;
        let tasks = Tasks(vec![
            tokio::spawn(establish::run(Arc::downgrade(&server))),
            tokio::spawn(recount::run(Arc::downgrade(&server))),
        ]);
        Ok(ApiServer { server, _tasks: Arc::new(tasks) })
    }

    /// The whole API. Requests carry [`UserInfo`] as an extension, or a bearer
    /// token, or are anonymous.
    pub fn router(&self) -> Router {
        let server = self.server.clone();
        let keep = self.clone();
        Router::new().fallback(move |request: axum::extract::Request| {
            let server = server.clone();
            let _running = keep.clone();
            async move { handle::handle(server, request).await }
        })
    }

    /// The API as one user, in process: `kube::Client::new(server.client(user), "default")`.
    ///
    /// Requests are served in tasks of their own, as they are over a network: one that its
    /// client leaves alone for a while, not polling it, keeps no lock from others. A
    /// request that is dropped ends.
    pub fn client(&self, user: UserInfo) -> Router {
        let api = self.clone();
        let router = Router::new().fallback(move |request: axum::extract::Request| {
            let api = api.clone();
            async move {
                let mut task = JoinSet::new();
                task.spawn(async move { handle::handle(api.server.clone(), request).await });
                match task.join_next().await {
                    Some(Ok(response)) => response,
                    Some(Err(error)) if error.is_panic() => {
                        std::panic::resume_unwind(error.into_panic())
                    }
                    // The runtime is on its way out, and this request with it.
                    _ => std::future::pending().await,
                }
            }
        });
        router.layer(Extension(user))
    }

    /// The server's own metrics in the Prometheus text format.
    pub fn metrics(&self) -> String {
        self.server.metrics.render(self.server.objects.store().revision())
    }
}
