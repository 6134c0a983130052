//! The pod of one attempt, as a value: no I/O.

use std::collections::BTreeMap;

use dais_api::{TrainingJob, labels, volumes};
use k8s_openapi::api::core::v1::{Container, EnvVar, Pod, PodSpec, Volume, VolumeMount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};

use super::algorithm::Program;
use super::inputs::Inputs;
use super::rendezvous::{self, Meeting};
use super::{ATTEMPT, JOB, RANK, checkpoints};
use crate::context::Settings;
use crate::environment::MOUNT as ENVIRONMENT_MOUNT;
use crate::program::{self, CODE_MOUNT, pod_ip, text, token, variable_name};
use crate::project::WORKLOAD;
use crate::telemetry;

/// Annotation with the id of the attempt's run.
pub const RUN: &str = "dais.io/run";
const CONTAINER: &str = "main";

/// Longest name that is a label value too.
const LONGEST: usize = 63;

/// Labels by which a scheduler places the pods of an attempt together or not at all:
/// those of the coscheduling plugin of kubernetes-sigs/scheduler-plugins.
const GROUP: &str = "pod-group.scheduling.sigs.k8s.io/name";
const GROUP_LEAST: &str = "pod-group.scheduling.sigs.k8s.io/min-available";

/// Everything that an attempt's pods have in common.
pub struct About<'a> {
    /// With what its algorithm gave it.
    pub job: &'a TrainingJob,
    pub program: &'a Program,
    pub number: i32,
    pub inputs: &'a Inputs,
    pub run: &'a str,
    pub meeting: &'a Meeting,
}

pub fn name(job: &TrainingJob, attempt: i32, rank: i32) -> String {
    let end = match job.spec.replicas() {
        1 => format!("-{attempt}"),
        _ => format!("-{attempt}-{rank}"),
    };
    named(job, &end)
}

fn named(job: &TrainingJob, end: &str) -> String {
    let whole = labels::label_value(&job.name_any());
    let kept: String = whole.chars().take(LONGEST - end.len()).collect();
    format!("{}{end}", kept.trim_end_matches(['-', '.']))
}

pub fn application(job: &TrainingJob) -> &str {
    let own = job.metadata.name.as_deref().unwrap_or_default();
    job.spec.application.as_deref().unwrap_or(own)
}

/// Who asked for the job.
pub fn user(job: &TrainingJob) -> String {
    job.annotations().get(labels::CREATED_BY).cloned().unwrap_or_default()
}

pub fn desired(about: &About<'_>, rank: i32, settings: &Settings) -> Pod {
    let About { job, number, run, .. } = about;
    let job_name = job.name_any();
    let user = user(job);
    let kind = TrainingJob::kind(&());
    let mut pod_labels = labels::pod_labels(&kind, &job_name, application(job), &user);
    pod_labels.insert(JOB.to_owned(), labels::label_value(&job_name));
    pod_labels.insert(ATTEMPT.to_owned(), number.to_string());
    pod_labels.insert(RANK.to_owned(), rank.to_string());
    if job.spec.replicas() > 1 {
        pod_labels.insert(GROUP.to_owned(), named(job, &format!("-{number}")));
        pod_labels.insert(GROUP_LEAST.to_owned(), job.spec.replicas().to_string());
    }
    let annotations = BTreeMap::from([
        (labels::USER_ANNOTATION.to_owned(), user),
        (RUN.to_owned(), (*run).to_owned()),
    ]);
    let (volumes, mounts) = volumes(about);
    Pod {
        metadata: ObjectMeta {
            name: Some(name(job, *number, rank)),
            namespace: job.namespace(),
            labels: Some(pod_labels),
            annotations: Some(annotations),
            owner_references: Some(job.controller_owner_ref(&()).into_iter().collect()),
            ..ObjectMeta::default()
        },
        spec: Some(PodSpec {
            containers: vec![container(about, rank, mounts, settings)],
            restart_policy: Some("Never".to_owned()),
            service_account_name: Some(WORKLOAD.name.to_owned()),
            automount_service_account_token: Some(false),
            volumes: Some(volumes),
            ..PodSpec::default()
        }),
        ..Pod::default()
    }
}

fn container(
    about: &About<'_>,
    rank: i32,
    mounts: Vec<VolumeMount>,
    settings: &Settings,
) -> Container {
    let job = about.job;
    let code = job.spec.code.as_ref().map(|_| CODE_MOUNT.to_owned());
    Container {
        name: CONTAINER.to_owned(),
        image: Some(settings.image.clone()),
        command: Some(job.spec.command.clone()),
        args: Some(job.spec.args.clone()).filter(|args| !args.is_empty()),
        working_dir: job.spec.working_dir.clone().or(code),
        env: Some(environment(about, rank, settings)),
        resources: job.spec.resources.clone(),
        volume_mounts: Some(mounts),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

fn environment(about: &About<'_>, rank: i32, settings: &Settings) -> Vec<EnvVar> {
    let About { job, program, inputs, run, meeting, .. } = about;
    let project = job.namespace().unwrap_or_default();
    let platform = &settings.platform_url;
    let tracking = format!("{platform}/mlflow/p/{project}");
    let mut env = vec![
        text("DAIS_PROJECT", &project),
        text("DAIS_APP", application(job)),
        text("DAIS_JOB", &job.name_any()),
        text("DAIS_URL", platform),
        text("DAIS_SERVE_URL", &settings.serve_url),
        token("DAIS_TOKEN"),
        text("MLFLOW_TRACKING_URI", &tracking),
        text("MLFLOW_REGISTRY_URI", &tracking),
        token("MLFLOW_TRACKING_TOKEN"),
        text("MLFLOW_RUN_ID", run),
        text("MLFLOW_EXPERIMENT_NAME", job.spec.experiment.as_deref().unwrap_or(application(job))),
        pod_ip(),
    ];
    env.extend(rendezvous::variables(job, rank, meeting));
    let about = telemetry::About {
        project: &project,
        application: application(job),
        user: &user(job),
        token: "DAIS_TOKEN",
    };
    env.extend(telemetry::variables(&about, settings));
    env.extend(program::storage(&WORKLOAD, settings, &job.spec.env));
    if let Some(model) = &job.spec.model {
        env.push(text("DAIS_MODEL", model));
    }
    if let Some(path) = checkpoints::path(job) {
        env.push(text("DAIS_CHECKPOINT_DIR", path));
    }
    env.extend(program::python(inputs.environment.is_some()));
    let its = program.algorithm.as_ref().map_or(&[][..], |taken| &taken.inputs[..]);
    for (at, mount) in inputs.mounts.iter().enumerate() {
        let name = format!("DAIS_DATASET_{}", variable_name(&mount.dataset.name));
        env.push(text(&name, &mount.path));
        if let Some(Some(input)) = its.get(at) {
            env.push(text(&format!("DAIS_INPUT_{}", variable_name(input)), &mount.path));
        }
    }
    if let Some(taken) = &program.algorithm {
        env.push(text("DAIS_ALGORITHM", &taken.reference));
    }
    if !program.parameters.is_empty() {
        let json = serde_json::Value::Object(program.parameters.clone());
        env.push(text("DAIS_PARAMETERS", &json.to_string()));
    }
    for (name, value) in &job.spec.parameters {
        env.push(text(&format!("DAIS_PARAM_{}", variable_name(name)), value));
    }
    env.extend(job.spec.env.clone());
    env
}

fn volumes(about: &About<'_>) -> (Vec<Volume>, Vec<VolumeMount>) {
    let About { job, inputs, .. } = about;
    let taken = about.program.algorithm.as_ref();
    let shared: Vec<(&str, &str)> = taken
        .and_then(|taken| taken.owner.as_ref())
        .map(|owner| {
            vec![
                (volumes::ALGORITHM, owner.algorithm.as_str()),
                (volumes::ALGORITHM_VERSION, owner.version.as_str()),
            ]
        })
        .unwrap_or_default();
    let mut volumes = Vec::new();
    let mut mounts = Vec::new();
    let mut add = |volume: Volume, path: &str| {
        let (volume, mount) = program::mounted(volume, path, true);
        mounts.push(mount);
        volumes.push(volume);
    };
    if let Some(digest) = &inputs.environment {
        let mut attributes = vec![(volumes::ENVIRONMENT, digest.as_str())];
        if taken.is_some_and(|taken| taken.brings_environment) {
            attributes.extend(&shared);
        }
        let driver = volumes::ENVIRONMENT_DRIVER;
        add(volumes::inline("environment", driver, &attributes), ENVIRONMENT_MOUNT);
    }
    if let Some(code) = &job.spec.code {
        let attributes = match shared.is_empty() {
            true => vec![(volumes::BUNDLE, code.bundle.as_str())],
            false => shared.clone(),
        };
        add(volumes::inline("code", volumes::CODE_DRIVER, &attributes), CODE_MOUNT);
    }
    for (at, mount) in inputs.mounts.iter().enumerate() {
        let attributes = [
            (volumes::DATASET, mount.dataset.name.as_str()),
            (volumes::DATASET_VERSION, mount.dataset.version.as_str()),
        ];
        let name = format!("data-{at}");
        add(volumes::inline(&name, volumes::DATA_DRIVER, &attributes), &mount.path);
    }
    if let Some((volume, mount)) = checkpoints::volume(job) {
        volumes.push(volume);
        mounts.push(mount);
    }
    (volumes, mounts)
}

#[cfg(test)]
mod tests {
    use dais_api::TrainingJobSpec;

    use super::*;

    #[test]
    fn names_are_labels_and_tell_attempts_and_replicas_apart() {
        let job = |name: &str, replicas| {
            let replicas = Some(replicas);
            TrainingJob::new(name, TrainingJobSpec { replicas, ..TrainingJobSpec::default() })
        };
        let long = job(&"a".repeat(253), 1000);
        assert!(name(&long, 101, 999).len() <= LONGEST);
        assert_ne!(name(&long, 1, 0), name(&long, 2, 0));
        assert_ne!(name(&long, 1, 0), name(&long, 1, 1));
        assert_eq!(name(&job("digits", 1), 1, 0), "digits-1");
        assert_eq!(name(&job("digits", 2), 1, 1), "digits-1-1");
    }
}
