//! The newest samples, in memory: a few hours, compressed, until they become a block.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::Path;
use std::sync::Arc;

use foldhash::quality::RandomState;
use hashbrown::HashTable;
use promql_parser::label::Matcher;

use super::chunk::{Chunk, ChunkWriter, Decoder};
use super::gather::Part;
use super::index::SeriesIndex;
use super::spill::{Spill, Spilled};
use crate::error::Result;
use crate::labels::Labels;
use crate::sample::{Sample, Series};
use crate::scope::NAMESPACE;

/// Samples per chunk, half an hour at the usual interval: small enough to skip, large
/// enough to compress.
const CHUNK_SAMPLES: u32 = 120;
/// Series whose chunks are read at once: some megabytes.
const BATCH: usize = 1024;
/// Heads ago that places are still known from. Two follow one another when deleted
/// samples are cleaned just before a block is cut.
const REMEMBERED: usize = 3;

/// Where series of the head before are in the next; [`GONE`] for those that are not.
type Moves = Arc<[u32]>;
const GONE: u32 = u32::MAX;

pub struct Head {
    index: SeriesIndex,
    by_labels: HashTable<u32>,
    hasher: RandomState,
    series: Vec<HeadSeries>,
    /// How many series are of each namespace; of none under the empty text.
    namespaces: HashMap<String, usize>,
    spill: Spill,
    /// Times of the first and the last sample.
    span: Option<(i64, i64)>,
    /// What is before is in blocks, and closed.
    floor: i64,
    /// How much older than its series' newest a sample may be.
    window: i64,
    /// How many heads there were before, and where the last of them had their series.
    generation: u64,
    moves: VecDeque<Moves>,
}

struct HeadSeries {
    closed: Vec<Closed>,
    open: ChunkWriter,
    /// Samples that came after newer ones, in order of time. Hardly any series has some.
    #[expect(clippy::box_collection, reason = "one word in each series and not three")]
    late: Option<Box<Vec<Sample>>>,
}

/// A finished chunk, on disk.
struct Closed {
    from: i64,
    to: i64,
    part: Part,
    count: u32,
}

/// What becomes of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Newest,
    /// Older than the newest, and not too old.
    Late,
    /// It is there already.
    Known,
    Refused(Refusal),
}

/// Why a sample is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Older than the out-of-order window, or than what is in blocks already.
    TooOld,
    /// The series has another value at that time.
    Duplicate,
    /// It would be a new series, of which its namespace has as many as it may.
    TooMany,
}

impl Head {
    /// `directory` is where chunks go that are finished.
    pub fn new(floor: i64, window: i64, directory: &Path) -> Head {
        Head {
            index: SeriesIndex::default(),
            by_labels: HashTable::new(),
            hasher: RandomState::default(),
            series: vec![],
            namespaces: HashMap::new(),
            spill: Spill::new(directory),
            span: None,
            floor,
            window,
            generation: 0,
            moves: VecDeque::new(),
        }
    }

    pub fn span(&self) -> Option<(i64, i64)> {
        self.span
    }

    pub fn len(&self) -> usize {
        self.series.len()
    }

    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Where the heads since a generation moved their series, in order; none when that
    /// was too long ago.
    pub fn moves_since(&self, generation: u64) -> Option<Vec<Moves>> {
        let missed = usize::try_from(self.generation - generation).ok()?;
        let known = self.moves.len().checked_sub(missed)?;
        Some(self.moves.iter().skip(known).cloned().collect())
    }

    pub fn find(&self, labels: &Labels) -> Option<u32> {
        let is_it = |number: &u32| self.index.texts(*number).eq(labels.iter());
        self.by_labels.find(hash(&self.hasher, labels.iter()), is_it).copied()
    }

    /// Names and values of a series that is there, in order.
    pub fn texts(&self, series: u32) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.index.texts(series)
    }

    /// The labels of a series that is there.
    pub fn labels(&self, series: u32) -> Labels {
        self.index.labels(series)
    }

    /// Adds a series and gives its number; numbers rise by one.
    pub fn insert(&mut self, labels: &Labels) -> u32 {
        let number = self.index.add(labels);
        let (hasher, index) = (&self.hasher, &self.index);
        let of = |number: &u32| hash(hasher, index.texts(*number));
        self.by_labels.insert_unique(hash(hasher, labels.iter()), number, of);
        let (closed, open, late) = (vec![], ChunkWriter::default(), None);
        self.series.push(HeadSeries { closed, open, late });
        let namespace = labels.get(NAMESPACE);
        match self.namespaces.get_mut(namespace) {
            Some(count) => *count += 1,
            None => drop(self.namespaces.insert(namespace.to_owned(), 1)),
        }
        number
    }

    pub fn namespaces(&self) -> &HashMap<String, usize> {
        &self.namespaces
    }

    pub fn fate(&self, series: u32, sample: Sample) -> Fate {
        let Some(series) = self.series.get(series as usize) else {
            return Fate::Refused(Refusal::TooOld);
        };
        if sample.time < self.floor {
            return Fate::Refused(Refusal::TooOld);
        }
        match series.last() {
            Some(last) if sample.time <= last.time => self.fate_of_late(series, sample, last),
            _ => Fate::Newest,
        }
    }

    fn fate_of_late(&self, series: &HeadSeries, sample: Sample, last: Sample) -> Fate {
        let known = match sample.time == last.time {
            true => Some(last),
            false if sample.time < last.time.saturating_sub(self.window) => {
                return Fate::Refused(Refusal::TooOld);
            }
            false => {
                let mut at = Vec::new();
                // Where it cannot be read it cannot be told from another one either.
                if self.read_one(series, sample.time, sample.time, &mut at).is_err() {
                    return Fate::Refused(Refusal::TooOld);
                }
                at.first().copied()
            }
        };
        match known {
            None => Fate::Late,
            Some(known) if known.value.to_bits() == sample.value.to_bits() => Fate::Known,
            Some(_) => Fate::Refused(Refusal::Duplicate),
        }
    }

    /// Takes the sample in where its fate is to be taken.
    pub fn append(&mut self, series: u32, sample: Sample) {
        let fate = self.fate(series, sample);
        let Some(series) = self.series.get_mut(series as usize) else { return };
        match fate {
            Fate::Newest => series.push(sample, &mut self.spill),
            Fate::Late => series.insert(sample),
            Fate::Known | Fate::Refused(_) => return,
        }
        let (first, last) = self.span.unwrap_or((sample.time, sample.time));
        self.span = Some((first.min(sample.time), last.max(sample.time)));
    }

    /// Tells of each series before the next is read; the first that is refused ends it.
    pub fn select(
        &self,
        matchers: &[Matcher],
        from: i64,
        to: i64,
        tell: &dyn Fn(&Series) -> Result<()>,
    ) -> io::Result<Result<Vec<Series>>> {
        let mut found = Vec::new();
        for batch in self.index.matching(matchers).chunks(BATCH) {
            let mut told = Ok(());
            self.read(batch, from, to, |number, samples| {
                if !samples.is_empty() && told.is_ok() {
                    let samples = samples.to_vec();
                    let series = Series { labels: self.index.labels(number), samples };
                    told = tell(&series);
                    found.push(series);
                }
            })?;
            if let Err(error) = told {
                return Ok(Err(error));
            }
        }
        Ok(Ok(found))
    }

    /// The labels of series that have samples in the span.
    pub fn label_sets(
        &self,
        matchers: &[Matcher],
        from: i64,
        to: i64,
    ) -> impl Iterator<Item = Labels> {
        let found = self.index.matching(matchers).into_iter();
        found
            .filter(move |number| self.series[*number as usize].overlaps(from, to))
            .map(|number| self.index.labels(number))
    }

    /// Gives each series' samples in the span, in order of number.
    pub fn each(
        &self,
        from: i64,
        to: i64,
        mut take: impl FnMut(u32, &[Sample]) -> io::Result<()>,
    ) -> io::Result<()> {
        let all: Vec<u32> = (0..self.series.len() as u32).collect();
        let mut result = Ok(());
        self.read(&all, from, to, |number, samples| {
            if result.is_ok() {
                result = take(number, samples);
            }
        })?;
        result
    }

    fn read(
        &self,
        numbers: &[u32],
        from: i64,
        to: i64,
        mut take: impl FnMut(u32, &[Sample]),
    ) -> io::Result<()> {
        let mut samples = Vec::new();
        for batch in numbers.chunks(BATCH) {
            let all = batch.iter().map(|number| &self.series[*number as usize]);
            let parts = all.flat_map(|series| series.parts(from, to)).collect();
            let spilled = self.spill.read(parts)?;
            for number in batch {
                samples.clear();
                self.series[*number as usize].samples(&spilled, from, to, &mut samples);
                take(*number, &samples);
            }
        }
        Ok(())
    }

    fn read_one(
        &self,
        series: &HeadSeries,
        from: i64,
        to: i64,
        into: &mut Vec<Sample>,
    ) -> io::Result<()> {
        let spilled = self.spill.read(series.parts(from, to).collect())?;
        series.samples(&spilled, from, to, into);
        Ok(())
    }

    /// What remains when everything before a time has become a block; series without
    /// samples since then are gone.
    pub fn after(&self, time: i64) -> io::Result<Head> {
        self.filtered(time, |_, samples| samples)
    }

    /// What remains of each series' samples from a time on; series without any are gone.
    pub fn filtered(
        &self,
        floor: i64,
        keep: impl Fn(&Labels, Vec<Sample>) -> Vec<Sample>,
    ) -> io::Result<Head> {
        let mut rest = Head::new(floor, self.window, self.spill.directory());
        let mut moves = vec![GONE; self.series.len()];
        self.each(floor, i64::MAX, |number, samples| {
            if samples.is_empty() {
                return Ok(());
            }
            let labels = self.index.labels(number);
            let samples = keep(&labels, samples.to_vec());
            if !samples.is_empty() {
                let moved = rest.insert(&labels);
                moves[number as usize] = moved;
                samples.into_iter().for_each(|sample| rest.append(moved, sample));
            }
            Ok(())
        })?;
        rest.generation = self.generation + 1;
        rest.moves = self.moves.clone();
        rest.moves.push_back(moves.into());
        if rest.moves.len() > REMEMBERED {
            rest.moves.pop_front();
        }
        Ok(rest)
    }

    pub fn floor(&self) -> i64 {
        self.floor
    }
}

/// Where a series is after moves; none when it is gone.
pub fn moved(number: u32, moves: &[Moves]) -> Option<u32> {
    moves.iter().try_fold(number, |number, moves| {
        moves.get(number as usize).copied().filter(|next| *next != GONE)
    })
}

fn hash<'a>(hasher: &RandomState, texts: impl Iterator<Item = (&'a str, &'a str)>) -> u64 {
    let mut hasher = hasher.build_hasher();
    for (name, value) in texts {
        hasher.write(name.as_bytes());
        // No text has this byte, so that texts cannot run into one another.
        hasher.write_u8(0xff);
        hasher.write(value.as_bytes());
        hasher.write_u8(0xff);
    }
    hasher.finish()
}

impl HeadSeries {
    fn push(&mut self, sample: Sample, spill: &mut Spill) {
        self.open.push(sample);
        if self.open.len() >= CHUNK_SAMPLES {
            let Chunk { from, to, count, data } = self.open.finish();
            self.closed.push(Closed { from, to, part: spill.push(&data), count });
        }
    }

    fn last(&self) -> Option<Sample> {
        (self.open.len() > 0 || !self.closed.is_empty()).then(|| self.open.last())
    }

    fn insert(&mut self, sample: Sample) {
        let late = self.late.get_or_insert_default();
        let at = late.partition_point(|known| known.time < sample.time);
        late.insert(at, sample);
    }

    fn within(&self, from: i64, to: i64) -> impl Iterator<Item = &Closed> {
        self.closed.iter().filter(move |chunk| chunk.to >= from && chunk.from <= to)
    }

    /// The parts of the spill that hold samples of the span.
    fn parts(&self, from: i64, to: i64) -> impl Iterator<Item = Part> {
        self.within(from, to).map(|chunk| chunk.part)
    }

    fn samples(&self, spilled: &Spilled<'_>, from: i64, to: i64, into: &mut Vec<Sample>) {
        for chunk in self.within(from, to) {
            let samples = Decoder::new(spilled.part(chunk.part), chunk.count);
            into.extend(samples.filter(|sample| (from..=to).contains(&sample.time)));
        }
        if self.open.len() > 0 && self.open.from() <= to && self.open.last().time >= from {
            let samples = self.open.samples();
            into.extend(samples.filter(|sample| (from..=to).contains(&sample.time)));
        }
        if let Some(late) = &self.late {
            into.extend(late.iter().filter(|sample| (from..=to).contains(&sample.time)));
            into.sort_by_key(|sample| sample.time);
        }
    }

    fn overlaps(&self, from: i64, to: i64) -> bool {
        let first = self.closed.first().map_or(self.open.from(), |chunk| chunk.from);
        let late = self.late.as_ref().and_then(|late| late.first());
        let first = late.map_or(first, |late| late.time.min(first));
        self.last().is_some_and(|last| first <= to && last.time >= from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_left_memory_is_read_again_and_moves_with_a_new_head() {
        let directory = tempfile::tempdir().unwrap();
        let mut head = Head::new(i64::MIN, 600_000, directory.path());
        let labels = |number: u32| Labels::new([("__name__", "x"), ("n", &number.to_string())]);
        let sample = |number: u32, time: i64| Sample {
            time,
            value: f64::from(number) + (time as f64).sin(),
        };
        for number in 0..500 {
            assert_eq!(head.insert(&labels(number)), number);
        }
        for time in 0..300 {
            (0..500).for_each(|number| head.append(number, sample(number, time)));
        }
        // Between two that were taken, of a chunk on disk: there is one already.
        assert_eq!(head.fate(7, sample(7, 5)), Fate::Known);
        assert_eq!(head.fate(7, sample(8, 5)), Fate::Refused(Refusal::Duplicate));
        for found in head.select(&[], 50, 250, &|_| Ok(())).unwrap().unwrap() {
            let number: u32 = found.labels.get("n").parse().unwrap();
            let wanted: Vec<Sample> = (50..=250).map(|time| sample(number, time)).collect();
            assert_eq!(found.samples, wanted);
        }
        let is_even = |labels: &Labels| labels.get("n").parse::<u32>().unwrap() % 2 == 0;
        let keep = |labels: &Labels, all| if is_even(labels) { all } else { vec![] };
        let rest = head.filtered(100, keep).unwrap();
        let moves = rest.moves_since(0).unwrap();
        assert_eq!((moved(7, &moves), moved(8, &moves)), (None, Some(4)));
        assert_eq!(rest.labels(4), labels(8));
        assert_eq!((rest.find(&labels(8)), rest.find(&labels(7))), (Some(4), None));
        let third = rest.after(0).unwrap();
        assert_eq!(moved(8, &third.moves_since(0).unwrap()), Some(4));
        assert!(
            third.moves_since(1).unwrap().len() == 1 && third.moves_since(2).unwrap().is_empty()
        );
    }
}
