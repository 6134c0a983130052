//! The gateway as a whole: its table, its doors and what it counts.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::{Request, State};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::admission::Admission;
use crate::door::Door;
use crate::engagement::Engagements;
use crate::exposure::ExposureSink;
use crate::metrics::Metrics;
use crate::proxy::Way;
use crate::record::RecordSink;
use crate::span::SpanSink;
use crate::table::{Objects, Rule, Standing, Table};

/// Where goes what the gateway has to tell of requests.
#[derive(Clone)]
pub struct Sinks {
    pub spans: Arc<dyn SpanSink>,
    pub exposures: Arc<dyn ExposureSink>,
    pub records: Arc<dyn RecordSink>,
}

#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    table: RwLock<Arc<Table>>,
    admission: Arc<dyn Admission>,
    sinks: Sinks,
    metrics: Metrics,
    /// Random: which run counted.
    epoch: String,
    /// Wakes the reporter.
    bell: Arc<Notify>,
    engagements: Engagements,
    door: Door,
    retired: CancellationToken,
}

impl Gateway {
    pub fn new(admission: Arc<dyn Admission>, sinks: Sinks) -> Self {
        Self(Arc::new(Inner {
            table: RwLock::default(),
            admission,
            sinks,
            metrics: Metrics::default(),
            epoch: format!("{:016x}", rand::random::<u64>()),
            bell: Arc::default(),
            engagements: Engagements::default(),
            door: Door::default(),
            retired: CancellationToken::new(),
        }))
    }

    /// Serves by these objects from now on; what was counted of those that stay goes on.
    /// Called by one at a time.
    pub fn apply(&self, objects: &Objects<'_>) {
        let Inner { metrics, bell, engagements, door, .. } = &*self.0;
        let before = self.table();
        let standing = Standing { before: &before, metrics, bell, engagements };
        let table = Arc::new(Table::build(objects, &standing));
        *self.0.table.write().unwrap_or_else(PoisonError::into_inner) = table.clone();
        door.open();
        table.wake(&before);
        engagements.tidy();
        for behind in table.gone(&before) {
            metrics.forget(&behind);
        }
        if table.governed().any(|governed| governed.policy.live.is_stirred()) {
            bell.notify_one();
        }
    }

    /// Returns when nothing of this gateway's is under way to `address` of `namespace`, and
    /// nothing can be any more: it has left the table, and what was begun has ended. Also
    /// when the gateway has retired.
    pub async fn drained(&self, namespace: &str, address: IpAddr) {
        let over = self.0.engagements.over(namespace, address);
        // An answer either way: there is nothing to wait for.
        let _ = self.0.retired.run_until_cancelled(over).await;
    }

    /// The gateway is about to end, and what is under way with it: nobody waits for that.
    pub fn retire(&self) {
        self.0.retired.cancel();
    }

    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Which run of the gateway this is, as in the status of policies.
    pub fn epoch(&self) -> &str {
        &self.0.epoch
    }

    /// Serves every path that a route matches, for requests made in process.
    pub fn router(&self) -> Router {
        let take =
            |State(way): State<Way>, request: Request| async move { way.take(request, None).await };
        Router::new().fallback(take).with_state(Way::new(self))
    }

    pub(crate) fn table(&self) -> Arc<Table> {
        self.0.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn find(&self, path: &str) -> Option<Arc<Rule>> {
        let table = self.0.table.read().unwrap_or_else(PoisonError::into_inner);
        table.find(path).cloned()
    }

    pub(crate) fn door(&self) -> &Door {
        &self.0.door
    }

    pub(crate) fn admission(&self) -> &Arc<dyn Admission> {
        &self.0.admission
    }

    pub(crate) fn sinks(&self) -> &Sinks {
        &self.0.sinks
    }

    /// Returns when there may be something to report.
    pub(crate) async fn bell(&self) {
        self.0.bell.notified().await;
    }
}
