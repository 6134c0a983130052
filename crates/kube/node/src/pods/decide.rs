//! What to do next with a pod's containers. Pure: the same containers at the
//! same time lead to the same decision, whatever triggered it.

use std::time::Duration;

use jiff::Timestamp;

use super::container::{Container, Role, State};

/// A pod's `restartPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RestartPolicy {
    Always,
    OnFailure,
    Never,
}

impl RestartPolicy {
    pub(crate) fn parse(text: Option<&str>) -> RestartPolicy {
        match text {
            Some("Never") => RestartPolicy::Never,
            Some("OnFailure") => RestartPolicy::OnFailure,
            _ => RestartPolicy::Always,
        }
    }
}

/// How long to wait between restarts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) initial: Duration,
    pub(crate) max: Duration,
}

/// A container that ran this long starts again from the first wait
/// (kubelet's figure).
const FORGIVEN_AFTER: Duration = Duration::from_secs(600);

impl Backoff {
    /// The first restart comes at once; then the wait doubles.
    pub(crate) fn wait(&self, failures: u32) -> Duration {
        match failures {
            0 => Duration::ZERO,
            n => self.initial.saturating_mul(2_u32.saturating_pow(n - 1)).min(self.max),
        }
    }
}

/// What to do, and when to ask again if nothing happens before.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Next {
    /// Containers to start now, by index.
    pub(crate) start: Vec<usize>,
    /// Sidecars that nobody needs any more.
    pub(crate) stop: Vec<usize>,
    /// When a wait is over.
    pub(crate) wake: Option<Timestamp>,
    /// Nothing runs and nothing will.
    pub(crate) over: bool,
}

/// Decides. `stopping`: the pod is being deleted or has run out of time.
pub(crate) fn next(
    containers: &[Container],
    policy: RestartPolicy,
    now: Timestamp,
    stopping: bool,
) -> Next {
    let mut next = Next::default();
    let any_runs = containers.iter().any(Container::is_running);
    if stopping {
        next.over = !any_runs;
        return next;
    }
    let mains_over =
        containers.iter().filter(|container| container.role == Role::Main).all(|container| {
            container.terminated().is_some_and(|end| !restarts(container, end.code, policy))
        });
    if mains_over {
        let sidecars = containers
            .iter()
            .enumerate()
            .filter(|(_, c)| c.role == Role::Sidecar && c.is_running());
        next.stop = sidecars.map(|(index, _)| index).collect();
        next.over = !any_runs;
        return next;
    }
    for (index, container) in containers.iter().enumerate() {
        if container.role == Role::Main {
            consider(&mut next, index, container, policy, now);
            continue;
        }
        consider(&mut next, index, container, policy, now);
        match init_stands(container, policy) {
            Init::Done => {}
            Init::Wait => return next,
            Init::Failed => {
                next.over = !any_runs;
                return next;
            }
        }
    }
    next
}

enum Init {
    /// The next may start.
    Done,
    Wait,
    /// It will never succeed, so nothing after it will start.
    Failed,
}

fn init_stands(container: &Container, policy: RestartPolicy) -> Init {
    match (&container.state, container.role) {
        (State::Running { .. }, Role::Sidecar) if container.started => Init::Done,
        // A sidecar that fell over later does not hold up what runs beside it.
        (State::Terminated(_), Role::Sidecar) => Init::Done,
        (State::Terminated(end), _) if end.code == 0 => Init::Done,
        (State::Terminated(end), _) if !restarts(container, end.code, policy) => Init::Failed,
        _ => Init::Wait,
    }
}

/// Starts a container that has not run or is to run again, unless it is early.
fn consider(
    next: &mut Next,
    index: usize,
    container: &Container,
    policy: RestartPolicy,
    now: Timestamp,
) {
    let due = match &container.state {
        State::Waiting { .. } => true,
        State::Running { .. } => false,
        State::Terminated(end) => restarts(container, end.code, policy),
    };
    match container.not_before {
        Some(time) if due && time > now => {
            next.wake = Some(next.wake.map_or(time, |wake| wake.min(time)));
        }
        _ if due => next.start.push(index),
        _ => {}
    }
}

/// Whether a container that ended with this code is started again.
pub(crate) fn restarts(container: &Container, code: i32, policy: RestartPolicy) -> bool {
    match (container.role, policy) {
        (Role::Sidecar, _) => true,
        (Role::Init, RestartPolicy::Never) | (Role::Main, RestartPolicy::Never) => false,
        (Role::Init, _) | (Role::Main, RestartPolicy::OnFailure) => code != 0,
        (Role::Main, RestartPolicy::Always) => true,
    }
}

/// Books an end: how often in a row, and from when the next start may come.
pub(crate) fn book_end(
    container: &mut Container,
    ran_for: Option<Duration>,
    backoff: &Backoff,
    now: Timestamp,
) {
    if ran_for.is_some_and(|time| time >= FORGIVEN_AFTER) {
        container.failures = 0;
    }
    let wait = backoff.wait(container.failures);
    container.not_before = (!wait.is_zero()).then(|| now.checked_add(wait).unwrap_or(now));
    container.failures += 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pods::container::Terminated;

    fn now() -> Timestamp {
        Timestamp::from_second(1_000_000).unwrap()
    }

    fn container(role: Role, state: State) -> Container {
        Container { state, started: true, ..Container::new("c", role) }
    }

    fn running() -> State {
        State::Running { id: "i".into(), started_at: now() }
    }

    fn ended(code: i32) -> State {
        let mut end = Terminated::unseen("i", "Error", "", None);
        end.code = code;
        State::Terminated(end)
    }

    fn waiting() -> State {
        State::waiting("ContainerCreating")
    }

    fn decide(containers: &[Container], policy: RestartPolicy) -> Next {
        next(containers, policy, now(), false)
    }

    #[test]
    fn init_containers_run_one_after_the_other() {
        let pod = |first: State, second: State| {
            vec![
                container(Role::Init, first),
                container(Role::Init, second),
                container(Role::Main, waiting()),
            ]
        };
        let never = RestartPolicy::Never;
        assert_eq!(decide(&pod(waiting(), waiting()), never).start, [0]);
        assert!(decide(&pod(running(), waiting()), never).start.is_empty());
        assert_eq!(decide(&pod(ended(0), waiting()), never).start, [1]);
        assert_eq!(decide(&pod(ended(0), ended(0)), never).start, [2]);
        assert!(decide(&pod(ended(1), waiting()), never).over);
        assert_eq!(decide(&pod(ended(1), waiting()), RestartPolicy::Always).start, [0]);
    }

    #[test]
    fn restart_policies() {
        for (policy, code, again) in [
            (RestartPolicy::Always, 0, true),
            (RestartPolicy::OnFailure, 0, false),
            (RestartPolicy::OnFailure, 2, true),
            (RestartPolicy::OnFailure, -1, true),
            (RestartPolicy::Never, 2, false),
        ] {
            let next = decide(&[container(Role::Main, ended(code))], policy);
            assert_eq!(next.start.len(), usize::from(again), "{policy:?} {code}");
            assert_eq!(next.over, !again);
        }
    }

    #[test]
    fn a_restart_waits_for_its_time() {
        let mut ended = container(Role::Main, ended(1));
        let later = now().checked_add(Duration::from_secs(9)).unwrap();
        ended.not_before = Some(later);
        let waits = decide(std::slice::from_ref(&ended), RestartPolicy::Always);
        assert_eq!(waits, Next { wake: Some(later), ..Next::default() });
        assert_eq!(next(&[ended], RestartPolicy::Always, later, false).start, [0]);
    }

    #[test]
    fn waits_double_up_to_the_longest_and_a_long_run_is_forgiven() {
        let backoff = Backoff { initial: Duration::from_secs(10), max: Duration::from_secs(300) };
        let waits: Vec<u64> = (0..8).map(|n| backoff.wait(n).as_secs()).collect();
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
        let mut container = container(Role::Main, ended(1));
        book_end(&mut container, None, &backoff, now());
        book_end(&mut container, None, &backoff, now());
        assert_eq!(container.not_before, now().checked_add(Duration::from_secs(10)).ok());
        book_end(&mut container, Some(Duration::from_secs(700)), &backoff, now());
        assert_eq!(container.not_before, None);
    }

    #[test]
    fn sidecars_run_beside_and_go_last() {
        let pod = |sidecar: State, main: State| {
            vec![container(Role::Sidecar, sidecar), container(Role::Main, main)]
        };
        let never = RestartPolicy::Never;
        assert_eq!(decide(&pod(waiting(), waiting()), never).start, [0]);
        assert_eq!(decide(&pod(running(), waiting()), never).start, [1]);
        assert_eq!(decide(&pod(ended(1), running()), never).start, [0]);
        assert_eq!(decide(&pod(running(), ended(0)), never).stop, [0]);
        assert!(decide(&pod(ended(137), ended(0)), never).over);
    }

    #[test]
    fn a_stopping_pod_starts_nothing() {
        let pod = [container(Role::Main, ended(1)), container(Role::Main, running())];
        assert_eq!(next(&pod, RestartPolicy::Always, now(), true), Next::default());
        assert!(next(&pod[..1], RestartPolicy::Always, now(), true).over);
    }
}
