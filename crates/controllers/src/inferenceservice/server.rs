//! The pod of one server, as a value: the built-in model server, or a program of the
//! service's own.

use dais_api::{InferenceService, ModelServer, volumes};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EnvVar, EnvVarSource, HTTPGetAction, Lifecycle, LifecycleHandler,
    ObjectFieldSelector, PodSpec, Probe, SecretKeySelector, SleepAction, TCPSocketAction, Volume,
    VolumeMount,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::desired::{application, user};
use crate::context::Settings;
use crate::environment::MOUNT as ENVIRONMENT_MOUNT;
use crate::project::{TOKEN_KEY, WORKLOAD};
use crate::seams::RegisteredVersion;
use crate::telemetry::{self, About};

pub const PORT: i32 = 8080;
const CONTAINER: &str = "model";
/// Where the code of a server is.
const CODE_MOUNT: &str = "/workspace";
/// Search path of a container that names none.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// A server that is not ready is asked again this often, so that a new version takes
/// traffic soon after it has loaded.
const PROBE_SECONDS: i32 = 1;
/// A server goes on for so long after it has left the route: requests that are on their
/// way to it still arrive.
const LINGER_SECONDS: i64 = 1;

pub fn pod_spec(
    service: &InferenceService,
    version: Option<&RegisteredVersion>,
    settings: &Settings,
) -> PodSpec {
    let (volumes, mounts): (Vec<Volume>, Vec<VolumeMount>) = mounts(service).into_iter().unzip();
    PodSpec {
        containers: vec![Container {
            volume_mounts: Some(mounts).filter(|mounts| !mounts.is_empty()),
            ..container(service, version, settings)
        }],
        service_account_name: Some(WORKLOAD.to_owned()),
        automount_service_account_token: Some(false),
        volumes: Some(volumes).filter(|volumes| !volumes.is_empty()),
        ..PodSpec::default()
    }
}

fn mounts(service: &InferenceService) -> Vec<(Volume, VolumeMount)> {
    let environment = service.spec.environment.as_deref().map(|name| {
        let attributes = [(volumes::ENVIRONMENT_NAME, name)];
        let volume = volumes::inline("environment", volumes::ENVIRONMENT_DRIVER, &attributes);
        (volume, ENVIRONMENT_MOUNT)
    });
    let code = service.spec.server.as_ref().and_then(|server| server.code.as_ref()).map(|code| {
        let attributes = [(volumes::BUNDLE, code.bundle.as_str())];
        (volumes::inline("code", volumes::CODE_DRIVER, &attributes), CODE_MOUNT)
    });
    let mounted = |(volume, path): (Volume, &str)| {
        let mount = VolumeMount {
            name: volume.name.clone(),
            mount_path: path.to_owned(),
            read_only: Some(true),
            ..VolumeMount::default()
        };
        (volume, mount)
    };
    environment.into_iter().chain(code).map(mounted).collect()
}

fn container(
    service: &InferenceService,
    version: Option<&RegisteredVersion>,
    settings: &Settings,
) -> Container {
    let own = service.spec.server.as_ref();
    let port = own.and_then(|server| server.port).unwrap_or(PORT);
    let command = match own {
        Some(server) => server.command.clone(),
        None => model_server(service, version, settings),
    };
    let ready = match own {
        Some(ModelServer { ready_path: None, .. }) => Probe {
            tcp_socket: Some(TCPSocketAction {
                port: IntOrString::String("http".to_owned()),
                ..TCPSocketAction::default()
            }),
            ..Probe::default()
        },
        Some(ModelServer { ready_path: path @ Some(_), .. }) => answers_at(path.clone()),
        None => answers_at(Some("/v2/health/ready".to_owned())),
    };
    let linger = LifecycleHandler {
        sleep: Some(SleepAction { seconds: LINGER_SECONDS }),
        ..LifecycleHandler::default()
    };
    Container {
        name: CONTAINER.to_owned(),
        image: Some(settings.image.clone()),
        command: Some(command),
        working_dir: own.and_then(|server| server.code.as_ref()).map(|_| CODE_MOUNT.to_owned()),
        env: Some(environment(service, version, settings)),
        ports: Some(vec![ContainerPort {
            name: Some("http".to_owned()),
            container_port: port,
            ..ContainerPort::default()
        }]),
        readiness_probe: Some(Probe { period_seconds: Some(PROBE_SECONDS), ..ready }),
        lifecycle: Some(Lifecycle { pre_stop: Some(linger), ..Lifecycle::default() }),
        resources: service.spec.resources.clone(),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

fn answers_at(path: Option<String>) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path,
            port: IntOrString::String("http".to_owned()),
            ..HTTPGetAction::default()
        }),
        ..Probe::default()
    }
}

/// The built-in server's command line.
fn model_server(
    service: &InferenceService,
    version: Option<&RegisteredVersion>,
    settings: &Settings,
) -> Vec<String> {
    let mut command = vec![settings.program.clone(), "serve-model".to_owned()];
    command.extend(version.map(|version| format!("--model={}", uri(version))));
    command.push(format!("--listen=$(POD_IP):{PORT}"));
    if service.spec.environment.is_some() {
        command.push(format!("--environment={ENVIRONMENT_MOUNT}"));
    }
    command
}

fn uri(version: &RegisteredVersion) -> String {
    format!("models:/{}/{}", version.name, version.version)
}

fn environment(
    service: &InferenceService,
    version: Option<&RegisteredVersion>,
    settings: &Settings,
) -> Vec<EnvVar> {
    let project = service.namespace().unwrap_or_default();
    let application = application(service);
    let tracking = format!("{}/mlflow/p/{project}", settings.platform_url);
    let pod_ip = ObjectFieldSelector {
        field_path: "status.podIP".to_owned(),
        ..ObjectFieldSelector::default()
    };
    let token = SecretKeySelector {
        name: WORKLOAD.to_owned(),
        key: TOKEN_KEY.to_owned(),
        optional: Some(false),
    };
    let port = service.spec.server.as_ref().and_then(|server| server.port).unwrap_or(PORT);
    let mut env = vec![
        text("DAIS_PROJECT", &project),
        text("DAIS_APP", &application),
        text("DAIS_URL", &settings.platform_url),
        text("MLFLOW_TRACKING_URI", &tracking),
        text("MLFLOW_REGISTRY_URI", &tracking),
        from("POD_IP", EnvVarSource { field_ref: Some(pod_ip), ..EnvVarSource::default() }),
        // Not expanded from a value of somebody's, but from the variable above.
        EnvVar { value: Some("$(POD_IP)".to_owned()), ..text("HOST", "") },
        text("PORT", &port.to_string()),
        from(
            "MLFLOW_TRACKING_TOKEN",
            EnvVarSource { secret_key_ref: Some(token), ..EnvVarSource::default() },
        ),
    ];
    let about = About {
        project: &project,
        application: &application,
        user: &user(service),
        token: "MLFLOW_TRACKING_TOKEN",
    };
    env.extend(telemetry::variables(&about, settings));
    if let Some(version) = version {
        env.push(text("DAIS_MODEL_URI", &uri(version)));
    }
    if service.spec.server.is_some() {
        env.push(text("PYTHONUNBUFFERED", "1"));
        if service.spec.environment.is_some() {
            let venv = format!("{ENVIRONMENT_MOUNT}/venv");
            env.push(text("PATH", &format!("{venv}/bin:{SYSTEM_PATH}")));
            env.push(text("VIRTUAL_ENV", &venv));
        }
    }
    env.extend(service.spec.env.clone());
    env
}

fn text(name: &str, value: &str) -> EnvVar {
    // A dollar in a value is text, not the start of a reference.
    let value = value.replace("$(", "$$(");
    EnvVar { name: name.to_owned(), value: Some(value), ..EnvVar::default() }
}

fn from(name: &str, source: EnvVarSource) -> EnvVar {
    EnvVar { name: name.to_owned(), value_from: Some(source), ..EnvVar::default() }
}
