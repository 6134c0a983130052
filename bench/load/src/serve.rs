//! The stores by themselves: what the platform mounts, without the platform. A request
//! may see everything.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::{Extension, Router};
use dais_logs::{Collector, CollectorConfig, Logs, fields_from_labels};
use dais_metrics::rules::RulesView;
use dais_metrics::{Api, Config, Ingest, Metadata, Scraper, Store, Target};
use dais_traces::Traces;

pub async fn metrics(
    data: PathBuf,
    listen: SocketAddr,
    targets: Option<&Path>,
    interval: u64,
) -> Result<()> {
    let store = Store::open(Config::new(data))?;
    let metadata = Metadata::default();
    let listed = targets.map(fs::read_to_string).transpose().context("reading the targets")?;
    let every = Duration::from_secs(interval);
    let found = listed.iter().flat_map(|text| text.lines()).map(|url| {
        let instance = url.rsplit('/').next().unwrap_or(url);
        Target::url("cadvisor", instance, url).every(every)
    });
    let scraper = Scraper::start(store.clone(), metadata.clone(), found.collect());
    let api = Api {
        store: store.clone(),
        metadata: metadata.clone(),
        targets: scraper.targets(),
        rules: RulesView::none(),
        limits: dais_metrics::promql::Limits::default(),
    };
    let router = dais_metrics::router(api)
        .merge(dais_metrics::ingest_router(Ingest { store, metadata, reserved: &[] }))
        .layer(Extension(dais_metrics::Scope::all()));
    answer(listen, router).await
}

pub async fn logs(data: PathBuf, files: PathBuf, listen: SocketAddr) -> Result<()> {
    let logs = Logs::open(dais_logs::Config::new(data))?;
    let describe = fields_from_labels([("app", "app")]);
    let config = CollectorConfig { directory: files, index: "logs".into(), describe };
    let _collector = Collector::start(logs.clone(), config)?;
    answer(listen, dais_logs::router(logs).layer(Extension(dais_logs::Scope::all()))).await
}

pub async fn traces(data: PathBuf, listen: SocketAddr) -> Result<()> {
    let traces = Traces::open(dais_traces::Config::new(data))?;
    let router = dais_traces::router(traces.clone())
        .merge(dais_traces::otlp_router(traces))
        .layer(Extension(dais_traces::Scope::all()));
    answer(listen, router).await
}

async fn answer(listen: SocketAddr, router: Router) -> Result<()> {
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let ended = async {
        let mut signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            .expect("a process may catch SIGTERM");
        signal.recv().await;
    };
    axum::serve(listener, router).with_graceful_shutdown(ended).await?;
    Ok(())
}
