//! The shim: a small process that owns one container for its whole life.
//!
//! It detaches from the platform, starts the container, writes its output to
//! the log file, and writes down how it ended. The platform may die and come
//! back; the files of [`record`] are all that they share. It has one thread
//! (it forks and changes name spaces, which threads forbid) and knows nothing
//! of Kubernetes.
//!
//! Why the container survives its shim: it holds both ends of its output
//! FIFOs itself, so that a line written after the shim's death waits instead
//! of failing, until a successor (`resume`) reads on.

mod exec;
mod launch;
mod log;
mod meter;
pub(crate) mod record;
mod root;
mod tree;
mod watch;

use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jiff::Timestamp;
use rustix::fs::{CWD, Mode, OFlags};

use self::log::{LogFile, Stream};
use self::meter::Meter;
use self::record::{
    AttemptDir, Durable, Exit, Identity, Report, RunState, Sandbox, ShimSpec, StartError, User,
};
use self::watch::{Child, Watch};
use crate::sys::{self, Fork, Signals};

pub(crate) use self::exec::ExecSpec;
pub(crate) use self::log::rotated;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Entry point of `<exe> shim …`; `args` are those after `shim`. Call it
/// before anything starts a thread.
///
/// - `<spec.json>` runs a container and returns at once, leaving the shim;
/// - `resume <dir>` takes over a container whose shim was lost;
/// - `exec <exec.json>` runs a command in a container and exits with its code;
/// - `probe <empty dir>` tries whether a sandbox can be made here.
pub fn shim_main(args: impl IntoIterator<Item = String>) -> ExitCode {
    let args: Vec<String> = args.into_iter().collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    sys::close_inherited_on_exec();
    let outcome = match args.as_slice() {
        ["exec", file] => return exec::exec_main(Path::new(file)),
        ["probe", dir] => probe(Path::new(dir)),
        ["resume", dir] => resume(&AttemptDir(PathBuf::from(dir))),
        [spec] => start(Path::new(spec)),
        _ => Err("usage: shim SPEC | shim resume DIR | shim exec FILE | shim probe DIR".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shim: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(spec_path: &Path) -> Outcome<()> {
    let spec: ShimSpec = record::read(spec_path, "a shim's spec")?.ok_or("the spec is gone")?;
    let dir = AttemptDir(spec_path.parent().ok_or("the spec has no directory")?.to_owned());
    detach()?;
    let me = Identity::of(std::process::id() as i32).ok_or("/proc does not know this process")?;
    if !record::claim(&dir, &me)? {
        report(&Report::Superseded);
        return Ok(());
    }
    make_outputs(&dir, spec.user)?;
    let streams = open_streams(&dir)?;
    let log = LogFile::open(&spec.log)?;
    let signals = watch::block_signals()?;
    match launch::launch(&spec, &dir) {
        Err(error) => {
            save_until_done(&dir, &never_ran(me, error.clone()));
            report(&Report::Failed(error));
            remove_cgroup(&spec);
            Ok(())
        }
        Ok(launched) => {
            let process =
                Identity::of(launched.pid).unwrap_or(Identity { pid: launched.pid, ..me.clone() });
            let state = RunState { process, started_at: Timestamp::now(), exit: None };
            record::write(&dir.state(), &state, Durable::Processes)?;
            report(&Report::Started { shim: me, state: state.clone() });
            let child = Child::Own(launched.status);
            let meter = Meter::open(&spec, &dir, state.started_at);
            finish(Watch { spec: &spec, dir: &dir, state, child, log, streams, signals, meter })
        }
    }
}

/// Takes over the output and the waiting; the exit status is beyond reach,
/// for only a parent is told.
fn resume(dir: &AttemptDir) -> Outcome<()> {
    let spec: ShimSpec = record::read(&dir.spec(), "a shim's spec")?.ok_or("the spec is gone")?;
    let state: RunState =
        record::read(&dir.state(), "a shim's state")?.ok_or("the state is gone")?;
    detach()?;
    let me = Identity::of(std::process::id() as i32).ok_or("/proc does not know this process")?;
    record::write(&dir.begin(), &me, Durable::Processes)?;
    let streams = open_streams(dir)?;
    let log = LogFile::open(&spec.log)?;
    let signals = watch::block_signals()?;
    let child = Child::adopted(&state.process);
    report(&Report::Started { shim: me, state: state.clone() });
    let meter = Meter::open(&spec, dir, state.started_at);
    finish(Watch { spec: &spec, dir, state, child, log, streams, signals, meter })
}

fn finish(watch: Watch<'_>) -> Outcome<()> {
    let (spec, dir) = (watch.spec, watch.dir);
    let state = watch.run();
    save_until_done(dir, &state);
    remove_cgroup(spec);
    Ok(())
}

/// How a container ended must not be lost to a full disk.
fn save_until_done(dir: &AttemptDir, state: &RunState) {
    while let Err(error) = record::write(&dir.state(), state, Durable::Power) {
        if !dir.0.exists() {
            // Somebody removed all of the container: nobody will ever ask.
            return;
        }
        eprintln!("shim: {error}, trying again");
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}

fn remove_cgroup(spec: &ShimSpec) {
    if let Some(cgroup) = &spec.cgroup {
        cgroup.remove();
    }
}

fn never_ran(process: Identity, error: StartError) -> RunState {
    let now = Timestamp::now();
    let exit = Exit {
        status: None,
        oom_killed: false,
        stopped: false,
        finished_at: now,
        cpu_seconds: None,
        memory_peak: None,
        memory_byte_seconds: None,
        start_error: Some(error),
    };
    RunState { process, started_at: now, exit: Some(exit) }
}

/// A new session, and no parent that waits: the platform's end, and what is
/// sent to its process group, do not reach the shim.
fn detach() -> Outcome<()> {
    if let Fork::Parent(_) = sys::fork()? {
        sys::exit_now(0);
    }
    rustix::process::setsid()?;
    if let Fork::Parent(_) = sys::fork()? {
        sys::exit_now(0);
    }
    std::env::set_current_dir("/")?;
    // Orphans of the container come to the shim, which reaps and counts them.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}

/// Tells the platform, if it still listens, and lets go of its pipe.
fn report(report: &Report) {
    let mut line = serde_json::to_vec(report).unwrap_or_default();
    line.push(b'\n');
    let _ = std::io::stdout().write_all(&line);
    let null = rustix::fs::open("/dev/null", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty());
    if let Ok(null) = null {
        let _ = sys::replace_standard(1, &null);
    }
}

fn make_outputs(dir: &AttemptDir, user: Option<User>) -> Outcome<()> {
    for stream in Stream::ALL {
        let path = dir.output(stream.name());
        rustix::fs::mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR)?;
        if let Some(user) = user {
            // So that a program may open /dev/stdout again by its name.
            std::os::unix::fs::chown(&path, Some(user.uid), Some(user.gid))?;
        }
    }
    Ok(())
}

fn open_streams(dir: &AttemptDir) -> Outcome<[Option<OwnedFd>; 2]> {
    let open = |stream: Stream| {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::open(dir.output(stream.name()), flags, Mode::empty())
    };
    Ok([Some(open(Stream::Stdout)?), Some(open(Stream::Stderr)?)])
}

/// Makes a sandbox without a program, in a child.
fn probe(dir: &Path) -> Outcome<()> {
    fs::create_dir_all(dir)?;
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    let user = User { uid: uid.as_raw(), gid: gid.as_raw() };
    let sandbox = Sandbox {
        root: dir.to_owned(),
        image: None,
        mounts: Vec::new(),
        hidden: Vec::new(),
        devices: Vec::new(),
        hostname: "probe".to_owned(),
        user_namespace: (!uid.is_root()).then_some(user),
    };
    let signals = Signals::of(&[libc::SIGCHLD]);
    signals.block_only();
    match sys::fork_into(launch::namespaces(&sandbox))
        .map_err(|e| format!("new name spaces: {e}"))?
    {
        Fork::Child => match root::enter(&sandbox) {
            Ok(()) => sys::exit_now(0),
            Err(error) => {
                eprintln!("shim: {error}");
                sys::exit_now(1)
            }
        },
        Fork::Parent(_) => loop {
            signals.wait();
            match sys::reap_one() {
                Some((_, 0)) => return Ok(()),
                Some(_) => return Err("the sandbox could not be made".into()),
                None => {}
            }
        },
    }
}
