//! How many servers a service is to have: pure.

use dais_api::traffic::TrafficPolicyStatus;
use dais_api::{InferenceServiceSpec, ScaleStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

/// Seconds for which fewer servers must have been enough, where nothing is said.
const IDLE: i32 = 60;

/// What autoscaling decides; `None` where the spec names a number. Up at once, since
/// somebody waits; down only after a while, since starting a server costs more than
/// keeping one.
pub fn decide(
    spec: &InferenceServiceSpec,
    before: Option<&ScaleStatus>,
    traffic: Option<&TrafficPolicyStatus>,
    now: Timestamp,
) -> Option<ScaleStatus> {
    let rule = spec.autoscaling.as_ref()?;
    let bounded = |replicas: i32| replicas.clamp(rule.min_replicas, rule.max_replicas.max(1));
    let Some(before) = before else {
        // A new service shows that it can start, then goes to sleep if nobody asks.
        let replicas = bounded(spec.replicas.max(1));
        return Some(ScaleStatus { replicas, low_since: Some(Time(now)) });
    };
    let current = bounded(before.replicas);
    let needed = bounded(needed(rule.concurrency, traffic));
    if needed > current {
        return Some(ScaleStatus { replicas: needed, low_since: None });
    }
    if needed == current {
        return Some(ScaleStatus { replicas: current, low_since: None });
    }
    let since = before.low_since.clone().unwrap_or(Time(now));
    if now.duration_since(since.0) >= idle(spec) {
        return Some(ScaleStatus { replicas: needed, low_since: None });
    }
    Some(ScaleStatus { replicas: current, low_since: Some(since) })
}

/// When to decide again though nothing happens; `None`: when something does.
pub fn again(
    spec: &InferenceServiceSpec,
    scale: Option<&ScaleStatus>,
    now: Timestamp,
) -> Option<SignedDuration> {
    let since = scale?.low_since.as_ref()?;
    Some((idle(spec) - now.duration_since(since.0)).max(SignedDuration::ZERO))
}

fn idle(spec: &InferenceServiceSpec) -> SignedDuration {
    let seconds = spec.autoscaling.as_ref().and_then(|rule| rule.idle_seconds).unwrap_or(IDLE);
    SignedDuration::from_secs(seconds.into())
}

/// Servers for the requests under way; one at least while any waits.
fn needed(each: i32, traffic: Option<&TrafficPolicyStatus>) -> i32 {
    let Some(traffic) = traffic else { return 0 };
    let for_all = (traffic.concurrency / f64::from(each.max(1))).ceil();
    let needed = if for_all.is_finite() { for_all.clamp(0.0, 1e6) as i32 } else { 0 };
    needed.max(i32::from(traffic.held > 0))
}

#[cfg(test)]
mod tests {
    use dais_api::Autoscaling;

    use super::*;

    fn spec(min: i32) -> InferenceServiceSpec {
        let rule = Autoscaling {
            min_replicas: min,
            max_replicas: 5,
            concurrency: 4,
            idle_seconds: Some(30),
        };
        InferenceServiceSpec {
            autoscaling: Some(rule),
            replicas: 1,
            ..InferenceServiceSpec::default()
        }
    }

    fn traffic(concurrency: f64, held: i32) -> TrafficPolicyStatus {
        TrafficPolicyStatus { concurrency, held, ..TrafficPolicyStatus::default() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    #[test]
    fn servers_follow_the_requests_up_at_once_and_down_later() {
        let spec = spec(0);
        let asleep = ScaleStatus { replicas: 0, low_since: None };
        let step = |before: &ScaleStatus, traffic: &TrafficPolicyStatus, second| {
            decide(&spec, Some(before), Some(traffic), at(second)).unwrap()
        };
        let woken = step(&asleep, &traffic(0.0, 1), 0);
        assert_eq!(woken.replicas, 1);
        let busy = step(&woken, &traffic(9.0, 0), 1);
        assert_eq!(busy.replicas, 3);
        assert_eq!(step(&busy, &traffic(900.0, 0), 1).replicas, 5);
        let quiet = step(&busy, &traffic(0.0, 0), 2);
        assert_eq!((quiet.replicas, quiet.low_since.clone()), (3, Some(Time(at(2)))));
        assert_eq!(again(&spec, Some(&quiet), at(12)), Some(SignedDuration::from_secs(20)));
        assert_eq!(step(&quiet, &traffic(1.0, 0), 31).replicas, 3);
        assert_eq!(step(&quiet, &traffic(0.0, 0), 32).replicas, 0);
        assert_eq!(step(&quiet, &traffic(12.0, 0), 31).low_since, None);
    }

    #[test]
    fn a_new_service_starts_once_and_bounds_hold() {
        let first = decide(&spec(0), None, None, at(0)).unwrap();
        assert_eq!((first.replicas, first.low_since), (1, Some(Time(at(0)))));
        let kept = ScaleStatus { replicas: 9, low_since: None };
        assert_eq!(decide(&spec(2), Some(&kept), None, at(0)).unwrap().replicas, 5);
        let low = ScaleStatus { replicas: 5, low_since: Some(Time(at(0))) };
        assert_eq!(decide(&spec(2), Some(&low), None, at(99)).unwrap().replicas, 2);
        assert!(decide(&InferenceServiceSpec::default(), None, None, at(0)).is_none());
        let odd = traffic(f64::NAN, 0);
        assert!(decide(&spec(0), Some(&low), Some(&odd), at(99)).is_some());
    }
}
