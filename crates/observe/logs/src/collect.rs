//! Follows the log files of containers on this machine:
//! `<directory>/<namespace>_<pod>_<uid>/<container>/<restart>.log[.<rotated>]`,
//! lines in the CRI format, `pod.json` beside the container directories.
//!
//! Every line gets into the store exactly once, whenever this program is killed:
//! the bytes read travel in the same batch as the lines that they held and are
//! committed with them (`position`). Knows nothing of what labels mean; the
//! owner of the collector gives a function from a pod to fields.

mod cri;
mod files;
mod gone;
mod held;
mod pods;
mod series;
pub mod stack;
mod watch;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use pods::{Describe, Pod, fields_from_labels};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::intake::{Batch, Intake, Message};
use crate::position::{Advance, Positions, Series};
use series::Reader;
use watch::{Changes, Stop, Watch};

/// A look at everything, for what the kernel's notices missed.
const FULL_SCAN_EVERY: Duration = Duration::from_secs(15);
/// Notices of a busy container arrive by the thousand; it is read this often.
const SETTLE: Duration = Duration::from_millis(10);
/// A file that cannot be found for this long was deleted, not renamed under our eyes.
const GONE_AFTER: Duration = Duration::from_secs(60);

/// What to follow, and as what to index it.
pub struct CollectorConfig {
    pub directory: PathBuf,
    /// The index name of the lines.
    pub index: String,
    pub describe: Describe,
}

/// A running collector; stops when dropped.
pub struct Collector {
    stop: Stop,
    thread: Option<JoinHandle<()>>,
}

impl Collector {
    pub fn start(into: impl Into<Engine>, config: CollectorConfig) -> Result<Collector> {
        let intake = into.into().intake().clone();
        let fault = |source| Error::Directory { path: config.directory.clone(), source };
        std::fs::create_dir_all(&config.directory).map_err(fault)?;
        let (watch, stop) = Watch::new().map_err(fault)?;
        let thread = std::thread::Builder::new()
            .name("logs-collector".into())
            .spawn(move || {
                let mut follower = Follower::new(intake, config, watch);
                if let Err(error) = follower.run() {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "log collector ended"
                    );
                }
            })
            .map_err(|source| Error::Directory { path: PathBuf::from("logs-collector"), source })?;
        Ok(Collector { stop, thread: Some(thread) })
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            // A panic was reported by the panic hook when it happened.
            let _ = thread.join();
        }
    }
}

struct Follower {
    intake: Intake,
    config: CollectorConfig,
    watch: Watch,
    /// Read so far: ahead of the last commit by what the writer has in hand.
    positions: Positions,
    generation: u64,
    reader: Reader,
    pods: HashMap<PathBuf, Pod>,
    missing: HashMap<String, Instant>,
    /// Since when the held lines of a series wait for more.
    waiting: HashMap<String, Instant>,
    last_full_scan: Option<Instant>,
}

impl Follower {
    fn new(intake: Intake, config: CollectorConfig, watch: Watch) -> Follower {
        let (generation, positions) = intake.committed();
        Follower {
            intake,
            reader: Reader::new(config.index.clone()),
            config,
            watch,
            positions,
            generation,
            pods: HashMap::new(),
            missing: HashMap::new(),
            waiting: HashMap::new(),
            last_full_scan: None,
        }
    }

    fn run(&mut self) -> Result<()> {
        self.watch.add(&self.config.directory);
        loop {
            let due = self
                .last_full_scan
                .map_or(Duration::ZERO, |last| FULL_SCAN_EVERY.saturating_sub(last.elapsed()));
            let changes = if due.is_zero() {
                Changes::Everything
            } else {
                self.watch.wait(due.min(self.next_release()))
            };
            self.follow_generation();
            match changes {
                Changes::Stop => return Ok(()),
                Changes::Everything => self.scan_everything()?,
                Changes::Nothing => {}
                Changes::Within(directories) => self.scan(directories)?,
            }
            self.release_held()?;
            if self.watch.pause(SETTLE) {
                return Ok(());
            }
        }
    }

    /// When the writer gave up uncommitted lines, reading starts over from the last commit.
    fn follow_generation(&mut self) {
        if let Some(committed) = self.intake.newer_than(self.generation) {
            (self.generation, self.positions) = committed;
            self.waiting.clear();
            self.last_full_scan = None;
        }
    }

    fn scan(&mut self, directories: HashSet<PathBuf>) -> Result<()> {
        let root = self.config.directory.clone();
        for directory in directories {
            if directory == root {
                return self.scan_everything();
            }
            if directory.parent() == Some(&root) {
                self.scan_pod(&directory)?;
            } else if let Some(pod) = directory.parent().map(Path::to_owned) {
                self.scan_container(&pod, &directory)?;
            }
        }
        Ok(())
    }

    fn scan_everything(&mut self) -> Result<()> {
        self.last_full_scan = Some(Instant::now());
        let pods = files::directories(&self.config.directory);
        self.pods.retain(|path, _| pods.contains(path));
        for pod in pods {
            self.watch.add(&pod);
            self.scan_pod(&pod)?;
        }
        self.forget_what_is_gone()
    }

    fn scan_pod(&mut self, directory: &Path) -> Result<()> {
        for container in files::directories(directory) {
            // The watch comes first: what is written between the two is then seen twice, not never.
            self.watch.add(&container);
            self.scan_container(directory, &container)?;
        }
        Ok(())
    }

    fn scan_container(&mut self, pod_directory: &Path, container: &Path) -> Result<()> {
        let known = self.pods.remove(pod_directory);
        let Some(pod) = Pod::load(pod_directory, known) else { return Ok(()) };
        let fields = pod.fields(container, &self.config.describe);
        self.pods.insert(pod_directory.to_owned(), pod);
        loop {
            let listing = files::log_files(container);
            if self.read_listing(&listing, container, &fields)? {
                self.note_files(&listing, container);
                return Ok(());
            }
        }
    }

    /// Reads what is new in files that are given oldest first. `false`: the files
    /// were renamed meanwhile and must be listed again.
    fn read_listing(
        &mut self,
        listing: &[files::LogFile],
        container: &Path,
        fields: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<bool> {
        let newest_restart = listing.iter().map(|file| file.restart).max();
        for (position, file) in listing.iter().enumerate() {
            let name = self.series_name(container, file.restart);
            loop {
                let series = self.positions.get(&name).cloned().unwrap_or_default();
                let step = match self.reader.read(file, series, fields) {
                    Ok(step) => step,
                    Err(error) => {
                        tracing::warn!(%error, path = %file.path.display(), "cannot read a log file");
                        break;
                    }
                };
                match step {
                    series::Step::Done => break,
                    series::Step::Renamed => return Ok(false),
                    series::Step::Lines(entries, series) => {
                        self.send(name.clone(), entries, series)?
                    }
                }
            }
            let is_last_of_series =
                listing.get(position + 1).is_none_or(|next| next.restart != file.restart);
            if is_last_of_series && newest_restart > Some(file.restart) {
                self.end_series(&name, fields)?;
            }
        }
        Ok(true)
    }

    /// A line whose end will not come any more is a line as it is.
    fn end_series(
        &mut self,
        name: &str,
        fields: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<()> {
        let is_open = |series: &&Series| !series.partial.is_empty() || !series.held.is_empty();
        let Some(series) = self.positions.get(name).filter(is_open) else {
            return Ok(());
        };
        let mut series = series.clone();
        let entries = self.reader.end(&mut series, fields);
        self.send(name.to_owned(), entries, series)
    }

    fn send(
        &mut self,
        name: String,
        entries: Vec<crate::entry::Entry>,
        mut series: Series,
    ) -> Result<()> {
        series.lines += entries.len() as u64;
        if series.held.is_empty() {
            self.waiting.remove(&name);
        } else {
            self.waiting.insert(name.clone(), Instant::now());
        }
        self.positions.insert(name.clone(), series.clone());
        self.intake.send(Message::Lines(Batch {
            entries,
            advances: vec![Advance::To(name, series)],
            generation: Some(self.generation),
            accepted: None,
        }))
    }

    fn series_name(&self, container: &Path, restart: u32) -> String {
        let relative = container.strip_prefix(&self.config.directory).unwrap_or(container);
        format!("{}/{restart}", relative.display())
    }
}
