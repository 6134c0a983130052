//! The files through which the platform and a shim speak: one directory per
//! attempt to run a container.
//!
//! ```text
//! spec.json    platform  what to run; written before the shim is started
//! begin        shim      linked into place before the container is made; holds
//!                        the shim's identity. Whoever makes it first wins: a
//!                        platform that makes it has forbidden the start
//! state.json   shim      running, then exited; replaced whole
//! usage.json   shim      what it has used so far; replaced whole
//! stop         platform  how long to wait between TERM and KILL
//! stdout.fifo  shim      the container's output; the container holds both ends
//! stderr.fifo
//! ```

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::cgroup::Cgroup;
use crate::error::{Error, Result};

/// Everything that a shim needs to know to run a container.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShimSpec {
    /// Identity of this attempt, `<uuid>`.
    pub id: String,
    /// Command line; the first word is looked up in the container's `PATH`.
    pub argv: Vec<String>,
    /// The whole environment.
    pub env: Vec<(String, String)>,
    /// Where the program starts, as the container sees it.
    pub cwd: PathBuf,
    /// Whom to become; none: stay who the platform is.
    pub user: Option<User>,
    /// How the container is kept apart.
    pub isolation: Isolation,
    /// Where it is limited and counted; none: not at all.
    pub cgroup: Option<Cgroup>,
    /// Where its output goes.
    pub log: LogSpec,
    /// Time between TERM and KILL when nobody says otherwise.
    pub grace_seconds: u64,
}

/// A user and group with no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// User id on the host.
    pub uid: u32,
    /// Group id on the host.
    pub gid: u32,
}

/// How a container is kept apart from the host and from others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Isolation {
    /// Name spaces of its own over the host's files, read-only.
    Sandbox(Sandbox),
    /// None: a process tree.
    Process,
}

/// The file system of a sandbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sandbox {
    /// An empty directory on which the new root is built.
    pub root: PathBuf,
    /// The tree whose files it shows; none: the host's.
    #[serde(default)]
    pub image: Option<PathBuf>,
    /// Host directories bound in place, parents before children.
    pub mounts: Vec<Mount>,
    /// Host directories that are shown empty.
    pub hidden: Vec<PathBuf>,
    /// Devices of the host, besides the harmless ones.
    pub devices: Vec<PathBuf>,
    /// Host name inside.
    pub hostname: String,
    /// Make a user name space first, in which this user keeps its number: for
    /// a platform that is not root.
    pub user_namespace: Option<User>,
}

/// A host path bound into a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Path on the host.
    pub source: PathBuf,
    /// Path in the container.
    pub target: PathBuf,
    /// Whether the container may only read.
    pub read_only: bool,
}

/// The container's log file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogSpec {
    /// `<restart>.log`.
    pub path: PathBuf,
    /// Size at which the file is rotated away.
    pub max_bytes: u64,
    /// Files kept, the current one included.
    pub max_files: usize,
}

/// A process that can be told from a later one with the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Process id on the host.
    pub pid: i32,
    /// Start time in clock ticks since boot (field 22 of `/proc/<pid>/stat`).
    pub start: u64,
    /// `/proc/sys/kernel/random/boot_id`.
    pub boot: String,
}

/// Where a container stands, as its shim wrote it last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunState {
    /// The container's first process (in a sandbox: process 1 of it).
    pub process: Identity,
    /// When the program was executed.
    pub started_at: Timestamp,
    /// Set when it is over.
    pub exit: Option<Exit>,
}

/// How a container ended. `status` is absent when nobody saw it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Exit {
    /// The exit status; none when the shim that waited for it was lost.
    pub status: Option<ExitStatus>,
    /// Whether the kernel killed a process of it for want of memory.
    pub oom_killed: bool,
    /// Whether the platform had asked it to stop.
    pub stopped: bool,
    /// When the last process had ended.
    pub finished_at: Timestamp,
    /// Processor time of the whole tree, where it is counted.
    pub cpu_seconds: Option<f64>,
    /// Most memory ever held, where it is counted.
    pub memory_peak: Option<u64>,
    /// Memory held over time, in bytes × seconds, where it is counted.
    #[serde(default)]
    pub memory_byte_seconds: Option<f64>,
    /// Why it never ran, when it did not.
    pub start_error: Option<StartError>,
}

/// What a container has used until a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// When it was read.
    pub at: Timestamp,
    /// Processor time of the whole tree.
    pub cpu_seconds: f64,
    /// Memory held over time, in bytes × seconds.
    pub memory_byte_seconds: f64,
    /// Memory held at that moment; none: not read yet.
    pub working_set: Option<u64>,
    /// Most memory ever held.
    pub memory_peak: Option<u64>,
}

/// What `wait` said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExitStatus {
    /// Returned or called exit.
    Code(i32),
    /// Was killed by a signal.
    Signal(i32),
}

impl ExitStatus {
    /// From the raw status of `waitpid`.
    pub fn from_raw(raw: i32) -> ExitStatus {
        if libc::WIFSIGNALED(raw) {
            ExitStatus::Signal(libc::WTERMSIG(raw))
        } else {
            ExitStatus::Code(libc::WEXITSTATUS(raw))
        }
    }

    /// The exit code as shells and Kubernetes write it: 128 + signal.
    pub fn code(self) -> i32 {
        match self {
            ExitStatus::Code(code) => code,
            ExitStatus::Signal(signal) => 128 + signal,
        }
    }
}

/// Why a container's program could not be executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartError {
    /// 127 not found, 126 not executable, 128 anything else.
    pub code: i32,
    /// In words, naming the command.
    pub message: String,
}

/// The platform's wish that a container stop.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StopRequest {
    /// Milliseconds between TERM and KILL; 0 kills at once.
    pub grace_ms: u64,
}

/// The one line that a shim writes to the platform that started it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Report {
    /// The program is running.
    Started {
        /// Who the shim is.
        shim: Identity,
        /// As in the state file.
        state: RunState,
    },
    /// It could not be executed; the state file says the same.
    Failed(StartError),
    /// Somebody else had made `begin`.
    Superseded,
}

impl Identity {
    /// The identity of a running process.
    pub fn of(pid: i32) -> Option<Identity> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(Identity { pid, start: start_ticks(&stat)?, boot: boot_id() })
    }

    /// Whether this very process still runs (a zombie does not).
    pub fn is_alive(&self) -> bool {
        fs::read_to_string(format!("/proc/{}/stat", self.pid)).is_ok_and(|stat| {
            start_ticks(&stat) == Some(self.start)
                && !matches!(process_state(&stat), Some('Z' | 'X'))
                && boot_id() == self.boot
        })
    }

    /// Whether it ran before the machine was last started.
    pub fn is_of_another_boot(&self) -> bool {
        boot_id() != self.boot
    }
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// The fields of a stat line after the command, which may hold anything.
fn fields(stat: &str) -> Option<std::str::SplitWhitespace<'_>> {
    Some(stat.rsplit_once(')')?.1.split_whitespace())
}

fn start_ticks(stat: &str) -> Option<u64> {
    fields(stat)?.nth(19)?.parse().ok()
}

fn process_state(stat: &str) -> Option<char> {
    fields(stat)?.next()?.chars().next()
}

/// The parent and session of a process, from its stat line.
pub(crate) fn parent_and_session(stat: &str) -> Option<(i32, i32)> {
    let mut fields = fields(stat)?;
    let parent = fields.nth(1)?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    Some((parent, session))
}

/// The files of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptDir(pub PathBuf);

impl AttemptDir {
    pub(crate) fn spec(&self) -> PathBuf {
        self.0.join("spec.json")
    }
    pub(crate) fn begin(&self) -> PathBuf {
        self.0.join("begin")
    }
    pub(crate) fn state(&self) -> PathBuf {
        self.0.join("state.json")
    }
    pub(crate) fn measure(&self) -> PathBuf {
        self.0.join("usage.json")
    }
    pub(crate) fn stop(&self) -> PathBuf {
        self.0.join("stop")
    }
    pub(crate) fn output(&self, stream: &str) -> PathBuf {
        self.0.join(format!("{stream}.fifo"))
    }
    pub(crate) fn complaints(&self) -> PathBuf {
        self.0.join("shim.log")
    }
}

/// Reads a file; `None` when it does not exist.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, what: &'static str) -> Result<Option<T>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file("read", path)(error)),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|source| Error::Malformed {
        what,
        path: path.to_owned(),
        source,
    })
}

/// How sure a write must be before it returns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durable {
    /// Survives the death of processes.
    Processes,
    /// Survives a power cut too.
    Power,
}

/// Replaces a file whole: readers see the old or the new one, never a part.
/// Only its owner may read it, for it may hold what a Secret held.
pub(crate) fn write<T: Serialize>(path: &Path, value: &T, durable: Durable) -> Result<()> {
    let bytes = serde_json::to_vec(value).map_err(|source| Error::Malformed {
        what: "a record",
        path: path.to_owned(),
        source,
    })?;
    let temporary = path.with_extension(format!("tmp-{}", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(Error::file("create", &temporary))?;
    file.write_all(&bytes).map_err(Error::file("write", &temporary))?;
    if durable == Durable::Power {
        file.sync_all().map_err(Error::file("flush", &temporary))?;
    }
    fs::rename(&temporary, path).map_err(Error::file("replace", path))?;
    if durable == Durable::Power
        && let Some(parent) = path.parent()
    {
        fs::File::open(parent)
            .and_then(|dir| dir.sync_all())
            .map_err(Error::file("flush", parent))?;
    }
    Ok(())
}

/// Makes `begin` with the identity in it, unless it is there already.
/// Returns whether the caller was first.
pub(crate) fn claim(dir: &AttemptDir, identity: &Identity) -> Result<bool> {
    let begin = dir.begin();
    let mine = begin.with_extension(format!("claim-{}", identity.pid));
    write(&mine, identity, Durable::Processes)?;
    let linked = fs::hard_link(&mine, &begin);
    fs::remove_file(&mine).map_err(Error::file("remove", &mine))?;
    match linked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::file("create", &begin)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_itself_and_not_its_namesake() {
        let me = Identity::of(std::process::id() as i32).unwrap();
        assert!(me.is_alive());
        let namesake = Identity { start: me.start + 1, ..me.clone() };
        assert!(!namesake.is_alive());
        let before = Identity { boot: "another".into(), ..me };
        assert!(before.is_of_another_boot() && !before.is_alive());
    }

    #[test]
    fn a_command_with_brackets_does_not_shift_the_fields() {
        let stat = "7 (a) b (c) S 3 7 9 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 0";
        assert_eq!(start_ticks(stat), Some(4242));
        assert_eq!(parent_and_session(stat), Some((3, 9)));
        assert_eq!(process_state(stat), Some('S'));
    }

    /// A state that the first release wrote.
    #[test]
    fn an_old_state_still_loads() {
        let text = r#"{"process":{"pid":7,"start":4242,"boot":"b"},
            "started_at":"2026-11-24T10:00:00Z","exit":{"status":{"code":0},"oom_killed":false,
            "stopped":false,"finished_at":"2026-11-24T10:00:02Z","cpu_seconds":1.5,
            "memory_peak":1048576,"start_error":null}}"#;
        let exit = serde_json::from_str::<RunState>(text).unwrap().exit.unwrap();
        assert_eq!((exit.cpu_seconds, exit.memory_byte_seconds), (Some(1.5), None));
    }

    #[test]
    fn only_the_first_claim_wins() {
        let temp = tempfile::tempdir().unwrap();
        let dir = AttemptDir(temp.path().to_owned());
        let me = Identity::of(std::process::id() as i32).unwrap();
        assert!(claim(&dir, &me).unwrap());
        let other = Identity { pid: me.pid + 1, ..me.clone() };
        assert!(!claim(&dir, &other).unwrap());
        assert_eq!(read::<Identity>(&dir.begin(), "begin").unwrap(), Some(me));
    }
}
