//! InferenceService: a model version behind the gateway.
//!
//! Owns resolving the model and keeping a Deployment, a Service and a route for
//! it. Does not know how a model is loaded or how traffic flows.

mod desired;

use std::sync::Arc;
use std::time::Duration;

use dais_api::conditions::{self, READY, Verdict, reason};
use dais_api::reference::{ModelReference, ModelVersion};
use dais_api::routing::HTTPRoute;
use dais_api::{InferenceService, InferenceServiceStatus, labels};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::{Api, ListParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, watcher};
use kube::{Resource, ResourceExt};

use crate::apply::{self, apply};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observed::drive;
use crate::seams::RegisteredVersion;

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
        // Why a replica is not ready is said by its pod, which a ReplicaSet owns.
        .watches(Api::<Pod>::all(client), mine, move |pod| served_by(&services, &pod));
    drive("inferenceservice", controller, context, reconcile).await;
}

/// The service that a pod is a replica of.
fn served_by(services: &Store<InferenceService>, pod: &Pod) -> Vec<ObjectRef<InferenceService>> {
    let instance = pod.labels().get(labels::INSTANCE);
    let is_its = |service: &Arc<InferenceService>| {
        service.namespace() == pod.namespace()
            && instance == Some(&labels::label_value(&service.name_any()))
    };
    let found = services.state().into_iter().filter(is_its);
    found.map(|service| ObjectRef::from_obj(service.as_ref())).collect()
}

async fn reconcile(service: Arc<InferenceService>, context: Arc<Context>) -> Result<Action> {
    if service.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let mut status = service.status.clone().unwrap_or_default();
    let (verdict, action) = match resolve(&service, &context).await? {
        Ok((version, action)) => {
            status.model_name = Some(version.name.clone());
            status.model_version = Some(version.version.clone());
            status.run_id = version.run_id.clone();
            let deployment = converge(&service, &version, &context).await?;
            let replicas = deployment.status.clone().unwrap_or_default();
            status.replicas = replicas.replicas.unwrap_or_default();
            status.ready_replicas = replicas.ready_replicas.unwrap_or_default();
            (judge(&service, &deployment, &context).await?, action)
        }
        Err(verdict) => (verdict, Action::requeue(ALIAS_CHECK)),
    };
    report(&service, status, &verdict, &context).await?;
    Ok(action)
}

async fn resolve(
    service: &InferenceService,
    context: &Context,
) -> Result<Result<(RegisteredVersion, Action), Verdict>> {
    let reference: ModelReference = match service.spec.model.parse() {
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
    let Some(version) = found else {
        let words = format!(
            "spec.model: project {project:?} has no {reference}; `dais models` lists what there is"
        );
        return Ok(Err(Verdict::no(reason::MODEL_NOT_FOUND, words)));
    };
    let action = match reference.version {
        ModelVersion::Number(_) => Action::await_change(),
        ModelVersion::Alias(_) => Action::requeue(ALIAS_CHECK),
    };
    Ok(Ok((version, action)))
}

async fn converge(
    service: &InferenceService,
    version: &RegisteredVersion,
    context: &Context,
) -> Result<Deployment> {
    let client = &context.client;
    apply(client, &desired::service(service)).await?;
    apply(client, &desired::route(service)).await?;
    apply(client, &desired::deployment(service, version, &context.settings)).await
}

async fn judge(
    service: &InferenceService,
    deployment: &Deployment,
    context: &Context,
) -> Result<Verdict> {
    let status = deployment.status.clone().unwrap_or_default();
    let ready = status.ready_replicas.unwrap_or_default();
    let wanted = service.spec.replicas;
    let current = status.observed_generation == deployment.metadata.generation;
    if current && ready >= wanted && status.updated_replicas.unwrap_or_default() >= wanted {
        return Ok(Verdict::yes(reason::AVAILABLE, format!("{ready} of {wanted} replicas ready")));
    }
    let refused = status.conditions.into_iter().flatten();
    let refused = refused.into_iter().find(|c| c.type_ == "ReplicaFailure" && c.status == "True");
    if let Some(refused) = refused {
        return Ok(Verdict::no(reason::POD_REFUSED, refused.message.unwrap_or_default()));
    }
    let why = why_not_ready(service, context).await?;
    Ok(Verdict::no(reason::PROGRESSING, format!("{ready} of {wanted} replicas ready{why}")))
}

/// What the newest unready pod says, for the person who waits.
async fn why_not_ready(service: &InferenceService, context: &Context) -> Result<String> {
    let project = service.namespace().unwrap_or_default();
    let selector = desired::selector(service);
    let selector: Vec<String> =
        selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let pods = Api::<Pod>::namespaced(context.client.clone(), &project)
        .list(&ListParams::default().labels(&selector.join(",")))
        .await
        .map_err(Error::kube("listing the service's pods"))?;
    let newest = pods.items.into_iter().max_by_key(|pod| pod.creation_timestamp());
    Ok(newest
        .and_then(|pod| desired::trouble(&pod))
        .map_or_else(String::new, |why| format!("; {why}")))
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
        let warning = !verdict.status && verdict.reason != reason::PROGRESSING;
        context.event(service, warning, verdict.reason, &verdict.message).await;
    }
    apply::status(&context.client, service, service.status.as_ref(), &status).await
}
