//! What a job refers to, resolved at the moment when an attempt starts.

use dais_api::conditions::{self, READY, Verdict, reason};
use dais_api::{DatasetInput, Environment, ResolvedDataset};
use kube::ResourceExt;
use kube::api::Api;

use super::algorithm::Program;
use crate::context::Context;
use crate::dataset;
use crate::error::{Error, Result};

/// Everything that a pod needs to be described.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Digest of the built Environment, when the job names one.
    pub environment: Option<String>,
    pub mounts: Vec<Mount>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    pub dataset: ResolvedDataset,
    pub path: String,
}

impl Inputs {
    pub fn datasets(&self) -> Vec<ResolvedDataset> {
        self.mounts.iter().map(|mount| mount.dataset.clone()).collect()
    }
}

/// `Ok(Err(verdict))`: something is missing; the verdict says what and how to mend it.
pub async fn resolve(program: &Program, context: &Context) -> Result<Result<Inputs, Verdict>> {
    let job = &program.job;
    let environment = match environment(program, context).await? {
        Ok(environment) => environment,
        Err(verdict) => return Ok(Err(verdict)),
    };
    let project = job.namespace().unwrap_or_default();
    let mut mounts = Vec::new();
    for (at, input) in job.spec.datasets.iter().enumerate() {
        match dataset(&project, at, input, context).await? {
            Ok(mount) => mounts.push(mount),
            Err(verdict) => return Ok(Err(verdict)),
        }
    }
    Ok(Ok(Inputs { environment, mounts }))
}

async fn environment(
    program: &Program,
    context: &Context,
) -> Result<Result<Option<String>, Verdict>> {
    let job = &program.job;
    let Some(name) = &job.spec.environment else { return Ok(Ok(None)) };
    let brought = program.algorithm.as_ref().filter(|taken| taken.brings_environment);
    let owner = brought.and_then(|taken| taken.owner.as_ref());
    let project = owner.map_or_else(|| job.namespace().unwrap_or_default(), |o| o.project.clone());
    let field = if brought.is_some() { "spec.algorithm" } else { "spec.environment" };
    let found = Api::<Environment>::namespaced(context.client.clone(), &project)
        .get_opt(name)
        .await
        .map_err(Error::kube(format!("reading environment {name}")))?;
    let Some(environment) = found else {
        if let Some(owner) = owner {
            let words = format!("spec.algorithm: the environment of {} is gone", owner.algorithm);
            return Ok(Err(Verdict::no(reason::ENVIRONMENT_NOT_FOUND, words)));
        }
        let words = format!(
            "{field}: no Environment {name:?} in project {project:?}; create it or name \
             another (`dais get environments`)"
        );
        return Ok(Err(Verdict::no(reason::ENVIRONMENT_NOT_FOUND, words)));
    };
    let status = environment.status.clone().unwrap_or_default();
    let current = status.observed_generation == environment.metadata.generation;
    if let Some(pinned) = &job.spec.environment_digest {
        return built(name, pinned, &project, context).await;
    }
    if current && conditions::is_true(&status.conditions, READY) {
        return Ok(Ok(status.digest));
    }
    if let Some(owner) = owner {
        // How another project's environment fares is its people's to see.
        let words = format!("waits for the environment of {}", owner.algorithm);
        return Ok(Err(Verdict::no(reason::ENVIRONMENT_NOT_READY, words)));
    }
    let why = conditions::find(&status.conditions, READY)
        .map_or_else(|| "it has not been looked at yet".to_owned(), |ready| ready.message.clone());
    let words = format!("waits for Environment {name:?}: {why}");
    Ok(Err(Verdict::no(reason::ENVIRONMENT_NOT_READY, words)))
}

/// The build that an earlier job ran in, if it is still there.
async fn built(
    name: &str,
    digest: &str,
    project: &str,
    context: &Context,
) -> Result<Result<Option<String>, Verdict>> {
    let known = context.environments.built(project, digest).await;
    if known.map_err(Error::seam("looking for a build"))?.is_some() {
        return Ok(Ok(Some(digest.to_owned())));
    }
    let words = format!(
        "spec.environmentDigest: Environment {name:?} has no build {digest} any more; leave the \
         field out to run in its newest"
    );
    Ok(Err(Verdict::no(reason::ENVIRONMENT_NOT_FOUND, words)))
}

/// The version that `spec.datasets[at]` stands for now.
pub async fn dataset(
    project: &str,
    at: usize,
    input: &DatasetInput,
    context: &Context,
) -> Result<Result<Mount, Verdict>> {
    let field = format!("spec.datasets[{at}]");
    let missing = |words| Ok(Err(Verdict::no(reason::DATASET_NOT_FOUND, words)));
    let found = match dataset::find(&context.client, project, &input.name).await? {
        Ok(found) => found,
        Err(words) => return missing(format!("{field}.name: {words}")),
    };
    let versions = context
        .datasets
        .versions(&found.project, &found.name)
        .await
        .map_err(Error::seam("listing the dataset's versions"))?;
    let wanted = input.version.as_deref().filter(|version| *version != "latest");
    let found = match wanted {
        Some(version) => versions.iter().find(|known| known.name == version),
        None => versions.first(),
    };
    let Some(version) = found else {
        let newest = versions.first().map_or("none", |newest| newest.name.as_str());
        return missing(format!(
            "{field}.version: Dataset {:?} has no version {:?}; its newest is {newest}",
            input.name,
            input.version.as_deref().unwrap_or("latest"),
        ));
    };
    let dataset = ResolvedDataset {
        name: input.name.clone(),
        version: version.name.clone(),
        digest: version.digest.clone(),
    };
    Ok(Ok(Mount { dataset, path: path(input) }))
}

/// Where a dataset's files appear.
pub fn path(input: &DatasetInput) -> String {
    input.mount_path.clone().unwrap_or_else(|| format!("/data/{}", input.name))
}
