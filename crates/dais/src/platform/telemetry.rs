//! Logs, metrics and traces: where they come from and where they are read.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use dais_api::labels;
use dais_gateway::{Span, SpanSink};
use dais_logs::{Collector, CollectorConfig, Logs, fields_from_labels};

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

pub struct Telemetry {
    logs: Logs,
    collector: Option<Collector>,
}

impl Telemetry {
    pub fn open(folder: &Path) -> Result<Self> {
        let logs = Logs::open(dais_logs::Config::new(folder.join("logs")))
            .context("opening the log store")?;
        Ok(Self { logs, collector: None })
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

    pub fn logs_router(&self) -> Router {
        dais_logs::router(self.logs.clone())
    }

    pub fn span_sink(&self) -> Arc<dyn SpanSink> {
        Arc::new(Discard)
    }

    pub async fn close(self) {
        drop(self.collector);
        let logs = self.logs;
        if tokio::task::spawn_blocking(move || logs.close()).await.is_err() {
            tracing::error!("log store not closed");
        }
    }
}

struct Discard;

impl SpanSink for Discard {
    fn record(&self, _span: Span) {}
}
