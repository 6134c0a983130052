//! Pods of this node: what kubelet does.
//!
//! ```text
//! watch ─▶ Pods ─▶ worker (one task a pod) ─▶ start ─▶ shim
//!                    │  ▲ ends, probes, timers
//!                    ▼  │
//!              decide (pure)      status (pure) ─▶ report ─▶ API server
//! ```
//!
//! A worker asks [`decide`] after everything that happens and does what it
//! says; the status is written by another task, so that no start ever waits
//! for the API server to take a status.

pub(crate) mod container;
mod decide;
pub(crate) mod downward;
pub(crate) mod env;
mod hooks;
mod image;
pub(crate) mod names;
mod probes;
pub(crate) mod record;
mod recover;
pub(crate) mod registry;
mod report;
pub(crate) mod start;
mod status;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, future};
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use self::worker::{Wish, Worker};
use crate::error::Result;
use crate::host::Host;

/// What an earlier node left here, by uid.
pub(crate) fn known(dirs: &crate::dirs::Dirs) -> Vec<(String, record::PodRecord)> {
    record::all(dirs).into_iter().filter_map(|record| Some((record.pod.uid()?, record))).collect()
}

/// All workers, by pod uid.
struct Pods {
    host: Arc<Host>,
    workers: BTreeMap<String, Tenant>,
}

struct Tenant {
    wishes: watch::Sender<Wish>,
    task: JoinHandle<()>,
}

/// What is to happen to the pods when the node ends.
pub(crate) enum End {
    Leave,
    Stop(Duration),
}

/// Runs until told to end.
pub(crate) async fn run(host: Arc<Host>, mut end: oneshot::Receiver<End>) -> Result<()> {
    let mut pods = Pods { host: host.clone(), workers: BTreeMap::new() };
    let api: Api<Pod> = Api::all(host.client.clone());
    let own = watcher::Config::default().fields(&format!("spec.nodeName={}", host.config.name));
    let mut events = std::pin::pin!(watcher(api, own).default_backoff());
    let mut listed: Option<Vec<String>> = None;
    let end = loop {
        let event = tokio::select! {
            event = events.next() => event,
            end = &mut end => break end.unwrap_or(End::Leave),
        };
        match event {
            Some(Ok(watcher::Event::Init)) => listed = Some(Vec::new()),
            Some(Ok(watcher::Event::InitApply(pod))) => {
                if let Some(listed) = &mut listed {
                    listed.extend(pod.uid());
                }
                pods.applied(pod);
            }
            Some(Ok(watcher::Event::InitDone)) => {
                pods.forget_all_but(&listed.take().unwrap_or_default())
            }
            Some(Ok(watcher::Event::Apply(pod))) => pods.applied(pod),
            Some(Ok(watcher::Event::Delete(pod))) => pods.gone(&pod.uid().unwrap_or_default()),
            Some(Err(error)) => tracing::debug!(%error, "watch of pods interrupted"),
            None => break End::Leave,
        }
    };
    pods.end(end).await;
    Ok(())
}

impl Pods {
    fn applied(&mut self, pod: Pod) {
        let Some(uid) = pod.uid() else { return };
        self.workers.retain(|_, tenant| !tenant.task.is_finished());
        let wish = Wish::Run(Arc::new(pod.clone()));
        match self.workers.get(&uid) {
            Some(tenant) => {
                tenant.wishes.send_replace(wish);
            }
            None if is_over(&pod)
                && !self.host.dirs.pod(&uid).exists()
                && pod.metadata.deletion_timestamp.is_none() => {}
            None => self.employ(uid, wish),
        }
    }

    fn employ(&mut self, uid: String, wish: Wish) {
        let (wishes, receiver) = watch::channel(wish);
        let task = tokio::spawn(Worker::run(self.host.clone(), receiver));
        self.workers.insert(uid, Tenant { wishes, task });
    }

    /// The object is gone: whatever runs must end.
    fn gone(&mut self, uid: &str) {
        if let Some(tenant) = self.workers.get(uid) {
            tenant.wishes.send_replace(Wish::Vanish);
        }
    }

    /// After a full list: pods that only this node still knows are ended.
    fn forget_all_but(&mut self, listed: &[String]) {
        let unknown: Vec<String> =
            self.workers.keys().filter(|uid| !listed.contains(uid)).cloned().collect();
        unknown.iter().for_each(|uid| self.gone(uid));
        for (uid, known) in known(&self.host.dirs) {
            if !listed.contains(&uid) && !self.workers.contains_key(&uid) {
                self.employ(uid, Wish::VanishUnknown(Arc::new(known.pod)));
            }
        }
    }

    async fn end(self, end: End) {
        let wish = match end {
            End::Leave => Wish::Leave,
            End::Stop(grace) => Wish::Stop(grace),
        };
        let tasks: Vec<_> = self
            .workers
            .into_values()
            .map(|tenant| {
                tenant.wishes.send_replace(wish.clone());
                tenant.task
            })
            .collect();
        future::join_all(tasks).await;
    }
}

/// Whether the API says that nothing of the pod runs any more.
fn is_over(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}
