//! The objects of an application, as values; and its address.

use std::collections::BTreeMap;

use dais_api::application::ApplicationVolume;
use dais_api::routing::HTTPRoute;
use dais_api::traffic::TrafficPolicy;
use dais_api::{Application, ApplicationSpec, RolloutStatus, volumes};
use k8s_openapi::api::apps::v1::DeploymentStrategy;
use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, Container, ContainerPort, EnvVar, PersistentVolumeClaim,
    PersistentVolumeClaimSpec, PersistentVolumeClaimVolumeSource, PodSpec, SecretVolumeSource,
    Service, ServicePort, Volume, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::{Api, ResourceExt};

use super::health::checked;
use super::releases::Numbered;
use crate::context::{Context, Settings};
use crate::error::{Error, Result};
use crate::program::{self, CODE_MOUNT, mounted, text};
use crate::project::WORKLOAD;
use crate::serving::{Front, Rules, Servers, Template, Track};

const CONTAINER: &str = "app";
/// On a pod: the number of its release.
const RELEASE: &str = "dais.io/release";
/// On an application: when it was last told to start anew.
const RESTARTED: &str = "dais.io/restarted-at";
/// Name of the Service's port for `spec.ownPort`.
const OWN_PORT: &str = "own";

pub fn front(app: &Application) -> Front {
    Front { suffix: "-app", ..Front::of(app, None, "app") }
}

pub fn policy(app: &Application, front: &Front) -> Option<TrafficPolicy> {
    front.policy(Rules {
        autoscaling: app.spec.autoscaling.as_ref(),
        rollout: app.spec.rollout.as_ref(),
        ..Rules::default()
    })
}

pub fn route(front: &Front, release: &Numbered, rollout: Option<&RolloutStatus>) -> HTTPRoute {
    let keeps_path = release.spec.route.as_ref().is_some_and(|route| route.keep_prefix);
    Front { keeps_path, ..front.clone() }.route(rollout)
}

/// One set of replicas, of a release.
pub fn servers(
    (app, front): (&Application, &Front),
    (track, release): (Track, &Numbered),
    replicas: i32,
    settings: &Settings,
) -> Servers {
    let template = template(app, front, release, settings);
    let mut deployment = front.deployment(track, replicas, template);
    if writes_alone(&release.spec)
        && let Some(spec) = &mut deployment.spec
    {
        let type_ = Some("Recreate".to_owned());
        spec.strategy = Some(DeploymentStrategy { type_, ..DeploymentStrategy::default() });
    }
    Servers { service: service(front, track, &release.spec), deployment }
}

/// Two replicas that write into one folder would spoil it for each other: the old one
/// ends before the new one begins.
fn writes_alone(spec: &ApplicationSpec) -> bool {
    let writes = |volume: &ApplicationVolume| {
        !volume.read_only && (volume.claim.is_some() || volume.existing_claim.is_some())
    };
    spec.volumes.iter().any(writes)
}

fn service(front: &Front, track: Track, spec: &ApplicationSpec) -> Option<Service> {
    let first = spec.ports.first()?;
    let routed = spec.route.as_ref().and_then(|route| route.port.as_ref());
    let own = spec.own_port.as_ref().map(|own| {
        let port = spec.ports.iter().find(|port| port.name == own.port);
        ServicePort {
            name: Some(OWN_PORT.to_owned()),
            port: own.number.or(port.map(|port| port.port)).unwrap_or(first.port),
            target_port: Some(IntOrString::String(own.port.clone())),
            ..ServicePort::default()
        }
    });
    Some(front.service(track, routed.unwrap_or(&first.name), own.into_iter().collect()))
}

/// Where `spec.ownPort` answers inside the cluster.
pub async fn address(
    app: &Application,
    front: &Front,
    context: &Context,
) -> Result<Option<String>> {
    if app.spec.own_port.is_none() {
        return Ok(None);
    }
    let services = Api::<Service>::namespaced(context.client.clone(), &front.namespace);
    let found = services
        .get_opt(&front.object_name(Track::Stable))
        .await
        .map_err(Error::kube("reading the application's Service"))?;
    Ok(found.and_then(|service| service.spec).and_then(|spec| {
        let ports = spec.ports.unwrap_or_default();
        let own = ports.iter().find(|port| port.name.as_deref() == Some(OWN_PORT))?;
        Some(format!("{}:{}", spec.cluster_ip?, own.port))
    }))
}

/// What a pod of a release is made of.
pub fn template(
    app: &Application,
    front: &Front,
    release: &Numbered,
    settings: &Settings,
) -> Template {
    let mut annotations = BTreeMap::from([(RELEASE.to_owned(), release.number.to_string())]);
    let restarted = app.annotations().get(RESTARTED).cloned();
    annotations.extend(restarted.map(|time| (RESTARTED.to_owned(), time)));
    Template { annotations, spec: pod_spec(front, &release.spec, settings) }
}

fn pod_spec(front: &Front, spec: &ApplicationSpec, settings: &Settings) -> PodSpec {
    let bundle = spec.code.as_ref().map(|code| code.bundle.as_str());
    let mut all = program::mounts(spec.environment.as_deref(), bundle);
    all.extend(spec.volumes.iter().map(|volume| {
        let read_only = volume.read_only || volume.dataset.is_some();
        mounted(source(front, volume), &volume.mount_path, read_only)
    }));
    let pod = program::pod(checked(spec, container(front, spec, settings)), all);
    match spec.route {
        Some(_) => program::server(pod, settings),
        None => pod,
    }
}

fn container(front: &Front, spec: &ApplicationSpec, settings: &Settings) -> Container {
    let ports = spec.ports.iter().map(|port| ContainerPort {
        name: Some(port.name.clone()),
        container_port: port.port,
        ..ContainerPort::default()
    });
    Container {
        name: CONTAINER.to_owned(),
        image: Some(spec.image.clone().unwrap_or_else(|| settings.image.clone())),
        command: spec.command.clone(),
        args: Some(spec.args.clone()).filter(|args| !args.is_empty()),
        working_dir: spec.code.as_ref().map(|_| CODE_MOUNT.to_owned()),
        env: Some(environment(front, spec, settings)),
        env_from: Some(spec.env_from.clone()).filter(|sources| !sources.is_empty()),
        ports: Some(ports.collect::<Vec<_>>()).filter(|ports| !ports.is_empty()),
        resources: spec.resources.clone(),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

fn environment(front: &Front, spec: &ApplicationSpec, settings: &Settings) -> Vec<EnvVar> {
    let mut env = program::variables(front, settings);
    env.extend(program::storage(&WORKLOAD, settings, &spec.env));
    env.extend(spec.ports.first().map(|port| text("PORT", &port.port.to_string())));
    for port in &spec.ports {
        let name = format!("PORT_{}", port.name.to_ascii_uppercase().replace('-', "_"));
        env.push(text(&name, &port.port.to_string()));
    }
    env.extend(spec.route.as_ref().map(|_| text("DAIS_BASE_PATH", &front.path)));
    env.extend(program::python(spec.environment.is_some()));
    env.extend(spec.env.clone());
    env
}

fn source(front: &Front, volume: &ApplicationVolume) -> Volume {
    let name = volume_name(volume);
    if let Some(dataset) = &volume.dataset {
        let attributes = [
            (volumes::DATASET, dataset.name.as_str()),
            (volumes::DATASET_VERSION, dataset.version.as_str()),
        ];
        return volumes::inline(&name, volumes::DATA_DRIVER, &attributes);
    }
    let own = volume.claim.as_ref().map(|_| claim_name(front, volume));
    let claim = own.or_else(|| volume.existing_claim.clone());
    Volume {
        persistent_volume_claim: claim.map(|claim_name| PersistentVolumeClaimVolumeSource {
            claim_name,
            ..PersistentVolumeClaimVolumeSource::default()
        }),
        config_map: volume
            .config
            .clone()
            .map(|name| ConfigMapVolumeSource { name, ..ConfigMapVolumeSource::default() }),
        secret: volume.secret.clone().map(|name| SecretVolumeSource {
            secret_name: Some(name),
            ..SecretVolumeSource::default()
        }),
        name,
        ..Volume::default()
    }
}

/// Not that of a code bundle or an Environment, whatever a person calls it.
fn volume_name(volume: &ApplicationVolume) -> String {
    format!("volume-{}", volume.name)
}

fn claim_name(front: &Front, volume: &ApplicationVolume) -> String {
    format!("{}-{}", front.object_name(Track::Stable), volume.name)
}

/// Storage that is made for the application.
pub fn claims(app: &Application, front: &Front) -> Vec<PersistentVolumeClaim> {
    let own = app.spec.volumes.iter().filter_map(|volume| Some((volume, volume.claim.as_ref()?)));
    own.map(|(volume, claim)| PersistentVolumeClaim {
        metadata: front.metadata(claim_name(front, volume), Track::Stable),
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: claim.storage_class.clone(),
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([("storage".to_owned(), claim.size.clone())])),
                ..VolumeResourceRequirements::default()
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    })
    .collect()
}
