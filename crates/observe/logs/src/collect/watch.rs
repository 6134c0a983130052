//! Waits for the kernel to say in which directories something changed (inotify),
//! or for the word to stop.

use std::collections::{HashMap, HashSet};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

pub enum Changes {
    Stop,
    /// Time is up.
    Nothing,
    /// Notices were lost.
    Everything,
    Within(HashSet<PathBuf>),
}

pub struct Watch {
    inotify: OwnedFd,
    stop: Arc<OwnedFd>,
    directories: HashMap<i32, PathBuf>,
}

/// Ends a wait from another thread.
pub struct Stop(Arc<OwnedFd>);

impl Stop {
    pub fn stop(&self) {
        if let Err(error) = rustix::io::write(&*self.0, &1_u64.to_ne_bytes()) {
            tracing::error!(%error, "cannot stop the log collector");
        }
    }
}

impl Watch {
    pub fn new() -> io::Result<(Watch, Stop)> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let watch = Watch { inotify, stop: stop.clone(), directories: HashMap::new() };
        Ok((watch, Stop(stop)))
    }

    /// Watches a directory; again is harmless. One that cannot be watched (gone
    /// already, or too many) is still read by the full scan.
    pub fn add(&mut self, directory: &Path) {
        let events =
            WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ONLYDIR;
        match inotify::add_watch(&self.inotify, directory, events) {
            Ok(watch) => {
                self.directories.insert(watch, directory.to_owned());
            }
            Err(error) => {
                tracing::debug!(%error, path = %directory.display(), "cannot watch a log directory")
            }
        }
    }

    pub fn wait(&mut self, timeout: Duration) -> Changes {
        let mut waited =
            [PollFd::new(&self.inotify, PollFlags::IN), PollFd::new(&*self.stop, PollFlags::IN)];
        let timeout = Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        };
        match poll(&mut waited, Some(&timeout)) {
            Err(rustix::io::Errno::INTR) => return Changes::Within(HashSet::new()),
            Ok(0) => return Changes::Nothing,
            Err(_) => return Changes::Everything,
            Ok(_) => {}
        }
        if !waited[1].revents().is_empty() {
            return Changes::Stop;
        }
        self.changed()
    }

    /// Waits a little whatever happens; `true` when it is time to stop.
    pub fn pause(&self, pause: Duration) -> bool {
        let mut waited = [PollFd::new(&*self.stop, PollFlags::IN)];
        let pause = Timespec { tv_sec: 0, tv_nsec: pause.subsec_nanos().into() };
        matches!(poll(&mut waited, Some(&pause)), Ok(1..))
    }

    fn changed(&mut self) -> Changes {
        let mut buffer = [MaybeUninit::uninit(); 8192];
        let mut notices = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut within = HashSet::new();
        // The reader ends with "would block" when all notices are taken.
        while let Ok(notice) = notices.next() {
            if notice.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                return Changes::Everything;
            }
            if notice.events().contains(ReadFlags::IGNORED) {
                self.directories.remove(&notice.wd());
            } else if let Some(directory) = self.directories.get(&notice.wd()) {
                within.insert(directory.clone());
            }
        }
        Changes::Within(within)
    }
}
