//! What is there, what is to be, and how it goes.

use std::fmt::Debug;
use std::time::Duration;

use dais_api::conditions::{Verdict, reason};
use dais_api::routing::HTTPRoute;
use dais_api::{Rollout, RolloutState, RolloutStatus, ScaleStatus, TrafficPolicy};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{Api, DeleteParams};
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;

use super::scale::{self, Wish};
use super::{Front, Track, rollout, trouble};
use crate::apply::apply;
use crate::context::Context;
use crate::error::{Error, Result};

/// After a refusal: whose name was in the way may be gone.
pub const AGAIN: Duration = Duration::from_secs(60);

/// What an error says of a spec that asks for what cannot be, or for more than the project
/// may have; other errors stay what they are.
pub fn refusal(error: Error) -> Result<Verdict> {
    let Some(words) = error.refusal() else { return Err(error) };
    Ok(Verdict::no(reason::INVALID, words))
}

/// What is there now.
pub struct State {
    pub policy: Option<TrafficPolicy>,
    pub route: Option<HTTPRoute>,
    pub stable: Option<Deployment>,
    pub canary: Option<Deployment>,
}

pub async fn observe(front: &Front, context: &Context) -> Result<State> {
    let (client, project) = (&context.client, &front.namespace);
    let policies = Api::<TrafficPolicy>::namespaced(client.clone(), project);
    let routes = Api::<HTTPRoute>::namespaced(client.clone(), project);
    let deployments = Api::<Deployment>::namespaced(client.clone(), project);
    let route = front.route_name();
    let names = [Track::Stable, Track::Canary].map(|track| front.object_name(track));
    let (policy, route, stable, canary) = futures::try_join!(
        policies.get_opt(&route),
        routes.get_opt(&route),
        deployments.get_opt(&names[0]),
        deployments.get_opt(&names[1]),
    )
    .map_err(Error::kube("reading what there is"))?;
    Ok(State {
        policy: own(policy, front)?,
        route: own(route, front)?,
        stable: own(stable, front)?,
        canary: own(canary, front)?,
    })
}

/// An object of ours, or none.
///
/// # Errors
/// When somebody else's has the name: nothing of theirs is changed or removed.
fn own<K>(found: Option<K>, front: &Front) -> Result<Option<K>>
where
    K: Resource<DynamicType = ()>,
{
    match found {
        Some(object) if !object.owner_references().iter().any(|owner| owner.uid == front.uid) => {
            Err(Error::Taken { kind: K::kind(&()).into_owned(), name: object.name_any() })
        }
        found => Ok(found),
    }
}

/// One set of servers.
pub struct Servers {
    /// Where others find them; nobody does when absent.
    pub service: Option<Service>,
    pub deployment: Deployment,
}

/// What is to be.
pub struct Desired {
    pub stable: Servers,
    pub canary: Option<Servers>,
    pub policy: Option<TrafficPolicy>,
    pub route: Option<HTTPRoute>,
}

impl Desired {
    /// Makes it true; returns the Deployment of the object's own servers.
    pub async fn converge(
        &self,
        front: &Front,
        state: &State,
        context: &Context,
    ) -> Result<Deployment> {
        if let Some(canary) = &self.canary {
            keep(canary.service.as_ref(), None, context).await?;
            apply(&context.client, &canary.deployment).await?;
        }
        keep(self.policy.as_ref(), state.policy.as_ref(), context).await?;
        keep(self.stable.service.as_ref(), None, context).await?;
        keep(self.route.as_ref(), state.route.as_ref(), context).await?;
        let deployment = apply(&context.client, &self.stable.deployment).await?;
        if self.canary.is_none() && state.canary.is_some() {
            remove(state.canary.as_ref(), context).await?;
            remove(Some(&front.service(Track::Canary, "", Vec::new())), context).await?;
        }
        Ok(deployment)
    }
}

/// Takes away all servers and the way to them.
pub async fn withdraw(front: &Front, state: &State, context: &Context) -> Result<()> {
    if let Some(stable) = &state.stable {
        remove(Some(stable), context).await?;
        remove(Some(&front.service(Track::Stable, "", Vec::new())), context).await?;
    }
    if let Some(canary) = &state.canary {
        remove(Some(canary), context).await?;
        remove(Some(&front.service(Track::Canary, "", Vec::new())), context).await?;
    }
    remove(state.route.as_ref(), context).await?;
    remove(state.policy.as_ref(), context).await
}

/// Applies what is wanted; else removes what is there.
pub async fn keep<K>(wanted: Option<&K>, there: Option<&K>, context: &Context) -> Result<()>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned + serde::Serialize,
{
    match wanted {
        Some(wanted) => apply(&context.client, wanted).await.map(drop),
        None => remove(there, context).await,
    }
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

pub fn ready(deployment: &Deployment) -> i32 {
    let status = deployment.status.as_ref();
    status.and_then(|status| status.ready_replicas).unwrap_or_default()
}

/// Whether all servers are there, are ready and are what the Deployment says. Those that
/// are ready may be former ones, so none of them may be left.
pub fn is_current(deployment: &Deployment, wanted: i32) -> bool {
    let status = deployment.status.clone().unwrap_or_default();
    let count = |replicas: Option<i32>| replicas.unwrap_or_default();
    status.observed_generation == deployment.metadata.generation
        && count(status.ready_replicas) >= wanted
        && count(status.updated_replicas) >= wanted
        && count(status.replicas) <= count(status.updated_replicas)
}

/// Servers for a share of the requests: one at least, unless nobody asks at all.
pub fn canary_replicas(rollout: Option<&RolloutStatus>, replicas: i32) -> i32 {
    let percent = rollout.map_or(0, |rollout| rollout.percent);
    let share = (i64::from(replicas) * i64::from(percent) + 99) / 100;
    i32::try_from(share).unwrap_or(1).max(1).min(replicas.max(0))
}

/// What is decided of the servers.
pub struct Next<'a> {
    pub replicas: i32,
    /// Nothing runs when nobody asks.
    pub may_sleep: bool,
    pub rollout: Option<&'a RolloutStatus>,
    /// The way to the servers, as it was found.
    pub route: Option<&'a HTTPRoute>,
}

/// How it goes.
pub async fn judge(
    front: &Front,
    next: Next<'_>,
    deployment: &Deployment,
    context: &Context,
) -> Result<Verdict> {
    if let Some(words) = next.route.and_then(refused) {
        return Ok(Verdict::no(reason::ADDRESS_TAKEN, words));
    }
    let wanted = next.replicas;
    if wanted == 0 && next.may_sleep {
        let words = "nothing runs, since nobody asks; the next request starts a server";
        return Ok(Verdict::yes(reason::ASLEEP, words));
    }
    let ready = ready(deployment);
    if is_current(deployment, wanted) {
        return well(format!("{ready} of {wanted} replicas ready"), (front, &next), context).await;
    }
    let conditions = deployment.status.iter().flat_map(|s| s.conditions.iter().flatten());
    let mut refused =
        conditions.into_iter().filter(|c| c.type_ == "ReplicaFailure" && c.status == "True");
    if let Some(refused) = refused.next() {
        return Ok(Verdict::no(reason::POD_REFUSED, refused.message.clone().unwrap_or_default()));
    }
    let why = trouble::why_not_ready(front, Track::Stable, context).await?;
    Ok(Verdict::no(reason::PROGRESSING, format!("{ready} of {wanted} replicas ready{why}")))
}

/// Why a gateway does not serve the route, in its words.
fn refused(route: &HTTPRoute) -> Option<String> {
    let parents = route.status.iter().flat_map(|status| &status.parents);
    let mut said = parents.flat_map(|parent| &parent.conditions);
    let refused = said.find(|said| said.type_ == "Accepted" && said.status == "False")?;
    Some(refused.message.clone())
}

/// All is well; what is on its way in, or was taken back, is said beside it.
async fn well(
    words: String,
    (front, next): (&Front, &Next<'_>),
    context: &Context,
) -> Result<Verdict> {
    let Some(rollout) = next.rollout else {
        return Ok(Verdict::yes(reason::AVAILABLE, words));
    };
    let words = format!("{words}; {}", rollout.message);
    Ok(match rollout.state {
        RolloutState::RolledBack => Verdict::yes(reason::ROLLED_BACK, words),
        RolloutState::Starting => {
            let why = trouble::why_not_ready(front, Track::Canary, context).await?;
            Verdict::yes(reason::AVAILABLE, format!("{words}{why}"))
        }
        RolloutState::Progressing | RolloutState::Promoting => {
            Verdict::yes(reason::AVAILABLE, words)
        }
    })
}

/// When to look again at a rollout and at the number of servers, though nothing happens.
pub fn waits(
    rule: Option<&Rollout>,
    rollout: Option<&RolloutStatus>,
    (wish, scale): (Wish<'_>, Option<&ScaleStatus>),
    now: Timestamp,
) -> Option<Duration> {
    let step = rule.zip(rollout);
    let step = step.and_then(|(rule, rollout)| rollout::time_left(rule, rollout, now));
    let idle = scale::again(wish, scale, now);
    let wait = |left: SignedDuration| {
        // Over already: what it waits for now is told by an event.
        left.is_positive()
            .then(|| Duration::from_millis(left.as_millis().unsigned_abs() as u64 + 50))
    };
    let waits =
        [step.and_then(wait), idle.map(|left| wait(left).unwrap_or(Duration::from_secs(1)))];
    waits.into_iter().flatten().min()
}
