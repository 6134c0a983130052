//! Starts one attempt of a container: from its spec and the pod's volumes to a
//! running shim. Nothing waits for the API server but what must be fetched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dais_images::Image;
use k8s_openapi::api::core::v1::{ConfigMap, Container as Spec, Pod, PodSpec, Secret};
use kube::Api;

use super::container::Terminated;
use super::env::{self, Facts, Sources};
use super::image;
use super::names::PodNames;
use crate::cgroup::{Cgroup, Limits};
use crate::devices::{self, Device};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::quantity;
use crate::runtime::{ContainerPlan, Handle, Started};
use crate::shim::record::{AttemptDir, LogSpec, Mount, RunState, User};
use crate::volumes::Mounted;

const DEFAULT_GRACE_SECONDS: i64 = 30;
/// Threads and processes that a container may have: far above what training
/// needs, far below what harms the machine.
const MAX_PIDS: u64 = 16_384;
/// Where a container may leave a last word (the API's default).
const TERMINATION_LOG: &str = "/dev/termination-log";

/// What is needed besides the container's own spec.
pub(crate) struct Order<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) names: &'a PodNames,
    pub(crate) spec: &'a PodSpec,
    pub(crate) container: &'a Spec,
    /// What it runs on; none: the node's own files.
    pub(crate) image: Option<&'a Image>,
    pub(crate) attempt: u32,
    pub(crate) volumes: &'a BTreeMap<String, Mounted>,
    pub(crate) pod_ip: &'a str,
    pub(crate) user: Option<User>,
    pub(crate) devices: &'a [Device],
    pub(crate) cgroup: Option<Cgroup>,
    pub(crate) id: String,
}

/// How it went.
pub(crate) enum Outcome {
    Running {
        handle: Handle,
        state: RunState,
        dir: AttemptDir,
    },
    /// It was tried, and counts as an attempt.
    Failed(Terminated),
    /// It cannot be tried yet: reason and words for `waiting`.
    NotYet {
        reason: &'static str,
        message: String,
    },
}

impl Outcome {
    fn not_yet(reason: &'static str, message: impl ToString) -> Outcome {
        Outcome::NotYet { reason, message: message.to_string() }
    }
}

/// Makes one attempt.
pub(crate) async fn start(host: &Host, order: Order<'_>) -> Outcome {
    let sources = match fetch(host, &order).await {
        Ok(sources) => sources,
        Err(error) => return Outcome::not_yet("CreateContainerConfigError", words(&error)),
    };
    let dir = host.dirs.attempt(&order.names.uid, &order.container.name, order.attempt);
    let plan = match plan(host, &order, &sources, &dir) {
        Ok(plan) => plan,
        Err(message) => return Outcome::not_yet("CreateContainerConfigError", message),
    };
    match launch(host, &order, plan, &dir).await {
        Ok(Started::Running(handle, state)) => Outcome::Running { handle, state: *state, dir },
        Ok(Started::Failed(error)) => Outcome::Failed(Terminated {
            code: error.code,
            ..Terminated::unseen(&order.id, "StartError", &error.message, None)
        }),
        Err(error) => Outcome::not_yet("CreateContainerError", words(&error)),
    }
}

/// An error and what it came from, for people.
pub(crate) fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

async fn fetch(host: &Host, order: &Order<'_>) -> Result<Sources> {
    let (maps, secrets) = env::wanted(order.container);
    let namespace = &order.names.namespace;
    let mut sources = Sources::default();
    for name in maps {
        let api: Api<ConfigMap> = Api::namespaced(host.client.clone(), namespace);
        let map =
            api.get_opt(&name).await.map_err(Error::api(format!("get configmap {name:?}")))?;
        sources.config_maps.insert(name, map.map(|map| map.data.unwrap_or_default()));
    }
    for name in secrets {
        let api: Api<Secret> = Api::namespaced(host.client.clone(), namespace);
        let secret =
            api.get_opt(&name).await.map_err(Error::api(format!("get secret {name:?}")))?;
        sources.secrets.insert(name, secret.map(|secret| secret.data.unwrap_or_default()));
    }
    Ok(sources)
}

fn plan(
    host: &Host,
    order: &Order<'_>,
    sources: &Sources,
    dir: &AttemptDir,
) -> Result<ContainerPlan, String> {
    let facts =
        Facts { pod: order.pod, pod_ip: order.pod_ip, host_ip: host.ip, node: &host.config.name };
    let mut env = env::resolve(order.container, sources, &facts)?;
    let value_of =
        |name: &str| env.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let expanded = |words: &Option<Vec<String>>| -> Option<Vec<String>> {
        words.as_ref().map(|words| words.iter().map(|word| env::expand(word, value_of)).collect())
    };
    let (command, args) = (expanded(&order.container.command), expanded(&order.container.args));
    let argv = match order.image {
        Some(image) => image.program.words(command.as_deref(), args.as_deref()),
        None => command.into_iter().chain(args).flatten().collect(),
    };
    let mut mounts = mounts(order, value_of)?;
    mounts.extend(host.config.tools.iter().map(|(target, source)| Mount {
        source: source.clone(),
        target: target.clone(),
        read_only: true,
    }));
    mounts.push(Mount {
        source: termination_log(dir),
        target: termination_path(order.container),
        read_only: false,
    });
    if let Some(image) = order.image {
        image::add_env(&mut env, image);
    }
    for (name, value) in
        [("PATH", host.config.path.clone()), ("HOSTNAME", order.names.name.clone())]
    {
        if !env.iter().any(|(known, _)| known == name) {
            env.push((name.to_owned(), value));
        }
    }
    let devices = devices::apply(order.devices, &mut env);
    Ok(ContainerPlan {
        id: order.id.clone(),
        dir: dir.clone(),
        root: order.image.map(|image| image.tree.clone()),
        argv,
        env,
        working_dir: working_dir(order),
        mounts,
        user: order.user,
        cgroup: order.cgroup.clone(),
        log: LogSpec {
            path: host.dirs.log(order.names, &order.container.name, order.attempt),
            max_bytes: host.config.log_max_bytes,
            max_files: host.config.log_max_files,
        },
        grace_seconds: order
            .spec
            .termination_grace_period_seconds
            .unwrap_or(DEFAULT_GRACE_SECONDS)
            .max(0) as u64,
        hostname: order.spec.hostname.clone().unwrap_or_else(|| order.names.name.clone()),
        devices,
    })
}

/// As the container says, else its image; an image that says nothing means the top.
fn working_dir(order: &Order<'_>) -> Option<PathBuf> {
    let of_image = order.image.map(|image| match image.program.working_dir.as_str() {
        "" => PathBuf::from("/"),
        dir => Path::new("/").join(dir),
    });
    order.container.working_dir.as_ref().map(PathBuf::from).or(of_image)
}

/// Volumes at their places; what the pod names but does not have is an error.
fn mounts(
    order: &Order<'_>,
    value_of: impl Fn(&str) -> Option<String> + Copy,
) -> Result<Vec<Mount>, String> {
    let mounts = order.container.volume_mounts.iter().flatten();
    mounts
        .map(|mount| {
            let volume = order.volumes.get(&mount.name).ok_or_else(|| {
                format!("the pod has no volume {:?}, which a volumeMount names", mount.name)
            })?;
            let below = match (&mount.sub_path, &mount.sub_path_expr) {
                (Some(path), _) => path.clone(),
                (None, Some(path)) => env::expand(path, value_of),
                (None, None) => String::new(),
            };
            let source = sub_path(&volume.path, &below, volume.read_only, order.user)?;
            let read_only = volume.read_only || mount.read_only == Some(true);
            Ok(Mount { source, target: PathBuf::from(&mount.mount_path), read_only })
        })
        .collect()
}

/// Makes the directories of a path inside a volume, none outside whatever links lie on the
/// way: the kernel resolves each beneath the volume, at the moment of use.
fn make_below(volume: &Path, below: &str, user: Option<User>) -> rustix::io::Result<()> {
    use rustix::fs::{self, Mode, OFlags, ResolveFlags};
    let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = fs::open(volume, directory, Mode::empty())?;
    let beneath =
        |path: &Path| fs::openat2(&root, path, directory, Mode::empty(), ResolveFlags::BENEATH);
    let (mut parent, mut made) = (beneath(Path::new("."))?, PathBuf::new());
    for part in Path::new(below).components() {
        made.push(part);
        let next = match beneath(&made) {
            Err(rustix::io::Errno::NOENT) => {
                fs::mkdirat(&parent, part.as_os_str(), Mode::from_raw_mode(0o755))?;
                if let Some(user) = user {
                    let (uid, gid) = (fs::Uid::from_raw(user.uid), fs::Gid::from_raw(user.gid));
                    let _ = fs::chownat(
                        &parent,
                        part.as_os_str(),
                        Some(uid),
                        Some(gid),
                        fs::AtFlags::SYMLINK_NOFOLLOW,
                    );
                }
                beneath(&made)?
            }
            found => found?,
        };
        parent = next;
    }
    Ok(())
}

/// A path inside a volume, made as a directory if it is not there. It must not
/// lead out of the volume, by `..` or by a link.
fn sub_path(
    volume: &Path,
    below: &str,
    read_only: bool,
    user: Option<User>,
) -> Result<PathBuf, String> {
    if below.is_empty() {
        return Ok(volume.to_owned());
    }
    if Path::new(below).is_absolute() || below.split('/').any(|part| part == "..") {
        return Err(format!("subPath {below:?} must be relative and stay inside the volume"));
    }
    let path = volume.join(below);
    if !path.exists() && !read_only {
        make_below(volume, below, user)
            .map_err(|error| format!("create subPath {below:?}: {error}"))?;
    }
    let resolve =
        |path: &Path| path.canonicalize().map_err(|error| format!("subPath {below:?}: {error}"));
    let (real, root) = (resolve(&path)?, resolve(volume)?);
    if real.starts_with(root) {
        Ok(real)
    } else {
        Err(format!("subPath {below:?} leads out of the volume"))
    }
}

pub(crate) fn termination_log(dir: &AttemptDir) -> PathBuf {
    dir.0.join("termination-log")
}

fn termination_path(container: &Spec) -> PathBuf {
    PathBuf::from(container.termination_message_path.as_deref().unwrap_or(TERMINATION_LOG))
}

/// Limits from the container's resources.
pub(crate) fn limits(container: &Spec) -> Limits {
    let resources = container.resources.as_ref();
    let limits = resources.and_then(|resources| resources.limits.as_ref());
    let requests = resources.and_then(|resources| resources.requests.as_ref());
    let limit = |name: &str| limits.and_then(|map| map.get(name));
    let request = |name: &str| requests.and_then(|map| map.get(name)).or(limit(name));
    Limits {
        memory: limit("memory")
            .map(|quantity| quantity::whole(&quantity.0))
            .filter(|bytes| *bytes > 0),
        cpu_limit_milli: limit("cpu")
            .map(|quantity| quantity::milli(&quantity.0))
            .filter(|milli| *milli > 0),
        cpu_request_milli: Some(request("cpu").map_or(0, |quantity| quantity::milli(&quantity.0))),
        pids: Some(MAX_PIDS),
    }
}

async fn launch(
    host: &Host,
    order: &Order<'_>,
    plan: ContainerPlan,
    dir: &AttemptDir,
) -> Result<Started> {
    // What an attempt that never began may have left.
    match std::fs::remove_dir_all(&dir.0) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::file("clear", &dir.0)(error));
        }
        _ => {}
    }
    std::fs::create_dir_all(&dir.0).map_err(Error::file("create directory", &dir.0))?;
    let word = termination_log(dir);
    std::fs::write(&word, "").map_err(Error::file("create", &word))?;
    if let Some(user) = order.user {
        std::os::unix::fs::chown(&word, Some(user.uid), Some(user.gid))
            .map_err(Error::file("give away", &word))?;
    }
    if let Some(parent) = plan.log.path.parent() {
        std::fs::create_dir_all(parent).map_err(Error::file("create directory", parent))?;
    }
    if let Some(cgroup) = &plan.cgroup {
        let made = cgroup.create(&limits(order.container), false);
        made.map_err(Error::file("create the control group of", &dir.0))?;
    }
    let spec = host.runtime.prepare(plan)?;
    host.shims.start(dir, &spec).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_directory_is_made_outside_a_volume() {
        let folder = tempfile::tempdir().expect("a folder");
        let (volume, outside) = (folder.path().join("volume"), folder.path().join("outside"));
        std::fs::create_dir(&volume).expect("a volume");
        std::fs::create_dir(&outside).expect("a folder beside it");
        std::os::unix::fs::symlink(&outside, volume.join("x")).expect("a link");
        assert!(sub_path(&volume, "x/made", false, None).is_err());
        assert!(!outside.join("made").exists());
        let made = sub_path(&volume, "a/数/c", false, None).expect("a path inside");
        assert!(made.is_dir() && made.starts_with(volume.canonicalize().expect("its place")));
        assert!(sub_path(&volume, "../outside", false, None).is_err());
    }
}
