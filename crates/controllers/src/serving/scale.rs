//! How many servers there are to be: pure.

use dais_api::traffic::TrafficPolicyStatus;
use dais_api::{Autoscaling, ScaleStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

/// Seconds for which fewer servers must have been enough, where nothing is said.
const IDLE: i32 = 60;

/// What a spec says of their number.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    pub replicas: i32,
    pub autoscaling: Option<&'a Autoscaling>,
}

/// What autoscaling decides; `None` where the spec names a number. Up at once, since
/// somebody waits; down only after a while, since starting a server costs more than
/// keeping one.
pub fn decide(
    wish: Wish<'_>,
    before: Option<&ScaleStatus>,
    traffic: Option<&TrafficPolicyStatus>,
    now: Timestamp,
) -> Option<ScaleStatus> {
    let rule = wish.autoscaling?;
    let bounded = |replicas: i32| replicas.clamp(rule.min_replicas, rule.max_replicas.max(1));
    let Some(before) = before else {
        // A new service shows that it can start, then goes to sleep if nobody asks.
        let replicas = bounded(wish.replicas.max(1));
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
    if now.duration_since(since.0) >= idle(rule) {
        return Some(ScaleStatus { replicas: needed, low_since: None });
    }
    Some(ScaleStatus { replicas: current, low_since: Some(since) })
}

/// When to decide again though nothing happens; `None`: when something does.
pub fn again(
    wish: Wish<'_>,
    scale: Option<&ScaleStatus>,
    now: Timestamp,
) -> Option<SignedDuration> {
    let since = scale?.low_since.as_ref()?;
    Some((idle(wish.autoscaling?) - now.duration_since(since.0)).max(SignedDuration::ZERO))
}

fn idle(rule: &Autoscaling) -> SignedDuration {
    SignedDuration::from_secs(rule.idle_seconds.unwrap_or(IDLE).into())
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
    use super::*;

    fn rule(min: i32) -> Autoscaling {
        Autoscaling { min_replicas: min, max_replicas: 5, concurrency: 4, idle_seconds: Some(30) }
    }

    fn wish(rule: &Autoscaling) -> Wish<'_> {
        Wish { replicas: 1, autoscaling: Some(rule) }
    }

    fn traffic(concurrency: f64, held: i32) -> TrafficPolicyStatus {
        TrafficPolicyStatus { concurrency, held, ..TrafficPolicyStatus::default() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    #[test]
    fn servers_follow_the_requests_up_at_once_and_down_later() {
        let rule = rule(0);
        let asleep = ScaleStatus { replicas: 0, low_since: None };
        let step = |before: &ScaleStatus, traffic: &TrafficPolicyStatus, second| {
            decide(wish(&rule), Some(before), Some(traffic), at(second)).unwrap()
        };
        let woken = step(&asleep, &traffic(0.0, 1), 0);
        assert_eq!(woken.replicas, 1);
        let busy = step(&woken, &traffic(9.0, 0), 1);
        assert_eq!(busy.replicas, 3);
        assert_eq!(step(&busy, &traffic(900.0, 0), 1).replicas, 5);
        let quiet = step(&busy, &traffic(0.0, 0), 2);
        assert_eq!((quiet.replicas, quiet.low_since.clone()), (3, Some(Time(at(2)))));
        assert_eq!(again(wish(&rule), Some(&quiet), at(12)), Some(SignedDuration::from_secs(20)));
        assert_eq!(step(&quiet, &traffic(1.0, 0), 31).replicas, 3);
        assert_eq!(step(&quiet, &traffic(0.0, 0), 32).replicas, 0);
        assert_eq!(step(&quiet, &traffic(12.0, 0), 31).low_since, None);
    }

    #[test]
    fn a_new_service_starts_once_and_bounds_hold() {
        let first = decide(wish(&rule(0)), None, None, at(0)).unwrap();
        assert_eq!((first.replicas, first.low_since), (1, Some(Time(at(0)))));
        let kept = ScaleStatus { replicas: 9, low_since: None };
        assert_eq!(decide(wish(&rule(2)), Some(&kept), None, at(0)).unwrap().replicas, 5);
        let low = ScaleStatus { replicas: 5, low_since: Some(Time(at(0))) };
        assert_eq!(decide(wish(&rule(2)), Some(&low), None, at(99)).unwrap().replicas, 2);
        assert!(decide(Wish { replicas: 1, autoscaling: None }, None, None, at(0)).is_none());
        let odd = traffic(f64::NAN, 0);
        assert!(decide(wish(&rule(0)), Some(&low), Some(&odd), at(99)).is_some());
    }
}
