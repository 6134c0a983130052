//! The shim's one loop: output, the end of the program, and wishes to stop.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::log::{LogFile, Stream};
use super::meter::Meter;
use super::record::{
    self, AttemptDir, Exit, ExitStatus, Identity, RunState, ShimSpec, StopRequest,
};
use super::tree;
use crate::sys::{self, Signals};

/// As much as a FIFO holds by default.
const READ_SIZE: usize = 64 * 1024;
/// Between attempts to write to a full disk.
const RETRY: Duration = Duration::from_secs(1);
/// Attempts after the container's end, before what is left is given up.
const LAST_RETRIES: usize = 30;

/// Signals that mean "stop the container".
const STOP: [i32; 3] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

/// What the loop works on.
pub(crate) struct Watch<'a> {
    pub(crate) spec: &'a ShimSpec,
    pub(crate) dir: &'a AttemptDir,
    pub(crate) state: RunState,
    pub(crate) child: Child,
    pub(crate) log: LogFile,
    pub(crate) streams: [Option<OwnedFd>; 2],
    pub(crate) signals: OwnedFd,
    pub(crate) meter: Meter,
}

/// How the end of the container's first process is noticed.
pub(crate) enum Child {
    /// It is the shim's child; in a sandbox, init tells the program's status.
    Own(Option<File>),
    /// It was another shim's; none: it is gone already.
    Adopted(Option<OwnedFd>),
}

impl Child {
    pub(crate) fn adopted(process: &Identity) -> Child {
        let fd = Pid::from_raw(process.pid)
            .and_then(|pid| pidfd_open(pid, PidfdFlags::NONBLOCK).ok())
            // Asked after opening: the descriptor is of this process or of none.
            .filter(|_| process.is_alive());
        Child::Adopted(fd)
    }
}

/// The program has ended, and this is what is known of it.
struct Ended(Option<ExitStatus>);

/// Blocks what the loop handles, and more: a stray signal must not end it.
pub(crate) fn block_signals() -> io::Result<OwnedFd> {
    let mut all = vec![libc::SIGCHLD, libc::SIGPIPE, libc::SIGUSR1, libc::SIGUSR2];
    all.extend(STOP);
    let set = Signals::of(&all);
    set.block_only();
    set.descriptor()
}

impl Watch<'_> {
    /// Runs until the container is over to its last process, and returns how.
    pub(crate) fn run(mut self) -> RunState {
        let mut kill_at: Option<Instant> = None;
        let mut stopped = false;
        let Ended(status) = loop {
            self.wait(kill_at);
            while let Some(signal) = sys::next_signal(&self.signals) {
                if STOP.contains(&signal) {
                    stopped = true;
                    kill_at = Some(self.ask_to_stop(kill_at));
                }
            }
            self.read_streams();
            self.meter.read_if_due();
            let mut reaped: Vec<_> = std::iter::from_fn(sys::reap_one).collect();
            if kill_at.is_some_and(|at| at <= Instant::now()) {
                reaped.extend(tree::kill_all(&self.state.process, self.spec.cgroup.as_ref()));
            }
            if let Some(ended) = self.ended(&reaped) {
                break ended;
            }
        };
        tree::kill_all(&self.state.process, self.spec.cgroup.as_ref());
        self.drain();
        let used = self.meter.finish(matches!(self.child, Child::Own(_)));
        self.state.exit = Some(Exit {
            status,
            oom_killed: used.oom_killed,
            stopped,
            finished_at: Timestamp::now(),
            cpu_seconds: used.cpu_seconds,
            memory_peak: used.memory_peak,
            memory_byte_seconds: used.memory_byte_seconds,
            start_error: None,
        });
        self.state
    }

    /// Sleeps until something happens.
    fn wait(&self, kill_at: Option<Instant>) {
        let retry = self.log.is_behind().then(|| Instant::now() + RETRY);
        let wake = [kill_at, retry, self.meter.due()].into_iter().flatten().min();
        let timeout = wake.map(|at| {
            let left = at.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
            Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() }
        });
        let mut fds = vec![PollFd::new(&self.signals, PollFlags::IN)];
        if let Child::Adopted(Some(fd)) = &self.child {
            fds.push(PollFd::new(fd, PollFlags::IN));
        }
        // A log that is behind takes no more: the container waits, nothing is lost.
        if retry.is_none() {
            let open = self.streams.iter().flatten();
            fds.extend(open.map(|fd| PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN)));
        }
        if !matches!(self.child, Child::Adopted(None)) {
            let _ = poll(&mut fds, timeout.as_ref());
        }
    }

    /// Passes TERM on and returns when to kill.
    fn ask_to_stop(&self, kill_at: Option<Instant>) -> Instant {
        let request =
            record::read::<StopRequest>(&self.dir.stop(), "a stop request").ok().flatten();
        let grace = request.map_or(Duration::from_secs(self.spec.grace_seconds), |request| {
            Duration::from_millis(request.grace_ms)
        });
        if kill_at.is_none() && !grace.is_zero() && self.state.process.is_alive() {
            sys::kill(self.state.process.pid, libc::SIGTERM);
        }
        let wanted = Instant::now() + grace;
        kill_at.map_or(wanted, |at| at.min(wanted))
    }

    /// Reads what is there, one piece of each stream.
    fn read_streams(&mut self) -> bool {
        if self.log.is_behind() && self.log.retry().is_err() {
            return false;
        }
        let mut any = false;
        let mut buffer = [0_u8; READ_SIZE];
        for stream in Stream::ALL {
            let Some(fd) = &self.streams[stream as usize] else { continue };
            match rustix::io::read(fd, &mut buffer) {
                Ok(0) => {
                    self.streams[stream as usize] = None;
                    let _ = self.log.end(stream);
                }
                Ok(count) => {
                    any = true;
                    if let Err(error) = self.log.take(stream, &buffer[..count]) {
                        eprintln!("shim: write the log: {error}");
                        return false;
                    }
                }
                Err(_) => {}
            }
        }
        any
    }

    /// Whether the container's first process has ended, and how.
    fn ended(&mut self, reaped: &[(i32, i32)]) -> Option<Ended> {
        match &mut self.child {
            Child::Own(told) => {
                let raw = reaped.iter().find(|(pid, _)| *pid == self.state.process.pid)?.1;
                let mut said = [0_u8; 4];
                let program = told.as_mut().filter(|_| libc::WIFEXITED(raw));
                let raw = match program.map(|pipe| pipe.read_exact(&mut said)) {
                    Some(Ok(())) => i32::from_ne_bytes(said),
                    _ => raw,
                };
                Some(Ended(Some(ExitStatus::from_raw(raw))))
            }
            Child::Adopted(_) => (!self.state.process.is_alive()).then_some(Ended(None)),
        }
    }

    /// Takes what is left in the FIFOs: nobody writes any more.
    fn drain(&mut self) {
        let mut retries = 0;
        while self.read_streams() || self.log.is_behind() {
            if self.log.is_behind() {
                retries += 1;
                if retries > LAST_RETRIES {
                    break;
                }
                std::thread::sleep(RETRY);
            }
        }
        for stream in Stream::ALL {
            let _ = self.log.end(stream);
        }
        let _ = self.log.sync();
    }
}
