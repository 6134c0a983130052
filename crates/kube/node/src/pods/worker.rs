//! One pod's task: asks what to do next, does it, and waits for what happens.

mod act;
mod attend;
mod leave;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container as Spec, Pod, PodSpec};
use kube::ResourceExt;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::container::{Container, State, specs};
use super::decide::{Backoff, RestartPolicy};
use super::hooks::Target;
use super::names::PodNames;
use super::record::PodRecord;
use super::report::Report;
use super::{record, recover, status};
use crate::error::Result;
use crate::host::{Host, lock};
use crate::shim::record::{AttemptDir, RunState, User};
use crate::volumes::Mounted;

/// Kubelet's reason for a pod whose devices are not there.
const REFUSED: &str = "UnexpectedAdmissionError";

/// What the node wants of a pod's worker.
#[derive(Debug, Clone)]
pub(crate) enum Wish {
    /// As the pod says; with a deletion time: end it.
    Run(Arc<Pod>),
    /// The object is gone: end it and tell nobody.
    Vanish,
    /// The same, for a pod that only this node's files still know.
    VanishUnknown(Arc<Pod>),
    /// The node ends; the containers go on.
    Leave,
    /// The node ends, and the containers with it.
    Stop(Duration),
}

/// What happened to a container, by index and attempt.
#[derive(Debug)]
pub(super) enum Happening {
    Ended(RunState),
    ShimLost,
    Probed { kind: super::probes::Kind, ok: bool, message: String },
}

/// A container that runs.
struct Running {
    attempt: u32,
    dir: AttemptDir,
    stop: mpsc::UnboundedSender<Duration>,
    tasks: Vec<JoinHandle<()>>,
    /// It was asked to stop.
    stopping: bool,
}

/// Why nothing is started any more.
struct Ending {
    grace: Duration,
    /// Reason and words for the pod's status, when the node itself decided.
    why: Option<(&'static str, String)>,
}

pub(super) struct Worker {
    host: Arc<Host>,
    pod: Arc<Pod>,
    names: PodNames,
    spec: PodSpec,
    record: PodRecord,
    user: Option<User>,
    containers: Vec<Container>,
    running: BTreeMap<usize, Running>,
    /// Set when all volumes are there.
    volumes: Option<BTreeMap<String, Mounted>>,
    /// Not to be tried again before.
    mount_not_before: Option<Timestamp>,
    ending: Option<Ending>,
    over: bool,
    /// Volumes and devices were given back.
    tidied: bool,
    report: Report,
    happened: mpsc::UnboundedSender<(usize, u32, Happening)>,
    labels_written: Option<Arc<Pod>>,
    final_cpu: BTreeMap<usize, f64>,
}

impl Worker {
    pub(super) async fn run(host: Arc<Host>, mut wishes: watch::Receiver<Wish>) {
        let first = wishes.borrow_and_update().clone();
        let (Wish::Run(pod) | Wish::VanishUnknown(pod)) = first.clone() else { return };
        let (happened, mut happenings) = mpsc::unbounded_channel();
        let name = pod.name_any();
        let mut worker = match Worker::new(host, pod, happened).await {
            Ok(worker) => worker,
            Err(error) => {
                tracing::error!(
                    pod = name,
                    error = super::start::words(&error),
                    "pod not taken on"
                );
                return;
            }
        };
        if !worker.heed(first).await {
            return;
        }
        loop {
            let wake = worker.act().await;
            worker.publish();
            if worker.is_done_with().await {
                return;
            }
            tokio::select! {
                changed = wishes.changed() => {
                    let wish = wishes.borrow_and_update().clone();
                    if changed.is_err() || !worker.heed(wish).await {
                        return;
                    }
                }
                Some((index, attempt, happening)) = happenings.recv() => worker.note(index, attempt, happening),
                () = sleep_until(wake) => {}
            }
        }
    }

    async fn new(
        host: Arc<Host>,
        pod: Arc<Pod>,
        happened: mpsc::UnboundedSender<(usize, u32, Happening)>,
    ) -> Result<Worker> {
        let names = PodNames::of(&pod);
        let spec = pod.spec.clone().unwrap_or_default();
        let known = record::load(&host.dirs, &names.uid)?;
        let record = match known {
            Some(mut record) => {
                lock(&host.devices).keep(&names, &mut record);
                record
            }
            None => take_on(&host, &pod, &names, &spec)?,
        };
        let security = spec.security_context.as_ref();
        let user =
            host.user_of(&names.namespace, security.and_then(|context| context.run_as_user))?;
        let mut containers = Container::of_pod(&spec);
        let found =
            recover::recover(&host.shims, &host.dirs, &pod, &names.uid, &mut containers).await?;
        let report = Report::start(host.client.clone(), &names);
        let mut worker = Worker {
            report,
            user,
            record,
            containers,
            spec,
            names,
            pod,
            host,
            happened,
            running: BTreeMap::new(),
            volumes: None,
            mount_not_before: None,
            ending: None,
            over: false,
            tidied: false,
            labels_written: None,
            final_cpu: BTreeMap::new(),
        };
        for found in found {
            worker.adopt(found);
        }
        worker.settle_what_ended();
        if let Some(words) = worker.record.refused.clone() {
            worker.end(Duration::ZERO, Some((REFUSED, words)));
        }
        Ok(worker)
    }

    /// Takes a wish in; false: leave everything as it is and go.
    async fn heed(&mut self, wish: Wish) -> bool {
        match wish {
            Wish::Run(pod) => {
                self.pod = pod;
                let meta = &self.pod.metadata;
                if let Some(deletion) = &meta.deletion_timestamp {
                    let grace = meta.deletion_grace_period_seconds.unwrap_or(30).max(0) as u64;
                    // The time of deletion is when the grace ends.
                    let left = deletion
                        .0
                        .duration_since(Timestamp::now())
                        .as_secs()
                        .clamp(0, grace as i64);
                    self.end(Duration::from_secs(left as u64), None);
                }
            }
            Wish::Vanish | Wish::VanishUnknown(_) => {
                self.vanish().await;
                return false;
            }
            Wish::Leave => {
                self.running
                    .values()
                    .flat_map(|running| &running.tasks)
                    .for_each(JoinHandle::abort);
                return false;
            }
            Wish::Stop(grace) => {
                self.stop_for_shutdown(grace).await;
                return false;
            }
        }
        true
    }

    fn end(&mut self, grace: Duration, why: Option<(&'static str, String)>) {
        let grace = self.ending.as_ref().map_or(grace, |ending| ending.grace.min(grace));
        let why = self.ending.take().and_then(|ending| ending.why).or(why);
        self.ending = Some(Ending { grace, why });
    }

    fn policy(&self) -> RestartPolicy {
        RestartPolicy::parse(self.spec.restart_policy.as_deref())
    }

    fn backoff(&self) -> Backoff {
        Backoff { initial: self.host.config.backoff_initial, max: self.host.config.backoff_max }
    }

    fn container_spec(&self, index: usize) -> Spec {
        specs(&self.spec).nth(index).map(|(spec, _)| spec.clone()).unwrap_or_default()
    }

    fn ip(&self) -> String {
        if self.spec.host_network == Some(true) {
            self.host.ip.to_owned()
        } else {
            self.record.ip.to_string()
        }
    }

    /// A container as probes and hooks reach it.
    fn target(&self, spec: &Spec, dir: &AttemptDir) -> Target {
        Target {
            dir: dir.clone(),
            namespace: self.names.namespace.clone(),
            ip: self.ip(),
            ports: spec.ports.clone().unwrap_or_default(),
        }
    }

    /// The status as it is now, for the API server and for the registry.
    fn publish(&mut self) {
        let ip = self.ip();
        let view = status::View {
            pod: &self.pod,
            spec: &self.spec,
            runtime: self.host.runtime.name(),
            images: &self.record.images,
            pod_ip: &ip,
            host_ip: self.host.ip,
            prepared: self.volumes.is_some() || self.tidied || !self.running.is_empty(),
            start_time: self.record.start_time,
            over: self.over,
            ended_by: self
                .ending
                .as_ref()
                .and_then(|ending| ending.why.as_ref())
                .map(|(reason, words)| (*reason, words.as_str())),
        };
        let status =
            status::build(&view, &self.containers, self.report.last().as_ref(), Timestamp::now());
        self.report.set(status);
        self.register();
        self.write_labels();
    }
}

/// Writes down a new pod with all that it is given for life.
fn take_on(host: &Host, pod: &Pod, names: &PodNames, spec: &PodSpec) -> Result<PodRecord> {
    let ip = lock(&host.addresses).of(&names.uid);
    let taken = lock(&host.devices).take(names, spec, &host.config.capacity);
    let (devices, refused) = match taken {
        Ok(devices) => (devices, None),
        Err(words) => (Vec::new(), Some(words)),
    };
    let record = PodRecord {
        pod: pod.clone(),
        ip,
        start_time: Timestamp::now(),
        devices,
        images: BTreeMap::new(),
        holds_images: false,
        refused,
    };
    record::save(&host.dirs, &names.uid, &record)?;
    for notice in lock(&host.devices).notices(&record.devices) {
        host.events.normal(pod, "AcceleratorAssigned", notice);
    }
    Ok(record)
}

async fn sleep_until(time: Option<Timestamp>) {
    match time {
        Some(time) => {
            let left = time.duration_since(Timestamp::now());
            // A wait in milliseconds, rounded up, so as not to wake too early.
            tokio::time::sleep(Duration::from_millis(left.as_millis().max(0) as u64 + 1)).await;
        }
        None => std::future::pending().await,
    }
}

impl Worker {
    fn is_running(&self, index: usize) -> bool {
        matches!(self.containers[index].state, State::Running { .. })
    }
}
