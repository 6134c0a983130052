//! What is known of one container of a pod. Data, no behaviour on the world.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container as Spec, PodSpec};

use crate::shim::record::{ExitStatus, RunState};

/// One container over all its attempts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// Number of the present attempt, or of the next when none was made.
    pub(crate) attempt: u32,
    pub(crate) state: State,
    /// How the attempt before ended.
    pub(crate) last: Option<Terminated>,
    /// Passed its readiness probe, or has none.
    pub(crate) ready: bool,
    /// Passed its startup probe, or has none.
    pub(crate) started: bool,
    /// Restarts in a row, for the back-off.
    pub(crate) failures: u32,
    /// Not to be started before.
    pub(crate) not_before: Option<Timestamp>,
}

/// When a container runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// One after the other, before the others.
    Init,
    /// Started among the init containers, and then beside the others.
    Sidecar,
    Main,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State {
    Waiting { reason: String, message: Option<String> },
    Running { id: String, started_at: Timestamp },
    Terminated(Terminated),
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Terminated {
    pub(crate) id: String,
    pub(crate) code: i32,
    pub(crate) signal: Option<i32>,
    pub(crate) reason: String,
    pub(crate) message: Option<String>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Timestamp,
}

/// The exit code of an end that nobody saw. The API demands a number; no
/// process can end with this one.
pub(crate) const UNKNOWN_CODE: i32 = -1;

impl Container {
    pub(crate) fn new(name: &str, role: Role) -> Container {
        Container {
            name: name.to_owned(),
            role,
            attempt: 0,
            state: State::waiting("ContainerCreating"),
            last: None,
            ready: false,
            started: false,
            failures: 0,
            not_before: None,
        }
    }

    /// The containers of a pod, init containers first, as nobody started them.
    pub(crate) fn of_pod(spec: &PodSpec) -> Vec<Container> {
        let waits = spec.init_containers.as_ref().is_some_and(|list| !list.is_empty());
        let mut containers: Vec<Container> =
            specs(spec).map(|(spec, role)| Container::new(&spec.name, role)).collect();
        if waits {
            for container in containers.iter_mut().filter(|container| container.role == Role::Main)
            {
                container.state = State::waiting("PodInitializing");
            }
        }
        containers
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    pub(crate) fn terminated(&self) -> Option<&Terminated> {
        match &self.state {
            State::Terminated(terminated) => Some(terminated),
            _ => None,
        }
    }
}

/// Every container's spec with its role, in the order in which they start.
pub(crate) fn specs(spec: &PodSpec) -> impl Iterator<Item = (&Spec, Role)> {
    let init = spec.init_containers.iter().flatten().map(|container| {
        let sidecar = container.restart_policy.as_deref() == Some("Always");
        (container, if sidecar { Role::Sidecar } else { Role::Init })
    });
    init.chain(spec.containers.iter().map(|container| (container, Role::Main)))
}

impl State {
    pub(crate) fn waiting(reason: &str) -> State {
        State::Waiting { reason: reason.to_owned(), message: None }
    }
}

impl Terminated {
    /// From what the shim wrote down.
    pub(crate) fn from_state(id: &str, state: &RunState) -> Terminated {
        let Some(exit) = &state.exit else {
            return Terminated::unseen(
                id,
                "ContainerStatusUnknown",
                "nobody saw how the container ended",
                Some(state),
            );
        };
        if let Some(error) = &exit.start_error {
            return Terminated {
                id: id.to_owned(),
                code: error.code,
                signal: None,
                reason: "StartError".to_owned(),
                message: Some(error.message.clone()),
                started_at: None,
                finished_at: exit.finished_at,
            };
        }
        let Some(status) = exit.status else {
            let words = "the shim that watched the container was killed; its processes have all ended, how they ended is not known";
            return Terminated {
                finished_at: exit.finished_at,
                ..Terminated::unseen(id, "ShimLost", words, Some(state))
            };
        };
        let reason = match status {
            ExitStatus::Code(0) => "Completed",
            _ if exit.oom_killed => "OOMKilled",
            _ => "Error",
        };
        Terminated {
            id: id.to_owned(),
            code: status.code(),
            signal: match status {
                ExitStatus::Signal(signal) => Some(signal),
                ExitStatus::Code(_) => None,
            },
            reason: reason.to_owned(),
            message: None,
            started_at: Some(state.started_at),
            finished_at: exit.finished_at,
        }
    }

    /// An end that nobody saw: no exit status is invented.
    pub(crate) fn unseen(
        id: &str,
        reason: &str,
        message: &str,
        state: Option<&RunState>,
    ) -> Terminated {
        Terminated {
            id: id.to_owned(),
            code: UNKNOWN_CODE,
            signal: None,
            reason: reason.to_owned(),
            message: Some(message.to_owned()),
            started_at: state.map(|state| state.started_at),
            finished_at: Timestamp::now(),
        }
    }
}
