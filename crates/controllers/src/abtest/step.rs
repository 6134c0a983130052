//! One look at a test: what was before, what the world says, and what is to be.

use std::time::{Duration, Instant};

use dais_api::abtest::{DecisionState, TestDecision, VariantStatus};
use dais_api::conditions::{Verdict, reason};
use dais_api::routing::HTTPRoute;
use dais_api::{ABTest, ABTestPhase, ABTestStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use kube::runtime::controller::Action;

use super::course::{self, Course};
use super::variants::{self, Resolved};
use super::{analysis, bandit, guardrails, promote, report, rounding, traffic, uid};
use crate::apply::apply;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::seams::{TestQuestion, TestReading};

/// How often the figures of a running test are made.
const LOOK: Duration = Duration::from_secs(3);
/// A look may take this share of the time, so that large tests are looked at less often.
const SHARE: u32 = 20;
/// What waits for something that no event tells of.
const RETRY: Duration = Duration::from_secs(10);
/// How often late outcomes of a test that is over are counted.
const AFTERWARDS: Duration = Duration::from_secs(60);
/// A week.
const WINDOW_SECONDS: i64 = 604_800;

pub(super) async fn advance(test: &ABTest, context: &Context) -> Result<Action> {
    let before = test.status.clone().unwrap_or_default();
    let mut status = before.clone();
    let uid = uid(test)?;
    status.salt = before.salt.clone().or_else(|| test.spec.salt.clone()).or(Some(uid));
    status.url = Some(traffic::path(test));
    status.observed_generation = test.metadata.generation;
    let is_over = before.phase.unwrap_or_default().is_final()
        || test.spec.stop
        || test.spec.promote.is_some();
    if let Some(words) = taken(test, context).await? {
        let verdict = Verdict::no(reason::ADDRESS_TAKEN, words);
        report::write(test, status, verdict, context).await?;
        return Ok(Action::requeue(RETRY));
    }
    // What is promoted must be known also of a test that never began.
    let is_unknown = before.variants.is_empty() && test.spec.promote.is_some();
    if !is_over || is_unknown {
        let resolved = match variants::resolve(test, &before, context).await? {
            Ok(resolved) => resolved,
            Err(verdict) => {
                report::write(test, status, verdict, context).await?;
                return Ok(Action::requeue(RETRY));
            }
        };
        if !is_over {
            return go_on(test, status, resolved, context).await;
        }
        status.variants = resolved.variants;
    }
    finish(test, status, context).await
}

/// Who else answers at the address that the test wants.
async fn taken(test: &ABTest, context: &Context) -> Result<Option<String>> {
    let (project, name) = (test.namespace().unwrap_or_default(), test.name_any());
    if variants::read(test, &name, context).await?.is_some() {
        return Ok(Some(format!(
            "a service is called {name:?} too and answers at {}; give the test another name, and the service in spec.route",
            traffic::path(test)
        )));
    }
    let routes = Api::<HTTPRoute>::namespaced(context.client.clone(), &project);
    let route = routes.get_opt(&name).await.map_err(Error::kube("reading the test's route"))?;
    let is_its = |route: &HTTPRoute| {
        route.owner_references().iter().any(|o| Some(&o.uid) == test.metadata.uid.as_ref())
    };
    if route.is_some_and(|route| !is_its(&route)) {
        return Ok(Some(format!(
            "another object has the route {name:?}; give the test another name"
        )));
    }
    let Some(service) = &test.spec.route else { return Ok(None) };
    let tests = Api::<ABTest>::namespaced(context.client.clone(), &project);
    let tests = tests.list(&ListParams::default()).await.map_err(Error::kube("listing tests"))?;
    let holder = traffic::taking(&tests.items, service).filter(|one| one.uid() != test.uid());
    let holder = holder.filter(|holder| {
        let runs = test.status.as_ref().is_some_and(|status| status.start_time.is_some());
        !runs || traffic::age(holder) < traffic::age(test)
    });
    let over = |status: &ABTestStatus| status.phase.unwrap_or_default().is_final();
    if test.status.as_ref().is_some_and(over) {
        return Ok(None);
    }
    Ok(holder.map(|holder| {
        format!("spec.route: test {:?} has the address of service {service:?}; it is this one's turn when that has ended", holder.name_any())
    }))
}

async fn go_on(
    test: &ABTest,
    mut status: ABTestStatus,
    resolved: Resolved,
    context: &Context,
) -> Result<Action> {
    let now = Timestamp::now();
    let waiting = resolved.waiting();
    status.variants = resolved.variants;
    status.shadow_backend = resolved.shadow;
    status.serving = status.variants.first().map(|control| control.name.clone());
    let mut course = course::phase(&test.spec, &status, &waiting);
    let is_well = course.phase == ABTestPhase::Running && waiting.is_empty();
    if let Some(changed) = resolved.changed.first().filter(|_| is_well) {
        course.reason = reason::VARIANT_CHANGED;
        course.message = format!("{changed}: the figures mix both; make another test");
    }
    if course.phase == ABTestPhase::Running {
        status.start_time.get_or_insert(Time(now));
        status.ramp = course::ramp(&test.spec, status.ramp.as_ref(), now);
    }
    share_out(test, &mut status);
    let looked = Instant::now();
    if status.start_time.is_some() {
        let reading = read(test, &status, context).await?;
        judge(test, &mut status, &reading, now);
        if course.phase == ABTestPhase::Running {
            course = end_of(test, &mut status, now).unwrap_or(course);
        }
    }
    if course.phase.is_final() {
        status.completion_time = Some(Time(now));
    }
    let again = next_look(test, &status, (course.phase, looked.elapsed()), now);
    status.phase = Some(course.phase);
    status.shadow = report::shadowed(test, context).await?.or(status.shadow);
    let running = course.phase == ABTestPhase::Running
        && waiting.is_empty()
        && course.reason != reason::VARIANT_CHANGED;
    let verdict = Verdict { status: running, reason: course.reason, message: course.message };
    let backend = status.variants.first().map(|control| control.backend.clone());
    report::write(test, status.clone(), verdict, context).await?;
    direct(test, &status, backend.as_deref(), context).await?;
    Ok(Action::requeue(again))
}

/// Gives each variant its share; where shares move, the split is judged from here.
fn share_out(test: &ABTest, status: &mut ABTestStatus) {
    let shares = bandit::shares(&test.spec, status);
    let differs = |(variant, share): (&VariantStatus, &f64)| (variant.share - share).abs() > 1e-9;
    if !status.variants.iter().zip(&shares).any(differs) {
        return;
    }
    status.splits += 1;
    for (variant, share) in status.variants.iter_mut().zip(shares) {
        variant.share = share;
        variant.subjects_before = variant.subjects;
    }
}

fn window(test: &ABTest) -> i64 {
    test.spec.window_seconds.unwrap_or(WINDOW_SECONDS)
}

async fn read(test: &ABTest, status: &ABTestStatus, context: &Context) -> Result<TestReading> {
    let (project, uid) = (test.namespace().unwrap_or_default(), uid(test)?);
    let question = TestQuestion {
        project: &project,
        uid: &uid,
        salt: status.salt.as_deref().unwrap_or_default(),
        spec: &test.spec,
        window: window(test),
    };
    context.outcomes.read(question).await.map_err(Error::seam("reading what the test counted"))
}

fn judge(test: &ABTest, status: &mut ABTestStatus, reading: &TestReading, now: Timestamp) {
    let before = status.clone();
    analysis::look(&test.spec, status, reading, now);
    if !status.phase.unwrap_or_default().is_final() {
        let seed = seed(&test.uid().unwrap_or_default());
        status.bandit = bandit::renew(&test.spec, status, (reading, seed), now);
        share_out(test, status);
    }
    *status = rounding::rounded(status);
    if *status != before {
        status.analysed = Some(Time(now));
    }
}

fn seed(uid: &str) -> u64 {
    uid.bytes().fold(0, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

/// Why a running test ends by itself.
fn end_of(test: &ABTest, status: &mut ABTestStatus, now: Timestamp) -> Option<Course> {
    if let Some(harm) = guardrails::harm(&status.guardrails) {
        status.decision = Some(TestDecision {
            state: DecisionState::Stopped,
            winner: None,
            reason: reason::GUARDRAIL_HARMED.to_owned(),
            message: harm.clone(),
        });
        return Some(Course::new(ABTestPhase::Stopped, reason::GUARDRAIL_HARMED, harm));
    }
    let over = course::is_over(test.spec.until.as_ref()?, status, now)?;
    Some(Course::new(ABTestPhase::Succeeded, reason::ENDED, over))
}

fn next_look(
    test: &ABTest,
    status: &ABTestStatus,
    (phase, took): (ABTestPhase, Duration),
    now: Timestamp,
) -> Duration {
    if phase != ABTestPhase::Running {
        return RETRY;
    }
    let until = test.spec.until.as_ref().and_then(|until| until.time.as_ref());
    let until = until.map(|until| until.0.duration_since(now)).filter(SignedDuration::is_positive);
    let due = [
        course::next_step(&test.spec, status.ramp.as_ref(), now),
        bandit::next(&test.spec, status, now),
        until.map(|left| left.unsigned_abs() + Duration::from_millis(20)),
    ];
    let look = LOOK.max(took * SHARE);
    due.into_iter().flatten().fold(look, Duration::min).max(Duration::from_millis(200))
}

/// A test that is over: everybody gets one variant, and the others' services go.
async fn finish(test: &ABTest, mut status: ABTestStatus, context: &Context) -> Result<Action> {
    let now = Timestamp::now();
    let course = course::phase(&test.spec, &status, &[]);
    let ended = status.completion_time.get_or_insert(Time(now)).0;
    let counts_on = now.duration_since(ended) <= SignedDuration::from_secs(window(test));
    if counts_on && status.start_time.is_some() {
        let reading = read(test, &status, context).await?;
        let decision = status.decision.clone();
        status.phase = Some(course.phase);
        judge(test, &mut status, &reading, now);
        // It was made when the test ended.
        status.decision = decision.or(status.decision);
    }
    status.phase = Some(course.phase);
    let mut verdict = Verdict::no(course.reason, course.message);
    let (mut backend, mut keep) = at_rest(&status, test.spec.promote.as_deref());
    if let Some(variant) = &test.spec.promote {
        if !status.promotion.as_ref().is_some_and(|promotion| promotion.done) {
            if status.promotion.is_none() {
                // Written before it is done, so that a crash in between does it again.
                report::write(test, status.clone(), verdict.clone(), context).await?;
            }
            status.promotion = Some(promote::carry_out(test, &status, variant, context).await?);
        }
        let promotion = status.promotion.clone().unwrap_or_default();
        verdict.message.clone_from(&promotion.message);
        status.serving = Some(variant.clone());
        if let Some(target) = &promotion.service {
            if let Some(service) = variants::read(test, target, context).await? {
                backend = Some(crate::inferenceservice::backend(&service));
                if !promotion.done {
                    // As it was before.
                    let control = test.spec.variants.first();
                    status.serving = control.map(|control| control.name.clone());
                }
            }
            keep = None;
        }
    } else {
        status.serving = test.spec.variants.first().map(|control| control.name.clone());
    }
    let is_done = status.promotion.as_ref().is_none_or(|promotion| promotion.done);
    report::write(test, status.clone(), verdict, context).await?;
    direct(test, &status, backend.as_deref(), context).await?;
    if !is_done {
        return Ok(Action::requeue(RETRY));
    }
    variants::clear(test, keep.as_deref(), context).await?;
    Ok(if counts_on { Action::requeue(AFTERWARDS) } else { Action::await_change() })
}

/// The Service and the InferenceService of the variant that goes on answering.
fn at_rest(status: &ABTestStatus, promoted: Option<&str>) -> (Option<String>, Option<String>) {
    let mut variants = status.variants.iter();
    let variant = match promoted {
        Some(name) => variants.find(|variant| variant.name == name),
        None => variants.next(),
    };
    (variant.map(|one| one.backend.clone()), variant.map(|one| one.service.clone()))
}

/// Tells the gateway.
async fn direct(
    test: &ABTest,
    status: &ABTestStatus,
    backend: Option<&str>,
    context: &Context,
) -> Result<()> {
    let Some(backend) = backend else { return Ok(()) };
    apply(&context.client, &traffic::policy(test, status)).await?;
    apply(&context.client, &traffic::route(test, backend)).await?;
    Ok(())
}
