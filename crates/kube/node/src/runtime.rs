//! Runtimes: from what a container should be to what its shim does.
//!
//! A runtime only translates; processes are made by shims ([`shims`]) and
//! nowhere else. Nothing here knows of pods.

mod process;
mod sandbox;
mod shims;
#[cfg(test)]
mod suite;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cgroup::Cgroup;
use crate::config::RuntimeChoice;
use crate::error::{Error, Result};
use crate::shim::record::{AttemptDir, LogSpec, Mount, ShimSpec, User};

pub(crate) use process::Process;
pub(crate) use sandbox::Sandboxed;
pub(crate) use shims::{Ended, Handle, Recovered, Shims, Started, Unseen, watched};

/// What to run, whichever the runtime.
#[derive(Debug, Clone)]
pub(crate) struct ContainerPlan {
    pub(crate) id: String,
    /// The attempt's directory; exists.
    pub(crate) dir: AttemptDir,
    /// The tree of files that it runs on; none: the host's.
    pub(crate) root: Option<PathBuf>,
    pub(crate) argv: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    /// As the pod says; none: a directory of its own.
    pub(crate) working_dir: Option<PathBuf>,
    /// Volumes, in the order of the pod.
    pub(crate) mounts: Vec<Mount>,
    pub(crate) user: Option<User>,
    pub(crate) cgroup: Option<Cgroup>,
    pub(crate) log: LogSpec,
    pub(crate) grace_seconds: u64,
    pub(crate) hostname: String,
    pub(crate) devices: Vec<PathBuf>,
}

/// How containers are kept apart.
pub(crate) trait Runtime: Send + Sync {
    /// `sandbox` or `process`; container ids begin with it.
    fn name(&self) -> &'static str;

    /// Whether a container can run on other files than the host's.
    fn runs_images(&self) -> bool;

    /// Translates, and makes in the attempt's directory what the container
    /// will need there.
    fn prepare(&self, plan: ContainerPlan) -> Result<ShimSpec>;
}

/// The runtime chosen, and why a better one was not (a node condition).
pub(crate) struct Choice {
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) fallback: Option<String>,
}

/// Takes the sandbox where it works, unless the configuration says otherwise.
pub(crate) async fn choose(
    wanted: RuntimeChoice,
    shims: &Shims,
    data_dir: &Path,
    hidden: Vec<PathBuf>,
) -> Result<Choice> {
    let process = || Arc::new(Process) as Arc<dyn Runtime>;
    if wanted == RuntimeChoice::Process {
        return Ok(Choice {
            runtime: process(),
            fallback: Some("the configuration asks for it".into()),
        });
    }
    match shims.probe(&data_dir.join("probe")).await? {
        Ok(()) => Ok(Choice { runtime: Arc::new(Sandboxed { hidden }), fallback: None }),
        Err(reason) if wanted == RuntimeChoice::Sandbox => {
            Err(Error::Runtime { runtime: "sandbox", reason })
        }
        Err(reason) => Ok(Choice { runtime: process(), fallback: Some(reason) }),
    }
}

/// A directory of the container's own, made if need be.
fn own_dir(plan: &ContainerPlan, name: &str, mode: u32) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let path = plan.dir.0.join(name);
    std::fs::create_dir_all(&path).map_err(Error::file("create directory", &path))?;
    if let Some(user) = plan.user {
        std::os::unix::fs::chown(&path, Some(user.uid), Some(user.gid))
            .map_err(Error::file("give away", &path))?;
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))
        .map_err(Error::file("set the permissions of", &path))?;
    Ok(path)
}

/// Adds variables that the pod does not set itself.
fn add_defaults(env: &mut Vec<(String, String)>, defaults: &[(&str, String)]) {
    for (name, value) in defaults {
        if !env.iter().any(|(known, _)| known == name) {
            env.push(((*name).to_owned(), value.clone()));
        }
    }
}

fn shim_spec(
    plan: ContainerPlan,
    cwd: PathBuf,
    isolation: crate::shim::record::Isolation,
) -> ShimSpec {
    let ContainerPlan { id, argv, env, user, cgroup, log, grace_seconds, .. } = plan;
    ShimSpec { id, argv, env, cwd, user, isolation, cgroup, log, grace_seconds }
}
