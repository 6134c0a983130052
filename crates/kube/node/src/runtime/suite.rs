//! One suite over both runtimes: what a container may count on, whichever it
//! gets. The shim is this crate's test program, built beside the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::cgroup::{self, Limits};
use crate::shim::record::{ExitStatus, RunState, StartError};

/// The test program, two directories up from the test's own.
pub(crate) fn shims() -> Shims {
    let test = std::env::current_exe().unwrap();
    let exe = test.parent().unwrap().parent().unwrap().join("dais-node-host");
    assert!(exe.exists(), "{} is built with the integration tests", exe.display());
    Shims { exe }
}

struct Bench {
    temp: tempfile::TempDir,
    runtime: Arc<dyn Runtime>,
    shims: Shims,
    user: Option<User>,
}

fn bench(runtime: Arc<dyn Runtime>, temp: tempfile::TempDir) -> Bench {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(temp.path().join("attempt")).unwrap();
    let root = rustix::process::geteuid().is_root();
    let user = root.then_some(User { uid: 700_123_456, gid: 700_123_456 });
    Bench { temp, runtime, shims: shims(), user }
}

fn sandbox() -> Bench {
    // Not in `/tmp`: a sandbox has its own, and shows the host's directories elsewhere.
    let test = std::env::current_exe().unwrap();
    let temp = tempfile::tempdir_in(test.parent().unwrap()).unwrap();
    let mut bench = bench(Arc::new(Process), temp);
    // In the node's order: its own directory, then the platform's around it.
    let hidden = vec![bench.temp.path().join("attempt"), bench.temp.path().to_owned()];
    bench.runtime = Arc::new(Sandboxed { hidden });
    bench
}

fn process() -> Bench {
    bench(Arc::new(Process), tempfile::tempdir().unwrap())
}

impl Bench {
    fn dir(&self) -> AttemptDir {
        AttemptDir(self.temp.path().join("attempt"))
    }

    fn log(&self) -> PathBuf {
        self.temp.path().join("0.log")
    }

    fn plan(&self, script: &str) -> ContainerPlan {
        ContainerPlan {
            id: "test".into(),
            dir: self.dir(),
            root: None,
            argv: vec!["sh".into(), "-c".into(), script.into()],
            env: vec![("PATH".into(), "/usr/bin:/bin".into())],
            working_dir: None,
            mounts: Vec::new(),
            user: self.user,
            cgroup: None,
            log: LogSpec { path: self.log(), max_bytes: 1 << 20, max_files: 5 },
            grace_seconds: 30,
            hostname: "pod".into(),
            devices: Vec::new(),
        }
    }

    async fn start(&self, plan: ContainerPlan) -> Started {
        let spec = self.runtime.prepare(plan).unwrap();
        self.shims.start(&self.dir(), &spec).await.unwrap()
    }

    async fn start_running(&self, plan: ContainerPlan) -> (Handle, RunState) {
        match self.start(plan).await {
            Started::Running(handle, state) => (handle, *state),
            Started::Failed(error) => panic!("{error:?}"),
        }
    }

    async fn run(&self, plan: ContainerPlan) -> (RunState, Vec<String>) {
        let (handle, _) = self.start_running(plan).await;
        (exited(&handle).await, self.lines())
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        text.lines().map(|line| line.splitn(4, ' ').nth(3).unwrap().to_owned()).collect()
    }

    async fn wait_for_line(&self, wanted: &str) {
        until(|| self.lines().iter().any(|line| line == wanted)).await;
    }
}

async fn exited(handle: &Handle) -> RunState {
    let ended = tokio::time::timeout(Duration::from_secs(20), handle.ended()).await;
    match ended.expect("the container ends").unwrap() {
        Ended::Exited(state) => state,
        Ended::Lost => panic!("the shim was lost"),
    }
}

async fn until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "it did not come to hold");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn status(state: &RunState) -> ExitStatus {
    state.exit.as_ref().unwrap().status.unwrap()
}

async fn output_and_exit_code(bench: Bench) {
    let (state, lines) = bench.run(bench.plan("echo hi; echo there >&2; exit 7")).await;
    assert_eq!(status(&state), ExitStatus::Code(7));
    let mut lines = lines;
    lines.sort();
    assert_eq!(lines, ["hi", "there"]);
    assert!(fs::read_to_string(bench.log()).unwrap().contains(" stderr F there\n"));
}

async fn death_by_signal(bench: Bench) {
    let (state, _) = bench.run(bench.plan("kill -SEGV $$")).await;
    assert_eq!(status(&state), ExitStatus::Signal(libc::SIGSEGV));
    assert_eq!(status(&state).code(), 139);
}

async fn unknown_command(bench: Bench) {
    let plan = ContainerPlan { argv: vec!["no-such-command".into()], ..bench.plan("") };
    let Started::Failed(StartError { code, message }) = bench.start(plan).await else { panic!() };
    assert_eq!(code, 127);
    assert!(message.contains("\"no-such-command\""), "{message}");
}

async fn stop_with_grace(bench: Bench) {
    let script = "trap 'echo asked; exit 3' TERM; echo ready; while :; do sleep 0.01; done";
    let (handle, _) = bench.start_running(bench.plan(script)).await;
    bench.wait_for_line("ready").await;
    handle.stop(Duration::from_secs(20)).unwrap();
    let state = exited(&handle).await;
    assert_eq!(status(&state), ExitStatus::Code(3));
    assert!(state.exit.unwrap().stopped);
    assert!(bench.lines().contains(&"asked".to_owned()));
}

async fn stop_kills_the_whole_tree(bench: Bench) {
    let script = "trap '' TERM; sleep 300 & setsid sleep 301 & echo ready; wait";
    let (handle, state) = bench.start_running(bench.plan(script)).await;
    bench.wait_for_line("ready").await;
    let members = descendants(state.process.pid);
    handle.stop(Duration::from_millis(10)).unwrap();
    assert_eq!(status(&exited(&handle).await), ExitStatus::Signal(libc::SIGKILL));
    assert!(members.len() >= 2, "{members:?}");
    for pid in members {
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "{pid} outlived its container");
    }
}

fn descendants(of: i32) -> Vec<i32> {
    let children = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap_or_default();
    let children: Vec<i32> = children.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
    children.iter().flat_map(|pid| [vec![*pid], descendants(*pid)].concat()).collect()
}

async fn orphans_end_with_their_container(bench: Bench) {
    let (state, lines) = bench.run(bench.plan("(sleep 300 &) ; echo done")).await;
    assert_eq!(status(&state), ExitStatus::Code(0));
    assert_eq!(lines, ["done"]);
}

async fn is_not_root_and_gains_nothing(bench: Bench) {
    let script = "id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status";
    let (_, lines) = bench.run(bench.plan(script)).await;
    if let Some(user) = bench.user {
        assert_eq!(lines[0], user.uid.to_string());
        assert!(lines.contains(&"CapBnd:\t0000000000000000".to_owned()), "{lines:?}");
    }
    assert!(lines.contains(&"CapEff:\t0000000000000000".to_owned()), "{lines:?}");
    assert!(lines.contains(&"NoNewPrivs:\t1".to_owned()), "{lines:?}");
}

async fn volumes_at_their_places(bench: Bench) {
    let volume = |name: &str, target: &str, read_only: bool| {
        let source = bench.temp.path().join(name);
        fs::create_dir(&source).unwrap();
        fs::write(source.join("file"), format!("of {name}\n")).unwrap();
        if let Some(user) = bench.user {
            std::os::unix::fs::chown(&source, Some(user.uid), Some(user.gid)).unwrap();
        }
        Mount { source, target: target.into(), read_only }
    };
    // A place that exists nowhere, one inside it, and one below a host directory.
    let mounts = vec![
        volume("inner", "/data-of-test/inner", true),
        volume("outer", "/data-of-test", false),
        volume("opt", "/opt/some/where", false),
    ];
    let script = "cat /data-of-test/inner/file /data-of-test/file /opt/some/where/file; \
                  echo new > /data-of-test/new && ls /data-of-test | grep new";
    let (state, lines) = bench.run(ContainerPlan { mounts, ..bench.plan(script) }).await;
    assert_eq!(lines, ["of inner", "of outer", "of opt", "new"]);
    assert_eq!(status(&state), ExitStatus::Code(0));
    assert_eq!(fs::read_to_string(bench.temp.path().join("outer/new")).unwrap(), "new\n");
}

async fn works_in_a_home_of_its_own(bench: Bench) {
    let script =
        "touch here; touch ${TMPDIR:-/tmp}/there; cd; ls; [ \"$PWD\" = \"$HOME\" ] && echo home";
    let (_, lines) = bench.run(bench.plan(script)).await;
    assert_eq!(lines, ["here", "home"]);
}

async fn limits_and_counts(bench: Bench) {
    let Ok(parent) = cgroup::detect(&format!("suite-{}", std::process::id())) else { return };
    let group = parent.child(bench.runtime.name());
    let limits = Limits { memory: Some(64 << 20), pids: Some(50), ..Limits::default() };
    group.create(&limits, false).unwrap();
    let script = "head -c 200M /dev/zero | tail >/dev/null";
    let plan = ContainerPlan { cgroup: Some(group), ..bench.plan(script) };
    let (state, _) = bench.run(plan).await;
    parent.remove();
    let exit = state.exit.unwrap();
    assert!(exit.oom_killed, "{exit:?}");
    assert_eq!(exit.status.unwrap().code(), 137);
    assert!(exit.cpu_seconds.unwrap() > 0.0 && exit.memory_peak.unwrap() <= 64 << 20);
}

async fn the_shim_may_die(bench: Bench) {
    let script =
        "echo one; while [ ! -e go ]; do sleep 0.01; done; echo two; echo three >&2; exit 5";
    let (handle, state) = bench.start_running(bench.plan(script)).await;
    bench.wait_for_line("one").await;
    let shim: crate::shim::record::Identity =
        crate::shim::record::read(&bench.dir().begin(), "begin").unwrap().unwrap();
    crate::sys::kill(shim.pid, libc::SIGKILL);
    let Ended::Lost = handle.ended().await.unwrap() else { panic!("it was killed") };
    assert!(state.process.is_alive(), "the container goes on");
    fs::write(bench.dir().0.join("work/go"), "").unwrap();
    let Recovered::Running { handle, lost: true, .. } =
        bench.shims.recover(&bench.dir()).await.unwrap()
    else {
        panic!("it runs, and its shim was lost")
    };
    let state = exited(&handle).await;
    assert_eq!(state.exit.unwrap().status, None, "nobody saw how it ended");
    assert_eq!(bench.lines(), ["one", "two", "three"]);
}

async fn the_platform_may_die(bench: Bench) {
    let script = "while [ ! -e go ]; do sleep 0.01; done; echo done; exit 9";
    let (handle, before) = bench.start_running(bench.plan(script)).await;
    drop(handle);
    let Recovered::Running { handle, state, lost: false } =
        bench.shims.recover(&bench.dir()).await.unwrap()
    else {
        panic!("it runs")
    };
    assert_eq!((state.started_at, &state.process), (before.started_at, &before.process));
    fs::write(bench.dir().0.join("work/go"), "").unwrap();
    assert_eq!(status(&exited(&handle).await), ExitStatus::Code(9));
    let Recovered::Exited(state) = bench.shims.recover(&bench.dir()).await.unwrap() else {
        panic!()
    };
    assert_eq!(status(&state), ExitStatus::Code(9));
}

async fn a_late_shim_does_not_start_what_was_given_up(bench: Bench) {
    let spec = bench.runtime.prepare(bench.plan("echo late")).unwrap();
    crate::shim::record::write(&bench.dir().spec(), &spec, crate::shim::record::Durable::Processes)
        .unwrap();
    let Recovered::NeverStarted = bench.shims.recover(&bench.dir()).await.unwrap() else {
        panic!()
    };
    let Started::Failed(_) = bench.shims.start(&bench.dir(), &spec).await.unwrap() else {
        panic!("it must not start")
    };
    assert!(bench.lines().is_empty());
}

/// Every case for every runtime.
macro_rules! suite {
    ($($case:ident),* $(,)?) => {
        mod in_sandbox {
            $(#[tokio::test] async fn $case() { super::$case(super::sandbox()).await })*
        }
        mod as_process {
            $(#[tokio::test] async fn $case() { super::$case(super::process()).await })*
        }
    };
}

suite!(
    output_and_exit_code,
    death_by_signal,
    unknown_command,
    stop_with_grace,
    stop_kills_the_whole_tree,
    orphans_end_with_their_container,
    is_not_root_and_gains_nothing,
    volumes_at_their_places,
    works_in_a_home_of_its_own,
    limits_and_counts,
    the_shim_may_die,
    the_platform_may_die,
    a_late_shim_does_not_start_what_was_given_up,
);

#[tokio::test]
async fn a_sandbox_shows_the_host_but_cannot_touch_it() {
    let bench = sandbox();
    let secret = bench.temp.path().join("secret");
    fs::write(&secret, "x").unwrap();
    let script = format!(
        "[ -e {} ] && echo seen; touch /etc/x /usr/x /x 2>/dev/null && echo wrote; \
         ls /proc | grep -c '^[0-9]'; [ -d /usr/lib ] && echo host; hostname; ls /run /tmp | grep -c .; \
         echo null > /dev/null && echo dev",
        secret.display()
    );
    let (_, lines) = bench.run(bench.plan(&script)).await;
    assert!(!lines.contains(&"seen".into()) && !lines.contains(&"wrote".into()), "{lines:?}");
    let processes: u32 = lines[0].parse().unwrap();
    assert!(processes < 8, "only its own processes: {lines:?}");
    assert!(["host", "pod", "dev"].iter().all(|line| lines.contains(&(*line).into())), "{lines:?}");
}

/// A place that the host does not have is made in a copy of the directory around it,
/// which must show what the sandbox showed there, not what the host has.
#[tokio::test]
async fn a_new_place_brings_nothing_back_and_takes_nothing_away() {
    let bench = sandbox();
    fs::write(bench.temp.path().join("secret"), "x").unwrap();
    let beside = bench.temp.path().with_extension("beside");
    let above = beside.parent().unwrap().with_extension("above").join("further/down");
    let volume = |name: &str, target: &Path| {
        let source = bench.temp.path().join(name);
        fs::create_dir(&source).unwrap();
        fs::write(source.join("file"), name).unwrap();
        Mount { source, target: target.to_owned(), read_only: true }
    };
    let mounts = vec![volume("one", &beside), volume("two", &above)];
    let script = format!(
        "cat {}/file; echo; cat {}/file; echo; ls -A {}",
        beside.display(),
        above.display(),
        bench.temp.path().display()
    );
    let (_, lines) = bench.run(ContainerPlan { mounts, ..bench.plan(&script) }).await;
    assert_eq!(lines, ["one", "two"]);
}

#[tokio::test]
async fn the_probe_says_whether_sandboxes_work() {
    let temp = tempfile::tempdir().unwrap();
    assert_eq!(shims().probe(&temp.path().join("probe")).await.unwrap(), Ok(()));
}
