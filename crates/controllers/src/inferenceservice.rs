//! InferenceService: a model version, or a program of one's own, behind the gateway.
//!
//! Owns resolving the model and what its servers run; how many there are, of which
//! version, and the way to them is [`serving`]'s. Does not know how a model is loaded or
//! how traffic flows; what it must know of requests, the gateway counts in a
//! TrafficPolicy. While an ABTest has the service's address, who gets what is in that
//! policy too.
//!
//! ```text
//! service ─▶ model version ─┐                    ┌▶ Deployment, Service (own)
//! traffic policy's counts ──┼▶ scale, rollout ───┼▶ Deployment, Service (next version)
//! deployments' readiness ───┘                    └▶ HTTPRoute, TrafficPolicy
//! ```

mod desired;
mod server;

use std::sync::Arc;
use std::time::Duration;

use dais_api::conditions::{self, READY, Verdict, reason};
use dais_api::reference::{ModelReference, ModelVersion};
use dais_api::routing::HTTPRoute;
use dais_api::{ABTest, InferenceService, InferenceServiceStatus, TrafficPolicy, labels};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, ListParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, watcher};
use kube::{Resource, ResourceExt};

use crate::abtest;
use crate::apply;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observed::drive;
use crate::seams::RegisteredVersion;
use crate::serving::scale::Wish;
use crate::serving::{
    self, Desired, Front, State, Track, canary_replicas, is_current, rollout, scale,
};
use desired::front;

/// How soon a moved alias is noticed.
const ALIAS_CHECK: Duration = Duration::from_secs(10);

pub async fn run(context: Arc<Context>) {
    let client = context.client.clone();
    let any = watcher::Config::default;
    let mine = any().labels(&format!("{}={}", labels::KIND, InferenceService::kind(&())));
    let controller = Controller::new(Api::<InferenceService>::all(client.clone()), any());
    let services = controller.store();
    let controller = controller
        .owns(Api::<Deployment>::all(client.clone()), any())
        .owns(Api::<Service>::all(client.clone()), any())
        .owns(Api::<HTTPRoute>::all(client.clone()), any())
        .owns(Api::<TrafficPolicy>::all(client.clone()), any())
        .watches(Api::<ABTest>::all(client.clone()), any(), |test| route_of(&test))
        // Why a replica is not ready is said by its pod, which a ReplicaSet owns.
        .watches(Api::<Pod>::all(client), mine, move |pod| served_by(&services, &pod));
    drive("inferenceservice", controller, context, reconcile).await;
}

/// The service whose address a test answers at.
fn route_of(test: &ABTest) -> Option<ObjectRef<InferenceService>> {
    let service = ObjectRef::new(test.spec.route.as_ref()?);
    Some(service.within(&test.namespace()?))
}

/// Name of the Service with which the service's own servers answer.
pub(crate) fn backend(service: &InferenceService) -> String {
    front(service).object_name(Track::Stable)
}

/// The service that a pod is a replica of.
fn served_by(services: &Store<InferenceService>, pod: &Pod) -> Vec<ObjectRef<InferenceService>> {
    let instance = pod.labels().get(labels::INSTANCE);
    let is_its = |service: &Arc<InferenceService>| {
        service.namespace() == pod.namespace() && front(service).has(instance)
    };
    let found = services.state().into_iter().filter(is_its);
    found.map(|service| ObjectRef::from_obj(service.as_ref())).collect()
}

async fn reconcile(service: Arc<InferenceService>, context: Arc<Context>) -> Result<Action> {
    if service.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let status = service.status.clone().unwrap_or_default();
    let wanted = match resolve(&service, &context).await? {
        Ok(wanted) => wanted,
        Err(verdict) => {
            report(&service, status, &verdict, &context).await?;
            return Ok(Action::requeue(ALIAS_CHECK));
        }
    };
    let now = Timestamp::now();
    let front = front(&service);
    let (state, test) = match observe(&service, &front, &context).await {
        Ok(found) => found,
        Err(error) => {
            let verdict = serving::refusal(error)?;
            report(&service, service.status.clone().unwrap_or_default(), &verdict, &context)
                .await?;
            return Ok(Action::requeue(serving::AGAIN));
        }
    };
    let mut next = decide(&service, &front, wanted.as_ref(), &state, now);
    let desired = desired(&service, &front, &next, test.as_ref(), &context);
    let verdict = match desired.converge(&front, &state, &context).await {
        Ok(deployment) => {
            let counted = deployment.status.clone().unwrap_or_default();
            next.status.replicas = counted.replicas.unwrap_or_default();
            next.status.ready_replicas = counted.ready_replicas.unwrap_or_default();
            let may_sleep = service.spec.autoscaling.is_some();
            let rollout = next.status.rollout.as_ref();
            let route = state.route.as_ref();
            let about = serving::Next { replicas: next.replicas, may_sleep, rollout, route };
            serving::judge(&front, about, &deployment, &context).await?
        }
        Err(error) => serving::refusal(error)?,
    };
    let again = next_look(&service, &next.status, now);
    report(&service, next.status, &verdict, &context).await?;
    Ok(again.map_or_else(Action::await_change, Action::requeue))
}

/// `Ok(Ok(None))`: the service has no model.
async fn resolve(
    service: &InferenceService,
    context: &Context,
) -> Result<Result<Option<RegisteredVersion>, Verdict>> {
    let Some(model) = &service.spec.model else { return Ok(Ok(None)) };
    let reference: ModelReference = match model.parse() {
        Ok(reference) => reference,
        Err(error) => {
            return Ok(Err(Verdict::no(reason::INVALID, format!("spec.model: {error}"))));
        }
    };
    let project = service.namespace().unwrap_or_default();
    let found = context
        .tracking
        .resolve_model(&project, &reference)
        .await
        .map_err(Error::seam(format!("resolving {reference}")))?;
    Ok(found.map(Some).ok_or_else(|| {
        let words = format!(
            "spec.model: project {project:?} has no {reference}; `dais models` lists what there is"
        );
        Verdict::no(reason::MODEL_NOT_FOUND, words)
    }))
}

/// What is there now, and the test that has the service's address.
async fn observe(
    service: &InferenceService,
    front: &Front,
    context: &Context,
) -> Result<(State, Option<ABTest>)> {
    let tests = Api::<ABTest>::namespaced(context.client.clone(), &front.namespace);
    let tests = tests.list(&ListParams::default()).await;
    let tests = tests.map_err(Error::kube("listing the tests"))?;
    let test = abtest::taking(&tests.items, &service.name_any()).cloned();
    Ok((serving::observe(front, context).await?, test))
}

/// What there is to be.
struct Next {
    status: InferenceServiceStatus,
    stable: Option<RegisteredVersion>,
    canary: Option<RegisteredVersion>,
    replicas: i32,
}

fn wish(service: &InferenceService) -> Wish<'_> {
    let autoscaling = service.spec.autoscaling.as_ref();
    Wish { replicas: service.spec.replicas, autoscaling }
}

fn decide(
    service: &InferenceService,
    front: &Front,
    wanted: Option<&RegisteredVersion>,
    state: &State,
    now: Timestamp,
) -> Next {
    let mut status = service.status.clone().unwrap_or_default();
    let traffic = state.policy.as_ref().and_then(|policy| policy.status.as_ref());
    status.scale = scale::decide(wish(service), status.scale.as_ref(), traffic, now);
    let replicas = status.scale.as_ref().map_or(service.spec.replicas, |scale| scale.replicas);
    let Some(wanted) = wanted else {
        status.model_name = None;
        status.model_version = None;
        status.run_id = None;
        status.rollout = None;
        return Next { status, stable: None, canary: None, replicas };
    };
    let stable = known(&status).filter(|_| state.stable.is_some());
    // Versions are told apart with the names of their models.
    let label = |version: &RegisteredVersion| format!("{}/{}", version.name, version.version);
    let stable_label = stable.as_ref().map(label);
    let decision = rollout::decide(&rollout::Facts {
        rule: service.spec.rollout.as_ref(),
        noun: "version",
        before: status.rollout.as_ref(),
        stable: stable_label.as_deref(),
        wanted: &label(wanted),
        // Of this version: those of one before it may still be there.
        canary_ready: replicas > 0 && state.canary.as_ref().is_some_and(|d| is_current(d, 1)),
        stable_ready: state.stable.as_ref().is_some_and(|d| is_current(d, replicas)),
        traffic,
        canary: &front.object_name(Track::Canary),
        now,
    });
    let stable = stable.filter(|stable| label(stable) == decision.stable);
    let stable = stable.unwrap_or_else(|| wanted.clone());
    let canary = decision.rollout.as_ref().filter(|rollout| rollout::is_active(rollout));
    let canary = canary.map(|_| wanted.clone());
    status.model_name = Some(stable.name.clone());
    status.model_version = Some(stable.version.clone());
    status.run_id = stable.run_id.clone();
    status.rollout = decision.rollout;
    Next { status, stable: Some(stable), canary, replicas }
}

/// The version that answered until now.
fn known(status: &InferenceServiceStatus) -> Option<RegisteredVersion> {
    let (name, version) = (status.model_name.clone()?, status.model_version.clone()?);
    Some(RegisteredVersion { name, version, run_id: status.run_id.clone() })
}

fn desired(
    service: &InferenceService,
    front: &Front,
    next: &Next,
    test: Option<&ABTest>,
    context: &Context,
) -> Desired {
    let servers = |track, version, replicas| {
        desired::servers((service, front), (track, version), replicas, &context.settings)
    };
    let rollout = next.status.rollout.as_ref();
    let canary = next.canary.as_ref().map(|version| {
        servers(Track::Canary, Some(version), canary_replicas(rollout, next.replicas))
    });
    Desired {
        stable: servers(Track::Stable, next.stable.as_ref(), next.replicas),
        canary,
        policy: desired::policy(front, service, test),
        route: Some(front.route(rollout)),
    }
}

/// When to look again though nothing happens.
fn next_look(
    service: &InferenceService,
    status: &InferenceServiceStatus,
    now: Timestamp,
) -> Option<Duration> {
    let alias = service.spec.model.as_ref().is_some_and(|model| {
        let reference = model.parse::<ModelReference>();
        reference.is_ok_and(|model| matches!(model.version, ModelVersion::Alias(_)))
    });
    let alias = alias.then_some(ALIAS_CHECK);
    let spec = &service.spec;
    let scale = (wish(service), status.scale.as_ref());
    let others = serving::waits(spec.rollout.as_ref(), status.rollout.as_ref(), scale, now);
    alias.into_iter().chain(others).min()
}

async fn report(
    service: &InferenceService,
    mut status: InferenceServiceStatus,
    verdict: &Verdict,
    context: &Context,
) -> Result<()> {
    let generation = service.meta().generation;
    let was = conditions::find(&status.conditions, READY).map(|was| was.reason.clone());
    conditions::set(&mut status.conditions, READY, verdict, generation);
    status.observed_generation = generation;
    status.url = Some(front(service).path);
    if was.as_deref() != Some(verdict.reason) {
        let fine = [reason::PROGRESSING, reason::AVAILABLE, reason::ASLEEP];
        let warning = !fine.contains(&verdict.reason);
        context.event(service, warning, verdict.reason, &verdict.message).await;
    }
    apply::status(&context.client, service, service.status.as_ref(), &status).await
}
