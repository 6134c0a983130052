//! When a notebook is awake: pure.

use std::time::Duration;

use dais_api::{NotebookSpec, NotebookStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

/// How often its kernels are looked at, at most and at least.
const SELDOM: Duration = Duration::from_secs(30);
const OFTEN: Duration = Duration::from_secs(1);

/// Something was done at `at`.
pub fn note(status: &mut NotebookStatus, at: Option<Timestamp>) {
    let known = status.last_activity.take().map(|known| known.0);
    status.last_activity = known.max(at).map(Time);
}

/// What is seen of a notebook.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sight {
    /// Somebody waits at the gateway, which is so only while nothing answers.
    pub is_visited: bool,
    /// A server was asked to run.
    pub runs: bool,
}

/// Sends it to sleep or wakes it.
pub fn decide(spec: &NotebookSpec, status: &mut NotebookStatus, seen: Sight, now: Timestamp) {
    let Sight { is_visited, runs } = seen;
    if spec.stopped {
        // It is awake when it is started again.
        (status.asleep, status.awake_since) = (false, None);
        (status.kernels, status.busy_kernels) = (0, 0);
        return;
    }
    if status.asleep && is_visited {
        (status.asleep, status.awake_since) = (false, None);
    }
    if status.asleep {
        return;
    }
    if !runs {
        // It has its time from when it starts, not from when it was asked to.
        status.awake_since = None;
        return;
    }
    let since = status.awake_since.get_or_insert(Time(now)).0;
    note(status, Some(since));
    let last = status.last_activity.as_ref().map_or(since, |last| last.0);
    let is_idle = spec.idle().is_some_and(|seconds| {
        !is_visited && now.duration_since(last) >= SignedDuration::from_secs(seconds)
    });
    if is_idle {
        (status.asleep, status.awake_since) = (true, None);
        (status.kernels, status.busy_kernels) = (0, 0);
    }
}

/// When to look at its kernels again.
pub fn look_again(spec: &NotebookSpec) -> Duration {
    let idle = spec.idle().and_then(|seconds| u64::try_from(seconds).ok());
    idle.map_or(SELDOM, |seconds| (Duration::from_secs(seconds) / 4).clamp(OFTEN, SELDOM))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    fn spec(idle: i64) -> NotebookSpec {
        NotebookSpec { idle_seconds: Some(idle), ..NotebookSpec::default() }
    }

    const RUNS: Sight = Sight { runs: true, is_visited: false };
    const VISITED: Sight = Sight { runs: true, is_visited: true };

    #[test]
    fn idle_kernels_send_it_to_sleep_and_a_visit_wakes_it() {
        let (spec, mut status) = (spec(60), NotebookStatus::default());
        decide(&spec, &mut status, Sight::default(), at(-500));
        assert_eq!((status.asleep, status.awake_since.clone()), (false, None));
        decide(&spec, &mut status, RUNS, at(0));
        assert_eq!((status.asleep, status.awake_since.clone()), (false, Some(Time(at(0)))));
        note(&mut status, Some(at(30)));
        decide(&spec, &mut status, RUNS, at(89));
        assert!(!status.asleep, "a kernel did something 59 seconds ago");
        decide(&spec, &mut status, VISITED, at(90));
        assert!(!status.asleep, "somebody waits");
        decide(&spec, &mut status, RUNS, at(90));
        assert!(status.asleep);
        decide(&spec, &mut status, Sight::default(), at(500));
        assert!(status.asleep && status.awake_since.is_none());
        decide(&spec, &mut status, Sight { is_visited: true, runs: false }, at(501));
        assert!(!status.asleep);
        decide(&spec, &mut status, RUNS, at(510));
        decide(&spec, &mut status, RUNS, at(569));
        assert!(!status.asleep, "it has a minute from when it runs");
        decide(&spec, &mut status, RUNS, at(570));
        assert!(status.asleep);
    }

    #[test]
    fn activity_never_goes_back() {
        let mut status = NotebookStatus::default();
        note(&mut status, Some(at(9)));
        note(&mut status, Some(at(3)));
        note(&mut status, None);
        assert_eq!(status.last_activity, Some(Time(at(9))));
    }

    #[test]
    fn zero_is_never_and_what_is_stopped_starts_awake() {
        let mut status = NotebookStatus::default();
        decide(&spec(0), &mut status, RUNS, at(0));
        decide(&spec(0), &mut status, RUNS, at(1_000_000));
        assert!(!status.asleep);
        let stopped = NotebookSpec { stopped: true, ..spec(60) };
        status.asleep = true;
        decide(&stopped, &mut status, VISITED, at(0));
        assert_eq!((status.asleep, status.awake_since), (false, None));
    }
}
