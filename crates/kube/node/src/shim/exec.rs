//! Runs a command in a container that is already running: probes, hooks, and people.
//!
//! A command with a terminal gets one of the container's own (`/dev/pts` is the sandbox's).
//! Its other side goes to the platform over the socket that stands for standard input.

use std::fs::File;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use rustix::pty::OpenptFlags;
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
    /// Whether it has a terminal.
    pub(crate) terminal: bool,
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
    let terminal = exec.terminal.then(|| open_terminal(&mut spec)).transpose()?;
    let signals = Signals::of(&[libc::SIGCHLD, libc::SIGTERM]);
    signals.block_only();
    match sys::fork()? {
        Fork::Child => {
            let error = match take_over(terminal) {
                Ok(()) => launch::become_and_exec(&spec),
                Err(error) => launch::other("give the command its terminal", &error),
            };
            eprintln!("{}", error.message);
            sys::exit_now(error.code)
        }
        Fork::Parent(child) => {
            // While it is held here, the platform never sees the terminal's end.
            let hang_up = if terminal.is_some() { libc::SIGHUP } else { libc::SIGKILL };
            drop(terminal);
            Ok(attend(child, &signals, hang_up))
        }
    }
}

/// Waits for the command; asked to end, it ends the command's process group.
fn attend(child: i32, signals: &Signals, hang_up: i32) -> i32 {
    loop {
        if signals.wait() == libc::SIGTERM {
            sys::kill(-child, hang_up);
        }
        while let Some((pid, raw)) = sys::reap_one() {
            if pid == child {
                return ExitStatus::from_raw(raw).code();
            }
        }
    }
}

/// Makes a terminal, sends its master over standard input, and returns the other side.
fn open_terminal(spec: &mut ShimSpec) -> std::io::Result<OwnedFd> {
    let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    rustix::pty::unlockpt(&master)?;
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let slave = rustix::pty::ioctl_tiocgptpeer(&master, flags)?;
    if let Some(user) = spec.user {
        rustix::fs::fchown(
            &slave,
            Some(rustix::fs::Uid::from_raw(user.uid)),
            Some(rustix::fs::Gid::from_raw(user.gid)),
        )?;
    }
    let descriptors = [master.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    let byte = [IoSlice::new(b"t")];
    rustix::net::sendmsg(std::io::stdin(), &byte, &mut control, SendFlags::NOSIGNAL)?;
    if !spec.env.iter().any(|(name, _)| name == "TERM") {
        spec.env.push(("TERM".to_owned(), "xterm-256color".to_owned()));
    }
    Ok(slave)
}

/// In the child: a session of its own, and the terminal as all three streams.
fn take_over(terminal: Option<OwnedFd>) -> std::io::Result<()> {
    rustix::process::setsid()?;
    if let Some(terminal) = terminal {
        rustix::process::ioctl_tiocsctty(&terminal)?;
        for standard in 0..3 {
            sys::replace_standard(standard, &terminal)?;
        }
    }
    Ok(())
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
