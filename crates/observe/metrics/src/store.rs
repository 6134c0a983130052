//! Where samples live: the newest hours in memory behind a log on disk, older ones in
//! block files.
//!
//! ```text
//! append ──► log (fsync once a second) ──► head in memory ──► blocks of two hours ──► gone after `keep`
//!                                             │                  │
//! select ◄────────────────────────────────────┴──────────────────┘
//! ```
//!
//! A crash loses at most the last second: the head is rebuilt from the log. A block is
//! complete before the log forgets its samples; samples that are in both are read once.

mod bits;
mod block;
mod chunk;
mod frame;
mod gather;
mod head;
mod index;
mod keep;
mod packed;
mod spill;
mod symbols;
mod tombstones;
mod wal;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use promql_parser::label::Matcher;

use crate::error::{Error, Result};
use crate::exemplars::Exemplars;
use crate::labels::Labels;
use crate::promql::Source;
use crate::sample::{Sample, Series};
use crate::scope::NAMESPACE;
use block::Block;
use head::{Fate, Head};
use keep::open_blocks;
use tombstones::{Tombstone, Tombstones};
use wal::Wal;

pub use head::Refusal;
pub(crate) use head::moved;
pub use index::is_match;

/// The longest that an appended sample waits for its fsync.
const SYNC_EVERY: Duration = Duration::from_secs(1);
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(60);
/// Unused indexes of blocks are dropped from memory.
const INDEX_UNUSED: Duration = Duration::from_secs(60);

/// Where and for how long samples are kept.
#[derive(Debug, Clone)]
pub struct Config {
    pub directory: PathBuf,
    /// Blocks older than this go …
    pub keep: Duration,
    /// … and the oldest while all together are larger than this.
    pub keep_bytes: u64,
    /// The time that one block spans.
    pub block: Duration,
    /// How much older than its series' newest a sample may be to be taken.
    pub out_of_order: Duration,
    /// Series in memory, those of the last hours, that others may make a namespace have. A
    /// series takes some 300 bytes there, and a pod tells about a hundred.
    pub series_per_namespace: usize,
}

impl Config {
    /// Fifteen days or 10 GiB, in blocks of two hours; ten minutes out of order.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Config {
            directory: directory.into(),
            keep: Duration::from_secs(15 * 86_400),
            keep_bytes: 10 << 30,
            block: Duration::from_secs(2 * 3_600),
            out_of_order: Duration::from_secs(600),
            series_per_namespace: 200_000,
        }
    }
}

/// The store. Cheap to clone; closes with the last clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// What became of appended samples.
#[derive(Debug, Default)]
pub struct Appended {
    /// Positions of those that were not taken, and why.
    pub refused: Vec<(usize, Refusal)>,
}

/// Whose sample it is.
#[derive(Clone, Copy)]
pub(crate) enum Whose<'a> {
    /// By the place of the series in the head of a generation.
    At(u32),
    Of(&'a Labels),
    /// The same, where a new series must find room in its namespace.
    Bounded(&'a Labels),
}

/// What became of samples, and where their series are from now on.
#[derive(Default)]
pub(crate) struct Placed {
    /// None for a series that was refused before it was made.
    pub places: Vec<Option<u32>>,
    pub refused: Vec<(usize, Refusal)>,
}

struct Inner {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    config: Config,
    opened_at: i64,
    wal: Mutex<Wal>,
    head: RwLock<Head>,
    blocks: RwLock<Vec<Arc<Block>>>,
    tombstones: RwLock<Tombstones>,
    exemplars: Exemplars,
    signals: Mutex<Signals>,
    wake: Condvar,
}

/// What the store's thread is told.
#[derive(Default)]
struct Signals {
    stop: bool,
    /// Something waits for its fsync.
    is_dirty: bool,
}

impl Store {
    pub fn open(config: Config) -> Result<Store> {
        let blocks_directory = config.directory.join("blocks");
        fs::create_dir_all(&blocks_directory).map_err(|source| Error::Store {
            doing: "make",
            path: blocks_directory.clone(),
            source,
        })?;
        let blocks = open_blocks(&blocks_directory)?;
        let tombstones = Tombstones::open(&config.directory.join("tombstones"))?;
        let floor = blocks.iter().map(|block| block.to + 1).max().unwrap_or(i64::MIN);
        let head = Head::new(floor, milliseconds(config.out_of_order), &config.directory);
        let (wal, head) = Wal::open(&config.directory.join("wal"), head)?;
        let shared = Arc::new(Shared {
            config,
            opened_at: now(),
            wal: Mutex::new(wal),
            head: RwLock::new(head),
            blocks: RwLock::new(blocks),
            tombstones: RwLock::new(tombstones),
            exemplars: Exemplars::default(),
            signals: Mutex::default(),
            wake: Condvar::new(),
        });
        let keeper = shared.clone();
        let thread = std::thread::Builder::new()
            .name("metrics-store".into())
            .spawn(move || keeper.run())
            .map_err(|source| Error::Store {
                doing: "start",
                path: shared.config.directory.clone(),
                source,
            })?;
        Ok(Store { inner: Arc::new(Inner { shared, thread: Some(thread) }) })
    }

    pub fn exemplars(&self) -> &Exemplars {
        &self.inner.shared.exemplars
    }

    pub fn config(&self) -> &Config {
        &self.inner.shared.config
    }

    /// Milliseconds since 1970.
    pub fn opened_at(&self) -> i64 {
        self.inner.shared.opened_at
    }

    /// Takes samples in, one of each series at most. When it fails none was taken.
    pub fn append(&self, samples: Vec<(Labels, Sample)>) -> Result<Appended> {
        let all = samples.iter().map(|(labels, sample)| (Whose::Of(labels), *sample));
        let placed = self.take(None, all)?.unwrap_or_default();
        Ok(Appended { refused: placed.refused })
    }

    /// The same of what others tell: no namespace gets more new series than it may have.
    pub fn append_bounded(&self, samples: Vec<(Labels, Sample)>) -> Result<Appended> {
        let all = samples.iter().map(|(labels, sample)| (Whose::Bounded(labels), *sample));
        let placed = self.take(None, all)?.unwrap_or_default();
        Ok(Appended { refused: placed.refused })
    }

    /// The same, for somebody who remembers places. None, and nothing taken, when the
    /// head is another by now: see [`Store::moves_since`].
    pub(crate) fn append_at<'a>(
        &self,
        generation: u64,
        samples: impl ExactSizeIterator<Item = (Whose<'a>, Sample)>,
    ) -> Result<Option<Placed>> {
        self.take(Some(generation), samples)
    }

    /// The head's generation, and where series went since an earlier one; none when that
    /// is forgotten.
    pub(crate) fn moves_since(&self, generation: u64) -> (u64, Option<Vec<Arc<[u32]>>>) {
        let head = self.inner.shared.head.read().unwrap_or_else(PoisonError::into_inner);
        (head.generation(), head.moves_since(generation))
    }

    fn take<'a>(
        &self,
        generation: Option<u64>,
        samples: impl ExactSizeIterator<Item = (Whose<'a>, Sample)>,
    ) -> Result<Option<Placed>> {
        let shared = &self.inner.shared;
        // The log's lock is held throughout, so that its order is the head's order.
        let mut wal = lock(&shared.wal);
        let mut head = shared.head.write().unwrap_or_else(PoisonError::into_inner);
        if generation.is_some_and(|known| known != head.generation()) {
            return Ok(None);
        }
        let mut placed = Placed { places: Vec::with_capacity(samples.len()), refused: vec![] };
        let mut accepted = Vec::with_capacity(samples.len());
        for (at, (whose, sample)) in samples.enumerate() {
            let number = match shared.place(&mut head, whose, sample.time) {
                Ok(number) => number,
                Err(reason) => {
                    placed.places.push(None);
                    placed.refused.push((at, reason));
                    continue;
                }
            };
            placed.places.push(Some(number));
            match head.fate(number, sample) {
                Fate::Newest | Fate::Late => accepted.push((number, sample)),
                Fate::Known => {}
                Fate::Refused(reason) => placed.refused.push((at, reason)),
            }
        }
        wal.append(&head, &accepted)?;
        accepted.into_iter().for_each(|(number, sample)| head.append(number, sample));
        drop(head);
        lock(&shared.signals).is_dirty = true;
        shared.wake.notify_one();
        Ok(Some(placed))
    }

    /// Deletes what is there now of matching series in a span (milliseconds, both ends
    /// included): at once from answers, from the files by [`Store::clean_tombstones`] or
    /// within minutes. Durable when it returns.
    pub fn delete(&self, matchers: Vec<Matcher>, from: i64, to: i64) -> Result<()> {
        self.inner.shared.delete(Tombstone { matchers, from, to })
    }

    /// Takes deleted samples out of the files.
    pub fn clean_tombstones(&self) -> Result<()> {
        self.inner.shared.clean_tombstones()
    }

    /// Makes everything appended so far durable.
    pub fn sync(&self) -> Result<()> {
        lock(&self.inner.shared.wal).sync()
    }

    /// The label sets of matching series that have samples in the span.
    pub fn label_sets(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<BTreeSet<Labels>> {
        let shared = &self.inner.shared;
        if shared.tombstones().overlap(from, to) {
            // Whether a series has samples left is known from these alone.
            let left = self.select(matchers, from, to)?;
            return Ok(left.into_iter().map(|series| series.labels).collect());
        }
        let mut found: BTreeSet<Labels> = BTreeSet::new();
        for block in shared.blocks_within(from, to) {
            found.extend(block.label_sets(matchers, from, to)?);
        }
        found.extend(
            shared
                .head
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .label_sets(matchers, from, to),
        );
        Ok(found)
    }

    /// Moves full spans of the head to blocks, and drops what is too old, as of a time.
    pub fn keep_house(&self, now: i64) -> Result<()> {
        self.inner.shared.keep_house(now)
    }

    /// Series in memory by namespace; of none under the empty text.
    pub fn series_by_namespace(&self) -> BTreeMap<String, usize> {
        let head = self.inner.shared.head.read().unwrap_or_else(PoisonError::into_inner);
        head.namespaces().iter().map(|(name, count)| (name.clone(), *count)).collect()
    }

    /// What the store tells of itself, for a scrape.
    pub fn metrics(&self) -> String {
        let limit = self.config().series_per_namespace;
        let mut text = format!(
            "# HELP dais_metrics_series_limit Series that others may make a namespace have in memory.\n# TYPE dais_metrics_series_limit gauge\ndais_metrics_series_limit {limit}\n# HELP dais_metrics_series Series in memory, by namespace.\n# TYPE dais_metrics_series gauge\n"
        );
        for (namespace, count) in self.series_by_namespace() {
            let name = namespace.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            text += &format!("dais_metrics_series{{namespace=\"{name}\"}} {count}\n");
        }
        text
    }

    /// Number of series in memory, of blocks, and their bytes on disk.
    pub fn sizes(&self) -> (usize, usize, u64) {
        let shared = &self.inner.shared;
        let blocks = shared.blocks.read().unwrap_or_else(PoisonError::into_inner);
        let series = shared.head.read().unwrap_or_else(PoisonError::into_inner).len();
        (series, blocks.len(), blocks.iter().map(|block| block.bytes).sum())
    }
}

impl Source for Store {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<Series>> {
        self.select_told(matchers, from, to, &|_| Ok(()))
    }

    fn select_told(
        &self,
        matchers: &[Matcher],
        from: i64,
        to: i64,
        tell: &dyn Fn(&Series) -> Result<()>,
    ) -> Result<Vec<Series>> {
        let shared = &self.inner.shared;
        let mut parts = Vec::new();
        // Before the samples: when these are cleaned meanwhile, hiding them twice is right.
        let tombstones = shared.tombstones();
        // Blocks first, then the head: a block that is made meanwhile is then seen
        // twice rather than not at all, and equal times are taken once.
        let head = shared
            .head
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .select(matchers, from, to, tell)
            .map_err(|source| shared.fault("read samples of", source))??;
        for block in shared.blocks_within(from, to) {
            parts.push(block.select(matchers, from, to, tell)?);
        }
        parts.push(head);
        let mut all = joined(parts);
        if tombstones.overlap(from, to) {
            for series in &mut all {
                let samples = std::mem::take(&mut series.samples);
                series.samples = tombstones.surviving(&series.labels, samples);
            }
            all.retain(|series| !series.samples.is_empty());
        }
        Ok(all)
    }
}

/// Parts in order of time, by series.
fn joined(parts: Vec<Vec<Series>>) -> Vec<Series> {
    let mut positions: HashMap<Labels, usize> = HashMap::new();
    let mut all: Vec<Series> = Vec::new();
    for series in parts.into_iter().flatten() {
        match positions.get(&series.labels) {
            None => {
                positions.insert(series.labels.clone(), all.len());
                all.push(series);
            }
            Some(at) => {
                let known = &mut all[*at].samples;
                let last = known.last().map_or(i64::MIN, |sample| sample.time);
                known.extend(series.samples.into_iter().filter(|sample| sample.time > last));
            }
        }
    }
    all
}

impl Shared {
    /// Where a series is in the head; a new one where it may be made.
    fn place(
        &self,
        head: &mut Head,
        whose: Whose<'_>,
        time: i64,
    ) -> std::result::Result<u32, Refusal> {
        let labels = match whose {
            Whose::At(number) => return Ok(number),
            Whose::Of(labels) | Whose::Bounded(labels) => labels,
        };
        if let Some(number) = head.find(labels) {
            return Ok(number);
        }
        if time < head.floor() {
            return Err(Refusal::TooOld);
        }
        let count = head.namespaces().get(labels.get(NAMESPACE)).copied().unwrap_or(0);
        if matches!(whose, Whose::Bounded(_)) && count >= self.config.series_per_namespace {
            return Err(Refusal::TooMany);
        }
        Ok(head.insert(labels))
    }

    fn tombstones(&self) -> Tombstones {
        self.tombstones.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn blocks_within(&self, from: i64, to: i64) -> Vec<Arc<Block>> {
        let blocks = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        blocks.iter().filter(|block| block.from <= to && block.to >= from).cloned().collect()
    }

    fn run(&self) {
        let mut last_housekeeping = Instant::now();
        let mut signals = lock(&self.signals);
        while !signals.stop {
            let is_idle = |signals: &mut Signals| !signals.stop && !signals.is_dirty;
            let waited = self.wake.wait_timeout_while(signals, HOUSEKEEPING_EVERY, is_idle);
            signals = waited.unwrap_or_else(PoisonError::into_inner).0;
            if signals.is_dirty {
                // Gathers the appends of a second into one fsync.
                let waited =
                    self.wake.wait_timeout_while(signals, SYNC_EVERY, |signals| !signals.stop);
                signals = waited.unwrap_or_else(PoisonError::into_inner).0;
                signals.is_dirty = false;
            }
            drop(signals);
            self.report(lock(&self.wal).sync());
            if last_housekeeping.elapsed() >= HOUSEKEEPING_EVERY {
                last_housekeeping = Instant::now();
                self.report(self.keep_house(now()));
            }
            signals = lock(&self.signals);
        }
    }

    fn report(&self, result: Result<()>) {
        if let Err(error) = result {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "metrics store; is the disk full?"
            );
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        lock(&self.shared.signals).stop = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // Its panic was reported when it happened.
            let _ = thread.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

/// Now, in milliseconds since 1970.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
