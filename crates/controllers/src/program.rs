//! What a tenant's program finds in its pod: code, an environment, variables.

use dais_api::volumes;
use k8s_openapi::api::core::v1::{
    Container, EnvVar, EnvVarSource, ExecAction, Lifecycle, LifecycleHandler, ObjectFieldSelector,
    PodSpec, SecretKeySelector, SleepAction, Volume, VolumeMount,
};

use crate::context::Settings;
use crate::environment::MOUNT as ENVIRONMENT_MOUNT;
use crate::project::{ACCESS_KEY_ID, Account, SECRET_ACCESS_KEY, TOKEN_KEY, WORKLOAD};
use crate::serving::Front;
use crate::telemetry::{self, About};

/// Where the code is.
pub const CODE_MOUNT: &str = "/workspace";
/// Search path of a container that names none.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How long a server that has left the route may go on answering what it has begun, and
/// end: what a slow answer takes. One that is idle ends at once.
const GRACE_SECONDS: i64 = 60;
/// Of a server in an image of somebody else's, which nobody can ask what is under way.
const LINGER_SECONDS: i64 = 1;

/// The folders of an Environment and of a code bundle, read-only.
pub fn mounts(environment: Option<&str>, bundle: Option<&str>) -> Vec<(Volume, VolumeMount)> {
    let environment = environment.map(|name| {
        let attributes = [(volumes::ENVIRONMENT_NAME, name)];
        let volume = volumes::inline("environment", volumes::ENVIRONMENT_DRIVER, &attributes);
        (volume, ENVIRONMENT_MOUNT)
    });
    let code = bundle.map(|bundle| {
        let attributes = [(volumes::BUNDLE, bundle)];
        (volumes::inline("code", volumes::CODE_DRIVER, &attributes), CODE_MOUNT)
    });
    environment.into_iter().chain(code).map(|(volume, path)| mounted(volume, path, true)).collect()
}

pub fn mounted(volume: Volume, path: &str, read_only: bool) -> (Volume, VolumeMount) {
    let mount = VolumeMount {
        name: volume.name.clone(),
        mount_path: path.to_owned(),
        read_only: Some(read_only),
        ..VolumeMount::default()
    };
    (volume, mount)
}

/// Who it is, where the platform is, and the token of its project.
pub fn variables(front: &Front, settings: &Settings) -> Vec<EnvVar> {
    let Front { namespace: project, application, user, .. } = front;
    let tracking = format!("{}/mlflow/p/{project}", settings.platform_url);
    let mut env = vec![
        text("DAIS_PROJECT", project),
        text("DAIS_APP", application),
        text("DAIS_URL", &settings.platform_url),
        text("DAIS_PROGRAM", &settings.program),
        text("MLFLOW_TRACKING_URI", &tracking),
        text("MLFLOW_REGISTRY_URI", &tracking),
        pod_ip(),
        // Not expanded from a value of somebody's, but from the variable above.
        EnvVar { value: Some("$(POD_IP)".to_owned()), ..text("HOST", "") },
        token("MLFLOW_TRACKING_TOKEN"),
    ];
    let about = About { project, application, user, token: "MLFLOW_TRACKING_TOKEN" };
    env.extend(telemetry::variables(&about, settings));
    env
}

/// Python speaks at once, and an Environment comes first in the search path.
pub fn python(has_environment: bool) -> Vec<EnvVar> {
    let mut env = vec![text("PYTHONUNBUFFERED", "1")];
    if has_environment {
        let venv = format!("{ENVIRONMENT_MOUNT}/venv");
        env.push(text("PATH", &format!("{venv}/bin:{SYSTEM_PATH}")));
        env.push(text("VIRTUAL_ENV", &venv));
    }
    env
}

/// Any S3 needs a region to sign for; ours takes every one.
const REGION: &str = "us-east-1";

/// The object store and an account's key for it, in the words of every S3 client; nothing
/// of it where the program brings its own.
pub fn storage(account: &Account, settings: &Settings, given: &[EnvVar]) -> Vec<EnvVar> {
    if given.iter().any(|variable| variable.name.starts_with("AWS_")) {
        return Vec::new();
    }
    vec![
        text("AWS_ENDPOINT_URL", &settings.s3_url),
        secret("AWS_ACCESS_KEY_ID", account.name, ACCESS_KEY_ID),
        secret("AWS_SECRET_ACCESS_KEY", account.name, SECRET_ACCESS_KEY),
        text("AWS_DEFAULT_REGION", REGION),
        text("AWS_REGION", REGION),
    ]
}

/// The token of the pod's project.
pub fn token(name: &str) -> EnvVar {
    secret(name, WORKLOAD.name, TOKEN_KEY)
}

/// What a Secret of the project has under `key`.
pub fn secret(name: &str, secret: &str, key: &str) -> EnvVar {
    let (secret, key) = (secret.to_owned(), key.to_owned());
    let key = SecretKeySelector { name: secret, key, optional: Some(false) };
    from(name, EnvVarSource { secret_key_ref: Some(key), ..EnvVarSource::default() })
}

/// `$POD_IP`.
pub fn pod_ip() -> EnvVar {
    let field = ObjectFieldSelector {
        field_path: "status.podIP".to_owned(),
        ..ObjectFieldSelector::default()
    };
    from("POD_IP", EnvVarSource { field_ref: Some(field), ..EnvVarSource::default() })
}

pub fn text(name: &str, value: &str) -> EnvVar {
    // A dollar in a value is text, not the start of a reference.
    let value = value.replace("$(", "$$(");
    EnvVar { name: name.to_owned(), value: Some(value), ..EnvVar::default() }
}

/// `name` as the end of an environment variable's name.
pub fn variable_name(name: &str) -> String {
    let upper = name.chars().map(|c| c.to_ascii_uppercase());
    upper.map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn from(name: &str, source: EnvVarSource) -> EnvVar {
    EnvVar { name: name.to_owned(), value_from: Some(source), ..EnvVar::default() }
}

/// The pod of a server: before its program is asked to end, the gateway has answered all
/// that it sent there, or the grace period is over.
pub fn server(mut pod: PodSpec, settings: &Settings) -> PodSpec {
    for container in &mut pod.containers {
        let is_ours = container.image.as_ref() == Some(&settings.image);
        let wait = if is_ours { drain() } else { linger() };
        container.lifecycle = Some(Lifecycle { pre_stop: Some(wait), ..Lifecycle::default() });
    }
    pod.termination_grace_period_seconds = Some(GRACE_SECONDS);
    pod
}

/// Through a shell, since a hook's words are taken as they are, and where the program is
/// on a node without name spaces only the variable knows.
fn drain() -> LifecycleHandler {
    let words = ["/bin/sh", "-c", "exec \"$DAIS_PROGRAM\" drain"];
    let command = Some(words.map(str::to_owned).to_vec());
    LifecycleHandler { exec: Some(ExecAction { command }), ..LifecycleHandler::default() }
}

/// Requests that are on their way still arrive.
fn linger() -> LifecycleHandler {
    let sleep = Some(SleepAction { seconds: LINGER_SECONDS });
    LifecycleHandler { sleep, ..LifecycleHandler::default() }
}

/// A pod of one container, as the project's workload.
pub fn pod(container: Container, mounts: Vec<(Volume, VolumeMount)>) -> PodSpec {
    let (volumes, mounts): (Vec<Volume>, Vec<VolumeMount>) = mounts.into_iter().unzip();
    let container =
        Container { volume_mounts: Some(mounts).filter(|mounts| !mounts.is_empty()), ..container };
    PodSpec {
        containers: vec![container],
        service_account_name: Some(WORKLOAD.name.to_owned()),
        automount_service_account_token: Some(false),
        volumes: Some(volumes).filter(|volumes| !volumes.is_empty()),
        ..PodSpec::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_its_own_storage_keeps_it() {
        let settings = Settings {
            image: String::new(),
            program: String::new(),
            platform_url: String::new(),
            serve_url: String::new(),
            s3_url: "http://127.0.0.1:9000".to_owned(),
            build_env: Vec::new(),
        };
        let ours = storage(&WORKLOAD, &settings, &[text("LOG", "debug")]);
        assert_eq!(ours[0].value.as_deref(), Some("http://127.0.0.1:9000"));
        assert!(storage(&WORKLOAD, &settings, &[text("AWS_PROFILE", "own")]).is_empty());
    }

    #[test]
    fn values_are_never_expanded() {
        assert_eq!(text("A", "$(HOME)").value.as_deref(), Some("$$(HOME)"));
    }

    #[test]
    fn names_of_variables_are_plain() {
        assert_eq!(variable_name("max-depth"), "MAX_DEPTH");
    }
}
