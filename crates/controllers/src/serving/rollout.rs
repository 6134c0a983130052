//! How a new version takes over, step by step, and when it is taken back: pure.

use dais_api::traffic::TrafficPolicyStatus;
use dais_api::{Rollout, RolloutState, RolloutStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

const STEP_SECONDS: i32 = 60;
const MIN_REQUESTS: i32 = 20;
const MAX_FAILURE_PERCENT: f64 = 5.0;

/// Everything that decides on a rollout.
pub struct Facts<'a> {
    pub rule: Option<&'a Rollout>,
    /// How its versions are called in words: `version`, `release`.
    pub noun: &'a str,
    pub before: Option<&'a RolloutStatus>,
    /// The version that answers; `None` before the first.
    pub stable: Option<&'a str>,
    /// The version that the spec stands for.
    pub wanted: &'a str,
    /// Whether the new version's servers are ready.
    pub canary_ready: bool,
    /// Whether the service's own servers have all become the wanted version.
    pub stable_ready: bool,
    /// What the gateway counted, and the Service of the new version.
    pub traffic: Option<&'a TrafficPolicyStatus>,
    pub canary: &'a str,
    pub now: Timestamp,
}

/// What becomes of a rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The version of the service's own servers.
    pub stable: String,
    /// What is noted; the new version runs while this is active.
    pub rollout: Option<RolloutStatus>,
}

/// Whether the new version has servers.
pub fn is_active(rollout: &RolloutStatus) -> bool {
    rollout.state != RolloutState::RolledBack
}

pub fn decide(facts: &Facts<'_>) -> Decision {
    let wanted = facts.wanted.to_owned();
    let known = facts.before.filter(|before| before.version == facts.wanted);
    let Some(stable) = facts.stable else {
        // Nobody answers yet: there is nothing to be careful about.
        return Decision { stable: wanted, rollout: None };
    };
    if stable == facts.wanted {
        // Taken over: the new version's servers help out until the service's own are up.
        let rollout = known.filter(|before| before.state == RolloutState::Promoting);
        let rollout = rollout.filter(|_| !facts.stable_ready).cloned();
        return Decision { stable: wanted, rollout };
    }
    let Some(rule) = facts.rule else {
        return Decision { stable: wanted, rollout: None };
    };
    let kept = |rollout| Decision { stable: stable.to_owned(), rollout: Some(rollout) };
    let Some(before) = known else {
        let version = wanted;
        let message = format!("{} {version} starts", facts.noun);
        return kept(RolloutStatus { version, message, ..RolloutStatus::default() });
    };
    match before.state {
        RolloutState::RolledBack => kept(before.clone()),
        RolloutState::Starting if !facts.canary_ready => kept(before.clone()),
        RolloutState::Starting => kept(begin(facts, rule, 0)),
        RolloutState::Promoting => Decision { stable: wanted, rollout: Some(before.clone()) },
        RolloutState::Progressing => go_on(facts, rule, before, stable),
    }
}

fn go_on(facts: &Facts<'_>, rule: &Rollout, before: &RolloutStatus, stable: &str) -> Decision {
    let counted = counted(facts, before);
    let kept = |rollout| Decision { stable: stable.to_owned(), rollout: Some(rollout) };
    let (requests, failures) = (counted.requests, counted.failures);
    let version = &counted.version;
    if has_failed(rule, requests, failures) {
        let message = format!(
            "{} {version} was taken back at {} % of the requests: {failures} of {requests} \
             failed, and {} % may",
            facts.noun,
            counted.percent,
            max_failures(rule),
        );
        let state = RolloutState::RolledBack;
        return kept(RolloutStatus { state, percent: 0, message, ..counted });
    }
    let waits = time_left(rule, &counted, facts.now).is_some_and(|left| left.is_positive());
    if waits || requests < min_requests(rule) {
        return kept(counted);
    }
    let next = usize::try_from(counted.step).unwrap_or(0) + 1;
    if next < rule.steps.len() {
        return kept(begin(facts, rule, next));
    }
    let message = format!("{} {version} passed every step and takes over", facts.noun);
    let state = RolloutState::Promoting;
    let stable = facts.wanted.to_owned();
    Decision { stable, rollout: Some(RolloutStatus { state, message, ..counted }) }
}

/// The rollout as the given step of it begins.
fn begin(facts: &Facts<'_>, rule: &Rollout, step: usize) -> RolloutStatus {
    let percent = rule.steps.get(step).copied().unwrap_or(100).clamp(1, 100);
    let (requests, failures) = counts(facts);
    RolloutStatus {
        version: facts.wanted.to_owned(),
        state: RolloutState::Progressing,
        percent,
        step: i32::try_from(step).unwrap_or(i32::MAX),
        since: Some(Time(facts.now)),
        base_requests: Some(requests),
        base_failures: Some(failures),
        epoch: facts.traffic.and_then(|traffic| traffic.epoch.clone()),
        message: format!("{} {} gets {percent} % of the requests", facts.noun, facts.wanted),
        ..RolloutStatus::default()
    }
}

/// Requests and failures of this step. A gateway that was started anew counts from 0.
fn counted(facts: &Facts<'_>, before: &RolloutStatus) -> RolloutStatus {
    let mut counted = before.clone();
    let (requests, failures) = counts(facts);
    let epoch = facts.traffic.and_then(|traffic| traffic.epoch.clone());
    if epoch != counted.epoch {
        // What was counted before stays counted.
        counted.base_requests = Some(-counted.requests);
        counted.base_failures = Some(-counted.failures);
        counted.epoch = epoch;
    }
    counted.requests = requests - *counted.base_requests.get_or_insert(requests);
    counted.failures = failures - *counted.base_failures.get_or_insert(failures);
    counted
}

/// What the gateway counted of the new version's Service: nothing before it was on the
/// route. A version that was there before it left its counts behind.
fn counts(facts: &Facts<'_>) -> (i64, i64) {
    let mut backends = facts.traffic.iter().flat_map(|traffic| &traffic.backends);
    let own = backends.find(|backend| backend.service == facts.canary);
    own.map_or((0, 0), |own| (own.requests, own.failures))
}

/// Whether too many failed: of enough requests, or so many that those still to come
/// cannot make up for it.
fn has_failed(rule: &Rollout, requests: i64, failures: i64) -> bool {
    let of = requests.max(min_requests(rule));
    failures as f64 * 100.0 > max_failures(rule) * of as f64
}

fn min_requests(rule: &Rollout) -> i64 {
    rule.min_requests.unwrap_or(MIN_REQUESTS).max(1).into()
}

fn max_failures(rule: &Rollout) -> f64 {
    rule.max_failure_percent.unwrap_or(MAX_FAILURE_PERCENT)
}

/// Time that a step has left; `None` outside a step.
pub fn time_left(
    rule: &Rollout,
    rollout: &RolloutStatus,
    now: Timestamp,
) -> Option<SignedDuration> {
    let since = rollout.since.as_ref().filter(|_| rollout.state == RolloutState::Progressing)?;
    let seconds = rule.step_seconds.unwrap_or(STEP_SECONDS);
    Some(SignedDuration::from_secs(seconds.into()) - now.duration_since(since.0))
}

#[cfg(test)]
mod tests {
    use dais_api::traffic::BackendCount;

    use super::*;

    struct World {
        rule: Option<Rollout>,
        stable: String,
        rollout: Option<RolloutStatus>,
        traffic: TrafficPolicyStatus,
        second: i64,
        canary_ready: bool,
        stable_ready: bool,
    }

    impl World {
        fn new() -> Self {
            let rollout = Rollout {
                steps: vec![10, 50],
                step_seconds: Some(30),
                min_requests: Some(10),
                max_failure_percent: Some(10.0),
            };
            Self {
                rule: Some(rollout),
                stable: "1".to_owned(),
                rollout: None,
                traffic: TrafficPolicyStatus {
                    epoch: Some("a".to_owned()),
                    ..TrafficPolicyStatus::default()
                },
                second: 0,
                canary_ready: false,
                stable_ready: false,
            }
        }

        fn counts(&mut self, requests: i64, failures: i64) {
            let service = "canary".to_owned();
            self.traffic.backends =
                vec![BackendCount { service, requests, failures, ..BackendCount::default() }];
        }

        fn step(&mut self, wanted: &str) -> RolloutStatus {
            let decision = decide(&Facts {
                rule: self.rule.as_ref(),
                noun: "version",
                before: self.rollout.as_ref(),
                stable: Some(&self.stable),
                wanted,
                canary_ready: self.canary_ready,
                stable_ready: self.stable_ready,
                traffic: Some(&self.traffic),
                canary: "canary",
                now: Timestamp::from_second(1_000 + self.second).unwrap(),
            });
            self.stable = decision.stable;
            self.rollout.clone_from(&decision.rollout);
            decision.rollout.unwrap_or_default()
        }
    }

    #[test]
    fn a_good_version_passes_every_step_and_takes_over() {
        let mut world = World::new();
        world.counts(1000, 7);
        assert_eq!(world.step("2").state, RolloutState::Starting);
        assert_eq!(world.step("2").percent, 0, "nothing before its servers are ready");
        world.canary_ready = true;
        assert_eq!(world.step("2").percent, 10);
        world.counts(1020, 7);
        assert_eq!(world.step("2").requests, 20);
        assert_eq!(world.step("2").percent, 10, "not before its time");
        world.second = 30;
        assert_eq!(world.step("2").percent, 50);
        world.second = 60;
        assert_eq!(world.step("2").percent, 50, "not before it was asked enough");
        world.counts(1030, 8);
        assert_eq!(world.step("2").state, RolloutState::Promoting);
        assert_eq!(world.stable, "2");
        assert_eq!(world.step("2").state, RolloutState::Promoting, "helps until the others are up");
        world.stable_ready = true;
        world.step("2");
        assert_eq!(world.rollout, None);
    }

    #[test]
    fn a_bad_version_is_taken_back_as_soon_as_that_is_certain_and_stays_so() {
        let mut world = World::new();
        world.canary_ready = true;
        world.counts(0, 0);
        world.step("2");
        world.step("2");
        world.counts(1, 1);
        assert_eq!(world.step("2").state, RolloutState::Progressing, "1 of 10 may fail");
        world.counts(2, 2);
        let back = world.step("2");
        assert_eq!((back.state, back.percent), (RolloutState::RolledBack, 0));
        assert!(back.message.contains("2 of 2 failed, and 10 % may"), "{}", back.message);
        world.counts(0, 0);
        world.second = 9999;
        assert_eq!(world.step("2").state, RolloutState::RolledBack);
        assert_eq!(world.stable, "1");
        assert_eq!(world.step("3").state, RolloutState::Starting, "another one may try");
    }

    #[test]
    fn a_gateway_that_starts_anew_forgets_no_failure() {
        let mut world = World::new();
        world.canary_ready = true;
        world.step("2");
        world.counts(50, 0);
        world.step("2");
        world.counts(58, 1);
        assert_eq!(world.step("2").failures, 1);
        world.traffic.epoch = Some("b".to_owned());
        world.counts(1, 1);
        let counted = world.step("2");
        assert_eq!((counted.requests, counted.failures), (9, 2));
        assert_eq!(counted.state, RolloutState::RolledBack);
    }

    #[test]
    fn what_an_earlier_version_failed_is_not_counted_again() {
        let mut world = World::new();
        world.canary_ready = true;
        world.counts(40, 30);
        world.step("3");
        assert_eq!(world.step("3").percent, 10, "it is not on the route yet");
        let counted = world.step("3");
        assert_eq!((counted.requests, counted.failures), (0, 0));
        world.counts(45, 30);
        let counted = world.step("3");
        assert_eq!((counted.requests, counted.failures), (5, 0));
    }

    /// The gateway's first word of it comes up to a second after its first requests.
    #[test]
    fn what_a_version_fails_before_the_first_report_counts() {
        let mut world = World::new();
        world.canary_ready = true;
        world.step("2");
        assert_eq!(world.step("2").state, RolloutState::Progressing);
        world.counts(7, 1);
        let counted = world.step("2");
        assert_eq!((counted.requests, counted.failures), (7, 1));
        world.counts(9, 2);
        assert_eq!(world.step("2").state, RolloutState::RolledBack);
    }

    #[test]
    fn without_steps_a_version_takes_over_at_once() {
        let mut world = World::new();
        world.rule = None;
        world.step("2");
        assert_eq!((world.stable.as_str(), &world.rollout), ("2", &None));
        // Steps that are taken away half-way: the same.
        let mut world = World::new();
        world.canary_ready = true;
        world.step("2");
        world.step("2");
        world.rule = None;
        world.step("2");
        assert_eq!((world.stable.as_str(), &world.rollout), ("2", &None));
    }
}
