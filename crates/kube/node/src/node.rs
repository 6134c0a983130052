//! The node as a whole: what is started, what is served, how it ends.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};

use axum::Router;
use axum::routing::get;
use dais_images::Images;
use kube::Client;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::addresses::Addresses;
use crate::books::{self, Books};
use crate::cgroup;
use crate::config::{NodeConfig, StopMode};
use crate::devices::{DeviceHolders, Ledger};
use crate::dirs::Dirs;
use crate::error::{Error, Result};
use crate::events::Events;
use crate::host::{Host, lock};
use crate::peers::{self, Peers};
use crate::pods::names::PodNames;
use crate::pods::record::PodRecord;
use crate::pods::{self, End};
use crate::runtime::{self, Shims};
use crate::users::Users;
use crate::{logs, metrics, proxy, register, streaming, volumes};

/// This machine's own address in the cluster: all pods are on it.
const NODE_IP: &str = "127.0.0.1";

/// A running node. Dropping it leaves the containers running, unwatched.
pub struct Node {
    host: Arc<Host>,
    end: Option<oneshot::Sender<End>>,
    pods: JoinHandle<Result<()>>,
    others: Vec<JoinHandle<()>>,
}

impl Node {
    /// Starts the node's work: adopts what an earlier one left, registers, and
    /// begins to watch. Returns when it can take pods.
    pub async fn start(client: Client, config: NodeConfig) -> Result<Node> {
        let host = Arc::new(prepare(client, config).await?);
        let (end, ending) = oneshot::channel();
        let pods = tokio::spawn(pods::run(host.clone(), ending));
        let others = vec![
            tokio::spawn(register::run(host.clone())),
            tokio::spawn(volumes::provision(host.clone())),
            tokio::spawn(proxy::run(host.clone())),
            tokio::spawn(logs::sweep(host.clone())),
            tokio::spawn(books::run(host.clone())),
        ];
        Ok(Node { host, end: Some(end), pods, others })
    }

    /// The kubelet's HTTP API: `/containerLogs/{ns}/{pod}/{container}`, `/exec/…`,
    /// `/attach/…`, `/portForward/{ns}/{pod}`, `/metrics`, `/metrics/cadvisor`,
    /// `/stats/summary`, `/healthz`.
    pub fn kubelet_router(&self) -> Router {
        Router::new()
            .route("/containerLogs/{namespace}/{pod}/{container}", get(logs::container_logs))
            .route("/metrics", get(metrics::node))
            .route("/metrics/cadvisor", get(metrics::cadvisor))
            .route("/stats/summary", get(metrics::summary))
            .route("/healthz", get(|| async { "ok" }))
            .merge(streaming::router())
            .with_state(self.host.clone())
    }

    /// Who is on which accelerator.
    pub fn device_holders(&self) -> DeviceHolders {
        DeviceHolders(self.host.clone())
    }

    /// Whether a connection goes to the project that it is meant for.
    pub fn peers(&self) -> Peers {
        Peers(self.host.clone())
    }

    /// Which runtime was chosen: `sandbox` or `process`.
    pub fn runtime(&self) -> &'static str {
        self.host.runtime.name()
    }

    /// Ends the node's work. With [`StopMode::StopAll`] it returns when the
    /// last container has ended.
    pub async fn shutdown(mut self, mode: StopMode) {
        let end = match mode {
            StopMode::LeaveRunning => End::Leave,
            StopMode::StopAll { grace } => End::Stop(grace),
        };
        self.others.iter().for_each(JoinHandle::abort);
        if let Some(sender) = self.end.take() {
            // The watch may have ended by itself; then there is nobody to tell.
            let _ = sender.send(end);
        }
        match self.pods.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(error = pods::start::words(&error), "pods ended in error")
            }
            Err(error) => tracing::error!(%error, "pods ended in error"),
        }
        books::finish(&self.host).await;
    }
}

async fn prepare(client: Client, config: NodeConfig) -> Result<Host> {
    let dirs = Dirs { data_dir: make_dirs(&config)? };
    let shims = Shims { exe: config.exe.clone() };
    let mut hidden = vec![dirs.data_dir.clone()];
    hidden.extend(config.hidden.iter().cloned());
    let choice = runtime::choose(config.runtime, &shims, &dirs.data_dir, hidden).await?;
    if let Some(reason) = &choice.fallback {
        tracing::warn!(reason, "containers are not isolated from the host");
    }
    let cgroup = cgroup::detect(&config.cgroup_name);
    if let Err(reason) = &cgroup {
        tracing::warn!(reason, "containers are neither limited nor counted");
    }
    let root = rustix::process::geteuid().is_root();
    let users = root
        .then(|| Users::open(&dirs.data_dir.join("uids.json"), config.first_uid))
        .transpose()?;
    let peers_are_known = match peers::are_known() {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "this kernel does not say who holds a port: a pod may take another project's (hint: it needs INET_TCP_DIAG)");
            false
        }
    };
    let mut addresses = Addresses::of_node(&dirs.data_dir);
    let mut devices = Ledger::new(config.devices.clone());
    for (uid, mut record) in pods::known(&dirs) {
        addresses.keep(&uid, record.ip);
        let names = PodNames::of(&record.pod);
        devices.keep(&names, &mut record);
        hold_images(&config, &names, &record);
    }
    config.images.iter().for_each(Images::holders_are_known);
    Ok(Host {
        events: Events::start(client.clone(), &config.name),
        client,
        config,
        runtime: choice.runtime,
        fallback: choice.fallback,
        shims,
        cgroup,
        dirs,
        ip: NODE_IP,
        addresses: Mutex::new(addresses),
        users: users.map(Mutex::new),
        peers_are_known,
        devices: Mutex::new(devices),
        books: Books::default(),
        registry: RwLock::default(),
    })
}

/// Keeps the images that a pod of an earlier node runs on, before anybody removes one.
fn hold_images(config: &NodeConfig, names: &PodNames, record: &PodRecord) {
    let Some(images) = &config.images else { return };
    let label = format!("{}/{}", names.namespace, names.name);
    for id in record.images.values().filter(|_| record.holds_images) {
        if let Err(error) = images.hold(&names.uid, &label, id) {
            tracing::warn!(pod = names.name, image = id, %error, "a pod's image is gone");
        }
    }
}

/// The directories that everything else takes for granted. Containers reach
/// their own below; nobody but the platform lists them, or reads logs.
fn make_dirs(config: &NodeConfig) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let make = |path: PathBuf, mode: u32| -> Result<PathBuf> {
        let existed = path.is_dir();
        fs::create_dir_all(&path).map_err(Error::file("create directory", &path))?;
        if !existed {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode))
                .map_err(Error::file("set the permissions of", &path))?;
        }
        Ok(path)
    };
    let data_dir = make(config.data_dir.clone(), 0o711)?;
    let data_dir = data_dir.canonicalize().map_err(Error::file("find", &data_dir))?;
    for (name, mode) in [("pods", 0o711), ("volumes", 0o711), ("logs", 0o700), ("unbooked", 0o700)]
    {
        make(data_dir.join(name), mode)?;
    }
    Ok(data_dir)
}

impl Host {
    /// Accelerators in use, for the metrics.
    pub(crate) fn devices_in_use(&self) -> usize {
        lock(&self.devices).count()
    }
}
