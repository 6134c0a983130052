//! Name spaces over the host's own files: the default where the kernel allows.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{ContainerPlan, Runtime, add_defaults, own_dir, shim_spec};
use crate::error::{Error, Result};
use crate::shim::record::{AttemptDir, Isolation, Mount, Sandbox, ShimSpec, User};

/// Home and default working directory inside.
const HOME: &str = "/home/user";

/// The sandbox runtime.
pub(crate) struct Sandboxed {
    /// Host directories that no container may see.
    pub(crate) hidden: Vec<PathBuf>,
}

impl Runtime for Sandboxed {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn prepare(&self, mut plan: ContainerPlan) -> Result<ShimSpec> {
        let root = own_dir(&plan, "root", 0o755)?;
        let (work, tmp) = (own_dir(&plan, "work", 0o700)?, own_dir(&plan, "tmp", 0o1777)?);
        add_defaults(
            &mut plan.env,
            &[("HOME", HOME.into()), ("USER", "user".into()), ("LOGNAME", "user".into())],
        );
        if let Some(user) = plan.user {
            plan.mounts.extend(names(&plan.dir, user)?);
        }
        let own = |source: &PathBuf, target: &str| Mount {
            source: source.clone(),
            target: target.into(),
            read_only: false,
        };
        let mut mounts = vec![own(&work, HOME), own(&tmp, "/tmp"), own(&tmp, "/var/tmp")];
        mounts.append(&mut plan.mounts);
        // Parents first, so that a volume inside a volume is not covered by it.
        mounts.sort_by_key(|mount| mount.target.components().count());
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        let outer = User { uid: uid.as_raw(), gid: gid.as_raw() };
        let sandbox = Sandbox {
            root,
            mounts,
            hidden: self.hidden.clone(),
            devices: plan.devices.clone(),
            hostname: plan.hostname.clone(),
            user_namespace: (!uid.is_root()).then_some(outer),
        };
        let cwd = plan.working_dir.clone().unwrap_or_else(|| HOME.into());
        Ok(shim_spec(plan, cwd, Isolation::Sandbox(sandbox)))
    }
}

/// The host's lists of users and groups with the container's own in them: programs ask what
/// they are called, and some go no further without an answer.
fn names(dir: &AttemptDir, User { uid, gid }: User) -> Result<[Mount; 2]> {
    let list = |name: &str, own: String| {
        let target = Path::new("/etc").join(name);
        let host = fs::read_to_string(&target).unwrap_or_default();
        let source = dir.0.join(name);
        fs::write(&source, format!("{}\n{own}\n", host.trim_end()))
            .and_then(|()| fs::set_permissions(&source, fs::Permissions::from_mode(0o644)))
            .map_err(Error::file("write", &source))?;
        Ok(Mount { source, target, read_only: true })
    };
    Ok([
        list("passwd", format!("user:x:{uid}:{gid}:user:{HOME}:/bin/sh"))?,
        list("group", format!("user:x:{gid}:"))?,
    ])
}
