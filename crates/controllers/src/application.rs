//! Application: any other containerised program, behind the gateway or by a schedule.
//!
//! Owns its releases and what its pods are made of. How many run, how a release takes over
//! and the way to them is [`serving`]'s; a schedule is a CronJob.
//!
//! ```text
//! spec, ConfigMaps, Secrets ─▶ releases (ControllerRevisions) ─▶ pods of a release
//!                                                    │
//!                     Deployment, Service, route ◀───┴───▶ CronJob
//! ```

mod desired;
mod health;
mod inputs;
mod releases;
mod rollback;
mod schedule;

use std::sync::Arc;
use std::time::Duration;

use dais_api::conditions::{self, READY, Verdict, reason};
use dais_api::routing::HTTPRoute;
use dais_api::{Application, ApplicationStatus, TrafficPolicy, labels};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret, Service};
use k8s_openapi::jiff::Timestamp;
use kube::api::Api;
use kube::runtime::controller::Action;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, watcher};
use kube::{Resource, ResourceExt};

use crate::apply;
use crate::context::Context;
use crate::error::Result;
use crate::observed::drive;
use crate::serving::scale::Wish;
use crate::serving::{
    self, Desired, Front, State, Track, canary_replicas, is_current, rollout, scale,
};
use desired::front;
use releases::{Numbered, Releases};

pub async fn run(context: Arc<Context>) {
    let client = context.client.clone();
    let any = watcher::Config::default;
    let mine = any().labels(&format!("{}={}", labels::KIND, Application::kind(&())));
    let controller = Controller::new(Api::<Application>::all(client.clone()), any());
    let known = controller.store();
    let by_config = {
        let known = known.clone();
        move |config: ConfigMap| using(&known, &config, &inputs::key_of_config(&config.name_any()))
    };
    let by_secret = {
        let known = known.clone();
        move |secret: Secret| using(&known, &secret, &inputs::key_of_secret(&secret.name_any()))
    };
    let controller = controller
        .owns(Api::<Deployment>::all(client.clone()), any())
        .owns(Api::<Service>::all(client.clone()), any())
        .owns(Api::<HTTPRoute>::all(client.clone()), any())
        .owns(Api::<TrafficPolicy>::all(client.clone()), any())
        .owns(Api::<CronJob>::all(client.clone()), any())
        .watches(Api::<ConfigMap>::all(client.clone()), any(), by_config)
        .watches(Api::<Secret>::all(client.clone()), any(), by_secret)
        .watches(Api::<Pod>::all(client), mine, move |pod| served_by(&known, &pod));
    drive("application", controller, context, reconcile).await;
}

/// The applications that use a ConfigMap or Secret.
fn using<K>(known: &Store<Application>, object: &K, key: &str) -> Vec<ObjectRef<Application>>
where
    K: ResourceExt,
{
    let uses = |app: &Arc<Application>| {
        app.namespace() == object.namespace() && inputs::used(&app.spec).contains(key)
    };
    let found = known.state().into_iter().filter(uses);
    found.map(|app| ObjectRef::from_obj(app.as_ref())).collect()
}

/// The application that a pod is a replica of.
fn served_by(known: &Store<Application>, pod: &Pod) -> Vec<ObjectRef<Application>> {
    let instance = pod.labels().get(labels::INSTANCE);
    let is_its =
        |app: &Arc<Application>| app.namespace() == pod.namespace() && front(app).has(instance);
    let found = known.state().into_iter().filter(is_its);
    found.map(|app| ObjectRef::from_obj(app.as_ref())).collect()
}

async fn reconcile(app: Arc<Application>, context: Arc<Context>) -> Result<Action> {
    if app.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let front = front(&app);
    let mut releases = Releases::read(&app, &front, &context).await?;
    if let Some(to) = app.spec.rollback_to {
        return match rollback::go_back(&app, to, &releases, &context).await? {
            // What was written wakes this again.
            None => Ok(Action::await_change()),
            Some(verdict) => {
                report(&app, app.status.clone().unwrap_or_default(), &verdict, &context).await?;
                Ok(Action::await_change())
            }
        };
    }
    let inputs = inputs::versions(&app, &context).await?;
    releases.keep(&app, &front, inputs, &context).await?;
    let work = Work { app: &app, front: &front, releases: &releases, context: &context };
    let (status, verdict, again) = match work.carry_out().await {
        Ok(done) => done,
        Err(error) => {
            let verdict = serving::refusal(error)?;
            (app.status.clone().unwrap_or_default(), verdict, Some(serving::AGAIN))
        }
    };
    report(&app, status, &verdict, &context).await?;
    Ok(again.map_or_else(Action::await_change, Action::requeue))
}

struct Work<'a> {
    app: &'a Application,
    front: &'a Front,
    releases: &'a Releases,
    context: &'a Context,
}

type Done = (ApplicationStatus, Verdict, Option<Duration>);

impl Work<'_> {
    async fn carry_out(&self) -> Result<Done> {
        for claim in desired::claims(self.app, self.front) {
            apply::apply(&self.context.client, &claim).await?;
        }
        match self.app.spec.schedule.is_some() {
            true => self.schedule().await,
            false => self.serve().await,
        }
    }

    async fn schedule(&self) -> Result<Done> {
        let (app, context) = (self.app, self.context);
        let state = serving::observe(self.front, context).await?;
        serving::withdraw(self.front, &state, context).await?;
        let newest = self.releases.newest();
        let wanted = schedule::cron_job(app, self.front, newest, &context.settings);
        let there = apply::apply(&context.client, &wanted).await?;
        let mut status = app.status.clone().unwrap_or_default();
        let (verdict, next) = schedule::judge(app, &there, Timestamp::now());
        status.release = Some(newest.number);
        status.last_run =
            there.status.as_ref().and_then(|status| status.last_schedule_time.clone());
        status.next_run = next.map(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time);
        (status.rollout, status.scale, status.replicas, status.ready_replicas) = (None, None, 0, 0);
        Ok((status, verdict, None))
    }

    async fn serve(&self) -> Result<Done> {
        let (app, front, context) = (self.app, self.front, self.context);
        schedule::withdraw(front, context).await?;
        let now = Timestamp::now();
        let state = serving::observe(front, context).await?;
        let mut next = self.decide(&state, now);
        let wanted = self.desired(&next);
        let deployment = wanted.converge(front, &state, context).await?;
        let counted = deployment.status.clone().unwrap_or_default();
        next.status.replicas = counted.replicas.unwrap_or_default();
        next.status.ready_replicas = counted.ready_replicas.unwrap_or_default();
        next.status.address = desired::address(app, front, context).await?;
        let may_sleep = app.spec.autoscaling.is_some() && !app.spec.stopped;
        let rollout = next.status.rollout.as_ref();
        let route = state.route.as_ref();
        let about = serving::Next { replicas: next.replicas, may_sleep, rollout, route };
        let verdict = match app.spec.stopped {
            true => Verdict::no(reason::STOPPED, "spec.stopped is true: nothing runs"),
            false => serving::judge(front, about, &deployment, context).await?,
        };
        let scale = (self.wish(), next.status.scale.as_ref());
        let again = serving::waits(app.spec.rollout.as_ref(), rollout, scale, now);
        Ok((next.status, verdict, again))
    }

    fn wish(&self) -> Wish<'_> {
        let autoscaling = self.app.spec.autoscaling.as_ref();
        Wish { replicas: self.app.spec.replicas, autoscaling }
    }

    fn decide(&self, state: &State, now: Timestamp) -> Next<'_> {
        let mut status = self.app.status.clone().unwrap_or_default();
        let traffic = state.policy.as_ref().and_then(|policy| policy.status.as_ref());
        status.scale = scale::decide(self.wish(), status.scale.as_ref(), traffic, now);
        let replicas = match (self.app.spec.stopped, &status.scale) {
            (true, _) => 0,
            (false, Some(scale)) => scale.replicas,
            (false, None) => self.app.spec.replicas,
        };
        let wanted = self.releases.newest();
        let old = status.release.filter(|_| state.stable.is_some());
        let old = old.and_then(|number| self.releases.find(number));
        let label = |release: &Numbered| release.number.to_string();
        let old_label = old.map(label);
        let decision = rollout::decide(&rollout::Facts {
            rule: self.app.spec.rollout.as_ref(),
            noun: "release",
            before: status.rollout.as_ref(),
            stable: old_label.as_deref(),
            wanted: &label(wanted),
            // Of this version: those of one before it may still be there.
            canary_ready: replicas > 0 && state.canary.as_ref().is_some_and(|d| is_current(d, 1)),
            stable_ready: state.stable.as_ref().is_some_and(|d| is_current(d, replicas)),
            traffic,
            canary: &self.front.object_name(Track::Canary),
            now,
        });
        let stable = old.filter(|old| label(old) == decision.stable).unwrap_or(wanted);
        let canary = decision.rollout.as_ref().filter(|rollout| rollout::is_active(rollout));
        let canary = canary.map(|_| wanted);
        status.release = Some(stable.number);
        status.rollout = decision.rollout;
        (status.last_run, status.next_run) = (None, None);
        Next { status, stable, canary, replicas }
    }

    fn desired(&self, next: &Next<'_>) -> Desired {
        let (app, settings) = (self.app, &self.context.settings);
        let servers = |track, release, replicas| {
            desired::servers((app, self.front), (track, release), replicas, settings)
        };
        let rollout = next.status.rollout.as_ref();
        let canary = next.canary.map(|release| {
            servers(Track::Canary, release, canary_replicas(rollout, next.replicas))
        });
        // By the release that answers, whose program knows its path.
        let routed = next.stable.spec.route.is_some();
        Desired {
            stable: servers(Track::Stable, next.stable, next.replicas),
            canary,
            policy: routed.then(|| desired::policy(app, self.front)).flatten(),
            route: routed.then(|| desired::route(self.front, next.stable, rollout)),
        }
    }
}

/// What there is to be.
struct Next<'a> {
    status: ApplicationStatus,
    stable: &'a Numbered,
    canary: Option<&'a Numbered>,
    replicas: i32,
}

async fn report(
    app: &Application,
    mut status: ApplicationStatus,
    verdict: &Verdict,
    context: &Context,
) -> Result<()> {
    let generation = app.meta().generation;
    let was = conditions::find(&status.conditions, READY).map(|was| was.reason.clone());
    conditions::set(&mut status.conditions, READY, verdict, generation);
    status.observed_generation = generation;
    status.url = app.spec.route.as_ref().map(|_| format!("{}/", front(app).path));
    if was.as_deref() != Some(verdict.reason) {
        let fine = [reason::PROGRESSING, reason::AVAILABLE, reason::ASLEEP, reason::STOPPED];
        let warning = !fine.contains(&verdict.reason);
        context.event(app, warning, verdict.reason, &verdict.message).await;
    }
    apply::status(&context.client, app, app.status.as_ref(), &status).await
}
