//! Runs a command in a container that is already running: probes and hooks.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use super::launch;
use super::record::{self, ExitStatus, Identity, Isolation, ShimSpec};
use crate::sys::{self, Fork, Signals};

/// What to run, and in which container.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExecSpec {
    /// The container's spec file: its environment, user and limits.
    pub(crate) container: PathBuf,
    /// The container's first process.
    pub(crate) process: Identity,
    /// The command line.
    pub(crate) argv: Vec<String>,
}

/// Exit codes are the command's; 126 to 128 as for containers that fail to start.
pub(super) fn exec_main(file: &Path) -> ExitCode {
    match run(file) {
        Ok(code) => ExitCode::from(code as u8),
        Err(error) => {
            eprintln!("exec: {error}");
            ExitCode::from(128)
        }
    }
}

fn run(file: &Path) -> Result<i32, Box<dyn std::error::Error>> {
    let exec: ExecSpec = record::read(file, "an exec spec")?.ok_or("the exec spec is gone")?;
    let mut spec: ShimSpec =
        record::read(&exec.container, "a shim's spec")?.ok_or("the container's spec is gone")?;
    spec.argv = exec.argv;
    if let Some(cgroup) = &spec.cgroup {
        cgroup.join()?;
    }
    if let Isolation::Sandbox(sandbox) = &spec.isolation {
        enter(&exec.process, sandbox.user_namespace.is_some())?;
    }
    let ended = Signals::of(&[libc::SIGCHLD]);
    ended.block_only();
    match sys::fork()? {
        Fork::Child => {
            sys::die_with_parent();
            let error = launch::become_and_exec(&spec);
            eprintln!("{}", error.message);
            sys::exit_now(error.code)
        }
        Fork::Parent(child) => loop {
            ended.wait();
            while let Some((pid, raw)) = sys::reap_one() {
                if pid == child {
                    return Ok(ExitStatus::from_raw(raw).code());
                }
            }
        },
    }
}

/// Joins the name spaces of the container; the next child is in them.
fn enter(process: &Identity, user: bool) -> Result<(), Box<dyn std::error::Error>> {
    let names = [
        ("user", libc::CLONE_NEWUSER),
        ("ipc", libc::CLONE_NEWIPC),
        ("uts", libc::CLONE_NEWUTS),
        ("pid", libc::CLONE_NEWPID),
        ("mnt", libc::CLONE_NEWNS),
    ];
    let spaces = names
        .iter()
        .filter(|(name, _)| user || *name != "user")
        .map(|(name, kind)| {
            let file = File::open(format!("/proc/{}/ns/{name}", process.pid))?;
            Ok((OwnedFd::from(file), *kind))
        })
        .collect::<std::io::Result<Vec<_>>>()?;
    if !process.is_alive() {
        return Err("the container has ended".into());
    }
    for (fd, kind) in &spaces {
        sys::join_namespace(fd, *kind)?;
    }
    Ok(())
}
