//! What containers use and have used, told to whoever keeps the accounts.
//!
//! ```text
//! usage.json (running) ────────────── every REFRESH ─┐
//! state.json (ended) ─ settle ─▶ unbooked/*.json ────┴▶ UseSink ─▶ removed
//! ```
//!
//! Guarantees: each run of a container that ended is told at least once, under
//! a name of its own, so that the one who is told can count it once; also when
//! the platform is killed between its end and the telling. `unbooked/` outlives
//! the pod's own files. What a pod that runs has used is told now and then.
//!
//! On a cluster whose nodes are not ours there are no such files: there the
//! same sink would be fed from pod status and metrics.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Container as Spec;
use kube::ResourceExt;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::host::{Host, lock};
use crate::pods::container::{Terminated, specs};
use crate::pods::record::{self as pod_record, PodRecord};
use crate::quantity;
use crate::shim::record::{self, AttemptDir, Durable, Measure, RunState};

/// How far what is known of running containers may lag behind.
const REFRESH: Duration = Duration::from_secs(60);
/// Starts within this time are told together.
const SOON: Duration = Duration::from_secs(2);
/// After the sink has failed.
const RETRY: Duration = Duration::from_secs(5);
/// Told together at most.
const TOGETHER: usize = 256;
/// A last telling when the node ends.
const PATIENCE: Duration = Duration::from_secs(3);

/// What one run of one container used from its start until `measured_at`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContainerUse {
    pub namespace: String,
    pub pod: String,
    pub pod_uid: String,
    /// As the pod had them when the node took it on.
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    /// Kind and name of the controller that made the pod.
    pub owner: Option<(String, String)>,
    pub container: String,
    pub attempt: u32,
    pub node: String,
    pub started_at: Timestamp,
    /// When it was read; of a container that ended, its end.
    pub measured_at: Timestamp,
    pub end: Option<UseEnd>,
    /// None: not counted on this machine. The same for memory.
    pub cpu_seconds: Option<f64>,
    /// Working set over time.
    pub memory_byte_seconds: Option<f64>,
    pub memory_peak: Option<u64>,
    pub cpu_request_milli: u64,
    pub memory_request: u64,
    pub devices: Vec<HeldDevices>,
    /// Whether it was counted to its end without a gap.
    pub is_complete: bool,
}

/// How a run of a container ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UseEnd {
    /// None when nobody saw it.
    pub exit_code: Option<i32>,
    pub reason: String,
}

/// Devices of one kind that a container holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldDevices {
    /// For example `nvidia.com/gpu`.
    pub resource: String,
    /// Where the node's labels name it.
    pub model: String,
    pub count: u32,
}

/// Who keeps the accounts.
#[async_trait]
pub trait UseSink: Send + Sync {
    /// Takes all of `uses` or none; the same again must change nothing.
    async fn book(
        &self,
        uses: &[ContainerUse],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// What is to be told.
#[derive(Default)]
pub(crate) struct Books {
    ended: Notify,
    began: Notify,
    /// What a full disk did not take.
    unwritten: Mutex<Vec<ContainerUse>>,
}

/// An attempt that is over.
pub(crate) struct Over<'a> {
    pub(crate) record: &'a PodRecord,
    /// Of the container, among all of the pod's.
    pub(crate) index: usize,
    pub(crate) attempt: u32,
    /// Why, for an end that nobody saw.
    pub(crate) reason: &'a str,
}

impl Host {
    /// Notes what an attempt used that is over; it will be told.
    pub(crate) fn settle(&self, over: &Over<'_>) {
        if self.config.use_sink.is_none() {
            return;
        }
        let Some(used) = final_use(self, over) else { return };
        let path = self.dirs.unbooked(&used.pod_uid, &used.container, used.attempt);
        if let Err(error) = record::write(&path, &used, Durable::Power) {
            tracing::warn!(%error, pod = used.pod, "use not written down");
            lock(&self.books.unwritten).push(used);
        }
        self.books.ended.notify_one();
    }

    /// Something runs that nobody was told of.
    pub(crate) fn began(&self) {
        self.books.began.notify_one();
    }
}

/// Tells until it is dropped.
pub(crate) async fn run(host: Arc<Host>) {
    if host.config.use_sink.is_none() {
        return;
    }
    loop {
        let told = tell(&host, true).await;
        let wait = if told { REFRESH } else { RETRY };
        let refresh = tokio::time::sleep(wait);
        tokio::pin!(refresh);
        loop {
            tokio::select! {
                () = &mut refresh => break,
                () = host.books.began.notified(), if told => {
                    let soon = tokio::time::Instant::now() + SOON;
                    let next = refresh.deadline().min(soon);
                    refresh.as_mut().reset(next);
                }
                () = host.books.ended.notified(), if told => {
                    if !tell(&host, false).await {
                        break;
                    }
                }
            }
        }
    }
}

/// What the last containers used, when the node ends.
pub(crate) async fn finish(host: &Host) {
    if host.config.use_sink.is_some()
        && tokio::time::timeout(PATIENCE, tell(host, true)).await.is_err()
    {
        tracing::warn!("what containers used is told at the next start");
    }
}

/// True when all that is known has been taken.
async fn tell(host: &Host, running_too: bool) -> bool {
    let Some(sink) = &host.config.use_sink else { return true };
    // Running ones first: what ends meanwhile is told once more, and finally.
    let running = if running_too { running(host) } else { Vec::new() };
    let unwritten = std::mem::take(&mut *lock(&host.books.unwritten));
    let mut all: Vec<(Option<PathBuf>, ContainerUse)> =
        running.into_iter().chain(unwritten).map(|used| (None, used)).collect();
    all.extend(unbooked(host).into_iter().map(|(path, used)| (Some(path), used)));
    for some in all.chunks(TOGETHER) {
        let uses: Vec<ContainerUse> = some.iter().map(|(_, used)| used.clone()).collect();
        if let Err(error) = sink.book(&uses).await {
            tracing::warn!(
                error = &*error as &dyn std::error::Error,
                "use not booked; trying again"
            );
            let ended = some.iter().filter(|(path, used)| path.is_none() && used.end.is_some());
            lock(&host.books.unwritten).extend(ended.map(|(_, used)| used.clone()));
            return false;
        }
        for path in some.iter().filter_map(|(path, _)| path.as_ref()) {
            if let Err(error) = std::fs::remove_file(path) {
                tracing::warn!(path = %path.display(), %error, "booked use not removed");
            }
        }
    }
    true
}

/// What ended and was not taken yet.
fn unbooked(host: &Host) -> Vec<(PathBuf, ContainerUse)> {
    let Ok(entries) = std::fs::read_dir(host.dirs.all_unbooked()) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .filter_map(|path| match record::read::<ContainerUse>(&path, "a container's use") {
            Ok(used) => Some((path, used?)),
            Err(error) => {
                tracing::warn!(%error, "use not readable");
                None
            }
        })
        .collect()
}

/// What runs, as its shims measured it last.
fn running(host: &Host) -> Vec<ContainerUse> {
    let running: Vec<(String, Vec<(usize, u32)>)> = {
        let registry = host.registry.read().unwrap_or_else(PoisonError::into_inner);
        let of_pod = |pod: &crate::pods::registry::PodEntry| {
            let all = pod.containers.iter().enumerate();
            all.filter(|(_, one)| one.running).map(|(index, one)| (index, one.attempt)).collect()
        };
        registry.iter().map(|(uid, pod)| (uid.clone(), of_pod(pod))).collect()
    };
    let mut uses = Vec::new();
    for (uid, containers) in running.into_iter().filter(|(_, some)| !some.is_empty()) {
        let Ok(Some(record)) = pod_record::load(&host.dirs, &uid) else { continue };
        for (index, attempt) in containers {
            uses.extend(open_use(host, &record, index, attempt));
        }
    }
    uses
}

fn open_use(host: &Host, record: &PodRecord, index: usize, attempt: u32) -> Option<ContainerUse> {
    let (mut used, dir) = blank(host, record, index, attempt)?;
    let state = record::read::<RunState>(&dir.state(), "a container's state").ok()??;
    used.started_at = state.started_at;
    match record::read::<Measure>(&dir.measure(), "a measure").ok().flatten() {
        Some(measure) => used.take(&measure),
        // Where nothing is counted, time and accelerators are.
        None => used.measured_at = Timestamp::now(),
    }
    Some(used)
}

/// From what the shim wrote last; none for what never ran.
fn final_use(host: &Host, over: &Over<'_>) -> Option<ContainerUse> {
    let (mut used, dir) = blank(host, over.record, over.index, over.attempt)?;
    let state = record::read::<RunState>(&dir.state(), "a container's state").ok()??;
    let measure = record::read::<Measure>(&dir.measure(), "a measure").ok().flatten();
    used.started_at = state.started_at;
    used.measured_at = state.started_at;
    if let Some(measure) = &measure {
        used.take(measure);
    }
    let Some(exit) = state.exit.clone() else {
        used.is_complete = false;
        used.end = Some(UseEnd { exit_code: None, reason: over.reason.to_owned() });
        return Some(used);
    };
    if exit.start_error.is_some() {
        return None;
    }
    used.measured_at = exit.finished_at;
    used.cpu_seconds = exit.cpu_seconds.or(used.cpu_seconds);
    used.memory_byte_seconds = exit.memory_byte_seconds.or(used.memory_byte_seconds);
    used.memory_peak = exit.memory_peak.or(used.memory_peak);
    used.is_complete = exit.status.is_some() && exit.cpu_seconds.is_some();
    let exit_code = exit.status.map(|status| status.code());
    let reason = Terminated::from_state("", &RunState { exit: Some(exit), ..state }).reason;
    used.end = Some(UseEnd { exit_code, reason });
    Some(used)
}

impl ContainerUse {
    fn take(&mut self, measure: &Measure) {
        self.measured_at = measure.at.max(self.started_at);
        self.cpu_seconds = Some(measure.cpu_seconds);
        self.memory_byte_seconds = Some(measure.memory_byte_seconds);
        self.memory_peak = measure.memory_peak;
    }
}

/// Everything but the counters.
fn blank(
    host: &Host,
    record: &PodRecord,
    index: usize,
    attempt: u32,
) -> Option<(ContainerUse, AttemptDir)> {
    let pod = &record.pod;
    let spec = pod.spec.as_ref()?;
    let container = specs(spec).nth(index)?.0;
    let uid = pod.uid()?;
    let dir = host.dirs.attempt(&uid, &container.name, attempt);
    let mut owners = pod.metadata.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true));
    let limits = crate::pods::start::limits(container);
    let used = ContainerUse {
        namespace: pod.namespace().unwrap_or_default(),
        pod: pod.name_any(),
        pod_uid: uid,
        labels: pod.labels().clone(),
        annotations: pod.annotations().clone(),
        owner: owner.map(|owner| (owner.kind.clone(), owner.name.clone())),
        container: container.name.clone(),
        attempt,
        node: host.config.name.clone(),
        started_at: Timestamp::now(),
        measured_at: Timestamp::now(),
        end: None,
        cpu_seconds: None,
        memory_byte_seconds: None,
        memory_peak: None,
        cpu_request_milli: limits.cpu_request_milli.unwrap_or(0),
        memory_request: memory_request(container),
        devices: devices(host, record, index),
        is_complete: true,
    };
    Some((used, dir))
}

fn memory_request(container: &Spec) -> u64 {
    let resources = container.resources.as_ref();
    let requests = resources.and_then(|resources| resources.requests.as_ref());
    let limits = resources.and_then(|resources| resources.limits.as_ref());
    let asked = [requests, limits].into_iter().flatten().find_map(|map| map.get("memory"));
    asked.map_or(0, |quantity| quantity::whole(&quantity.0))
}

/// What the container holds, by what pods call it.
fn devices(host: &Host, record: &PodRecord, index: usize) -> Vec<HeldDevices> {
    let Some(spec) = &record.pod.spec else { return Vec::new() };
    let Some((container, _)) = specs(spec).nth(index) else { return Vec::new() };
    let mut counts = BTreeMap::<&str, u32>::new();
    for share in record.devices.iter().filter(|share| share.container == container.name) {
        *counts.entry(&share.resource).or_default() += 1;
    }
    let held = counts.into_iter().map(|(resource, count)| {
        // The label that the vendors' feature discovery sets.
        let model = host.config.labels.get(&format!("{resource}.product")).cloned();
        HeldDevices { resource: resource.to_owned(), model: model.unwrap_or_default(), count }
    });
    held.collect()
}
