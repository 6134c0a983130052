//! The log store: windows on disk, one writer thread, and a stream of what arrives.
//!
//! ```text
//! collector ─┐  batches   writer thread ── add ──► newest window ── commit, once a second
//! _bulk ─────┼──────────►   │    │                      (lines + positions in one step)
//! OTLP ──────┘     journal ◄┘    └─ broadcast ──► live tails, before the commit
//!         (before the answer)
//! ```
//!
//! Only the newest window is written; a window is closed with a commit before the
//! next one is opened, so the newest payload is the truth about all positions.

mod journal;
pub mod retention;
pub mod window;
pub mod writer;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::broadcast;

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::intake::{Committed, Intake, QUEUE};
use crate::search::{Limits, contexts::Contexts};
use window::Window;

/// Lines that a slow tail may fall behind before it loses some and is told so.
const TAIL_BUFFER: usize = 2048;

/// Where and for how long lines are kept.
#[derive(Debug, Clone)]
pub struct Config {
    pub directory: PathBuf,
    /// Lines older than this go, a window at a time.
    pub keep: Duration,
    /// And the oldest windows go while all together are larger than this.
    pub keep_bytes: u64,
    /// A window is closed after this time …
    pub window: Duration,
    /// … or with this many lines.
    pub window_lines: u64,
    /// The longest that a line waits for its commit.
    pub commit_every: Duration,
    /// What is kept of single workspaces, where that differs.
    pub workspaces: BTreeMap<String, Keep>,
    /// What one search may take.
    pub limits: Limits,
}

/// How long and how much of one workspace is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keep {
    /// Instead of `Config::keep`; shorter or longer.
    pub age: Option<Duration>,
    /// On disk; its oldest lines go first.
    pub bytes: Option<u64>,
}

impl Config {
    /// Two weeks or 20 GiB, in windows of a day.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Config {
            directory: directory.into(),
            keep: Duration::from_secs(14 * 86_400),
            keep_bytes: 20 << 30,
            window: Duration::from_secs(86_400),
            window_lines: 2_000_000,
            commit_every: Duration::from_secs(1),
            workspaces: BTreeMap::new(),
            limits: Limits::default(),
        }
    }
}

/// The store. Cheap to clone; closes with `close` or when the last clone goes.
#[derive(Clone)]
pub struct Logs {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    intake: Intake,
    thread: Mutex<Option<JoinHandle<()>>>,
    retention: Mutex<Option<retention::Running>>,
}

/// What the writer thread and the readers share.
pub(crate) struct Shared {
    pub config: Config,
    pub windows: RwLock<Vec<Arc<Window>>>,
    pub tail: broadcast::Sender<Arc<Entry>>,
    pub committed: Committed,
    pub keeps: RwLock<BTreeMap<String, Keep>>,
    /// By namespace, when the owner of the store knows.
    pub workspaces: RwLock<BTreeMap<String, String>>,
    pub contexts: Contexts,
}

impl Shared {
    pub fn windows(&self) -> Vec<Arc<Window>> {
        self.windows.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Logs {
    /// Opens the store, and repairs what a crash left half made.
    pub fn open(config: Config) -> Result<Logs> {
        let windows = open_windows(&config.directory.join("windows"))?;
        let mut committed =
            windows.iter().rev().find_map(|window| window.committed()).unwrap_or_default();
        if windows.last().is_none_or(|window| window.committed().is_none()) {
            // The newest window was made and nothing reached it.
            (committed.span, committed.opened) = (None, None);
        }
        let (queue, messages) = std::sync::mpsc::sync_channel(QUEUE);
        let positions = Arc::new(Mutex::new((0, committed.positions.clone())));
        let intake = Intake::new(queue, positions.clone());
        let shared = Arc::new(Shared {
            keeps: RwLock::new(config.workspaces.clone()),
            workspaces: RwLock::default(),
            contexts: Contexts::default(),
            config,
            windows: RwLock::new(windows),
            tail: broadcast::Sender::new(TAIL_BUFFER),
            committed: positions,
        });
        let writer = writer::Writer::new(shared.clone(), committed)?;
        let thread = std::thread::Builder::new()
            .name("logs-writer".into())
            .spawn(move || writer.run(&messages))
            .map_err(|source| Error::Directory { path: shared.config.directory.clone(), source })?;
        let retention = retention::Running::start(shared.clone())?;
        Ok(Logs {
            inner: Arc::new(Inner {
                shared,
                retention: Mutex::new(Some(retention)),
                intake,
                thread: Mutex::new(Some(thread)),
            }),
        })
    }

    /// Takes lines in; their ids come back once no death of this program loses them.
    /// Within `commit_every` no power cut does either, and they can be searched;
    /// `flush` waits for that.
    ///
    /// # Errors
    /// `Full` when they cannot be stored now; none of them is kept then.
    pub async fn ingest(&self, entries: Vec<Entry>) -> Result<Vec<String>> {
        self.inner.intake.ingest(entries).await
    }

    /// Returns when everything taken in before is durable and searchable.
    pub async fn flush(&self) -> Result<()> {
        self.inner.intake.flush().await
    }

    /// What is kept of single workspaces, from now on.
    pub fn set_retention(&self, keeps: BTreeMap<String, Keep>) {
        *self.inner.shared.keeps.write().unwrap_or_else(PoisonError::into_inner) = keeps;
    }

    /// Which workspace each namespace belongs to, from now on. Lines then say what this
    /// says, whatever their senders wrote: nobody fills another's share. While it is
    /// empty, senders are believed.
    pub fn set_workspaces(&self, by_namespace: BTreeMap<String, String>) {
        *self.inner.shared.workspaces.write().unwrap_or_else(PoisonError::into_inner) =
            by_namespace;
    }

    /// Drops what is too old or too much, as happens by itself once a minute.
    /// Works on files: call it where blocking is allowed.
    pub fn retain(&self) {
        retention::retain(&self.inner.shared);
    }

    /// Every line as it arrives, before it is committed.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.inner.shared.tail.subscribe()
    }

    /// Commits what is there and stops writing.
    pub fn close(&self) {
        drop(self.inner.retention.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.inner.intake.close();
        let thread = self.inner.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("log writer panicked");
        }
    }

    pub(crate) fn contexts(&self) -> &Contexts {
        &self.inner.shared.contexts
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    pub(crate) fn intake(&self) -> &Intake {
        &self.inner.intake
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.retention.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        self.intake.close();
        if let Some(thread) = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            // The writer commits before it ends; its panic was already logged by the hook.
            let _ = thread.join();
        }
    }
}

fn open_windows(directory: &Path) -> Result<Vec<Arc<Window>>> {
    let fault = |source| Error::Directory { path: directory.to_owned(), source };
    fs::create_dir_all(directory).map_err(fault)?;
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(GONE) {
            fs::remove_dir_all(entry.path()).map_err(fault)?;
        } else if let Ok(number) = name.parse::<u64>() {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    let open = |number: u64| Window::open(&window_path(directory, number), number).map(Arc::new);
    numbers.into_iter().map(open).collect()
}

/// A window on its way out is renamed first, so that a crash never leaves half of one.
pub(crate) const GONE: &str = ".gone-";

pub(crate) fn window_path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:08}"))
}
