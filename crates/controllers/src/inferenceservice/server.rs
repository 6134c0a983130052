//! The pod of one server, as a value: the built-in model server, or a program of the
//! service's own.

use dais_api::{InferenceService, ModelServer};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EnvVar, HTTPGetAction, PodSpec, Probe, TCPSocketAction,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::context::Settings;
use crate::environment::MOUNT as ENVIRONMENT_MOUNT;
use crate::program::{self, CODE_MOUNT, text};
use crate::project::WORKLOAD;
use crate::seams::RegisteredVersion;
use crate::serving::Front;

pub const PORT: i32 = 8080;
const CONTAINER: &str = "model";
/// A server that is not ready is asked again this often, so that a new version takes
/// traffic soon after it has loaded.
const PROBE_SECONDS: i32 = 1;

pub fn pod_spec(
    service: &InferenceService,
    front: &Front,
    version: Option<&RegisteredVersion>,
    settings: &Settings,
) -> PodSpec {
    let code = service.spec.server.as_ref().and_then(|server| server.code.as_ref());
    let bundle = code.map(|code| code.bundle.as_str());
    let mounts = program::mounts(service.spec.environment.as_deref(), bundle);
    program::server(program::pod(container(service, front, version, settings), mounts), settings)
}

fn container(
    service: &InferenceService,
    front: &Front,
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
    Container {
        name: CONTAINER.to_owned(),
        image: Some(settings.image.clone()),
        command: Some(command),
        working_dir: own.and_then(|server| server.code.as_ref()).map(|_| CODE_MOUNT.to_owned()),
        env: Some(environment(service, front, version, settings)),
        ports: Some(vec![ContainerPort {
            name: Some("http".to_owned()),
            container_port: port,
            ..ContainerPort::default()
        }]),
        readiness_probe: Some(Probe { period_seconds: Some(PROBE_SECONDS), ..ready }),
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
    front: &Front,
    version: Option<&RegisteredVersion>,
    settings: &Settings,
) -> Vec<EnvVar> {
    let port = service.spec.server.as_ref().and_then(|server| server.port).unwrap_or(PORT);
    let mut env = program::variables(front, settings);
    env.extend(program::storage(&WORKLOAD, settings, &service.spec.env));
    env.push(text("PORT", &port.to_string()));
    if let Some(version) = version {
        env.push(text("DAIS_MODEL_URI", &uri(version)));
    }
    if service.spec.server.is_some() {
        env.extend(program::python(service.spec.environment.is_some()));
    }
    env.extend(service.spec.env.clone());
    env
}
