//! Hears of what happens to the containers, and books it.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Happening, Worker};
use crate::pods::container::{State, Terminated};
use crate::pods::decide::book_end;
use crate::pods::probes::{self, Kind};
use crate::pods::start::termination_log;
use crate::runtime::{Ended, Handle};
use crate::shim::record::{AttemptDir, RunState};

/// Bytes and lines of a last word (the API's limits).
const WORD_BYTES: u64 = 4096;
const FALLBACK_BYTES: u64 = 2048;
const FALLBACK_LINES: usize = 80;

impl Worker {
    /// Waits for a container's end, passes stops on, and puts a new shim in
    /// place of a lost one.
    pub(super) fn guard(
        &self,
        index: usize,
        attempt: u32,
        mut handle: Handle,
        dir: AttemptDir,
        mut stops: mpsc::UnboundedReceiver<Duration>,
    ) -> JoinHandle<()> {
        let (shims, happened) = (self.host.shims.clone(), self.happened.clone());
        tokio::spawn(async move {
            let mut asked = None;
            loop {
                let ended = tokio::select! {
                    ended = handle.ended() => ended,
                    Some(grace) = stops.recv() => {
                        asked = Some(grace);
                        if let Err(error) = handle.stop(grace) {
                            tracing::warn!(error = crate::pods::start::words(&error), "stop not asked");
                        }
                        continue;
                    }
                };
                match ended {
                    Ok(Ended::Exited(state)) => {
                        let _ = happened.send((index, attempt, Happening::Ended(state)));
                        return;
                    }
                    Ok(Ended::Lost) => {
                        let _ = happened.send((index, attempt, Happening::ShimLost));
                    }
                    Err(error) => tracing::warn!(
                        error = crate::pods::start::words(&error),
                        "container out of sight"
                    ),
                }
                match shims.take_over(&dir).await {
                    Ok(successor) => handle = successor,
                    Err(error) => {
                        tracing::warn!(error = crate::pods::start::words(&error), "no new shim")
                    }
                }
                if let Some(grace) = asked {
                    let _ = handle.stop(grace);
                }
                // If shims die as fast as they are made, do not burn a processor.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
    }

    /// Starts the probes of a container that runs.
    pub(super) fn probes(
        &self,
        index: usize,
        attempt: u32,
        dir: &AttemptDir,
    ) -> Vec<JoinHandle<()>> {
        let spec = self.container_spec(index);
        let target = self.target(&spec, dir);
        let happened = self.happened.clone();
        let tell = move |kind: Kind, ok: bool, message: String| {
            happened.send((index, attempt, Happening::Probed { kind, ok, message })).is_ok()
        };
        let started = self.containers[index].started;
        probes::start(self.host.clone(), &spec, target, started, tell)
    }

    /// Books what happened; what belongs to an earlier attempt is past.
    pub(super) fn note(&mut self, index: usize, attempt: u32, happening: Happening) {
        if self.running.get(&index).is_none_or(|running| running.attempt != attempt) {
            return;
        }
        match happening {
            Happening::Ended(state) => self.ended(index, &state),
            Happening::ShimLost => self.tell_shim_lost(index),
            Happening::Probed { kind, ok, message } => self.probed(index, kind, ok, message),
        }
    }

    fn ended(&mut self, index: usize, state: &RunState) {
        let Some(running) = self.running.remove(&index) else { return };
        running.tasks.into_iter().for_each(|task| task.abort());
        let id = match &self.containers[index].state {
            State::Running { id, .. } => id.clone(),
            _ => String::new(),
        };
        let mut end = Terminated::from_state(&id, state);
        if let Some(word) = self.last_word(index, &running.dir, end.code) {
            end.message = Some(word);
        }
        self.settle(index, running.attempt, &end.reason);
        if let Some(cpu) = state.exit.as_ref().and_then(|exit| exit.cpu_seconds) {
            self.final_cpu.insert(index, cpu);
        }
        let (backoff, now) = (self.backoff(), Timestamp::now());
        let container = &mut self.containers[index];
        tracing::info!(
            pod = self.names.name,
            container = container.name,
            code = end.code,
            reason = end.reason,
            "container ended"
        );
        let ran = end.finished_at.duration_since(state.started_at);
        container.ready = false;
        container.started = false;
        let failed = end.code != 0;
        container.state = State::Terminated(end);
        book_end(
            container,
            Some(Duration::from_millis(ran.as_millis().max(0) as u64)),
            &backoff,
            now,
        );
        if failed && container.not_before.is_some() && self.ending.is_none() {
            let words = format!("Back-off restarting failed container {}", container.name);
            self.host.events.warning(&self.pod, "BackOff", words);
        }
    }

    /// What the container left to say, or the end of its log when it failed
    /// and the pod asks for that.
    fn last_word(&self, index: usize, dir: &AttemptDir, code: i32) -> Option<String> {
        let word = tail(&termination_log(dir), WORD_BYTES).filter(|word| !word.is_empty());
        let spec = self.container_spec(index);
        let fall_back = spec.termination_message_policy.as_deref() == Some("FallbackToLogsOnError");
        if word.is_some() || code == 0 || !fall_back {
            return word;
        }
        let container = &self.containers[index];
        let log = self.host.dirs.log(&self.names, &container.name, container.attempt);
        let text = tail(&log, FALLBACK_BYTES * 2)?;
        let messages: Vec<&str> =
            text.lines().filter_map(|line| line.splitn(4, ' ').nth(3)).collect();
        let mut kept = messages[messages.len().saturating_sub(FALLBACK_LINES)..].join("\n");
        while kept.len() as u64 > FALLBACK_BYTES {
            kept.remove(0);
        }
        (!kept.is_empty()).then_some(kept)
    }

    fn probed(&mut self, index: usize, kind: Kind, ok: bool, message: String) {
        let container = &mut self.containers[index];
        let name = container.name.clone();
        match (kind, ok) {
            (Kind::Readiness, _) => container.ready = ok,
            (Kind::Startup, true) => container.started = true,
            (Kind::Startup | Kind::Liveness, false) => {
                let words =
                    format!("Container {name} failed {} probe, will be restarted", kind.name());
                self.host.events.normal(&self.pod, "Killing", words);
                self.stop(index, self.grace());
            }
            (Kind::Liveness, true) => {}
        }
        if !ok {
            let title = kind.title();
            self.host.events.warning(
                &self.pod,
                "Unhealthy",
                format!("{title} probe failed: {message}"),
            );
        }
    }
}

/// The end of a file, as text.
fn tail(path: &Path, bytes: u64) -> Option<String> {
    let mut file = fs::File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(bytes))).ok()?;
    let mut text = Vec::new();
    file.take(bytes).read_to_end(&mut text).ok()?;
    let mut text = String::from_utf8_lossy(&text).into_owned();
    if size > bytes
        && let Some(at) = text.find('\n')
    {
        text.drain(..=at);
    }
    Some(text.trim_end().to_owned())
}
