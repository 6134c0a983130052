//! InferenceService: a model version, or a program of one's own, behind the gateway.
//!
//! Owns resolving the model, and keeping servers and a way to them: how many (`scale`),
//! of which version (`rollout`). Does not know how a model is loaded or how traffic
//! flows; what it must know of requests, the gateway counts in a TrafficPolicy. While an
//! ABTest has the service's address, who gets what is in that policy too.
//!
//! ```text
//! service ─▶ model version ─┐                    ┌▶ Deployment, Service (own)
//! traffic policy's counts ──┼▶ scale, rollout ───┼▶ Deployment, Service (next version)
//! deployments' readiness ───┘                    └▶ HTTPRoute, TrafficPolicy
//! ```

mod desired;
mod rollout;
mod scale;
mod server;
mod trouble;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use dais_api::conditions::{self, READY, Verdict, reason};
use dais_api::reference::{ModelReference, ModelVersion};
use dais_api::routing::HTTPRoute;
use dais_api::{
    ABTest, InferenceService, InferenceServiceStatus, RolloutState, RolloutStatus, TrafficPolicy,
    labels,
};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{Api, DeleteParams, ListParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, watcher};
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;

use crate::abtest;
use crate::apply::{self, apply};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observed::drive;
use crate::seams::RegisteredVersion;
use desired::{Servers, Track};

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
    desired::name(service, Track::Stable)
}

/// The service that a pod is a replica of.
fn served_by(services: &Store<InferenceService>, pod: &Pod) -> Vec<ObjectRef<InferenceService>> {
    let instance = pod.labels().get(labels::INSTANCE);
    let is_its = |service: &Arc<InferenceService>| {
        let tracks = [Track::Stable, Track::Canary];
        service.namespace() == pod.namespace()
            && tracks
                .iter()
                .any(|track| desired::selector(service, *track).get(labels::INSTANCE) == instance)
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
    let state = observe(&service, &context).await?;
    let mut next = decide(&service, wanted.as_ref(), &state, now);
    let verdict = match converge(&service, &next, &state, &context).await {
        Ok(deployment) => {
            let counted = deployment.status.clone().unwrap_or_default();
            next.status.replicas = counted.replicas.unwrap_or_default();
            next.status.ready_replicas = counted.ready_replicas.unwrap_or_default();
            judge(&service, &next, &deployment, &context).await?
        }
        // What the spec asks for cannot be: trying again does not help.
        Err(Error::Kube { source, .. }) if is_invalid(&source) => {
            Verdict::no(reason::INVALID, source.to_string())
        }
        Err(error) => return Err(error),
    };
    let again = next_look(&service, &next.status, now);
    report(&service, next.status, &verdict, &context).await?;
    Ok(again.map_or_else(Action::await_change, Action::requeue))
}

fn is_invalid(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 422)
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

/// What is there now, besides the service.
struct State {
    policy: Option<TrafficPolicy>,
    /// The test that has the service's address.
    test: Option<ABTest>,
    stable: Option<Deployment>,
    canary: Option<Deployment>,
}

async fn observe(service: &InferenceService, context: &Context) -> Result<State> {
    let project = service.namespace().unwrap_or_default();
    let policies = Api::<TrafficPolicy>::namespaced(context.client.clone(), &project);
    let deployments = Api::<Deployment>::namespaced(context.client.clone(), &project);
    let tests = Api::<ABTest>::namespaced(context.client.clone(), &project);
    let own = service.name_any();
    let every = ListParams::default();
    let names = [Track::Stable, Track::Canary].map(|track| desired::name(service, track));
    let (policy, tests, stable, canary) = futures::try_join!(
        policies.get_opt(&own),
        tests.list(&every),
        deployments.get_opt(&names[0]),
        deployments.get_opt(&names[1]),
    )
    .map_err(Error::kube("reading what the service has"))?;
    let test = abtest::taking(&tests.items, &own).cloned();
    Ok(State { policy, test, stable, canary })
}

/// What there is to be.
struct Next {
    status: InferenceServiceStatus,
    stable: Option<RegisteredVersion>,
    canary: Option<RegisteredVersion>,
    replicas: i32,
}

fn decide(
    service: &InferenceService,
    wanted: Option<&RegisteredVersion>,
    state: &State,
    now: Timestamp,
) -> Next {
    let mut status = service.status.clone().unwrap_or_default();
    let traffic = state.policy.as_ref().and_then(|policy| policy.status.as_ref());
    status.scale = scale::decide(&service.spec, status.scale.as_ref(), traffic, now);
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
        spec: &service.spec,
        before: status.rollout.as_ref(),
        stable: stable_label.as_deref(),
        wanted: &label(wanted),
        canary_ready: replicas > 0 && state.canary.as_ref().is_some_and(|d| ready(d) > 0),
        stable_ready: state.stable.as_ref().is_some_and(|d| is_current(d, replicas)),
        traffic,
        canary: &desired::name(service, Track::Canary),
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

fn ready(deployment: &Deployment) -> i32 {
    let status = deployment.status.as_ref();
    status.and_then(|status| status.ready_replicas).unwrap_or_default()
}

/// Whether all servers are there, are ready and are what the Deployment says.
fn is_current(deployment: &Deployment, wanted: i32) -> bool {
    let status = deployment.status.clone().unwrap_or_default();
    status.observed_generation == deployment.metadata.generation
        && status.ready_replicas.unwrap_or_default() >= wanted
        && status.updated_replicas.unwrap_or_default() >= wanted
}

async fn converge(
    service: &InferenceService,
    next: &Next,
    state: &State,
    context: &Context,
) -> Result<Deployment> {
    let client = &context.client;
    let servers = |track, version, replicas| Servers { service, track, version, replicas };
    if let Some(version) = &next.canary {
        let replicas = canary_replicas(next.status.rollout.as_ref(), next.replicas);
        let servers = servers(Track::Canary, Some(version), replicas);
        apply(client, &desired::service(service, Track::Canary)).await?;
        apply(client, &desired::deployment(&servers, &context.settings)).await?;
    }
    match desired::policy(service, state.test.as_ref()) {
        Some(policy) => drop(apply(client, &policy).await?),
        None => remove(state.policy.as_ref(), context).await?,
    }
    apply(client, &desired::service(service, Track::Stable)).await?;
    apply(client, &desired::route(service, next.status.rollout.as_ref())).await?;
    let servers = servers(Track::Stable, next.stable.as_ref(), next.replicas);
    let deployment = apply(client, &desired::deployment(&servers, &context.settings)).await?;
    if next.canary.is_none() && state.canary.is_some() {
        remove(state.canary.as_ref(), context).await?;
        remove(Some(&desired::service(service, Track::Canary)), context).await?;
    }
    Ok(deployment)
}

/// Servers for a share of the requests: one at least, unless nobody asks at all.
fn canary_replicas(rollout: Option<&RolloutStatus>, replicas: i32) -> i32 {
    let percent = rollout.map_or(0, |rollout| rollout.percent);
    let share = (i64::from(replicas) * i64::from(percent) + 99) / 100;
    i32::try_from(share).unwrap_or(1).max(1).min(replicas.max(0))
}

async fn remove<K>(object: Option<&K>, context: &Context) -> Result<()>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned,
{
    let Some(object) = object else { return Ok(()) };
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let api = Api::<K>::namespaced(context.client.clone(), &namespace);
    match api.delete(&name, &DeleteParams::background()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(gone)) if gone.code == 404 => Ok(()),
        Err(error) => Err(Error::kube(format!("removing {} {name}", K::kind(&())))(error)),
    }
}

async fn judge(
    service: &InferenceService,
    next: &Next,
    deployment: &Deployment,
    context: &Context,
) -> Result<Verdict> {
    let wanted = next.replicas;
    if wanted == 0 && service.spec.autoscaling.is_some() {
        let words = "nothing runs, since nobody asks; the next request starts a server";
        return Ok(Verdict::yes(reason::ASLEEP, words));
    }
    let ready = ready(deployment);
    if is_current(deployment, wanted) {
        return well(format!("{ready} of {wanted} replicas ready"), (service, next), context).await;
    }
    let conditions = deployment.status.iter().flat_map(|s| s.conditions.iter().flatten());
    let mut refused =
        conditions.into_iter().filter(|c| c.type_ == "ReplicaFailure" && c.status == "True");
    if let Some(refused) = refused.next() {
        return Ok(Verdict::no(reason::POD_REFUSED, refused.message.clone().unwrap_or_default()));
    }
    let why = trouble::why_not_ready(service, Track::Stable, context).await?;
    Ok(Verdict::no(reason::PROGRESSING, format!("{ready} of {wanted} replicas ready{why}")))
}

/// All is well; what is on its way in, or was taken back, is said beside it.
async fn well(
    words: String,
    (service, next): (&InferenceService, &Next),
    context: &Context,
) -> Result<Verdict> {
    let Some(rollout) = &next.status.rollout else {
        return Ok(Verdict::yes(reason::AVAILABLE, words));
    };
    let words = format!("{words}; {}", rollout.message);
    Ok(match rollout.state {
        RolloutState::RolledBack => Verdict::yes(reason::ROLLED_BACK, words),
        RolloutState::Starting => {
            let why = trouble::why_not_ready(service, Track::Canary, context).await?;
            Verdict::yes(reason::AVAILABLE, format!("{words}{why}"))
        }
        RolloutState::Progressing | RolloutState::Promoting => {
            Verdict::yes(reason::AVAILABLE, words)
        }
    })
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
    let step = service.spec.rollout.as_ref().zip(status.rollout.as_ref());
    let step = step.and_then(|(rule, rollout)| rollout::time_left(rule, rollout, now));
    let idle = scale::again(&service.spec, status.scale.as_ref(), now);
    let wait = |left: SignedDuration| {
        // Over already: what it waits for now is told by an event.
        left.is_positive()
            .then(|| Duration::from_millis(left.as_millis().unsigned_abs() as u64 + 50))
    };
    let waits = [
        alias.then_some(ALIAS_CHECK),
        step.and_then(wait),
        idle.map(|left| wait(left).unwrap_or(Duration::from_secs(1))),
    ];
    waits.into_iter().flatten().min()
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
    status.url = Some(desired::path(service));
    if was.as_deref() != Some(verdict.reason) {
        let fine = [reason::PROGRESSING, reason::AVAILABLE, reason::ASLEEP];
        let warning = !fine.contains(&verdict.reason);
        context.event(service, warning, verdict.reason, &verdict.message).await;
    }
    apply::status(&context.client, service, service.status.as_ref(), &status).await
}
