//! The pod of one attempt, as a value: no I/O.

use std::collections::BTreeMap;

use dais_api::{TrainingJob, labels, volumes};
use k8s_openapi::api::core::v1::{
    Container, EnvVar, EnvVarSource, Pod, PodSpec, SecretKeySelector, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};

use super::inputs::Inputs;
use super::{ATTEMPT, JOB};
use crate::context::Settings;
use crate::environment::MOUNT as ENVIRONMENT_MOUNT;
use crate::project::{TOKEN_KEY, WORKLOAD};
use crate::telemetry::{self, About};

/// Annotation with the id of the attempt's run.
pub const RUN: &str = "dais.io/run";
/// Where the code of a job is.
const CODE_MOUNT: &str = "/workspace";
const CONTAINER: &str = "main";
/// Search path of a container that names none.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Longest part of the job's name that a pod's name keeps, so that with its
/// attempt it stays a label value of 63 characters.
const KEPT: usize = 58;

pub fn name(job: &TrainingJob, attempt: i32) -> String {
    let kept: String = labels::label_value(&job.name_any()).chars().take(KEPT).collect();
    format!("{}-{attempt}", kept.trim_end_matches(['-', '.']))
}

pub fn application(job: &TrainingJob) -> &str {
    let own = job.metadata.name.as_deref().unwrap_or_default();
    job.spec.application.as_deref().unwrap_or(own)
}

/// Who asked for the job.
pub fn user(job: &TrainingJob) -> String {
    job.annotations().get(labels::CREATED_BY).cloned().unwrap_or_default()
}

pub fn desired(
    job: &TrainingJob,
    attempt: i32,
    inputs: &Inputs,
    run: &str,
    settings: &Settings,
) -> Pod {
    let job_name = job.name_any();
    let user = user(job);
    let kind = TrainingJob::kind(&());
    let mut pod_labels = labels::pod_labels(&kind, &job_name, application(job), &user);
    pod_labels.insert(JOB.to_owned(), labels::label_value(&job_name));
    pod_labels.insert(ATTEMPT.to_owned(), attempt.to_string());
    let annotations = BTreeMap::from([
        (labels::USER_ANNOTATION.to_owned(), user),
        (RUN.to_owned(), run.to_owned()),
    ]);
    let (volumes, mounts) = volumes(job, inputs);
    Pod {
        metadata: ObjectMeta {
            name: Some(name(job, attempt)),
            namespace: job.namespace(),
            labels: Some(pod_labels),
            annotations: Some(annotations),
            owner_references: Some(job.controller_owner_ref(&()).into_iter().collect()),
            ..ObjectMeta::default()
        },
        spec: Some(PodSpec {
            containers: vec![container(job, inputs, run, mounts, settings)],
            restart_policy: Some("Never".to_owned()),
            service_account_name: Some(WORKLOAD.to_owned()),
            automount_service_account_token: Some(false),
            volumes: Some(volumes),
            ..PodSpec::default()
        }),
        ..Pod::default()
    }
}

fn container(
    job: &TrainingJob,
    inputs: &Inputs,
    run: &str,
    mounts: Vec<VolumeMount>,
    settings: &Settings,
) -> Container {
    let code = job.spec.code.as_ref().map(|_| CODE_MOUNT.to_owned());
    Container {
        name: CONTAINER.to_owned(),
        image: Some(settings.image.clone()),
        command: Some(job.spec.command.clone()),
        args: Some(job.spec.args.clone()).filter(|args| !args.is_empty()),
        working_dir: job.spec.working_dir.clone().or(code),
        env: Some(environment(job, inputs, run, settings)),
        resources: job.spec.resources.clone(),
        volume_mounts: Some(mounts),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

fn environment(job: &TrainingJob, inputs: &Inputs, run: &str, settings: &Settings) -> Vec<EnvVar> {
    let project = job.namespace().unwrap_or_default();
    let platform = &settings.platform_url;
    let tracking = format!("{platform}/mlflow/p/{project}");
    let mut env = vec![
        variable("DAIS_PROJECT", &project),
        variable("DAIS_APP", application(job)),
        variable("DAIS_JOB", &job.name_any()),
        variable("DAIS_URL", platform),
        variable("DAIS_SERVE_URL", &settings.serve_url),
        token("DAIS_TOKEN"),
        variable("MLFLOW_TRACKING_URI", &tracking),
        variable("MLFLOW_REGISTRY_URI", &tracking),
        token("MLFLOW_TRACKING_TOKEN"),
        variable("MLFLOW_RUN_ID", run),
        variable(
            "MLFLOW_EXPERIMENT_NAME",
            job.spec.experiment.as_deref().unwrap_or(application(job)),
        ),
        variable("PYTHONUNBUFFERED", "1"),
    ];
    let about = About {
        project: &project,
        application: application(job),
        user: &user(job),
        token: "DAIS_TOKEN",
    };
    env.extend(telemetry::variables(&about, settings));
    if let Some(model) = &job.spec.model {
        env.push(variable("DAIS_MODEL", model));
    }
    if inputs.environment.is_some() {
        env.push(variable("VIRTUAL_ENV", &format!("{ENVIRONMENT_MOUNT}/venv")));
        env.push(variable("PATH", &format!("{ENVIRONMENT_MOUNT}/venv/bin:{SYSTEM_PATH}")));
    }
    for mount in &inputs.mounts {
        let name = format!("DAIS_DATASET_{}", variable_name(&mount.dataset.name));
        env.push(variable(&name, &mount.path));
    }
    if !job.spec.parameters.is_empty() {
        let json = serde_json::Value::from_iter(job.spec.parameters.clone());
        env.push(variable("DAIS_PARAMETERS", &json.to_string()));
    }
    for (name, value) in &job.spec.parameters {
        env.push(variable(&format!("DAIS_PARAM_{}", variable_name(name)), value));
    }
    env.extend(job.spec.env.clone());
    env
}

fn variable(name: &str, value: &str) -> EnvVar {
    // A dollar in a value is text, not the start of a reference.
    let value = value.replace("$(", "$$(");
    EnvVar { name: name.to_owned(), value: Some(value), ..EnvVar::default() }
}

fn token(name: &str) -> EnvVar {
    let key = SecretKeySelector {
        name: WORKLOAD.to_owned(),
        key: TOKEN_KEY.to_owned(),
        optional: Some(false),
    };
    EnvVar {
        name: name.to_owned(),
        value_from: Some(EnvVarSource { secret_key_ref: Some(key), ..EnvVarSource::default() }),
        ..EnvVar::default()
    }
}

/// `name` as the end of an environment variable's name.
fn variable_name(name: &str) -> String {
    let upper = name.chars().map(|c| c.to_ascii_uppercase());
    upper.map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn volumes(job: &TrainingJob, inputs: &Inputs) -> (Vec<Volume>, Vec<VolumeMount>) {
    let mut volumes = Vec::new();
    let mut mounts = Vec::new();
    let mut add = |volume: Volume, path: &str| {
        mounts.push(VolumeMount {
            name: volume.name.clone(),
            mount_path: path.to_owned(),
            read_only: Some(true),
            ..VolumeMount::default()
        });
        volumes.push(volume);
    };
    if let Some(digest) = &inputs.environment {
        let attributes = [(volumes::ENVIRONMENT, digest.as_str())];
        let driver = volumes::ENVIRONMENT_DRIVER;
        add(volumes::inline("environment", driver, &attributes), ENVIRONMENT_MOUNT);
    }
    if let Some(code) = &job.spec.code {
        let attributes = [(volumes::BUNDLE, code.bundle.as_str())];
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
    (volumes, mounts)
}

#[cfg(test)]
mod tests {
    use dais_api::TrainingJobSpec;

    use super::*;

    #[test]
    fn names_are_labels_and_tell_attempts_apart() {
        let job = TrainingJob::new(&"a".repeat(253), TrainingJobSpec::default());
        assert!(name(&job, 1).len() <= 63);
        assert_ne!(name(&job, 1), name(&job, 2));
        assert_eq!(name(&TrainingJob::new("digits", TrainingJobSpec::default()), 1), "digits-1");
    }

    #[test]
    fn values_are_never_expanded() {
        assert_eq!(variable("A", "$(HOME)").value.as_deref(), Some("$$(HOME)"));
        assert_eq!(variable_name("max-depth"), "MAX_DEPTH");
    }
}
