//! Name spaces over the host's own files, or over an image's: the default where the kernel
//! allows.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags};

use super::{ContainerPlan, Runtime, add_defaults, own_dir, shim_spec};
use crate::error::{Error, Result};
use crate::shim::record::{AttemptDir, Isolation, Mount, Sandbox, ShimSpec, User};

/// Home and default working directory inside.
const HOME: &str = "/home/user";

/// Lists of users are some kilobytes.
const LONGEST_LIST: u64 = 4 << 20;

/// The sandbox runtime.
pub(crate) struct Sandboxed {
    /// Host directories that no container may see.
    pub(crate) hidden: Vec<PathBuf>,
}

impl Runtime for Sandboxed {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn runs_images(&self) -> bool {
        true
    }

    fn prepare(&self, mut plan: ContainerPlan) -> Result<ShimSpec> {
        let root = own_dir(&plan, "root", 0o755)?;
        let (work, tmp) = (own_dir(&plan, "work", 0o700)?, own_dir(&plan, "tmp", 0o1777)?);
        add_defaults(
            &mut plan.env,
            &[("HOME", HOME.into()), ("USER", "user".into()), ("LOGNAME", "user".into())],
        );
        if let Some(user) = plan.user {
            plan.mounts.extend(names(&plan.dir, plan.root.as_deref(), user)?);
        }
        let own = |source: &PathBuf, target: &str| Mount {
            source: source.clone(),
            target: target.into(),
            read_only: false,
        };
        let mut mounts = vec![own(&work, HOME), own(&tmp, "/tmp"), own(&tmp, "/var/tmp")];
        if plan.root.is_some() {
            mounts.extend(network_files());
        }
        mounts.append(&mut plan.mounts);
        // Parents first, so that a volume inside a volume is not covered by it.
        mounts.sort_by_key(|mount| mount.target.components().count());
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        let outer = User { uid: uid.as_raw(), gid: gid.as_raw() };
        let sandbox = Sandbox {
            root,
            mounts,
            // What is to be hidden is the host's.
            hidden: if plan.root.is_some() { Vec::new() } else { self.hidden.clone() },
            image: plan.root.clone(),
            devices: plan.devices.clone(),
            hostname: plan.hostname.clone(),
            user_namespace: (!uid.is_root()).then_some(outer),
        };
        let cwd = plan.working_dir.clone().unwrap_or_else(|| HOME.into());
        Ok(shim_spec(plan, cwd, Isolation::Sandbox(sandbox)))
    }
}

/// How the network is reached is the host's business: containers share it.
fn network_files() -> impl Iterator<Item = Mount> {
    let files = ["/etc/resolv.conf", "/etc/hosts"].map(PathBuf::from).into_iter();
    files.filter_map(|target| {
        let source = target.canonicalize().ok().filter(|source| source.is_file())?;
        Some(Mount { source, target, read_only: true })
    })
}

/// The lists of users and groups with the container's own in them: programs ask what they
/// are called, and some go no further without an answer.
fn names(dir: &AttemptDir, root: Option<&Path>, User { uid, gid }: User) -> Result<[Mount; 2]> {
    let list = |name: &str, own: String| {
        let target = Path::new("/etc").join(name);
        let known = match root {
            Some(root) => read_below(root, &target),
            None => fs::read_to_string(&target).ok(),
        };
        let known = known.unwrap_or_default();
        let source = dir.0.join(name);
        fs::write(&source, format!("{}\n{own}\n", known.trim_end()))
            .and_then(|()| fs::set_permissions(&source, fs::Permissions::from_mode(0o644)))
            .map_err(Error::file("write", &source))?;
        Ok(Mount { source, target, read_only: true })
    };
    Ok([
        list("passwd", format!("user:x:{uid}:{gid}:user:{HOME}:/bin/sh"))?,
        list("group", format!("user:x:{gid}:"))?,
    ])
}

/// A file of a tree that others made: its links do not lead out of it.
fn read_below(root: &Path, path: &Path) -> Option<String> {
    let open = |path: &Path, flags: OFlags| {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let top = rustix::fs::open(root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        rustix::fs::openat2(top, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve)
    };
    let file = fs::File::from(open(path, OFlags::RDONLY | OFlags::NONBLOCK).ok()?);
    let mut text = Vec::new();
    file.take(LONGEST_LIST).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}
