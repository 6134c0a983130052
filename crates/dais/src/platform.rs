//! The platform on one machine: opens every part, introduces them to each other,
//! and mounts their routers. Owns wiring and nothing else.
//!
//! ```text
//! 8080 ─ authenticate ─┬─ /            pages, /api
//!                      ├─ /k8s         API server as the caller
//!                      ├─ /mlflow      tracking      (scope: project)
//!                      ├─ /data        data          (scope: project)
//!                      ├─ /prometheus  metrics       (scope: projects)
//!                      ├─ /elasticsearch, /jaeger, /alertmanager …  (scope: projects)
//! 8081 ─ gateway ──────┴─ what tenants serve
//! 6443 ─ TLS ──────────── API server, bearer tokens
//! 9000 ─ S3 ──────────── buckets, access keys of projects
//! 4317 ─ gRPC ─────────── OTLP, bearer tokens
//! ```
//!
//! Start reading at [`Platform::start`].

pub mod accelerators;
mod access;
mod accounts;
mod algorithms;
mod audit;
pub mod backup;
mod bootstrap;
mod buckets;
mod certificates;
pub mod datadir;
mod datasets;
mod drains;
pub mod engines;
mod environments;
mod events;
mod forget;
mod gateway;
mod images;
mod labeling;
mod late;
mod ledger;
mod listeners;
mod monitoring;
mod notebooks;
mod notifications;
mod otlp;
mod outcomes;
mod parts;
mod peers;
mod prices;
mod protection;
mod queues;
mod quotas;
mod recorded;
mod records;
mod refusals;
mod retention;
mod routes;
mod scopes;
mod spans;
mod telemetry;
mod tracking;
mod visits;
mod volumes;
mod vulnerabilities;
mod welcome;

use std::time::Duration;

use anyhow::Result;
use dais_node::StopMode;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cli::Up;
use datadir::DataDir;
use listeners::Listeners;
use parts::Parts;
pub use welcome::Welcome;

/// How long work has to end by itself when it is stopped with the platform.
const GRACE: Duration = Duration::from_secs(10);

/// What stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The platform alone; containers go on and the next start adopts them.
    PlatformOnly,
    /// Containers too, with grace.
    WithWork,
}

/// A running platform.
pub struct Platform {
    parts: Parts,
    stop: CancellationToken,
    tasks: TaskTracker,
    welcome: Welcome,
}

impl Platform {
    pub async fn start(data: DataDir, args: &Up) -> Result<Self> {
        let listeners = Listeners::bind(args).await?;
        let addresses = welcome::Addresses::of(&listeners)?;
        let (mut parts, admin_password) = Parts::open(&data, args, &addresses).await?;
        // Before anything answers: who finds the portal finds the token too.
        let welcome = welcome::write(&data, &parts, &addresses, admin_password).await?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let Listeners { http, serve, kubernetes, otlp, s3 } = listeners;
        tasks.spawn(listeners::serve(
            http,
            routes::portal(&parts, &data, &addresses),
            stop.clone(),
        ));
        tasks.spawn(gateway::serve(parts.gateway.clone(), serve, stop.clone()));
        let Parts { buckets: store, data: datasets, identity, access, .. } = &parts;
        let buckets = buckets::server(store, datasets, identity, access);
        tasks.spawn(listeners::serve(s3, buckets, stop.clone()));
        let api = parts.kubernetes.router();
        let tls = parts.certificates.server.clone();
        let services = parts.telemetry.otlp_services();
        let services = otlp::router(services, &parts.identity, &parts.access);
        tasks.spawn(listeners::serve(otlp, services, stop.clone()));
        tasks.spawn(listeners::serve_tls(kubernetes, api, tls, stop.clone()));
        parts.start(&data, args, &addresses, (&tasks, &stop)).await?;
        Ok(Self { parts, stop, tasks, welcome })
    }

    pub fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// Stops what should stop; what was acknowledged is on disk when this returns.
    pub async fn stop(self, what: Stop) {
        let mode = match what {
            Stop::PlatformOnly => StopMode::LeaveRunning,
            Stop::WithWork => StopMode::StopAll { grace: GRACE },
        };
        self.parts.stop(mode).await;
        self.stop.cancel();
        self.tasks.close();
        // A watch or a tail may stay open as long as its reader likes.
        let _ = tokio::time::timeout(Duration::from_secs(2), self.tasks.wait()).await;
    }
}
