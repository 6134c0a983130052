//! Logs, metrics and traces: where they come from and where they are read.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use dais_accelerators::Accelerators;
use dais_alerts::Alerts;
use dais_api::labels;
use dais_apiserver::ApiServer;
use dais_gateway::{ExposureSink, Sinks};
use dais_logs::{Collector, CollectorConfig, Engine, Logs, fields_from_labels};
use dais_metrics::rules::{Rules, RulesConfig};
use dais_metrics::{Metadata, Scraper, Store, Target};
use dais_node::DeviceHolders;
use dais_traces::{Sampling, TailSampling, Traces};
use dais_workloads::StateMetrics;
use futures::FutureExt;
use http_body_util::BodyExt;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use super::accelerators;
use super::engines::Others;
use super::monitoring::Monitoring;
use super::notifications;
use super::records::Records;
use super::spans::Spans;
use crate::cli::{Engines, TraceSampling};

/// Index name of the lines of containers.
const INDEX: &str = "logs";

/// From a pod's annotations and labels to the fields of its lines. The exact name
/// of a person comes before the label-safe one; for pods that others made, the
/// application is what the field's own labels say.
const FIELDS: [(&str, &str); 6] = [
    (labels::APP, "app"),
    ("app.kubernetes.io/name", "app"),
    ("app", "app"),
    (labels::USER_ANNOTATION, "user"),
    (labels::USER, "user"),
    (labels::WORKSPACE, "workspace"),
];

/// What only the platform itself says: use, cost and health are reckoned from these. A
/// project that sent a `kube_pod_labels` of its own would put its use on another's bill.
pub const OWN_METRICS: [&str; 9] = [
    "kube_",
    "container_",
    "node_",
    "machine_",
    "DCGM_FI_",
    "dais_",
    "apiserver_",
    "alertmanager_",
    "ALERTS",
];

/// Scraped at this distance: rings on the home page follow within it.
const EVERY: Duration = Duration::from_secs(10);

pub struct Telemetry {
    logs: Engine,
    collector: Option<Collector>,
    traces: Traces,
    spans: Spans,
    delivery: JoinHandle<()>,
    records: Records,
    recording: JoinHandle<()>,
    metrics: Store,
    metadata: Metadata,
    monitoring: Monitoring,
    alerts: Alerts,
    /// Asked in place of our own stores.
    others: Others,
}

/// Who has metrics to tell, in process.
pub struct Sources {
    pub node: String,
    pub kubelet: Router,
    /// And who is on each.
    pub accelerators: (Arc<Accelerators>, DeviceHolders),
    pub state: StateMetrics,
    pub gateway: dais_gateway::Metrics,
    pub controllers: dais_controllers::Metrics,
    pub kubernetes: ApiServer,
    /// The page of the platform's certificates, which stay as they are while it runs.
    pub certificates: String,
}

/// OTLP's services over gRPC, one per signal; each has a scope of its own.
pub struct OtlpServices {
    pub traces: Router,
    pub logs: Router,
    pub metrics: Router,
}

impl Telemetry {
    /// `portal` is the address that alerts link to.
    pub async fn open(
        folder: &Path,
        (engines, sampling): (&Engines, TraceSampling),
        portal: &str,
    ) -> Result<Self> {
        let others = Others::open(engines, &folder.join("sent"))?;
        let logs = match &others.logs {
            Some(foreign) => Engine::from(foreign.clone()),
            None => Logs::open(dais_logs::Config::new(folder.join("logs")))
                .context("opening the log store")?
                .into(),
        };
        let exporter = others.exporter.clone();
        let config = dais_traces::Config {
            exporter,
            sampling: sampled(sampling),
            ..dais_traces::Config::new(folder.join("traces"))
        };
        let traces = Traces::open(config).context("opening the trace store")?;
        let spans = Spans::new(traces.sampling().clone());
        let metrics = Store::open(dais_metrics::Config::new(folder.join("metrics")))
            .context("opening the metric store")?;
        let metadata = Metadata::default();
        let scraper = Scraper::start(metrics.clone(), metadata.clone(), Vec::new());
        let alerts = notifications::open(&folder.join("alerts"), portal).await?;
        let config = RulesConfig { external_url: portal.to_owned(), ..RulesConfig::default() };
        let rules = Rules::start(metrics.clone(), config, notifications::notifier(alerts.clone()));
        let monitoring = Monitoring::new(scraper, rules);
        let delivery = tokio::spawn(spans.clone().deliver(traces.clone()));
        let (records, queue) = Records::new();
        let recording = tokio::spawn(queue.deliver(logs.clone()));
        Ok(Self {
            logs,
            collector: None,
            traces,
            spans,
            delivery,
            records,
            recording,
            metrics,
            metadata,
            monitoring,
            alerts,
            others,
        })
    }

    /// Follows the log files of this machine's containers.
    pub fn collect(&mut self, directory: &Path) -> Result<()> {
        let config = CollectorConfig {
            directory: directory.to_owned(),
            index: INDEX.to_owned(),
            describe: fields_from_labels(FIELDS),
        };
        let collector = Collector::start(self.logs.clone(), config);
        self.collector = Some(collector.context("following the containers' logs")?);
        Ok(())
    }

    /// Asks every part of the platform for its metrics from now on.
    pub fn scrape(&self, sources: Sources) {
        let Sources {
            node,
            kubelet,
            accelerators,
            state,
            gateway,
            controllers,
            kubernetes,
            certificates,
        } = sources;
        let (devices, holders) = accelerators;
        let machine = node.clone();
        let ask = |path: &'static str| {
            let kubelet = kubelet.clone();
            move || text_of(kubelet.clone(), path).boxed()
        };
        let alerts = self.alerts.clone();
        let traces = self.traces.metrics().clone();
        let metrics = self.metrics.clone();
        let ready = |text: String| async move { Ok::<String, String>(text) }.boxed();
        let any = !devices.devices().is_empty();
        let ask_devices =
            move || accelerators::page(devices.clone(), holders.clone(), machine.clone()).boxed();
        let mut targets = vec![
            Target::call("cadvisor", &node, ask("/metrics/cadvisor")).honoring_labels(),
            Target::call("node", &node, ask("/metrics")),
            Target::call("kube-state-metrics", &node, move || ready(state.text()))
                .honoring_labels(),
            Target::call("gateway", &node, move || ready(gateway.text())).honoring_labels(),
            Target::call("traces", &node, move || ready(traces.text())),
            Target::call("metrics", &node, move || ready(metrics.metrics())).honoring_labels(),
            Target::call("controllers", &node, move || ready(controllers.text())),
            Target::call("apiserver", &node, move || ready(kubernetes.metrics())),
            Target::call("certificates", &node, move || ready(certificates.clone())),
            Target::call("alertmanager", &node, move || ready(alerts.metrics())),
        ];
        if any {
            // A holder's labels are what the page says of it.
            targets.push(Target::call("dcgm-exporter", &node, ask_devices).honoring_labels());
        }
        self.monitoring.scrape_own(targets.into_iter().map(|target| target.every(EVERY)).collect());
    }

    /// Our own log store, where it is the one that keeps.
    pub fn own_logs(&self) -> Option<Logs> {
        match &self.logs {
            Engine::Own(logs) => Some(logs.clone()),
            Engine::Foreign(_) => None,
        }
    }

    pub fn logs_router(&self) -> Router {
        dais_logs::router(self.logs.clone())
    }

    /// What the platform measures stays at `/federate`, for the one who is asked instead.
    pub fn metrics_router(&self) -> Router {
        let own = dais_metrics::Api {
            store: self.metrics.clone(),
            metadata: self.metadata.clone(),
            targets: self.monitoring.scraper.targets(),
            rules: self.monitoring.rules.view(),
            limits: dais_metrics::promql::Limits::default(),
        };
        match &self.others.metrics {
            None => dais_metrics::router(own),
            Some(external) => dais_metrics::external_router(external.clone(), own),
        }
    }

    /// Samples that others send: remote write, and OTLP's `/v1/metrics`.
    pub fn samples_router(&self) -> Router {
        dais_metrics::ingest_router(self.ingest())
    }

    fn ingest(&self) -> dais_metrics::Ingest {
        let (store, metadata) = (self.metrics.clone(), self.metadata.clone());
        dais_metrics::Ingest { store, metadata, reserved: &OWN_METRICS }
    }

    /// `/v1/logs` of OTLP over HTTP.
    pub fn otlp_logs_router(&self) -> Router {
        dais_logs::otlp_router(self.logs.clone())
    }

    pub fn monitoring(&self) -> Monitoring {
        self.monitoring.clone()
    }

    pub fn alerts(&self) -> Alerts {
        self.alerts.clone()
    }

    pub fn traces_router(&self) -> Router {
        match &self.others.traces {
            None => dais_traces::router(self.traces.clone()),
            Some(external) => dais_traces::external_router(external.clone()),
        }
    }

    pub fn others(&self) -> &Others {
        &self.others
    }

    /// `/v1/traces` of OTLP over HTTP.
    pub fn otlp_router(&self) -> Router {
        dais_traces::otlp_router(self.traces.clone())
    }

    /// The services of OTLP over gRPC.
    pub fn otlp_services(&self) -> OtlpServices {
        OtlpServices {
            traces: dais_traces::grpc_router(self.traces.clone()),
            logs: dais_logs::grpc_router(self.logs.clone()),
            metrics: dais_metrics::grpc_router(self.ingest()),
        }
    }

    /// Where goes what the gateway tells of requests.
    pub fn sinks(&self, exposures: Arc<dyn ExposureSink>) -> Sinks {
        Sinks {
            spans: Arc::new(self.spans.clone()),
            exposures,
            records: Arc::new(self.records.clone()),
        }
    }

    pub async fn close(self) {
        let Self { logs, collector, traces, spans, delivery, recording, .. } = self;
        let Self { metrics, monitoring, alerts, .. } = self;
        monitoring.scraper.stop();
        // Its own targets hold the store, which must close.
        monitoring.scrape_own(Vec::new());
        monitoring.rules.stop();
        alerts.close().await;
        drop(collector);
        recording.abort();
        delivery.abort();
        let _ = delivery.await;
        spans.hand_over(&traces);
        let closed = tokio::task::spawn_blocking(move || {
            logs.close();
            drop((traces, metrics));
        });
        if closed.await.is_err() {
            tracing::error!("telemetry not closed");
        }
    }
}

/// Without a share to leave out nothing waits in memory for what becomes of it.
fn sampled(asked: TraceSampling) -> Sampling {
    let TraceSampling { trace_sample_ratio, trace_keep_ratio, trace_slow_ms } = asked;
    let tail = (trace_keep_ratio != 1.0).then(|| TailSampling {
        slow: Duration::from_millis(trace_slow_ms),
        ratio: trace_keep_ratio,
        ..TailSampling::default()
    });
    Sampling { head: trace_sample_ratio, tail }
}

/// The text that a router answers at `path`.
async fn text_of(router: Router, path: &'static str) -> Result<String, String> {
    let request =
        http::Request::get(path).body(Body::empty()).map_err(|error| error.to_string())?;
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let bytes = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
    String::from_utf8(bytes.into()).map_err(|error| error.to_string())
}
