//! From a spec to a running program: fork, name spaces, identity, exec.
//!
//! ```text
//! shim ──fork──────────────────────────▶ program            (process)
//! shim ──fork into name spaces──▶ init ──fork──▶ program    (sandbox)
//! ```
//!
//! Init is process 1 of the sandbox. It passes signals on (a program that is
//! process 1 itself would ignore TERM), reaps orphans, and tells the shim the
//! program's raw status. What goes wrong before the program runs comes back
//! through a pipe that closes on exec.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::record::{AttemptDir, Isolation, Sandbox, ShimSpec, StartError};
use super::{log::Stream, root};
use crate::sys::{self, Fork, Signals};

/// A program that was executed.
pub(crate) struct Launched {
    /// The shim's child: the program, or the sandbox's init.
    pub(crate) pid: i32,
    /// From where init tells the program's raw status.
    pub(crate) status: Option<File>,
}

/// Starts the program; an error says why it could not be executed.
pub(crate) fn launch(spec: &ShimSpec, dir: &AttemptDir) -> Result<Launched, StartError> {
    let pipes = || Ok::<_, io::Error>((pipe()?, pipe()?));
    let ((failure, failed), (status, ended)) = pipes().map_err(|e| other("make pipes", &e))?;
    let forked = match &spec.isolation {
        Isolation::Process => sys::fork(),
        Isolation::Sandbox(sandbox) => sys::fork_into(namespaces(sandbox)),
    };
    match forked.map_err(|error| other("fork", &error))? {
        Fork::Child => {
            drop((failure, status));
            let error = match &spec.isolation {
                Isolation::Process => run_program(spec, dir),
                Isolation::Sandbox(sandbox) => {
                    run_init(spec, sandbox, dir, failed.try_clone(), ended)
                }
            };
            let _ = (&failed).write_all(&serde_json::to_vec(&error).unwrap_or_default());
            sys::exit_now(error.code)
        }
        Fork::Parent(pid) => {
            drop((failed, ended));
            await_exec(failure)?;
            let sandboxed = matches!(spec.isolation, Isolation::Sandbox(_));
            Ok(Launched { pid, status: sandboxed.then_some(status) })
        }
    }
}

pub(crate) fn namespaces(sandbox: &Sandbox) -> i32 {
    let user = if sandbox.user_namespace.is_some() { sys::USER_NAMESPACE } else { 0 };
    sys::SANDBOX_NAMESPACES | user
}

fn pipe() -> io::Result<(File, File)> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    Ok((File::from(read), File::from(write)))
}

/// Nothing comes through the pipe when exec closed it.
fn await_exec(mut failure: File) -> Result<(), StartError> {
    let mut said = Vec::new();
    failure.read_to_end(&mut said).map_err(|error| other("wait for the program", &error))?;
    if said.is_empty() {
        return Ok(());
    }
    Err(serde_json::from_slice(&said)
        .unwrap_or(StartError { code: 128, message: "the container could not be made".to_owned() }))
}

/// In the child: everything up to exec. Returns only when that fails.
fn run_program(spec: &ShimSpec, dir: &AttemptDir) -> StartError {
    let prepared = join_cgroup(spec)
        .and_then(|()| open_outputs(dir))
        .and_then(|outputs| become_user(spec).map(|()| outputs));
    match prepared {
        Ok(outputs) => execute(spec, outputs),
        Err(error) => error,
    }
}

/// In the child that is process 1 of its sandbox. The outputs are opened
/// before the host's files go out of sight.
fn run_init(
    spec: &ShimSpec,
    sandbox: &Sandbox,
    dir: &AttemptDir,
    failed: io::Result<File>,
    ended: File,
) -> StartError {
    let prepared = join_cgroup(spec).and_then(|()| open_outputs(dir)).and_then(|outputs| {
        root::enter(sandbox).map_err(|error| StartError {
            code: 128,
            message: format!("the sandbox could not be made: {error}"),
        })?;
        become_user(spec)?;
        Ok(outputs)
    });
    let outputs = match prepared {
        Ok(outputs) => outputs,
        Err(error) => return error,
    };
    let all = Signals::of(&(1..=31).collect::<Vec<_>>());
    all.block_only();
    match sys::fork() {
        Err(error) => other("fork", &error),
        Ok(Fork::Child) => {
            let error = execute(spec, outputs);
            if let Ok(mut failed) = failed {
                let _ = failed.write_all(&serde_json::to_vec(&error).unwrap_or_default());
            }
            sys::exit_now(error.code)
        }
        Ok(Fork::Parent(program)) => {
            drop(outputs);
            drop(failed);
            attend(program, &all, ended)
        }
    }
}

/// Init's life: pass signals on, reap, and end when the program has ended.
/// Its own copies of the failure pipe must be closed first, or the shim would
/// wait for ever: `close_all_but` closes what the caller's frames hold.
fn attend(program: i32, signals: &Signals, mut ended: File) -> ! {
    use std::os::fd::AsRawFd;
    sys::close_all_but(ended.as_raw_fd());
    loop {
        match signals.wait() {
            libc::SIGCHLD => {
                while let Some((pid, raw)) = sys::reap_one() {
                    if pid == program {
                        let _ = ended.write_all(&raw.to_ne_bytes());
                        sys::exit_now(0);
                    }
                }
            }
            signal if signal > 0 => sys::kill(program, signal),
            _ => {}
        }
    }
}

/// For a command in a running container: keeps the outputs that it was given, and ends with
/// its parent.
pub(crate) fn become_and_exec(spec: &ShimSpec) -> StartError {
    if let Err(error) = become_user(spec) {
        return error;
    }
    // Afterwards, for the kernel forgets it when the user changes.
    sys::die_with_parent();
    if let Err(error) = std::env::set_current_dir(&spec.cwd) {
        return other(&format!("change to the working directory {:?}", spec.cwd), &error);
    }
    sys::default_signals();
    Signals::of(&[]).block_only();
    exec_in_path(spec)
}

fn join_cgroup(spec: &ShimSpec) -> Result<(), StartError> {
    let Some(cgroup) = &spec.cgroup else { return Ok(()) };
    cgroup.join().map_err(|error| other("join the control group", &error))
}

/// Becomes the container's user for good, with no capability left and none to
/// be gained by executing a program.
fn become_user(spec: &ShimSpec) -> Result<(), StartError> {
    use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};
    // First, for it takes a capability itself; who has none has nothing to give up.
    for bit in 0..64 {
        let Some(capability) = CapabilitySet::from_bits(1_u64 << bit) else { break };
        if rustix::thread::remove_capability_from_bounding_set(capability).is_err() {
            break;
        }
    }
    if let Some(user) = spec.user {
        sys::become_user(user.uid, user.gid, &[user.gid])
            .map_err(|error| other("become the project's user", &error))?;
    }
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .and_then(|()| set_no_new_privs(true))
        .map_err(|error| other("give up privileges", &error.into()))
}

/// The container holds both ends of its output: no reader's death makes its
/// next line fail.
fn open_outputs(dir: &AttemptDir) -> Result<[OwnedFd; 2], StartError> {
    let open = |stream: Stream| {
        let path = dir.output(stream.name());
        rustix::fs::open(&path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
            .map_err(|error| other(&format!("open {}", path.display()), &error.into()))
    };
    Ok([open(Stream::Stdout)?, open(Stream::Stderr)?])
}

fn execute(spec: &ShimSpec, outputs: [OwnedFd; 2]) -> StartError {
    if let Err(error) = std::env::set_current_dir(&spec.cwd) {
        return other(&format!("change to the working directory {:?}", spec.cwd), &error);
    }
    if let Err(error) = arrange_descriptors(outputs) {
        return other("arrange the outputs", &error);
    }
    let _ = rustix::process::setsid();
    rustix::process::umask(Mode::from_raw_mode(0o022));
    sys::default_signals();
    Signals::of(&[]).block_only();
    exec_in_path(spec)
}

fn arrange_descriptors([stdout, stderr]: [OwnedFd; 2]) -> io::Result<()> {
    let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    sys::replace_standard(0, &null)?;
    sys::replace_standard(1, &stdout)?;
    sys::replace_standard(2, &stderr)
}

/// Looks the command up in the container's own `PATH` and becomes it.
fn exec_in_path(spec: &ShimSpec) -> StartError {
    let Some(command) = spec.argv.first() else {
        return StartError {
            code: 128,
            message: "the container has no command (hint: set `command`)".into(),
        };
    };
    let strings =
        |list: Vec<String>| list.into_iter().map(CString::new).collect::<Result<Vec<_>, _>>();
    let env = spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let (Ok(argv), Ok(env)) = (strings(spec.argv.clone()), strings(env)) else {
        return StartError {
            code: 128,
            message: format!("exec {command:?}: an argument or variable holds a zero byte"),
        };
    };
    let mut denied = false;
    for candidate in candidates(command, &spec.env) {
        let Ok(program) = CString::new(candidate.as_os_str().as_bytes()) else { continue };
        let error = sys::exec(&program, &argv, &env);
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory if !candidate.exists() => {}
            io::ErrorKind::NotFound => {
                return StartError {
                    code: 127,
                    message: format!(
                        "exec {command:?}: the interpreter that {} names in its first line does not exist",
                        candidate.display()
                    ),
                };
            }
            io::ErrorKind::PermissionDenied => denied = true,
            _ => return other(&format!("exec {command:?}"), &error),
        }
    }
    if denied {
        return StartError {
            code: 126,
            message: format!(
                "exec {command:?}: permission denied (hint: is it executable, and readable by the container's user?)"
            ),
        };
    }
    let place =
        if command.contains('/') { "no such file" } else { "executable file not found in $PATH" };
    StartError { code: 127, message: format!("exec {command:?}: {place}") }
}

fn candidates(command: &str, env: &[(String, String)]) -> Vec<PathBuf> {
    if command.contains('/') {
        return vec![PathBuf::from(command)];
    }
    let path = env.iter().rev().find(|(name, _)| name == "PATH").map_or("", |(_, value)| value);
    path.split(':').filter(|dir| !dir.is_empty()).map(|dir| Path::new(dir).join(command)).collect()
}

pub(super) fn other(action: &str, error: &io::Error) -> StartError {
    StartError { code: 128, message: format!("{action}: {error}") }
}
