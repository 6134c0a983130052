//! Queues as those see them who wait in them: `GET /api/queues`.
//!
//! A queue is shared by projects that may not see each other. Everybody sees how much
//! there is, how much is taken and how long the line is; whose job it is, only those
//! who may list that project's jobs.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use dais_api::{Queue, TrainingJob, labels};
use dais_controllers::queue::{Plan, Standing, Waiting, plan};
use dais_identity::Caller;
use http::StatusCode;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use super::access::{Access, Right};

#[derive(Clone)]
struct Shared {
    client: Client,
    access: Access,
}

pub fn router(client: Client, access: Access) -> Router {
    Router::new().route("/api/queues", get(list)).with_state(Shared { client, access })
}

async fn list(State(shared): State<Shared>, request: Request) -> Response {
    let Some(caller) = request.extensions().get::<Caller>().cloned() else {
        let hint = "sign in, or send an API token as Authorization: Bearer …";
        return refuse(StatusCode::UNAUTHORIZED, "nobody is signed in", hint);
    };
    match seen_by(&caller, &shared).await {
        Ok(queues) => Json(json!({ "queues": queues })).into_response(),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "queues not listed");
            let hint = "the platform's log says why; try again when that is mended";
            refuse(StatusCode::SERVICE_UNAVAILABLE, "the queues could not be read", hint)
        }
    }
}

fn refuse(status: StatusCode, reason: &str, hint: &str) -> Response {
    (status, Json(json!({"error": {"field": "", "reason": reason, "hint": hint}}))).into_response()
}

async fn seen_by(caller: &Caller, shared: &Shared) -> anyhow::Result<Vec<Value>> {
    let may_see = Sight(shared.access.projects(caller, &Right::READ_JOBS).await?);
    let all = ListParams::default();
    let queues = Api::<Queue>::all(shared.client.clone()).list(&all).await?.items;
    let jobs = Api::<TrainingJob>::all(shared.client.clone()).list(&all).await?.items;
    let queues: Vec<Arc<Queue>> = queues.into_iter().map(Arc::new).collect();
    let jobs: Vec<Arc<TrainingJob>> = jobs.into_iter().map(Arc::new).collect();
    let plan = plan(&queues, &jobs);
    let usable = |queue: &&Arc<Queue>| {
        let projects = &queue.spec.projects;
        projects.is_empty() || projects.iter().any(|project| may_see.sees(project))
    };
    Ok(queues.iter().filter(usable).map(|queue| view(queue, &plan, &may_see)).collect())
}

/// Projects whose jobs somebody may list; none is all of them.
struct Sight(Option<BTreeSet<String>>);

impl Sight {
    fn sees(&self, project: &str) -> bool {
        self.0.as_ref().is_none_or(|projects| projects.contains(project))
    }
}

fn view(queue: &Queue, plan: &Plan, may_see: &Sight) -> Value {
    let name = queue.name_any();
    let spec = &queue.spec;
    let uses = plan.book.uses(&name);
    let resources = spec.resources.iter().map(|resource| {
        let used = uses.iter().find(|(name, ..)| *name == resource.name);
        let amount =
            |amount: Option<i128>| dais_quantity::format(&resource.name, amount.unwrap_or(0)).0;
        json!({
            "name": resource.name,
            "nominalQuota": resource.nominal_quota,
            "borrowingLimit": resource.borrowing_limit,
            "used": amount(used.map(|(_, used, _)| *used)),
            "borrowed": amount(used.map(|(_, _, borrowed)| *borrowed)),
        })
    });
    let projects = spec.projects.iter().filter(|project| may_see.sees(project));
    let line = plan.lines.get(&name).into_iter().flatten().enumerate();
    let holders = plan.holders.iter().filter(|holder| holder.queue == name);
    json!({
        "name": name,
        "cohort": spec.cohort,
        "strategy": spec.strategy,
        "preemption": spec.preemption,
        "stopPolicy": spec.stop_policy,
        "projects": projects.collect::<Vec<_>>(),
        "isForAll": spec.projects.is_empty(),
        "created": queue.metadata.creation_timestamp,
        "resources": resources.collect::<Vec<_>>(),
        "line": line.map(|(at, waiting)| in_line(at, waiting, may_see)).collect::<Vec<_>>(),
        "holders": holders.map(|holder| holding(holder, may_see)).collect::<Vec<_>>(),
    })
}

fn in_line(at: usize, waiting: &Waiting, may_see: &Sight) -> Value {
    let mut shown = about(&waiting.job, &waiting.wants, may_see);
    shown["place"] = (at + 1).into();
    if !shown["name"].is_null() {
        shown["reason"] = waiting.reason.into();
        shown["message"] = waiting.message.clone().into();
    }
    shown
}

fn holding(holder: &Standing, may_see: &Sight) -> Value {
    let mut shown = about(&holder.job, &holder.amounts, may_see);
    shown["isLeaving"] = holder.is_leaving.into();
    let admission = holder.job.status.as_ref().and_then(|status| status.admission.as_ref());
    shown["since"] = json!(admission.map(|admission| &admission.time));
    shown
}

/// A job: to strangers only what it takes.
fn about(job: &TrainingJob, wants: &dais_quantity::Amounts, may_see: &Sight) -> Value {
    let amounts = wants.iter().filter(|(name, _)| *name != "pods");
    let amounts =
        amounts.map(|(name, amount)| (name.clone(), dais_quantity::format(name, *amount)));
    let mut shown = json!({
        "priority": job.spec.priority(),
        "replicas": job.spec.replicas(),
        "wants": amounts.collect::<std::collections::BTreeMap<_, _>>(),
        "created": job.metadata.creation_timestamp,
    });
    let project = job.namespace().unwrap_or_default();
    if may_see.sees(&project) {
        shown["name"] = job.name_any().into();
        shown["project"] = project.into();
        shown["user"] = json!(job.annotations().get(labels::CREATED_BY));
    }
    shown
}
