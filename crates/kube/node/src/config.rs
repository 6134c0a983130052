//! How a node is configured.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dais_images::Images;

use crate::books::UseSink;
use crate::devices::{Device, DeviceReport};
use crate::volumes::VolumeDriver;

/// Everything that a node must be told. [`NodeConfig::new`] has defaults.
#[derive(Clone)]
pub struct NodeConfig {
    /// The node's name; pods with this `spec.nodeName` are its own.
    pub name: String,
    /// State, volumes and logs.
    pub data_dir: PathBuf,
    /// Which runtime to use.
    pub runtime: RuntimeChoice,
    /// The program that answers `<exe> shim …` with [`crate::shim_main`].
    pub exe: PathBuf,
    /// Host directories that sandboxes show empty, besides `data_dir`.
    pub hidden: Vec<PathBuf>,
    /// Drivers of CSI inline volumes, by driver name.
    pub volume_drivers: BTreeMap<String, Arc<dyn VolumeDriver>>,
    /// Programs of the platform itself that containers may run: path in the
    /// container to path on the host.
    pub tools: BTreeMap<PathBuf, PathBuf>,
    /// Image names that mean "the host's files", besides `host`.
    pub host_images: Vec<String>,
    /// The images that are here; none: containers run on the host's files alone.
    pub images: Option<Images>,
    /// `PATH` of containers that do not set it.
    pub path: String,
    /// Replaces or adds to the node's capacity (`cpu`, `memory`, `pods`), as Kubernetes
    /// quantities.
    pub capacity: BTreeMap<String, String>,
    /// Accelerators that pods may be given.
    pub devices: Vec<Device>,
    /// What was found when they were looked for, for the node's conditions.
    pub device_report: Option<DeviceReport>,
    /// Beginnings of labels and resources that nobody but this node sets: what an earlier
    /// start left there and does not hold any more is removed.
    pub owned_prefixes: Vec<String>,
    /// Labels of the Node object.
    pub labels: BTreeMap<String, String>,
    /// Name of the control group that holds all pods.
    pub cgroup_name: String,
    /// First user id of the ranges given to namespaces (when root).
    pub first_uid: u32,
    /// Size at which a log file is rotated, and files kept for each container.
    pub log_max_bytes: u64,
    /// Files kept for each run of a container, the current one included.
    pub log_max_files: usize,
    /// How long logs of deleted pods stay.
    pub log_retention: Duration,
    /// Wait before the second restart; it doubles up to `backoff_max`.
    pub backoff_initial: Duration,
    /// The longest wait between restarts.
    pub backoff_max: Duration,
    /// Where the kubelet's HTTP API is served, for the Node object.
    pub kubelet_port: u16,
    /// Who is told what containers use; nobody when absent.
    pub use_sink: Option<Arc<dyn UseSink>>,
}

/// Which runtime containers get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RuntimeChoice {
    /// The sandbox where it works, else plain processes.
    #[default]
    Auto,
    /// Name spaces; an error where they do not work.
    Sandbox,
    /// Plain processes.
    Process,
}

/// What happens to containers when the node stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// They go on; the next start adopts them.
    LeaveRunning,
    /// They are stopped: TERM, and KILL after `grace`.
    StopAll {
        /// Time to end by themselves.
        grace: Duration,
    },
}

impl NodeConfig {
    /// A configuration with Kubernetes' defaults where it has any.
    pub fn new(
        name: impl Into<String>,
        data_dir: impl Into<PathBuf>,
        exe: impl Into<PathBuf>,
    ) -> NodeConfig {
        NodeConfig {
            name: name.into(),
            data_dir: data_dir.into(),
            runtime: RuntimeChoice::Auto,
            exe: exe.into(),
            hidden: Vec::new(),
            volume_drivers: BTreeMap::new(),
            tools: BTreeMap::new(),
            host_images: Vec::new(),
            images: None,
            path: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
            capacity: BTreeMap::new(),
            devices: Vec::new(),
            device_report: None,
            owned_prefixes: Vec::new(),
            labels: BTreeMap::new(),
            cgroup_name: "kubepods".to_owned(),
            // Above what distributions hand out, below 2^31 for 20,000 ranges.
            first_uid: 700_000_000,
            log_max_bytes: 10 << 20,
            log_max_files: 5,
            log_retention: Duration::from_secs(15 * 60),
            backoff_initial: Duration::from_secs(10),
            backoff_max: Duration::from_secs(300),
            kubelet_port: 10250,
            use_sink: None,
        }
    }
}
