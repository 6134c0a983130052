//! Does what was decided: volumes, starts, stops.

use std::time::Duration;

use dais_images::Image;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Container as Spec;

use super::{Ending, Running, Worker};
use crate::host::lock;
use crate::pods::container::{Role, State};
use crate::pods::decide::{self, book_end};
use crate::pods::image::{self, Missing};
use crate::pods::start::{self, Order, Outcome};
use crate::pods::{hooks, record, recover};
use crate::shim::record::User;
use crate::volumes::PodVolumes;

/// Between attempts at what another may still bring about (a ConfigMap).
const RETRY: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(10);

impl Worker {
    /// Acts until nothing is left to do now; returns when to act again.
    pub(super) async fn act(&mut self) -> Option<Timestamp> {
        let now = Timestamp::now();
        let deadline = self.deadline();
        if deadline.is_some_and(|deadline| deadline <= now) && self.ending.is_none() && !self.over {
            let words = "Pod was active on the node longer than the specified deadline";
            self.host.events.normal(&self.pod, "DeadlineExceeded", words);
            self.end(self.grace(), Some(("DeadlineExceeded", words.to_owned())));
        }
        if let Some(Ending { grace, .. }) = self.ending {
            let running: Vec<usize> = self.running.keys().copied().collect();
            running.into_iter().for_each(|index| self.stop(index, grace));
        }
        let next = decide::next(&self.containers, self.policy(), now, self.ending.is_some());
        for index in &next.stop {
            self.stop(*index, self.grace());
        }
        self.over = next.over && self.running.is_empty();
        let mut wake = [next.wake, deadline.filter(|_| !self.over)].into_iter().flatten().min();
        if !next.start.is_empty() {
            match self.ready_to_start(now).await {
                Ok(()) => {
                    for index in next.start {
                        let retry = self.start(index).await;
                        wake = [wake, retry].into_iter().flatten().min();
                    }
                }
                Err(retry) => wake = Some(wake.map_or(retry, |wake| wake.min(retry))),
            }
        }
        let refresh = self.refresh(now).await;
        [wake, refresh].into_iter().flatten().min()
    }

    fn deadline(&self) -> Option<Timestamp> {
        let seconds = self.spec.active_deadline_seconds?;
        self.record.start_time.checked_add(Duration::from_secs(seconds.max(0) as u64)).ok()
    }

    pub(super) fn grace(&self) -> Duration {
        Duration::from_secs(self.spec.termination_grace_period_seconds.unwrap_or(30).max(0) as u64)
    }

    fn volumes_of(&self) -> (String, crate::pods::names::PodNames) {
        (self.ip(), self.names.clone())
    }

    /// Volumes and groups that must be there before any container is.
    async fn ready_to_start(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        if self.volumes.is_some() {
            return Ok(());
        }
        if let Some(time) = self.mount_not_before.filter(|time| *time > now) {
            return Err(time);
        }
        if let Some(group) = self.host.pod_cgroup(&self.names.uid)
            && let Err(error) = group.create(&crate::cgroup::Limits::default(), true)
        {
            tracing::warn!(pod = self.names.name, %error, "control group not made");
        }
        let (ip, names) = self.volumes_of();
        let volumes = PodVolumes {
            pod: &self.pod,
            names: &names,
            spec: &self.spec,
            pod_ip: &ip,
            user: self.user,
        };
        let failed = match volumes.mount(&self.host).await {
            Ok(mounted) => {
                self.volumes = Some(mounted);
                return Ok(());
            }
            Err(failed) => failed,
        };
        let message =
            format!("MountVolume.SetUp failed for volume {:?}: {}", failed.volume, failed.message);
        self.host.events.warning(&self.pod, "FailedMount", message.clone());
        for container in &mut self.containers {
            if let State::Waiting { message: said, .. } = &mut container.state {
                *said = Some(message.clone());
            }
        }
        let retry = self.later(now, self.record.start_time);
        self.mount_not_before = Some(retry);
        Err(retry)
    }

    /// A retry soon at first, and more seldom as time goes by.
    fn later(&self, now: Timestamp, since: Timestamp) -> Timestamp {
        let waited = Duration::from_millis(now.duration_since(since).as_millis().max(0) as u64);
        now.checked_add((waited / 4).clamp(RETRY, RETRY_MAX)).unwrap_or(now)
    }

    /// One attempt; returns when to try again if it could not be made.
    async fn start(&mut self, index: usize) -> Option<Timestamp> {
        let container = &mut self.containers[index];
        if let State::Terminated(end) = &container.state {
            container.last = Some(end.clone());
            container.attempt += 1;
            container.state = State::waiting("ContainerCreating");
            container.not_before = None;
        }
        let attempt = container.attempt;
        let spec = self.container_spec(index);
        let id = uuid::Uuid::new_v4().simple().to_string();
        let (image, user) = match self.files_and_user(index, &spec) {
            Ok(found) => found,
            Err(Missing { reason, message }) => return self.not_yet(index, reason, message),
        };
        let devices = lock(&self.host.devices).of(&self.record.devices, &spec.name);
        let ip = self.ip();
        let empty = std::collections::BTreeMap::new();
        let order = |devices| Order {
            pod: &self.pod,
            names: &self.names,
            spec: &self.spec,
            container: &spec,
            image: image.as_ref(),
            attempt,
            volumes: self.volumes.as_ref().unwrap_or(&empty),
            pod_ip: &ip,
            user,
            devices,
            cgroup: self.cgroup_of(index),
            id: id.clone(),
        };
        let outcome = match devices {
            Ok(devices) => start::start(&self.host, order(&devices)).await,
            Err(id) => Outcome::NotYet {
                reason: "CreateContainerError",
                message: format!("the accelerator {id} is not on this machine any more"),
            },
        };
        match outcome {
            Outcome::Running { handle, state, dir } => {
                self.began(index, id, &state);
                self.watch_over(index, handle, dir);
                self.forget_old_attempts(index);
                None
            }
            Outcome::Failed(end) => {
                let message = end.message.clone().unwrap_or_default();
                self.host.events.warning(&self.pod, "Failed", format!("Error: {message}"));
                let (backoff, now) = (self.backoff(), Timestamp::now());
                let container = &mut self.containers[index];
                container.state = State::Terminated(end);
                book_end(container, None, &backoff, now);
                Some(now)
            }
            Outcome::NotYet { reason, message } => self.not_yet(index, reason, message),
        }
    }

    /// What a container runs on and as whom; the image is written down before it is used.
    fn files_and_user(
        &mut self,
        index: usize,
        spec: &Spec,
    ) -> Result<(Option<Image>, Option<User>), Missing> {
        let waiting = match &self.containers[index].state {
            State::Waiting { reason, .. } => Some(reason.as_str()),
            _ => None,
        };
        let image = image::of(&self.host, &self.names, spec, waiting)?;
        let unable = |message| Missing { reason: "CreateContainerConfigError", message };
        let of_pod = self.spec.security_context.as_ref().and_then(|context| context.run_as_user);
        let own = spec.security_context.as_ref().and_then(|context| context.run_as_user);
        let wanted = match (own.or(of_pod), &image) {
            (None, Some(image)) => image::user(image).map_err(unable)?,
            (said, _) => said,
        };
        if let Some(image) = &image
            && (self.record.images.get(&spec.name) != Some(&image.id) || !self.record.holds_images)
        {
            self.record.holds_images = true;
            self.record.images.insert(spec.name.clone(), image.id.clone());
            record::save(&self.host.dirs, &self.names.uid, &self.record)
                .map_err(|error| unable(start::words(&error)))?;
        }
        let user = match wanted {
            Some(_) => self.host.user_of(&self.names.namespace, wanted).ok().flatten(),
            None => self.user,
        };
        Ok((image, user))
    }

    /// The container waits, and says for what; returns when to try again.
    fn not_yet(
        &mut self,
        index: usize,
        reason: &'static str,
        message: String,
    ) -> Option<Timestamp> {
        self.host.events.warning(&self.pod, "Failed", format!("Error: {message}"));
        let now = Timestamp::now();
        let retry = self.later(now, self.record.start_time);
        let container = &mut self.containers[index];
        container.state = State::Waiting { reason: reason.to_owned(), message: Some(message) };
        container.not_before = Some(retry);
        Some(retry)
    }

    pub(super) fn cgroup_of(&self, index: usize) -> Option<crate::cgroup::Cgroup> {
        let container = &self.containers[index];
        let group = self.host.pod_cgroup(&self.names.uid)?;
        Some(group.child(&format!("{}.{}", container.name, container.attempt)))
    }

    fn began(&mut self, index: usize, id: String, state: &crate::shim::record::RunState) {
        let spec = self.container_spec(index);
        let container = &mut self.containers[index];
        container.state = State::Running { id, started_at: state.started_at };
        container.started = spec.startup_probe.is_none();
        container.ready = spec.readiness_probe.is_none();
        container.not_before = None;
        self.final_cpu.remove(&index);
        self.host.began();
        tracing::info!(
            namespace = self.names.namespace,
            pod = self.names.name,
            container = container.name,
            attempt = container.attempt,
            started_at = %state.started_at,
            "container started"
        );
        self.host.events.normal(
            &self.pod,
            "Started",
            format!("Started container {}", container.name),
        );
    }

    /// Goes on with a container that an earlier platform started.
    pub(super) fn adopt(&mut self, found: recover::Found) {
        let spec = self.container_spec(found.index);
        let name = spec.name.clone();
        let known = self.pod.status.as_ref().and_then(|status| status.container_statuses.as_ref());
        let known = known.into_iter().flatten().find(|status| status.name == name);
        let container = &mut self.containers[found.index];
        container.started =
            spec.startup_probe.is_none() || known.and_then(|status| status.started) == Some(true);
        container.ready =
            spec.readiness_probe.is_none() || known.is_some_and(|status| status.ready);
        tracing::info!(pod = self.names.name, container = name, "container adopted");
        if found.lost {
            self.tell_shim_lost(found.index);
        }
        self.watch_over(found.index, found.handle, found.dir);
    }

    pub(super) fn tell_shim_lost(&self, index: usize) {
        let name = &self.containers[index].name;
        self.host.events.warning(
            &self.pod,
            "ShimLost",
            format!(
                "the shim of container {name} was killed; another took over its output and its end, \
                 whose exit status will not be known"
            ),
        );
    }

    /// Asks a container to stop, once or again with less grace.
    pub(super) fn stop(&mut self, index: usize, grace: Duration) {
        let Some(running) = self.running.get_mut(&index) else { return };
        let hook = self.containers[index].role != Role::Init;
        if running.stopping {
            return;
        }
        running.stopping = true;
        let name = &self.containers[index].name;
        self.host.events.normal(&self.pod, "Killing", format!("Stopping container {name}"));
        // Probes would call a stopping container ill.
        running.tasks.drain(1..).for_each(|task| task.abort());
        let stop = running.stop.clone();
        let spec = self.container_spec(index);
        let pre_stop = spec
            .lifecycle
            .as_ref()
            .and_then(|lifecycle| lifecycle.pre_stop.clone())
            .filter(|_| hook && !grace.is_zero());
        let Some(pre_stop) = pre_stop else {
            // A closed channel: it has ended by itself.
            let _ = stop.send(grace);
            return;
        };
        let (host, target) = (self.host.clone(), self.target(&spec, &self.running[&index].dir));
        tokio::spawn(async move {
            let began = tokio::time::Instant::now();
            let ran = tokio::time::timeout(grace, hooks::run(&host, &pre_stop, &target)).await;
            if let Ok(Err(failure)) = ran {
                tracing::warn!(message = failure.words, "preStop hook failed");
            }
            let _ = stop.send(grace.saturating_sub(began.elapsed()).max(Duration::from_secs(2)));
        });
    }

    /// Makes volumes anew whose contents are due; returns when the next are.
    async fn refresh(&mut self, now: Timestamp) -> Option<Timestamp> {
        if self.over || self.ending.is_some() {
            return None;
        }
        if self.volumes.is_none() && self.running.is_empty() {
            return None;
        }
        let due = |volumes: &Option<std::collections::BTreeMap<_, crate::volumes::Mounted>>| {
            volumes
                .iter()
                .flat_map(|map| map.values())
                .filter_map(|mounted| mounted.refresh_at)
                .min()
        };
        if self.volumes.is_some() && due(&self.volumes).is_none_or(|time| time > now) {
            return due(&self.volumes);
        }
        // Also after adoption: the drivers hear of their volumes again.
        let (ip, names) = self.volumes_of();
        let volumes = PodVolumes {
            pod: &self.pod,
            names: &names,
            spec: &self.spec,
            pod_ip: &ip,
            user: self.user,
        };
        match volumes.mount(&self.host).await {
            Ok(mounted) => self.volumes = Some(mounted),
            Err(failed) => {
                tracing::debug!(
                    pod = self.names.name,
                    volume = failed.volume,
                    message = failed.message,
                    "volume not refreshed"
                );
                return now.checked_add(RETRY_MAX).ok();
            }
        }
        due(&self.volumes)
    }

    pub(super) fn watch_over(
        &mut self,
        index: usize,
        handle: crate::runtime::Handle,
        dir: crate::shim::record::AttemptDir,
    ) {
        let (stop, stops) = tokio::sync::mpsc::unbounded_channel();
        let attempt = self.containers[index].attempt;
        let guard = self.guard(index, attempt, handle, dir.clone(), stops);
        let mut tasks = vec![guard];
        tasks.extend(self.probes(index, attempt, &dir));
        self.running.insert(index, Running { attempt, dir, stop, tasks, stopping: false });
    }
}
