//! Every part of the platform, opened in the order in which they stand on each other.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use dais_accelerators::Accelerators;
use dais_api::labels;
use dais_apiserver::{ApiServer, Authors, Config as ApiConfig, UserInfo};
use dais_buckets::Buckets;
use dais_controllers::{Context as ControllersContext, Seams, Settings};
use dais_data::Data;
use dais_gateway::Gateway;
use dais_identity::{Clock, Identity, Opened, Options, Secret};
use dais_images::Images;
use dais_labeling::Labeling;
use dais_ledger::{Ledger, Prices};
use dais_node::{Node, NodeConfig, RuntimeChoice, StopMode};
use dais_portal::Portal;
use dais_store::Store;
use dais_tracking::Tracking;
use dais_workloads::Workloads;
use kube::Client;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accelerators;
use super::access::Access;
use super::accounts::{self, IdentityTokens};
use super::audit::{self, Journal, Notes};
use super::bootstrap;
use super::buckets::AccessKeys;
use super::certificates::{self, Certificates};
use super::datadir::DataDir;
use super::datasets::{Registered, Versions};
use super::environments::{self, EnvironmentStore};
use super::events;
use super::forget;
use super::gateway::Doorkeeper;
use super::images;
use super::labeling;
use super::late::Late;
use super::ledger;
use super::notebooks::Jupyter;
use super::notifications;
use super::outcomes::{Delivery, Outcomes};
use super::peers::Peers;
use super::quotas::{self, Quotas};
use super::retention;
use super::telemetry::{Sources, Telemetry};
use super::tracking::InProcess;
use super::visits::Visits;
use super::volumes;
use super::vulnerabilities::Vulnerabilities;
use super::welcome::Addresses;
use crate::cli::{Runtime, Up};

/// Services get their addresses here: loopback, so that no privilege is needed.
const SERVICE_CIDR: &str = "127.64.0.0/12";
/// The image that stands for the machine's own programs.
const HOST_IMAGE: &str = "host";
/// Where a container finds this program.
const PROGRAM: &str = "/usr/local/bin/dais";
/// What a controller needs to finish a write.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Parts {
    pub store: Store,
    pub identity: Identity,
    pub kubernetes: ApiServer,
    pub certificates: Certificates,
    pub access: Access,
    pub tracking: Tracking,
    pub data: Data,
    pub gateway: Gateway,
    pub portal: Portal,
    pub visits: Visits,
    pub telemetry: Telemetry,
    pub ledger: Ledger,
    pub outcomes: Outcomes,
    pub labeling: Labeling,
    pub jupyter: Jupyter,
    pub buckets: Buckets,
    pub prices: watch::Sender<Prices>,
    pub images: Images,
    pub vulnerabilities: Vulnerabilities,
    environments: EnvironmentStore,
    kubelet: Late,
    peers: Peers,
    exposures: Option<Delivery>,
    running: Option<Running>,
}

/// What acts on its own.
struct Running {
    node: Node,
    workloads: Workloads,
}

impl Parts {
    /// Opens everything that answers; the secret is the first user's password.
    pub async fn open(
        data_dir: &DataDir,
        args: &Up,
        addresses: &Addresses,
    ) -> Result<(Self, Option<Secret>)> {
        let keys = data_dir.folder("keys")?;
        let relations = data_dir.folder("relations")?;
        let options = Options {
            url: sqlite(&relations, "identity.db"),
            data_dir: keys.clone(),
            audit_retention: audit::RETENTION,
            clock: Clock::system(),
        };
        let Opened { identity, admin_password } =
            Identity::open(options).await.context("opening the accounts")?;
        let certificates = certificates::prepare(&keys, &[args.listen, addresses.listen])?;
        let kubelet = Late::default();
        let store = Store::open(&data_dir.folder("kube")?.join("objects.db"))
            .context("opening the object store")?;
        identity.collect_audit_from(Arc::new(Notes(store.clone()))).await;
        let config = ApiConfig {
            store: store.clone(),
            kubelet: Some(kubelet.router()),
            tokens: Arc::new(IdentityTokens(identity.clone())),
            audit: Arc::new(Journal(identity.clone())),
            service_cidr: SERVICE_CIDR.to_owned(),
            bootstrap: bootstrap::objects()?,
            authors: Authors {
                creator: Some(labels::CREATED_BY.to_owned()),
                changer: Some(labels::CHANGED_BY.to_owned()),
            },
        };
        let kubernetes = ApiServer::new(config).await.context("starting the Kubernetes API")?;
        bootstrap::first_project(&client(&kubernetes, "bootstrap")).await?;
        bootstrap::platform_rules(&client(&kubernetes, "bootstrap")).await?;
        let access = Access::new(client(&kubernetes, "access"));
        let files = data_dir.passable_folder("files")?;
        let tracking_url = format!("sqlite:{}", relations.join("tracking.db").display());
        let artifacts = files.join("artifacts");
        let tracking = Tracking::open(&tracking_url, artifacts, addresses.url.clone())
            .await
            .context("opening the tracking server")?;
        let data_url = format!("sqlite:{}", relations.join("data.db").display());
        let data = Data::open(&data_url, files.join("data"), dais_data::Limits::default())
            .await
            .context("opening the data store")?;
        let quotas = Quotas::new(client(&kubernetes, "quotas"));
        data.abide_by(Arc::new(Registered { client: client(&kubernetes, "datasets"), quotas }));
        let ledger = ledger::open(sqlite(&relations, "ledger.db")).await?;
        let outcomes = dais_outcomes::Outcomes::open(&sqlite(&relations, "outcomes.db"))
            .await
            .context("opening what tests count")?;
        let labeling = Labeling::open(&sqlite(&relations, "labeling.db"))
            .await
            .context("opening the labelling store")?;
        let abandoned_after = Duration::from_secs(u64::from(args.s3.s3_abandoned_days) * 24 * 3600);
        let limits = dais_buckets::Limits { abandoned_after, ..Default::default() };
        let buckets =
            Buckets::open(&sqlite(&relations, "buckets.db"), files.join("buckets"), limits)
                .await
                .context("opening the object store")?;
        let (outcomes, exposures) = Outcomes::new(outcomes);
        let telemetry = Telemetry::open(
            &data_dir.folder("telemetry")?,
            (&args.engines, args.sampling),
            &addresses.url,
        )
        .await?;
        let visits = Visits::new(identity.clone(), addresses.http_port, addresses.serve_port);
        let peers = Peers::default();
        let doorkeeper = Doorkeeper {
            identity: identity.clone(),
            access: access.clone(),
            visits: visits.clone(),
            platform: Handle::current(),
            peers: peers.clone(),
        };
        let gateway = Gateway::new(Arc::new(doorkeeper), telemetry.sinks(outcomes.sink()));
        let portal = Portal::new(dais_portal::Config {
            identity: identity.clone(),
            info: dais_portal::Info {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                gateway: addresses.serve_url.clone(),
                ..dais_portal::Info::default()
            },
            projects: Some(Arc::new(access.clone())),
            secure_cookies: false,
            described: vec![dais_ledger::openapi()],
        });
        let environments = EnvironmentStore::new(data_dir.passable_folder("environments")?);
        let images = Images::open(&data_dir.folder("images")?, dais_images::Limits::default())
            .context("opening the container images")?;
        let parts = Self {
            store,
            identity,
            kubernetes,
            certificates,
            access,
            tracking,
            data,
            gateway,
            portal,
            visits,
            telemetry,
            ledger,
            outcomes,
            labeling,
            jupyter: Jupyter(peers.clone()),
            peers,
            buckets,
            prices: watch::Sender::default(),
            images,
            vulnerabilities: Vulnerabilities::new(args.advisories.as_deref(), data_dir)?,
            environments,
            kubelet,
            exposures: Some(exposures),
            running: None,
        };
        Ok((parts, admin_password))
    }

    /// A client of the Kubernetes API for one part of the platform.
    pub fn client(&self, part: &str) -> Client {
        client(&self.kubernetes, part)
    }

    /// Starts what acts: node, controllers, gateway, collection.
    pub async fn start(
        &mut self,
        data_dir: &DataDir,
        args: &Up,
        addresses: &Addresses,
        (tasks, stop): (&TaskTracker, &CancellationToken),
    ) -> Result<()> {
        let workloads = Workloads::start(self.client("workloads"), self.workloads_config());
        let devices = accelerators::open(args.recorded_accelerators.as_deref())?;
        let config = self.node_config(data_dir, args, &devices)?;
        let logs = config.data_dir.join("logs");
        volumes::release_absent(&self.client("volumes"), &self.data)
            .await
            .context("looking whose data is mounted")?;
        environments::release_absent(&self.client("builds"), &self.environments)
            .await
            .context("looking whose environments are mounted")?;
        let node = Node::start(self.client("node"), config).await.context("starting the node")?;
        self.kubelet.set(node.kubelet_router());
        self.peers.set(node.peers());
        let controllers = Arc::new(self.controllers(addresses));
        // Not ended by `stop`: what was counted is written first.
        tasks.spawn(self.exposures.take().context("exposures are delivered once")?.deliver());
        run(tasks, stop, self.outcomes.clone().expire());
        run(tasks, stop, dais_controllers::run(controllers.clone()));
        run(tasks, stop, dais_gateway::watch(self.client("gateway"), self.gateway.clone()));
        run(tasks, stop, dais_gateway::report(self.client("gateway"), self.gateway.clone()));
        self.telemetry.collect(&logs)?;
        let alerts = self.telemetry.alerts();
        let builds = (self.client("builds"), self.environments.clone());
        run(tasks, stop, environments::collect(builds.0, builds.1));
        let days = u64::from(args.images.image_retention_days);
        let unused_for = Duration::from_secs(days * 24 * 3600);
        run(tasks, stop, images::collect(self.images.clone(), unused_for));
        run(tasks, stop, self.vulnerabilities.clone().follow());
        run(tasks, stop, notifications::configure(self.client("alerts"), alerts));
        run(tasks, stop, ledger::follow_prices(self.client("prices"), self.prices.clone()));
        let kept = forget::Kept {
            buckets: self.buckets.clone(),
            data: self.data.clone(),
            environments: self.environments.clone(),
            identity: self.identity.clone(),
            tracking: self.tracking.clone(),
        };
        run(tasks, stop, quotas::report(self.client("quotas"), self.data.clone()));
        run(tasks, stop, forget::follow(self.client("projects"), kept));
        run(tasks, stop, accounts::follow(self.client("accounts"), self.identity.clone()));
        if let Some(logs) = self.telemetry.own_logs() {
            let (client, access) = (self.client("log-retention"), self.access.clone());
            run(tasks, stop, retention::follow(client, access, logs));
        }
        run(tasks, stop, events::keep(self.client("events"), self.telemetry.logs_router()));
        self.telemetry.scrape(Sources {
            node: host_name(),
            kubelet: node.kubelet_router(),
            accelerators: (devices, node.device_holders()),
            state: workloads.state_metrics(),
            gateway: self.gateway.metrics().clone(),
            controllers: controllers.metrics.clone(),
            kubernetes: self.kubernetes.clone(),
            certificates: self.certificates.metrics(),
        });
        self.running = Some(Running { node, workloads });
        Ok(())
    }

    fn workloads_config(&self) -> dais_workloads::Config {
        let labels = [dais_api::labels::APP, dais_api::labels::USER, dais_api::labels::KIND];
        dais_workloads::Config {
            root_ca: self.certificates.authority.clone(),
            metric_labels: labels.map(str::to_owned).to_vec(),
            ..dais_workloads::Config::default()
        }
    }

    fn node_config(
        &self,
        data_dir: &DataDir,
        args: &Up,
        devices: &Accelerators,
    ) -> Result<NodeConfig> {
        let exe = std::env::current_exe().context("finding this program's own file")?;
        let node_dir: PathBuf = data_dir.passable_folder("node")?;
        let mut config = NodeConfig::new(host_name(), node_dir, exe.clone());
        config.tools = [(PathBuf::from(PROGRAM), exe)].into();
        config.runtime = match args.runtime {
            Runtime::Auto => RuntimeChoice::Auto,
            Runtime::Sandbox => RuntimeChoice::Sandbox,
            Runtime::Process => RuntimeChoice::Process,
        };
        config.devices = accelerators::of_node(devices);
        config.device_report = Some(accelerators::report(devices));
        config.labels = accelerators::labels(devices);
        config.owned_prefixes = accelerators::PREFIXES.map(str::to_owned).to_vec();
        config.images = Some(self.images.clone());
        config.hidden = vec![data_dir.root().to_owned()];
        let sink = ledger::Sink { ledger: self.ledger.clone(), access: self.access.clone() };
        config.use_sink = Some(Arc::new(sink));
        let drivers = volumes::drivers(&self.data, &self.environments, &self.client("volumes"));
        config.volume_drivers =
            drivers.into_iter().map(|(name, driver)| (name.to_owned(), driver)).collect();
        Ok(config)
    }

    fn controllers(&self, addresses: &Addresses) -> ControllersContext {
        let settings = Settings {
            image: HOST_IMAGE.to_owned(),
            program: PROGRAM.to_owned(),
            platform_url: addresses.url.clone(),
            serve_url: addresses.serve_url.clone(),
            s3_url: addresses.s3_url.clone(),
            build_env: build_env(),
        };
        let seams = Seams {
            tracking: InProcess::new(dais_tracking::router(self.tracking.clone())),
            datasets: Arc::new(Versions(self.data.clone())),
            environments: Arc::new(self.environments.clone()),
            monitoring: Arc::new(self.telemetry.monitoring()),
            outcomes: Arc::new(self.outcomes.seam(&self.data)),
            labeling: Arc::new(labeling::Seam {
                labeling: self.labeling.clone(),
                data: self.data.clone(),
                gateway: self.gateway.router(),
                client: self.client("labelling"),
            }),
            jupyter: Arc::new(self.jupyter.clone()),
            access_keys: Arc::new(AccessKeys {
                identity: self.identity.clone(),
                access: self.access.clone(),
            }),
        };
        ControllersContext::new(self.client("controllers"), settings, seams)
    }

    /// Stops what acts, then closes what is open.
    pub async fn stop(self, mode: StopMode) {
        let Self { running, telemetry, identity, ledger, outcomes, labeling, buckets, .. } = self;
        // What the node stops is not waited for: the gateway ends with it.
        self.gateway.retire();
        if let Some(Running { node, workloads }) = running {
            // First the controllers: they would make anew what the node stops.
            if tokio::time::timeout(PATIENCE, workloads.shutdown()).await.is_err() {
                tracing::warn!("the controllers did not end in time");
            }
            node.shutdown(mode).await;
        }
        telemetry.close().await;
        ledger.close().await;
        outcomes.close().await;
        labeling.close().await;
        buckets.close().await;
        if let Err(error) = identity.close().await {
            tracing::error!(%error, "accounts not closed");
        }
    }
}

fn sqlite(folder: &std::path::Path, file: &str) -> String {
    format!("sqlite://{}?mode=rwc", folder.join(file).display())
}

fn client(kubernetes: &ApiServer, part: &str) -> Client {
    let user: UserInfo = accounts::component(part);
    Client::new(kubernetes.client(user), bootstrap::FIRST_PROJECT)
}

/// Runs a task until the platform stops.
fn run(
    tasks: &TaskTracker,
    stop: &CancellationToken,
    task: impl Future<Output = ()> + Send + 'static,
) {
    let stop = stop.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = task => {}
            () = stop.cancelled() => {}
        }
    });
}

/// The name under which this machine is a node.
fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().to_lowercase();
    let kept: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    let kept = kept.trim_matches('-');
    if kept.is_empty() { "node".to_owned() } else { kept.to_owned() }
}

/// How the platform itself reaches package indexes: environments are built the
/// same way. Credentials do not belong here; see the settings of index mirrors.
fn build_env() -> Vec<(String, String)> {
    const PASSED: &[&str] = &[
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NO_PROXY",
        "https_proxy",
        "http_proxy",
        "no_proxy",
        "PIP_CERT",
        "PIP_DEFAULT_TIMEOUT",
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_INDEX_URL",
        "PIP_NO_INDEX",
        "PIP_TRUSTED_HOST",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_FILE",
    ];
    let set =
        PASSED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    set.collect()
}
