//! The objects of a service, as values: no I/O.

use std::collections::BTreeMap;

use dais_api::routing::{
    BackendReference, GATEWAY, HTTPRoute, HttpPathMatch, HttpRouteFilter, HttpRouteMatch,
    HttpRouteRule, HttpRouteSpec, ParentReference,
};
use dais_api::{InferenceService, labels, volumes};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EnvVar, EnvVarSource, HTTPGetAction, ObjectFieldSelector, Pod,
    PodSpec, PodTemplateSpec, Probe, SecretKeySelector, Service, ServicePort, ServiceSpec,
    VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::{Resource, ResourceExt};

use crate::context::Settings;
use crate::environment::MOUNT as ENVIRONMENT_MOUNT;
use crate::project::{TOKEN_KEY, WORKLOAD};
use crate::seams::RegisteredVersion;
use crate::telemetry::{self, About};

const CONTAINER: &str = "model";
const PORT: i32 = 8080;
/// A model server that is not ready is asked again this often, so that a new
/// version takes traffic soon after it has loaded.
const PROBE_SECONDS: i32 = 1;

/// Path of the service on the gateway.
pub fn path(service: &InferenceService) -> String {
    let project = service.namespace().unwrap_or_default();
    format!("/serve/{project}/{}", service.name_any())
}

fn application(service: &InferenceService) -> String {
    service.spec.application.clone().unwrap_or_else(|| service.name_any())
}

pub fn selector(service: &InferenceService) -> BTreeMap<String, String> {
    BTreeMap::from([
        (labels::KIND.to_owned(), InferenceService::kind(&()).into_owned()),
        (labels::INSTANCE.to_owned(), labels::label_value(&service.name_any())),
    ])
}

fn pod_labels(service: &InferenceService) -> BTreeMap<String, String> {
    let kind = InferenceService::kind(&());
    labels::pod_labels(&kind, &service.name_any(), &application(service), &user(service))
}

fn user(service: &InferenceService) -> String {
    service.annotations().get(labels::CREATED_BY).cloned().unwrap_or_default()
}

fn metadata(service: &InferenceService) -> ObjectMeta {
    ObjectMeta {
        name: service.metadata.name.clone(),
        namespace: service.namespace(),
        labels: Some(pod_labels(service)),
        owner_references: Some(service.controller_owner_ref(&()).into_iter().collect()),
        ..ObjectMeta::default()
    }
}

pub fn service(service: &InferenceService) -> Service {
    Service {
        metadata: metadata(service),
        spec: Some(ServiceSpec {
            selector: Some(selector(service)),
            ports: Some(vec![ServicePort {
                name: Some("http".to_owned()),
                port: 80,
                target_port: Some(IntOrString::String("http".to_owned())),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

pub fn route(service: &InferenceService) -> HTTPRoute {
    let prefix = HttpPathMatch { type_: Some("PathPrefix".to_owned()), value: Some(path(service)) };
    let backend = BackendReference { name: service.name_any(), port: Some(80), weight: Some(1) };
    let spec = HttpRouteSpec {
        parent_refs: vec![ParentReference { name: GATEWAY.to_owned(), namespace: None }],
        rules: vec![HttpRouteRule {
            matches: vec![HttpRouteMatch { path: Some(prefix) }],
            filters: vec![HttpRouteFilter::replace_prefix("/")],
            backend_refs: vec![backend],
        }],
    };
    HTTPRoute { metadata: metadata(service), spec, status: None }
}

pub fn deployment(
    service: &InferenceService,
    version: &RegisteredVersion,
    settings: &Settings,
) -> Deployment {
    let annotations = BTreeMap::from([
        (labels::USER_ANNOTATION.to_owned(), user(service)),
        ("prometheus.io/scrape".to_owned(), "true".to_owned()),
        ("prometheus.io/port".to_owned(), PORT.to_string()),
    ]);
    Deployment {
        metadata: metadata(service),
        spec: Some(DeploymentSpec {
            replicas: Some(service.spec.replicas),
            selector: LabelSelector {
                match_labels: Some(selector(service)),
                ..LabelSelector::default()
            },
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(pod_labels(service)),
                    annotations: Some(annotations),
                    ..ObjectMeta::default()
                }),
                spec: Some(pod_spec(service, version, settings)),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn pod_spec(
    service: &InferenceService,
    version: &RegisteredVersion,
    settings: &Settings,
) -> PodSpec {
    let environment = service.spec.environment.as_deref();
    let volume = environment.map(|name| {
        let attributes = [(volumes::ENVIRONMENT_NAME, name)];
        volumes::inline("environment", volumes::ENVIRONMENT_DRIVER, &attributes)
    });
    let mount = volume.as_ref().map(|volume| VolumeMount {
        name: volume.name.clone(),
        mount_path: ENVIRONMENT_MOUNT.to_owned(),
        read_only: Some(true),
        ..VolumeMount::default()
    });
    PodSpec {
        containers: vec![Container {
            volume_mounts: mount.map(|mount| vec![mount]),
            ..container(service, version, settings)
        }],
        service_account_name: Some(WORKLOAD.to_owned()),
        automount_service_account_token: Some(false),
        volumes: volume.map(|volume| vec![volume]),
        ..PodSpec::default()
    }
}

fn container(
    service: &InferenceService,
    version: &RegisteredVersion,
    settings: &Settings,
) -> Container {
    let mut command = vec![
        settings.program.clone(),
        "serve-model".to_owned(),
        format!("--model=models:/{}/{}", version.name, version.version),
        format!("--listen=$(POD_IP):{PORT}"),
    ];
    if service.spec.environment.is_some() {
        command.push(format!("--environment={ENVIRONMENT_MOUNT}"));
    }
    Container {
        name: CONTAINER.to_owned(),
        image: Some(settings.image.clone()),
        command: Some(command),
        env: Some(environment(service, settings)),
        ports: Some(vec![ContainerPort {
            name: Some("http".to_owned()),
            container_port: PORT,
            ..ContainerPort::default()
        }]),
        readiness_probe: Some(Probe {
            http_get: Some(HTTPGetAction {
                path: Some("/v2/health/ready".to_owned()),
                port: IntOrString::String("http".to_owned()),
                ..HTTPGetAction::default()
            }),
            period_seconds: Some(PROBE_SECONDS),
            ..Probe::default()
        }),
        resources: service.spec.resources.clone(),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

fn environment(service: &InferenceService, settings: &Settings) -> Vec<EnvVar> {
    let project = service.namespace().unwrap_or_default();
    let text = |name: &str, value: String| EnvVar {
        name: name.to_owned(),
        value: Some(value),
        ..EnvVar::default()
    };
    let from = |name: &str, source: EnvVarSource| EnvVar {
        name: name.to_owned(),
        value_from: Some(source),
        ..EnvVar::default()
    };
    let pod_ip = ObjectFieldSelector {
        field_path: "status.podIP".to_owned(),
        ..ObjectFieldSelector::default()
    };
    let token = SecretKeySelector {
        name: WORKLOAD.to_owned(),
        key: TOKEN_KEY.to_owned(),
        optional: Some(false),
    };
    let mut env = vec![
        text("DAIS_PROJECT", project.clone()),
        text("DAIS_APP", application(service)),
        text("MLFLOW_TRACKING_URI", format!("{}/mlflow/p/{project}", settings.platform_url)),
        from("POD_IP", EnvVarSource { field_ref: Some(pod_ip), ..EnvVarSource::default() }),
        from(
            "MLFLOW_TRACKING_TOKEN",
            EnvVarSource { secret_key_ref: Some(token), ..EnvVarSource::default() },
        ),
    ];
    let application = application(service);
    let user = service.annotations().get(labels::CREATED_BY).cloned().unwrap_or_default();
    let about = About {
        project: &project,
        application: &application,
        user: &user,
        token: "MLFLOW_TRACKING_TOKEN",
    };
    env.extend(telemetry::variables(&about, settings));
    env.extend(service.spec.env.clone());
    env
}

/// Why a pod is not ready, in words; `None` when it says nothing.
pub fn trouble(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let conditions = status.conditions.iter().flatten();
    let unscheduled = conditions
        .into_iter()
        .find(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
    if let Some(condition) = unscheduled {
        return Some(format!("waits for room: {}", condition.message.clone().unwrap_or_default()));
    }
    let container = status.container_statuses.iter().flatten().next()?;
    let last = container.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    let now = container.state.as_ref();
    let ended = now.and_then(|state| state.terminated.as_ref()).or(last);
    if let Some(message) = ended.and_then(|ended| ended.message.as_ref()) {
        return Some(message.trim().to_owned());
    }
    let waiting = now?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref().unwrap_or_default();
    Some(format!("{reason} {}", waiting.message.as_deref().unwrap_or_default()).trim().to_owned())
}
