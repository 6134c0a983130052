//! The objects of a notebook, as values.

use std::collections::BTreeMap;

use dais_api::traffic::{Credential, TrafficPolicy};
use dais_api::{
    Environment, EnvironmentSpec, Notebook, NotebookSpec, PythonEnvironment, ResolvedDataset,
    labels, volumes,
};
use k8s_openapi::ByteString;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentStrategy};
use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapVolumeSource, Container, ContainerPort, EnvVar, HTTPGetAction,
    PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimVolumeSource, Probe,
    Secret, Volume, VolumeMount, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::{Resource, ResourceExt};
use sha2::{Digest, Sha256};

use crate::context::Settings;
use crate::program::{self, mounted, text};
use crate::project::{NOTEBOOK, TOKEN_KEY};
use crate::serving::{Front, Rules, Template, Track};
use crate::trainingjob::inputs::Mount;

/// Where its people's files are.
pub const HOME: &str = "/home/notebook";
/// What it listens on, at its pod's own address.
pub const PORT: i32 = 8888;
/// Key of the secret by which JupyterLab knows the gateway.
pub const SECRET_KEY: &str = "token";
/// How that secret is shown: as Jupyter's own tokens are.
pub const SCHEME: &str = "token";
/// The package that makes an Environment one for notebooks.
pub const JUPYTERLAB: &str = "jupyterlab";
/// On a Deployment: what its program was made of.
const PROGRAM: &str = "dais.io/program";
const HOME_SIZE: &str = "10Gi";
const PORT_NAME: &str = "http";
const CONFIG: &str = include_str!("jupyter_server_config.py");
const CONFIG_FILE: &str = "jupyter_server_config.py";
const CONFIG_MOUNT: &str = "/etc/dais/jupyter";

/// What a notebook stands on.
#[derive(Default)]
pub struct Ground {
    /// Name of its Environment.
    pub environment: String,
    /// The versions of datasets that it reads.
    pub mounts: Vec<Mount>,
    /// Where `pip` finds packages.
    pub index: Vec<EnvVar>,
}

pub fn front(notebook: &Notebook) -> Front {
    let front = Front::of(notebook, None, "notebook");
    Front { suffix: "-notebook", keeps_path: true, ..front }
}

/// Name of what belongs to the notebook and is no server.
pub fn own_name(front: &Front) -> String {
    front.object_name(Track::Stable)
}

/// Its own Environment, where it names none.
pub fn environment(notebook: &Notebook, front: &Front) -> Environment {
    let own = [JUPYTERLAB.to_owned()].into_iter().chain(notebook.spec.requirements.clone());
    let python = PythonEnvironment { requirements: own.collect(), ..PythonEnvironment::default() };
    let mut metadata = front.metadata(own_name(front), Track::Stable);
    let user = (labels::CREATED_BY.to_owned(), front.user.clone());
    metadata.annotations = Some(BTreeMap::from([user]));
    Environment {
        metadata,
        spec: EnvironmentSpec { python: Some(python), image: None },
        status: None,
    }
}

pub fn home(notebook: &Notebook, front: &Front) -> PersistentVolumeClaim {
    let storage = notebook.spec.storage.clone();
    let class = storage.as_ref().and_then(|storage| storage.storage_class.clone());
    let size = storage.map_or_else(|| Quantity(HOME_SIZE.to_owned()), |storage| storage.size);
    PersistentVolumeClaim {
        metadata: front.metadata(own_name(front), Track::Stable),
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: class,
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([("storage".to_owned(), size)])),
                ..VolumeResourceRequirements::default()
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}

/// What the gateway and JupyterLab know each other by.
pub fn secret(front: &Front, token: &str) -> Secret {
    let mut metadata = front.metadata(own_name(front), Track::Stable);
    let ours = (labels::GATEWAY_CREDENTIAL.to_owned(), "true".to_owned());
    metadata.labels.get_or_insert_default().extend([ours]);
    let value = ByteString(token.as_bytes().to_vec());
    Secret {
        metadata,
        data: Some(BTreeMap::from([(SECRET_KEY.to_owned(), value)])),
        ..Secret::default()
    }
}

pub fn config(front: &Front) -> ConfigMap {
    ConfigMap {
        metadata: front.metadata(own_name(front), Track::Stable),
        data: Some(BTreeMap::from([(CONFIG_FILE.to_owned(), CONFIG.to_owned())])),
        ..ConfigMap::default()
    }
}

/// A visit wakes it; every request carries the secret.
pub fn policy(front: &Front) -> Option<TrafficPolicy> {
    let credential = Credential {
        scheme: SCHEME.to_owned(),
        secret: own_name(front),
        key: SECRET_KEY.to_owned(),
    };
    let credential = Some(credential);
    front.policy(Rules { wakes_for_visits: true, credential, ..Rules::default() })
}

/// One server: two would write into the same home folder.
pub fn deployment(
    notebook: &Notebook,
    front: &Front,
    ground: &Ground,
    settings: &Settings,
) -> Deployment {
    let mut all = program::mounts(Some(&ground.environment), None);
    all.extend(ground.mounts.iter().enumerate().map(|(at, mount)| dataset(at, mount)));
    all.extend([
        mounted(home_volume(front), HOME, false),
        mounted(config_volume(front), CONFIG_MOUNT, true),
    ]);
    let spec = program::pod(container(notebook, front, ground, settings), all);
    let template = Template { annotations: BTreeMap::new(), spec };
    let mut deployment = front.deployment(Track::Stable, 1, template);
    let mark = (PROGRAM.to_owned(), program_of(notebook));
    deployment.metadata.annotations.get_or_insert_default().extend([mark]);
    if let Some(spec) = &mut deployment.spec {
        let type_ = Some("Recreate".to_owned());
        spec.strategy = Some(DeploymentStrategy { type_, ..DeploymentStrategy::default() });
    }
    deployment
}

/// Digest of what a notebook's spec says of the program that runs.
fn program_of(notebook: &Notebook) -> String {
    let NotebookSpec { environment, requirements, datasets, env, resources, .. } = &notebook.spec;
    let said = serde_json::json!([environment, requirements, datasets, env, resources]);
    hex(&Sha256::digest(said.to_string()))
}

/// Whether a Deployment is of the program that the notebook's spec asks for.
pub fn is_of(deployment: &Deployment, notebook: &Notebook) -> bool {
    deployment.annotations().get(PROGRAM) == Some(&program_of(notebook))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn service(front: &Front) -> k8s_openapi::api::core::v1::Service {
    front.service(Track::Stable, PORT_NAME, Vec::new())
}

fn container(
    notebook: &Notebook,
    front: &Front,
    ground: &Ground,
    settings: &Settings,
) -> Container {
    let ready = HTTPGetAction {
        path: Some(format!("{}/api", front.path)),
        port: IntOrString::String(PORT_NAME.to_owned()),
        ..HTTPGetAction::default()
    };
    Container {
        name: JUPYTERLAB.to_owned(),
        image: Some(settings.image.clone()),
        command: Some(vec![
            "jupyter".to_owned(),
            "lab".to_owned(),
            format!("--config={CONFIG_MOUNT}/{CONFIG_FILE}"),
        ]),
        working_dir: Some(HOME.to_owned()),
        env: Some(variables(notebook, front, ground, settings)),
        ports: Some(vec![ContainerPort {
            name: Some(PORT_NAME.to_owned()),
            container_port: PORT,
            ..ContainerPort::default()
        }]),
        readiness_probe: Some(Probe {
            http_get: Some(ready),
            period_seconds: Some(1),
            timeout_seconds: Some(5),
            failure_threshold: Some(30),
            ..Probe::default()
        }),
        resources: notebook.spec.resources.clone(),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

fn variables(
    notebook: &Notebook,
    front: &Front,
    ground: &Ground,
    settings: &Settings,
) -> Vec<EnvVar> {
    let mut env = program::variables(front, settings);
    env.extend(program::python(true));
    // `pip` there finds what builds find.
    env.extend(ground.index.iter().cloned());
    env.extend([
        text("HOME", HOME),
        text("SHELL", "/bin/bash"),
        text("PORT", &PORT.to_string()),
        text("DAIS_BASE_PATH", &front.path),
        text("DAIS_NOTEBOOK", &front.name),
        text("DAIS_ENVIRONMENT", &ground.environment),
        // The command line acts as the project's notebooks.
        program::secret("DAIS_TOKEN", NOTEBOOK.name, TOKEN_KEY),
        program::secret("DAIS_NOTEBOOK_SECRET", &own_name(front), SECRET_KEY),
    ]);
    env.extend(program::storage(&NOTEBOOK, settings, &notebook.spec.env));
    env.extend(notebook.spec.env.clone());
    env
}

fn home_volume(front: &Front) -> Volume {
    let claim_name = own_name(front);
    Volume {
        name: "home".to_owned(),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name,
            ..PersistentVolumeClaimVolumeSource::default()
        }),
        ..Volume::default()
    }
}

fn config_volume(front: &Front) -> Volume {
    let source =
        ConfigMapVolumeSource { name: own_name(front), ..ConfigMapVolumeSource::default() };
    Volume { name: "jupyter".to_owned(), config_map: Some(source), ..Volume::default() }
}

fn dataset(at: usize, mount: &Mount) -> (Volume, VolumeMount) {
    let ResolvedDataset { name, version, .. } = &mount.dataset;
    let attributes =
        [(volumes::DATASET, name.as_str()), (volumes::DATASET_VERSION, version.as_str())];
    let volume = volumes::inline(&format!("data-{at}"), volumes::DATA_DRIVER, &attributes);
    mounted(volume, &mount.path, true)
}

/// Whether an Environment can run a notebook; else why not.
pub fn holds_jupyterlab(environment: &Environment) -> Result<(), String> {
    let status = environment.status.clone().unwrap_or_default();
    let found = status.packages.iter().find(|package| package.name == JUPYTERLAB);
    let name = environment.name_any();
    let Some(found) = found else {
        return Err(format!(
            "spec.environment: Environment {name:?} does not hold {JUPYTERLAB}; add it to its \
             requirements, or leave the field out"
        ));
    };
    let major: Option<u32> = found.version.split('.').next().and_then(|major| major.parse().ok());
    if major.is_some_and(|major| major >= 4) {
        return Ok(());
    }
    Err(format!(
        "spec.environment: {JUPYTERLAB} {} of Environment {name:?} is too old; 4 or newer is needed",
        found.version
    ))
}

/// Whether an object is the notebook's own.
pub fn is_own<K: Resource>(object: &K, front: &Front) -> bool {
    object.owner_references().iter().any(|owner| owner.uid == front.uid)
}
