//! The platform's side of shims: start one, find it again, hear of its end.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::error::{Error, Result};
use crate::shim::record::{
    self, AttemptDir, Durable, Identity, Report, RunState, ShimSpec, StartError, StopRequest,
};

/// How long a shim that has begun may take to say how it went.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts shims from one program.
#[derive(Debug, Clone)]
pub(crate) struct Shims {
    pub(crate) exe: PathBuf,
}

/// What became of an attempt to start.
pub(crate) enum Started {
    Running(Handle, Box<RunState>),
    Failed(StartError),
}

/// What an attempt's directory tells after the platform was gone.
pub(crate) enum Recovered {
    /// Nothing ran and nothing will: the directory can go.
    NeverStarted,
    /// It runs. `lost`: its shim was lost, and another took over.
    Running { handle: Handle, state: RunState, lost: bool },
    /// It is over, and this is the truth about it.
    Exited(RunState),
    /// It is over, and nobody saw how.
    Unseen { state: Option<RunState>, why: Unseen },
}

/// Why an end was not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// The machine was started again.
    Rebooted,
    /// The shim was killed.
    ShimLost,
}

/// A shim at work.
pub(crate) struct Handle {
    dir: AttemptDir,
    /// The container's outputs, never read here: while they are held, what a
    /// container wrote after its shim's death is kept even when it ends.
    _outputs: Vec<OwnedFd>,
    /// None: it was gone before it could be held.
    shim: Option<AsyncFd<OwnedFd>>,
}

/// How a shim ended.
pub(crate) enum Ended {
    /// Its work done.
    Exited(RunState),
    /// Killed, before it could write how the container ended.
    Lost,
}

impl Shims {
    /// Starts a container in a directory that holds nothing else.
    pub(crate) async fn start(&self, dir: &AttemptDir, spec: &ShimSpec) -> Result<Started> {
        record::write(&dir.spec(), spec, Durable::Processes)?;
        let report = self.launch(&[dir.spec().as_os_str()], dir).await?;
        match report {
            Some(Report::Started { shim, state }) => {
                Ok(Started::Running(Handle::of(dir, &shim), Box::new(state)))
            }
            Some(Report::Failed(error)) => Ok(Started::Failed(error)),
            Some(Report::Superseded) | None => Ok(Started::Failed(StartError {
                code: 128,
                message: format!("the shim did not start the container{}", complaints(dir)),
            })),
        }
    }

    /// Puts a new shim beside a container whose own was lost.
    pub(crate) async fn take_over(&self, dir: &AttemptDir) -> Result<Handle> {
        let report = self.launch(&["resume".as_ref(), dir.0.as_os_str()], dir).await?;
        match report {
            Some(Report::Started { shim, .. }) => Ok(Handle::of(dir, &shim)),
            _ => Ok(Handle { dir: dir.clone(), _outputs: Vec::new(), shim: None }),
        }
    }

    /// Finds out how an attempt stands that an earlier platform made.
    pub(crate) async fn recover(&self, dir: &AttemptDir) -> Result<Recovered> {
        if !dir.spec().exists() {
            return Ok(Recovered::NeverStarted);
        }
        // Whoever makes `begin` first wins: a shim that comes late finds it.
        let nobody = Identity { pid: 0, start: 0, boot: String::new() };
        if record::claim(dir, &nobody)? {
            return Ok(Recovered::NeverStarted);
        }
        let Some(shim) = record::read::<Identity>(&dir.begin(), "a shim's identity")? else {
            return Ok(Recovered::NeverStarted);
        };
        if shim == nobody {
            return Ok(Recovered::NeverStarted);
        }
        // Held before it is asked, so that its end cannot be missed.
        let handle = Handle::of(dir, &shim);
        let state = wait_for_state(dir, &shim).await?;
        match state {
            Some(state) if state.exit.is_some() => Ok(Recovered::Exited(state)),
            state if shim.is_of_another_boot() => {
                Ok(Recovered::Unseen { state, why: Unseen::Rebooted })
            }
            Some(state) if shim.is_alive() => Ok(Recovered::Running { handle, state, lost: false }),
            // Even if the program has ended: its last words may wait to be read.
            Some(state) => {
                let handle = self.take_over(dir).await?;
                Ok(Recovered::Running { handle, state, lost: true })
            }
            None => {
                end_what_is_left(dir)?;
                Ok(Recovered::Unseen { state: None, why: Unseen::ShimLost })
            }
        }
    }

    /// Tries whether sandboxes work here; the inner error says why not.
    pub(crate) async fn probe(&self, dir: &Path) -> Result<Result<(), String>> {
        fs::create_dir_all(dir).map_err(Error::file("create directory", dir))?;
        let output = self.command().args(["probe".as_ref(), dir.as_os_str()]).output().await;
        let output = output.map_err(|source| Error::Spawn { exe: self.exe.clone(), source })?;
        if output.status.success() {
            return Ok(Ok(()));
        }
        Ok(Err(String::from_utf8_lossy(&output.stderr).trim().replace("shim: ", "")))
    }

    /// A command of the shim's program, knowing nothing of our environment.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.exe);
        command.arg("shim").env_clear().stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    async fn launch(&self, args: &[&std::ffi::OsStr], dir: &AttemptDir) -> Result<Option<Report>> {
        let complaints = dir.complaints();
        let stderr = fs::File::create(&complaints).map_err(Error::file("create", &complaints))?;
        let spawned = self.command().args(args).stdout(Stdio::piped()).stderr(stderr).spawn();
        let mut first = spawned.map_err(|source| Error::Spawn { exe: self.exe.clone(), source })?;
        let stdout = first.stdout.take();
        let mut line = String::new();
        if let Some(stdout) = stdout {
            let read = BufReader::new(stdout).read_line(&mut line).await;
            read.map_err(Error::file("hear from the shim of", &dir.0))?;
        }
        // It ends at once: the shim is its grandchild.
        let _ = first.wait().await;
        Ok(serde_json::from_str(&line).ok())
    }
}

fn complaints(dir: &AttemptDir) -> String {
    let said = fs::read_to_string(dir.complaints()).unwrap_or_default();
    let said = said.trim();
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

/// The shim died between making the container and writing down its process:
/// the control group tells what runs.
fn end_what_is_left(dir: &AttemptDir) -> Result<()> {
    let spec = record::read::<ShimSpec>(&dir.spec(), "a shim's spec")?;
    for pid in spec.and_then(|spec| spec.cgroup).iter().flat_map(|cgroup| cgroup.processes()) {
        if let Some(pid) = Pid::from_raw(pid) {
            // One that has just ended needs no killing.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    }
    Ok(())
}

/// A shim that has begun writes its state within moments, or dies.
async fn wait_for_state(dir: &AttemptDir, shim: &Identity) -> Result<Option<RunState>> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let alive = shim.is_alive();
        let state = record::read::<RunState>(&dir.state(), "a container's state")?;
        // Read after it was seen dead, the state is its last.
        if state.is_some() && (alive || state.as_ref().is_some_and(|s| s.exit.is_some())) {
            return Ok(state);
        }
        if !alive || tokio::time::Instant::now() > deadline {
            return Ok(state);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A descriptor that the runtime wakes for.
#[allow(unsafe_code)]
pub(crate) fn watched(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is the same open descriptor as long as it is held,
    // which the result does.
    Ok(unsafe { AsyncFd::register(fd) }?)
}

impl Handle {
    fn of(dir: &AttemptDir, shim: &Identity) -> Handle {
        let held = || -> io::Result<AsyncFd<OwnedFd>> {
            let pid = Pid::from_raw(shim.pid).ok_or(io::ErrorKind::InvalidInput)?;
            watched(pidfd_open(pid, PidfdFlags::NONBLOCK)?)
        };
        // Asked after it was opened: it is this shim's or nobody's.
        let shim = held().ok().filter(|_| shim.is_alive());
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = |stream| rustix::fs::open(dir.output(stream), flags, Mode::empty()).ok();
        let outputs = ["stdout", "stderr"].into_iter().filter_map(open).collect();
        Handle { dir: dir.clone(), _outputs: outputs, shim }
    }

    /// Waits for the shim's end.
    pub(crate) async fn ended(&self) -> Result<Ended> {
        if let Some(shim) = &self.shim {
            shim.readable()
                .await
                .map_err(Error::file("wait for the shim of", &self.dir.0))?
                .retain_ready();
        }
        let state = record::read::<RunState>(&self.dir.state(), "a container's state")?;
        match state {
            Some(state) if state.exit.is_some() => Ok(Ended::Exited(state)),
            Some(_) => Ok(Ended::Lost),
            None => Err(Error::file("read", &self.dir.state())(io::ErrorKind::NotFound.into())),
        }
    }

    /// Asks the container to stop: TERM now, KILL of its whole tree after
    /// `grace`. Asking again with less shortens it.
    pub(crate) fn stop(&self, grace: Duration) -> Result<()> {
        let request = StopRequest { grace_ms: grace.as_millis() as u64 };
        record::write(&self.dir.stop(), &request, Durable::Processes)?;
        if let Some(shim) = &self.shim {
            // A shim that is gone needs no telling: `ended` says so.
            let _ = pidfd_send_signal(shim.get_ref(), Signal::TERM);
        }
        Ok(())
    }
}
