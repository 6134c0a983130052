//! Finds out, after a start of the platform, how the containers of a pod stand
//! that an earlier platform started.

use std::fs;
use std::path::Path;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::container::{Container, State, Terminated};
use crate::dirs::Dirs;
use crate::error::Result;
use crate::runtime::{Handle, Recovered, Shims, Unseen};
use crate::shim::record::{self, AttemptDir, RunState, ShimSpec};

/// A container found running.
pub(crate) struct Found {
    pub(crate) index: usize,
    pub(crate) handle: Handle,
    pub(crate) dir: AttemptDir,
    /// Its shim was lost, and another took over.
    pub(crate) lost: bool,
}

/// Brings the containers up to date and returns those that run.
pub(crate) async fn recover(
    shims: &Shims,
    dirs: &Dirs,
    pod: &Pod,
    uid: &str,
    containers: &mut [Container],
) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for (index, container) in containers.iter_mut().enumerate() {
        let Some(attempt) = newest_attempt(&dirs.container(uid, &container.name)) else {
            assume_lost(container, pod);
            continue;
        };
        container.attempt = attempt;
        container.last = attempt
            .checked_sub(1)
            .and_then(|before| past(&dirs.attempt(uid, &container.name, before)));
        let dir = dirs.attempt(uid, &container.name, attempt);
        let id = id_of(&dir);
        match shims.recover(&dir).await? {
            Recovered::NeverStarted => {}
            Recovered::Running { handle, state, lost } => {
                container.state = State::Running { id, started_at: state.started_at };
                found.push(Found { index, handle, dir, lost });
            }
            Recovered::Exited(state) => {
                container.state = State::Terminated(Terminated::from_state(&id, &state))
            }
            Recovered::Unseen { state, why } => {
                container.state = State::Terminated(unseen(&id, state.as_ref(), why));
            }
        }
    }
    Ok(found)
}

fn unseen(id: &str, state: Option<&RunState>, why: Unseen) -> Terminated {
    match why {
        Unseen::Rebooted => {
            let words =
                "the machine was started again while the container ran; how it ended is not known";
            Terminated::unseen(id, "Rebooted", words, state)
        }
        Unseen::ShimLost => {
            let words = "the shim that started the container was killed; what was left of its processes was ended";
            Terminated::unseen(id, "ShimLost", words, state)
        }
    }
}

/// The API says that it ran, and nothing of it is here: it must not quietly
/// run a second time.
fn assume_lost(container: &mut Container, pod: &Pod) {
    let Some(status) = status_of(pod, &container.name) else { return };
    let Some(id) = &status.container_id else { return };
    let id = id.split_once("://").map_or(id.as_str(), |(_, id)| id);
    container.attempt = status.restart_count.max(0) as u32;
    let words = "the container had been started, and the node's record of it is gone";
    container.state =
        State::Terminated(Terminated::unseen(id, "ContainerStatusUnknown", words, None));
}

fn status_of<'a>(pod: &'a Pod, container: &str) -> Option<&'a ContainerStatus> {
    let status = pod.status.as_ref()?;
    let lists = [&status.init_container_statuses, &status.container_statuses];
    lists.into_iter().flatten().flatten().find(|status| status.name == container)
}

fn newest_attempt(dir: &Path) -> Option<u32> {
    let entries = fs::read_dir(dir).ok()?;
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).max()
}

/// How an earlier attempt ended, if its files are still there.
fn past(dir: &AttemptDir) -> Option<Terminated> {
    let state = record::read::<RunState>(&dir.state(), "a container's state").ok()??;
    Some(Terminated::from_state(&id_of(dir), &state))
}

fn id_of(dir: &AttemptDir) -> String {
    let spec = record::read::<ShimSpec>(&dir.spec(), "a shim's spec").ok().flatten();
    spec.map(|spec| spec.id).unwrap_or_default()
}
