//! When a test begins and ends, and how many take part: pure functions of the spec, the
//! status and the time.

use std::time::Duration;

use dais_api::abtest::{DecisionState, RampStatus, Until};
use dais_api::conditions::reason;
use dais_api::{ABTestPhase, ABTestSpec, ABTestStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

/// Where a test stands, and why in words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Course {
    pub phase: ABTestPhase,
    pub reason: &'static str,
    pub message: String,
}

impl Course {
    pub(super) fn new(
        phase: ABTestPhase,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { phase, reason, message: message.into() }
    }
}

/// What the spec and what was before say; `waiting` names variants that cannot answer.
pub(super) fn phase(spec: &ABTestSpec, before: &ABTestStatus, waiting: &[String]) -> Course {
    let was = before.phase.unwrap_or_default();
    if let Some(variant) = &spec.promote {
        let message = format!("variant {variant} takes over");
        return Course::new(ABTestPhase::Promoted, reason::PROMOTED, message);
    }
    if was.is_final() {
        return ended(was, before);
    }
    if spec.stop {
        let message = "stopped by spec.stop; everybody gets the control";
        return Course::new(ABTestPhase::Stopped, reason::STOPPED, message);
    }
    if spec.suspend {
        let message = "everybody gets the control; set spec.suspend to false to go on";
        return Course::new(ABTestPhase::Suspended, reason::SUSPENDED, message);
    }
    let unready = waiting.join(", ");
    match (before.start_time.is_some(), waiting.is_empty()) {
        (false, false) => Course::new(
            ABTestPhase::Pending,
            reason::VARIANT_NOT_READY,
            format!("begins once all variants can answer; not ready: {unready}"),
        ),
        (true, false) => Course::new(
            ABTestPhase::Running,
            reason::VARIANT_NOT_READY,
            format!("not ready: {unready}; the control answers in their place, uncounted"),
        ),
        (_, true) => Course::new(ABTestPhase::Running, reason::RUNNING, "requests are shared out"),
    }
}

/// What ended it stays the reason for as long as it is there.
fn ended(was: ABTestPhase, before: &ABTestStatus) -> Course {
    let known = [reason::STOPPED, reason::GUARDRAIL_HARMED, reason::ENDED, reason::PROMOTED];
    let ready = dais_api::conditions::find(&before.conditions, dais_api::conditions::READY);
    let reason = ready.and_then(|ready| known.into_iter().find(|one| *one == ready.reason));
    let message = ready.map(|ready| ready.message.clone()).unwrap_or_default();
    Course::new(was, reason.unwrap_or(reason::STOPPED), message)
}

/// The step of the ramp at a time; steps that went by while nobody looked are passed over.
pub(super) fn ramp(
    spec: &ABTestSpec,
    before: Option<&RampStatus>,
    now: Timestamp,
) -> Option<RampStatus> {
    if spec.ramp.is_empty() {
        return None;
    }
    let mut step = before.map_or(0, |ramp| usize::try_from(ramp.step).unwrap_or(0));
    let mut since = before.and_then(|ramp| ramp.since.as_ref()).map_or(now, |since| since.0);
    while let Some(current) = spec.ramp.get(step) {
        let end = since.saturating_add(SignedDuration::from_secs(current.seconds));
        match end {
            Ok(end) if end <= now => (step, since) = (step + 1, end),
            _ => break,
        }
    }
    Some(RampStatus {
        percent: spec.ramp.get(step).map_or(100.0, |step| step.percent),
        step: i32::try_from(step).unwrap_or(i32::MAX),
        since: Some(Time(since)),
    })
}

/// Until the next step of the ramp.
pub(super) fn next_step(
    spec: &ABTestSpec,
    ramp: Option<&RampStatus>,
    now: Timestamp,
) -> Option<Duration> {
    let ramp = ramp?;
    let step = spec.ramp.get(usize::try_from(ramp.step).ok()?)?;
    let end =
        ramp.since.as_ref()?.0.saturating_add(SignedDuration::from_secs(step.seconds)).ok()?;
    // Until past it, so that one look is enough.
    Some(end.duration_since(now).unsigned_abs() + Duration::from_millis(20))
}

/// Why the test is over by `spec.until`.
pub(super) fn is_over(until: &Until, status: &ABTestStatus, now: Timestamp) -> Option<String> {
    let Until { time, requests, subjects, decided } = until;
    if let Some(time) = time.as_ref().filter(|time| time.0 <= now) {
        return Some(format!("ended at {}", time.0));
    }
    if let Some(most) = requests.filter(|most| status.requests >= *most) {
        return Some(format!(
            "ended with {} requests; spec.until.requests is {most}",
            status.requests
        ));
    }
    let fewest = status.variants.iter().map(|variant| variant.subjects).min().unwrap_or(0);
    if let Some(wanted) = subjects.filter(|wanted| fewest >= *wanted) {
        return Some(format!(
            "every variant has {fewest} subjects or more; spec.until.subjects is {wanted}"
        ));
    }
    let decision = status.decision.as_ref().filter(|_| *decided)?;
    let is_made = matches!(decision.state, DecisionState::Winner | DecisionState::NoDifference);
    is_made.then(|| format!("decided: {}", decision.message))
}

#[cfg(test)]
mod tests;
