//! The engines that are not ours, as the command line names them: opened, and asked
//! whether they answer.

use std::path::Path;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use dais_identity::Caller;
use dais_logs::{Credentials, Foreign, ForeignConfig};
use dais_traces::Exporter;
use futures::future::join_all;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::access::{Access, Right};
use crate::cli::Engines;

/// What is asked in place of our own stores, and where spans go besides.
#[derive(Clone)]
pub struct Others {
    pub metrics: Option<dais_metrics::External>,
    pub logs: Option<Foreign>,
    pub traces: Option<dais_traces::External>,
    pub exporter: Option<Exporter>,
}

/// Whether one of them answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Health {
    pub engine: String,
    pub ok: bool,
    /// What it is, or what is wrong.
    pub found: String,
}

impl Others {
    /// `folder` is where it is kept how far logs have been sent. Must be called within a
    /// tokio runtime.
    pub fn open(engines: &Engines, folder: &Path) -> Result<Self> {
        Ok(Self {
            metrics: metrics(engines)?,
            logs: logs(engines, folder)?,
            traces: traces(engines)?,
            exporter: exporter(engines)?,
        })
    }

    /// Asks all of them at once.
    pub async fn health(&self) -> Vec<Health> {
        let metrics = self.metrics.iter().map(|one| async {
            health("prometheus", one.check().await.map_err(|error| error.to_string()))
        });
        let logs = self.logs.iter().map(|one| async {
            health("elasticsearch", one.check().await.map_err(|error| error.to_string()))
        });
        let traces = self.traces.iter().map(|one| async {
            health("jaeger", one.check().await.map_err(|error| error.to_string()))
        });
        let (metrics, logs, traces) =
            tokio::join!(join_all(metrics), join_all(logs), join_all(traces));
        metrics.into_iter().chain(logs).chain(traces).collect()
    }
}

/// Whether those that would be asked answer; opens nothing.
pub async fn probe(engines: &Engines) -> Result<Vec<Health>> {
    let logs = match &engines.elasticsearch_url {
        Some(url) => Some(Foreign::probe(url, credentials(engines)?).await),
        None => None,
    };
    let others =
        Others { metrics: metrics(engines)?, logs: None, traces: traces(engines)?, exporter: None };
    let mut found = others.health().await;
    let logs = logs.map(|asked| asked.map_err(|error| error.to_string()));
    found.extend(logs.map(|asked| health("elasticsearch", asked)));
    Ok(found)
}

fn health(engine: &str, asked: Result<String, String>) -> Health {
    let ok = asked.is_ok();
    Health { engine: engine.to_owned(), ok, found: asked.unwrap_or_else(|error| error) }
}

fn metrics(engines: &Engines) -> Result<Option<dais_metrics::External>> {
    let Some(url) = &engines.prometheus_url else { return Ok(None) };
    let token = match &engines.prometheus_token {
        Some(token) => Some(token.clone()),
        None => secret(engines.prometheus_token_file.as_deref(), None)?,
    };
    dais_metrics::External::new(url, token.as_deref()).map(Some).context("--prometheus-url")
}

fn logs(engines: &Engines, folder: &Path) -> Result<Option<Foreign>> {
    let Some(url) = &engines.elasticsearch_url else { return Ok(None) };
    let config = ForeignConfig {
        url: url.clone(),
        credentials: credentials(engines)?,
        prefix: engines.elasticsearch_prefix.clone(),
        directory: folder.to_owned(),
    };
    Foreign::open(config).map(Some).context("--elasticsearch-url, --elasticsearch-prefix")
}

fn credentials(engines: &Engines) -> Result<Credentials> {
    let Some(user) = &engines.elasticsearch_user else {
        let file = engines.elasticsearch_token_file.as_deref();
        let token = secret(file, Some("DAIS_ELASTICSEARCH_TOKEN"))?;
        return Ok(token.map_or(Credentials::None, Credentials::Token));
    };
    let file = engines.elasticsearch_password_file.as_deref();
    let password = secret(file, Some("DAIS_ELASTICSEARCH_PASSWORD"))?;
    let password = password.context(
        "--elasticsearch-user needs --elasticsearch-password-file or DAIS_ELASTICSEARCH_PASSWORD",
    )?;
    Ok(Credentials::Password { user: user.clone(), password })
}

fn traces(engines: &Engines) -> Result<Option<dais_traces::External>> {
    let Some(url) = &engines.jaeger_url else { return Ok(None) };
    let token = secret(engines.jaeger_token_file.as_deref(), Some("DAIS_JAEGER_TOKEN"))?;
    dais_traces::External::new(url, token.as_deref()).map(Some).context("--jaeger-url")
}

fn exporter(engines: &Engines) -> Result<Option<Exporter>> {
    let Some(url) = &engines.otlp_export_url else { return Ok(None) };
    let token = secret(engines.otlp_export_token_file.as_deref(), Some("DAIS_OTLP_EXPORT_TOKEN"))?;
    Exporter::start(url, token).map(Some).context("--otlp-export-url")
}

/// What a file holds, or a variable.
fn secret(file: Option<&Path>, variable: Option<&str>) -> Result<Option<String>> {
    let text = match file {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            Some(text.with_context(|| format!("reading {}", file.display()))?)
        }
        None => variable.and_then(|variable| std::env::var(variable).ok()),
    };
    Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// `/api/engines`: whether each answers, for those who may see everything.
pub fn router(others: Others, access: Access) -> Router {
    Router::new().route("/api/engines", get(list)).with_state((others, access))
}

async fn list(State((others, access)): State<(Others, Access)>, request: Request) -> Response {
    let Some(caller) = request.extensions().get::<Caller>() else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    match access.projects(caller, &Right::READ_PODS).await {
        Ok(None) => axum::Json(others.health().await).into_response(),
        Ok(Some(_)) => StatusCode::FORBIDDEN.into_response(),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "rights not known");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
