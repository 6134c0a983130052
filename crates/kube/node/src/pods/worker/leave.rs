//! The end of a pod on this node, and what is shown and kept of it.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use super::{Happening, Worker};
use crate::books::Over;
use crate::pods::container::State;
use crate::pods::record;
use crate::pods::registry::{ContainerEntry, PodEntry, log_label};
use crate::pods::start::limits;
use crate::volumes::PodVolumes;

/// Grace for a pod that was deleted by force.
const FORCED_GRACE: Duration = Duration::from_secs(2);

impl Worker {
    /// True when nothing is left to do here.
    pub(super) async fn is_done_with(&mut self) -> bool {
        if !self.over {
            return false;
        }
        if !self.tidied {
            self.tidied = true;
            self.tidy().await;
        }
        if self.pod.metadata.deletion_timestamp.is_none() {
            return false;
        }
        self.report.flush().await;
        self.report.delete().await;
        self.forget();
        true
    }

    /// The object is gone: ends what runs, and waits for it.
    pub(super) async fn vanish(&mut self) {
        self.end_all(self.grace().min(FORCED_GRACE)).await;
        self.tidy().await;
        self.forget();
    }

    /// The node ends: ends what runs, and leaves the pods as they are.
    pub(super) async fn stop_for_shutdown(&mut self, grace: Duration) {
        self.end_all(grace.min(self.grace())).await;
    }

    async fn end_all(&mut self, grace: Duration) {
        let (happened, mut happenings) = tokio::sync::mpsc::unbounded_channel();
        let guards: Vec<usize> = self.running.keys().copied().collect();
        // The guards that run speak to a loop that is over: new ones take their place.
        for index in guards {
            let Some(running) = self.running.remove(&index) else { continue };
            running.tasks.into_iter().for_each(|task| task.abort());
            let Ok(crate::runtime::Recovered::Running { handle, .. }) =
                self.host.shims.recover(&running.dir).await
            else {
                continue;
            };
            self.happened = happened.clone();
            self.watch_over(index, handle, running.dir);
            self.stop(index, grace);
        }
        while !self.running.is_empty() {
            match happenings.recv().await {
                Some((index, attempt, Happening::Ended(state))) => {
                    self.note(index, attempt, Happening::Ended(state));
                }
                Some(_) => {}
                None => return,
            }
        }
    }

    /// Gives back what only running containers need.
    async fn tidy(&mut self) {
        let ip = self.ip();
        let volumes = PodVolumes {
            pod: &self.pod,
            names: &self.names,
            spec: &self.spec,
            pod_ip: &ip,
            user: self.user,
        };
        volumes.unmount(&self.host).await;
        let dir = self.host.dirs.pod(&self.names.uid).join("volumes");
        if let Err(error) = fs::remove_dir_all(&dir)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(pod = self.names.name, %error, "volumes not removed");
        }
        if let Some(group) = self.host.pod_cgroup(&self.names.uid) {
            group.remove();
        }
        crate::host::lock(&self.host.devices).release(&self.names.uid);
        // Who comes next may take them even if the node starts again first.
        if !self.record.devices.is_empty() || self.record.holds_images {
            self.record.devices.clear();
            self.record.holds_images = false;
            if let Err(error) = record::save(&self.host.dirs, &self.names.uid, &self.record) {
                tracing::warn!(pod = self.names.name, %error, "devices still written down");
            }
        }
        if let Some(images) = &self.host.config.images {
            images.release(&self.names.uid);
        }
    }

    /// Removes what this node kept of the pod; its logs stay for a while.
    fn forget(&mut self) {
        let dir = self.host.dirs.pod(&self.names.uid);
        if let Err(error) = fs::remove_dir_all(&dir)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(pod = self.names.name, %error, "pod directory not removed");
        }
        self.host.release(&self.names.uid);
        crate::logs::mark_deleted(&self.host.dirs.pod_logs(&self.names));
    }

    /// Notes what an attempt used that is over.
    pub(super) fn settle(&self, index: usize, attempt: u32, reason: &str) {
        self.host.settle(&Over { record: &self.record, index, attempt, reason });
    }

    /// The same for everything that ended while nobody looked; what was booked
    /// before is booked once all the same.
    pub(super) fn settle_what_ended(&self) {
        for (index, container) in self.containers.iter().enumerate() {
            let before = container.attempt.saturating_sub(1)..container.attempt;
            let ended = container.terminated().map(|end| (container.attempt, end.reason.as_str()));
            for (attempt, reason) in before.map(|attempt| (attempt, "")).chain(ended) {
                self.settle(index, attempt, reason);
            }
        }
    }

    /// Attempts before the last two are of no use to anybody.
    pub(super) fn forget_old_attempts(&self, index: usize) {
        let container = &self.containers[index];
        if let Some(old) = container.attempt.checked_sub(2) {
            let dir = self.host.dirs.attempt(&self.names.uid, &container.name, old);
            // Not there when it was forgotten before.
            let _ = fs::remove_dir_all(dir.0);
        }
    }

    /// Shows the pod to the log endpoint and the metrics.
    pub(super) fn register(&self) {
        let entry = |index: usize| {
            let (container, spec) = (&self.containers[index], self.container_spec(index));
            let (id, started_at) = match &container.state {
                State::Running { id, started_at } => (Some(id.clone()), Some(*started_at)),
                State::Terminated(end) => (Some(end.id.clone()), end.started_at),
                State::Waiting { .. } => (None, None),
            };
            ContainerEntry {
                name: container.name.clone(),
                attempt: container.attempt,
                running: self.is_running(index),
                began: id.is_some() || container.last.is_some(),
                id,
                started_at,
                image: spec.image.clone().unwrap_or_default(),
                cgroup: self.cgroup_of(index),
                limits: limits(&spec),
                final_cpu_seconds: self.final_cpu.get(&index).copied(),
            }
        };
        let pod = PodEntry {
            names: self.names.clone(),
            ip: self.record.ip,
            containers: (0..self.containers.len()).map(entry).collect(),
            started_at: self.record.start_time,
        };
        let mut registry =
            self.host.registry.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        registry.insert(self.names.uid.clone(), pod);
    }

    /// Labels for the collector, anew when they change.
    pub(super) fn write_labels(&mut self) {
        let same = |old: &Arc<Pod>| {
            old.metadata.labels == self.pod.metadata.labels
                && old.metadata.annotations == self.pod.metadata.annotations
        };
        if self.labels_written.as_ref().is_some_and(same) {
            return;
        }
        let dir = self.host.dirs.pod_logs(&self.names);
        let label = log_label(&self.pod, &self.names, &self.host.config.name);
        let written = fs::create_dir_all(&dir)
            .map_err(crate::Error::file("create directory", &dir))
            .and_then(|()| {
                crate::shim::record::write(
                    &dir.join("pod.json"),
                    &label,
                    crate::shim::record::Durable::Processes,
                )
            });
        match written {
            Ok(()) => self.labels_written = Some(self.pod.clone()),
            Err(error) => {
                tracing::warn!(error = crate::pods::start::words(&error), "log labels not written")
            }
        }
    }
}
