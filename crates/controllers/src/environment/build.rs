//! The pod that builds an Environment, and what its state means.

use std::fmt::Write as _;

use dais_api::conditions::{Verdict, reason};
use dais_api::environment::exit;
use dais_api::{Environment, InstalledPackage, PythonEnvironment, labels, volumes};
use k8s_openapi::api::core::v1::{Container, EnvVar, Pod, PodSpec, VolumeMount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};
use sha2::{Digest, Sha256};

use crate::context::Settings;

/// Where an environment is while it is built and while it is used. Python writes
/// absolute paths into its scripts, so both must be the same.
pub const MOUNT: &str = "/opt/dais/environment";

const CONTAINER: &str = "build";

/// Identifies a build: equal digests are the same environment.
pub fn digest(python: &PythonEnvironment) -> String {
    let mut requirements: Vec<&str> = python.requirements.iter().map(|line| line.trim()).collect();
    requirements.sort_unstable();
    let mut hasher = Sha256::new();
    hasher.update(python.version.as_deref().unwrap_or_default());
    for requirement in requirements {
        hasher.update("\n");
        hasher.update(requirement);
    }
    hasher.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Whether the installer would read `line` as something else than one requirement.
pub fn is_option(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with(['-', '#']) || line.contains(['\n', '\r'])
}

/// One pod for one digest, so that a changed spec starts another build.
pub fn pod_name(environment: &str, digest: &str) -> String {
    let kept: String = environment.chars().take(40).collect();
    format!("{}-build-{}", kept.trim_end_matches(['-', '.']), &digest[..10])
}

/// What comes with every virtual environment.
const SEEDS: [&str; 3] = ["pip", "setuptools", "wheel"];

/// What the requirements came to when this digest was built before, a line for each
/// distribution; empty where it never was, or where the index does not have it all.
pub fn lock(environment: &Environment, python: &PythonEnvironment, digest: &str) -> Vec<String> {
    let status = environment.status.clone().unwrap_or_default();
    let is_elsewhere = python.requirements.iter().any(|line| line.contains('@'));
    if status.digest.as_deref() != Some(digest) || is_elsewhere {
        return Vec::new();
    }
    let is_seed = |package: &InstalledPackage| {
        package.sha256.is_none() && SEEDS.contains(&package.name.to_ascii_lowercase().as_str())
    };
    let own: Vec<&InstalledPackage> =
        status.packages.iter().filter(|package| !is_seed(package)).collect();
    // pip takes digests for all or for none.
    let with_hashes = own.iter().all(|package| package.sha256.is_some());
    let line = |package: &&InstalledPackage| {
        let InstalledPackage { name, version, sha256, .. } = package;
        match sha256.as_ref().filter(|_| with_hashes) {
            Some(hash) => format!("{name}=={version} --hash=sha256:{hash}"),
            None => format!("{name}=={version}"),
        }
    };
    own.iter().map(line).collect()
}

/// What a build is made from.
pub struct Recipe<'a> {
    pub python: &'a PythonEnvironment,
    /// Of [`lock`].
    pub lock: Vec<String>,
    /// What the installer is to know of indexes.
    pub index: Vec<EnvVar>,
}

pub fn pod(
    environment: &Environment,
    recipe: Recipe<'_>,
    digest: &str,
    settings: &Settings,
) -> Pod {
    let name = environment.name_any();
    let annotations = environment.annotations();
    let user = annotations.get(labels::CREATED_BY).cloned().unwrap_or_default();
    let pod_labels = labels::pod_labels(&Environment::kind(&()), &name, &name, &user);
    Pod {
        metadata: ObjectMeta {
            name: Some(pod_name(&name, digest)),
            namespace: environment.namespace(),
            labels: Some(pod_labels),
            annotations: Some([(labels::USER_ANNOTATION.to_owned(), user)].into()),
            owner_references: Some(environment.controller_owner_ref(&()).into_iter().collect()),
            ..ObjectMeta::default()
        },
        spec: Some(PodSpec {
            containers: vec![container(recipe, settings)],
            restart_policy: Some("Never".to_owned()),
            automount_service_account_token: Some(false),
            volumes: Some(vec![writable(digest)]),
            ..PodSpec::default()
        }),
        ..Pod::default()
    }
}

fn writable(digest: &str) -> k8s_openapi::api::core::v1::Volume {
    let attributes = [(volumes::ENVIRONMENT, digest)];
    let mut volume = volumes::inline("environment", volumes::ENVIRONMENT_DRIVER, &attributes);
    if let Some(csi) = volume.csi.as_mut() {
        csi.read_only = Some(false);
    }
    volume
}

fn container(recipe: Recipe<'_>, settings: &Settings) -> Container {
    let Recipe { python, lock, index } = recipe;
    let mut command = vec![settings.program.clone(), "build-environment".to_owned()];
    command.extend(["--into".to_owned(), MOUNT.to_owned()]);
    if let Some(version) = &python.version {
        command.extend(["--python".to_owned(), version.clone()]);
    }
    let requirements = python.requirements.iter();
    command.extend(requirements.map(|line| format!("--requirement={}", line.trim())));
    command.extend(lock.iter().map(|line| format!("--locked={line}")));
    Container {
        name: CONTAINER.to_owned(),
        image: Some(settings.image.clone()),
        command: Some(command),
        env: Some(index),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        volume_mounts: Some(vec![VolumeMount {
            name: "environment".to_owned(),
            mount_path: MOUNT.to_owned(),
            ..VolumeMount::default()
        }]),
        ..Container::default()
    }
}

/// What the state of the pod says about the build.
pub enum Progress {
    Running(String),
    Failed(Verdict),
    Succeeded,
}

pub fn progress(pod: &Pod) -> Progress {
    let status = pod.status.clone().unwrap_or_default();
    match status.phase.as_deref() {
        Some("Succeeded") => Progress::Succeeded,
        Some("Failed") => {
            let containers = status.container_statuses.unwrap_or_default();
            let state = containers.into_iter().find_map(|c| c.state?.terminated);
            let (code, message) = state
                .map(|state| (state.exit_code, state.message.unwrap_or_default()))
                .unwrap_or((-1, status.message.unwrap_or_default()));
            let known = if code == exit::NO_PYTHON || code == exit::NO_VENV {
                reason::PYTHON_MISSING
            } else {
                reason::BUILD_FAILED
            };
            Progress::Failed(Verdict::no(known, last_lines(&message)))
        }
        phase => Progress::Running(match phase {
            Some("Running") => "installing; its log shows how far".to_owned(),
            _ => waiting(status.conditions.unwrap_or_default()),
        }),
    }
}

fn waiting(conditions: Vec<k8s_openapi::api::core::v1::PodCondition>) -> String {
    let refused = conditions.into_iter().find(|c| c.type_ == "PodScheduled" && c.status == "False");
    let why = refused.and_then(|condition| condition.message);
    why.map_or_else(|| "waiting for the build to start".to_owned(), |why| format!("waits: {why}"))
}

/// The end of an installer's output: where it says why.
fn last_lines(message: &str) -> String {
    let lines: Vec<&str> = message.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let errors: Vec<&str> =
        lines.iter().copied().filter(|line| line.starts_with("ERROR:")).collect();
    let chosen = if errors.is_empty() { &lines[lines.len().saturating_sub(3)..] } else { &errors };
    chosen.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_that_is_made_again_is_the_same() {
        let wanted = python(&["b"]);
        let package = |name: &str, hash: Option<&str>| InstalledPackage {
            name: name.to_owned(),
            version: "1".to_owned(),
            sha256: hash.map(str::to_owned),
            licence: None,
        };
        let built = |digest: &str, packages: Vec<InstalledPackage>| {
            let mut environment = Environment::new("e", Default::default());
            let digest = Some(digest.to_owned());
            let status = dais_api::EnvironmentStatus { digest, packages, ..Default::default() };
            environment.status = Some(status);
            environment
        };
        let own = digest(&wanted);
        let whole = [package("a", Some("1f")), package("b", Some("2f")), package("pip", None)];
        let lines = lock(&built(&own, whole.to_vec()), &wanted, &own);
        assert_eq!(lines, ["a==1 --hash=sha256:1f", "b==1 --hash=sha256:2f"]);
        let torn = [package("a", None), package("b", Some("2f"))];
        assert_eq!(lock(&built(&own, torn.to_vec()), &wanted, &own), ["a==1", "b==1"]);
        assert!(lock(&built("other", whole.to_vec()), &wanted, &own).is_empty());
        let elsewhere = python(&["b @ file:///b.whl"]);
        let own = digest(&elsewhere);
        assert!(lock(&built(&own, whole.to_vec()), &elsewhere, &own).is_empty());
    }

    fn python(requirements: &[&str]) -> PythonEnvironment {
        let requirements = requirements.iter().map(|&line| line.to_owned()).collect();
        PythonEnvironment { version: None, requirements }
    }

    #[test]
    fn order_and_blanks_do_not_make_another_environment() {
        assert_eq!(digest(&python(&["a==1", "b==2"])), digest(&python(&[" b==2", "a==1"])));
        assert_ne!(digest(&python(&["a==1"])), digest(&python(&["a==2"])));
    }

    #[test]
    fn options_are_no_requirements() {
        for bad in ["--index-url=https://example.org", "-e .", "# note", "", "a\n--pre"] {
            assert!(is_option(bad), "{bad:?}");
        }
        assert!(!is_option("scikit-learn>=1.5; python_version < '3.13'"));
    }

    #[test]
    fn the_reason_is_the_installers_error() {
        let said = "Looking in links\nERROR: No matching distribution found for nope\n\nnotice";
        assert_eq!(last_lines(said), "ERROR: No matching distribution found for nope");
        assert_eq!(last_lines("a\nb\nc\nd"), "b; c; d");
    }
}
