//! Environment: builds a Python environment once, in a pod of the project itself,
//! so that an installer's code runs with no more rights than the people who
//! asked for it. Does not know where builds are kept.

mod build;

pub use build::MOUNT;

use std::sync::Arc;
use std::time::Duration;

use dais_api::conditions::{self, READY, Verdict, reason};
use dais_api::{Environment, EnvironmentStatus, PythonEnvironment, TrainingJob, volumes};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::finalizer::{Event, finalizer};
use kube::runtime::{Controller, watcher};
use kube::{Resource, ResourceExt};

use crate::apply;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observed::drive;
use crate::package_index;
use crate::seams::{BuiltEnvironment, Removal, SealError};

/// Holds the object until its build is removed.
const FINALIZER: &str = "dais.io/environment-build";

/// How soon a refused pod is tried again.
const REFUSED_RETRY: Duration = Duration::from_secs(3);

pub async fn run(context: Arc<Context>) {
    let environments = Api::<Environment>::all(context.client.clone());
    let pods = Api::<Pod>::all(context.client.clone());
    let builds = watcher::Config::default().labels(&format!(
        "{}={}",
        dais_api::labels::KIND,
        Environment::kind(&())
    ));
    let controller = Controller::new(environments, watcher::Config::default()).owns(pods, builds);
    drive("environment", controller, context, reconcile).await;
}

async fn reconcile(environment: Arc<Environment>, context: Arc<Context>) -> Result<Action> {
    let project = environment.namespace().unwrap_or_default();
    let name = environment.name_any();
    let api = Api::<Environment>::namespaced(context.client.clone(), &project);
    finalizer(&api, FINALIZER, environment, |event| async {
        match event {
            Event::Apply(environment) => build_and_report(&environment, &context).await,
            Event::Cleanup(environment) => cleanup(&environment, &context).await,
        }
    })
    .await
    .map_err(|source| Error::Finalizer { name, source: Box::new(source) })
}

async fn build_and_report(environment: &Environment, context: &Context) -> Result<Action> {
    let outcome = match &environment.spec.python {
        None => Outcome::image(environment.spec.image.as_deref().unwrap_or_default(), context),
        Some(python) => build_python(environment, python, context).await?,
    };
    let old = environment.status.as_ref();
    let status = desired_status(environment, &outcome);
    let was = old.and_then(|old| conditions::find(&old.conditions, READY));
    if was.map(|was| was.reason.as_str()) != Some(outcome.verdict.reason) {
        let warning = outcome.verdict.reason == reason::BUILD_FAILED;
        context.event(environment, warning, outcome.verdict.reason, &outcome.verdict.message).await;
    }
    apply::status(&context.client, environment, old, &status).await?;
    if outcome.verdict.reason == reason::POD_REFUSED {
        // A quota that has room again tells nobody.
        return Ok(Action::requeue(REFUSED_RETRY));
    }
    Ok(Action::await_change())
}

/// What one look at the world found.
struct Outcome {
    verdict: Verdict,
    digest: Option<String>,
    built: BuiltEnvironment,
}

impl Outcome {
    fn new(verdict: Verdict, digest: String) -> Self {
        Self { verdict, digest: Some(digest), built: BuiltEnvironment::default() }
    }

    fn image(image: &str, context: &Context) -> Self {
        let verdict = if image == context.settings.image {
            Verdict::yes(reason::AVAILABLE, "the machine's own programs")
        } else {
            Verdict::no(
                reason::INVALID,
                format!(
                    "spec.image {image:?}: this installation runs no container images; use {:?} \
                     or spec.python",
                    context.settings.image
                ),
            )
        };
        Self { verdict, digest: None, built: BuiltEnvironment::default() }
    }
}

async fn build_python(
    environment: &Environment,
    python: &PythonEnvironment,
    context: &Context,
) -> Result<Outcome> {
    if let Some(bad) = python.requirements.iter().find(|line| build::is_option(line)) {
        return Ok(Outcome::new(
            Verdict::no(
                reason::INVALID,
                format!(
                    "spec.python.requirements: {bad:?} is not a requirement; write one \
                         PEP 508 specifier a line, for example \"scikit-learn==1.5.2\""
                ),
            ),
            build::digest(python),
        ));
    }
    let project = environment.namespace().unwrap_or_default();
    let digest = build::digest(python);
    let found = context.environments.built(&project, &digest).await;
    if let Some(built) = found.map_err(Error::seam("looking for the build"))? {
        return Ok(available(built, digest));
    }
    let pods = Api::<Pod>::namespaced(context.client.clone(), &project);
    let name = build::pod_name(&environment.name_any(), &digest);
    let pod = pods.get_opt(&name).await.map_err(Error::kube(format!("reading pod {name}")))?;
    let Some(pod) = pod else {
        let lock = build::lock(environment, python, &digest);
        let index = package_index::variables(&context.client, &project, &context.settings).await?;
        let recipe = build::Recipe { python, lock, index };
        let pod = build::pod(environment, recipe, &digest, &context.settings);
        return Ok(Outcome::new(start(&pods, &pod).await?, digest));
    };
    match build::progress(&pod) {
        build::Progress::Running(words) => {
            Ok(Outcome::new(Verdict::no(reason::BUILDING, words), digest))
        }
        build::Progress::Failed(verdict) => Ok(Outcome::new(verdict, digest)),
        build::Progress::Succeeded => {
            let uid = pod.uid().unwrap_or_default();
            match context.environments.seal(&project, &digest, &uid).await {
                Ok(built) => Ok(available(built, digest)),
                Err(SealError::Gone) => again(&pods, &name, digest).await,
                Err(SealError::Refused(why)) => {
                    let words = format!("what the build left cannot be used: {why}");
                    Ok(Outcome::new(Verdict::no(reason::BUILD_FAILED, words), digest))
                }
                Err(SealError::Failed(error)) => Err(Error::seam("sealing the build")(error)),
            }
        }
    }
}

fn available(built: BuiltEnvironment, digest: String) -> Outcome {
    let words = format!("Python {} with {} packages", built.python_version, built.packages.len());
    let verdict = Verdict::yes(reason::AVAILABLE, words);
    Outcome { verdict, digest: Some(digest), built }
}

/// A build whose files are gone, after a restore on another machine for example,
/// is made again.
async fn again(pods: &Api<Pod>, name: &str, digest: String) -> Result<Outcome> {
    tracing::warn!(pod = name, "finished build not found, building again");
    match pods.delete(name, &DeleteParams::default()).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        Err(error) => return Err(Error::kube(format!("deleting pod {name}"))(error)),
    }
    Ok(Outcome::new(Verdict::no(reason::BUILDING, "building again"), digest))
}

async fn start(pods: &Api<Pod>, pod: &Pod) -> Result<Verdict> {
    match pods.create(&PostParams::default(), pod).await {
        Ok(_) => Ok(Verdict::no(reason::BUILDING, "waiting for the build to start")),
        Err(kube::Error::Api(status)) if status.code == 403 || status.code == 422 => {
            Ok(Verdict::no(reason::POD_REFUSED, status.message.clone()))
        }
        Err(kube::Error::Api(status)) if status.code == 409 => {
            Ok(Verdict::no(reason::BUILDING, "the build has started"))
        }
        Err(error) => Err(Error::kube(format!("creating pod {}", pod.name_any()))(error)),
    }
}

async fn cleanup(environment: &Environment, context: &Context) -> Result<Action> {
    let project = environment.namespace().unwrap_or_default();
    let Some(digest) = environment.status.as_ref().and_then(|status| status.digest.clone()) else {
        return Ok(Action::await_change());
    };
    let pods = Api::<Pod>::namespaced(context.client.clone(), &project);
    let name = build::pod_name(&environment.name_any(), &digest);
    match pods.delete(&name, &DeleteParams::default()).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        Err(error) => return Err(Error::kube(format!("deleting pod {name}"))(error)),
    }
    let others = Api::<Environment>::namespaced(context.client.clone(), &project)
        .list(&Default::default())
        .await
        .map_err(Error::kube("listing environments"))?;
    let shared = others.items.iter().any(|other| {
        other.uid() != environment.uid()
            && other.status.as_ref().and_then(|status| status.digest.as_ref()) == Some(&digest)
    });
    let again = Api::<TrainingJob>::namespaced(context.client.clone(), &project)
        .list(&Default::default())
        .await
        .map_err(Error::kube("listing jobs"))?;
    // Such a build stays without its object: the jobs may be run again exactly. Builds that
    // nothing names any more are collected.
    if !shared && !again.iter().any(|job| is_of(job, &digest)) {
        // An error keeps the finalizer, and the object with it.
        if let Some(pod) = user(&pods, &digest).await? {
            return Err(Error::InUse { name: environment.name_any(), pod });
        }
        let removed = context.environments.remove(&project, &digest).await;
        match removed.map_err(Error::seam("removing the build"))? {
            Removal::Done => {}
            Removal::Held { project: of, pod } => {
                let pod = if of == project { pod } else { "of another project".to_owned() };
                return Err(Error::InUse { name: environment.name_any(), pod });
            }
        }
    }
    Ok(Action::await_change())
}

/// Whether a job began in the build, or is to.
fn is_of(job: &TrainingJob, digest: &str) -> bool {
    let began = job.status.as_ref().and_then(|status| status.environment_digest.as_deref());
    [job.spec.environment_digest.as_deref(), began].contains(&Some(digest))
}

/// A pod of the project that has the build or waits for it.
async fn user(pods: &Api<Pod>, digest: &str) -> Result<Option<String>> {
    let all = pods.list(&Default::default()).await.map_err(Error::kube("listing pods"))?;
    Ok(all.items.iter().find(|pod| uses(pod, digest)).map(ResourceExt::name_any))
}

fn uses(pod: &Pod, digest: &str) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    let is_over = matches!(phase, Some("Succeeded" | "Failed"));
    let mounted = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    let mut digests = mounted.filter_map(|volume| {
        let csi = volume.csi.as_ref().filter(|csi| csi.driver == volumes::ENVIRONMENT_DRIVER)?;
        csi.volume_attributes.as_ref()?.get(volumes::ENVIRONMENT)
    });
    !is_over && digests.any(|used| used == digest)
}

fn desired_status(environment: &Environment, outcome: &Outcome) -> EnvironmentStatus {
    let mut status = environment.status.clone().unwrap_or_default();
    let generation = environment.meta().generation;
    conditions::set(&mut status.conditions, READY, &outcome.verdict, generation);
    status.observed_generation = generation;
    status.digest = outcome.digest.clone();
    let version = &outcome.built.python_version;
    status.python_version = (!version.is_empty()).then(|| version.clone());
    let size = i64::try_from(outcome.built.size_bytes).ok();
    status.size_bytes = size.filter(|bytes| *bytes > 0);
    let sum = &outcome.built.sha256;
    status.content_digest = (!sum.is_empty()).then(|| sum.clone());
    // What a build came to stays known while it is made again: it is the lock.
    let is_again = outcome.built.packages.is_empty()
        && environment.status.as_ref().is_some_and(|old| old.digest == outcome.digest);
    if !is_again {
        status.packages = outcome.built.packages.clone();
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_used_by_pods_that_are_not_over() {
        let pod = |phase: &str, driver: &str| -> Pod {
            serde_json::from_value(serde_json::json!({
                "metadata": {"name": "p"}, "status": {"phase": phase},
                "spec": {"containers": [], "volumes": [{"name": "e", "csi":
                    {"driver": driver, "volumeAttributes": {"environment": "d1"}}}]},
            }))
            .unwrap()
        };
        let of = volumes::ENVIRONMENT_DRIVER;
        assert!(uses(&pod("Running", of), "d1") && uses(&pod("Pending", of), "d1"));
        assert!(!uses(&pod("Running", of), "d2"), "another build");
        assert!(!uses(&pod("Succeeded", of), "d1") && !uses(&pod("Failed", of), "d1"));
        assert!(!uses(&pod("Running", "else"), "d1"));
    }
}
