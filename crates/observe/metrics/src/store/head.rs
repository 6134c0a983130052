//! The newest samples, in memory: a few hours, compressed, until they become a block.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use promql_parser::label::Matcher;

use super::chunk::{Chunk, ChunkWriter};
use super::postings::{Postings, is_match};
use crate::labels::Labels;
use crate::sample::{Sample, Series};

/// Samples per chunk, half an hour at the usual interval: small enough to skip, large
/// enough to compress.
const CHUNK_SAMPLES: u32 = 120;

pub struct Head {
    series: Vec<HeadSeries>,
    by_labels: HashMap<Labels, u32>,
    postings: Postings,
    strings: HashSet<Arc<str>>,
    /// Times of the first and the last sample.
    span: Option<(i64, i64)>,
    /// What is before is in blocks, and closed.
    floor: i64,
    /// How much older than its series' newest a sample may be.
    window: i64,
}

pub struct HeadSeries {
    pub labels: Labels,
    chunks: Vec<Chunk>,
    open: ChunkWriter,
    last: Option<Sample>,
    /// Samples that came after newer ones, in order of time. Hardly any series has some.
    #[expect(clippy::box_collection, reason = "one word in each series and not three")]
    late: Option<Box<Vec<Sample>>>,
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
}

impl Head {
    pub fn new(floor: i64, window: i64) -> Head {
        Head {
            series: vec![],
            by_labels: HashMap::new(),
            postings: Postings::default(),
            strings: HashSet::new(),
            span: None,
            floor,
            window,
        }
    }

    pub fn span(&self) -> Option<(i64, i64)> {
        self.span
    }

    pub fn len(&self) -> usize {
        self.series.len()
    }

    pub fn find(&self, labels: &Labels) -> Option<u32> {
        self.by_labels.get(labels).copied()
    }

    pub fn labels(&self, series: u32) -> Option<&Labels> {
        self.series.get(series as usize).map(|series| &series.labels)
    }

    /// Adds a series and gives its number; numbers rise by one.
    pub fn insert(&mut self, labels: &Labels) -> u32 {
        let labels = Labels::new(
            labels
                .pairs()
                .iter()
                .map(|(name, value)| (self.interned(name), self.interned(value)))
                .collect::<Vec<_>>(),
        );
        let number =
            u32::try_from(self.series.len()).expect("memory ends before four billion series");
        self.postings.add(number, &labels);
        self.by_labels.insert(labels.clone(), number);
        self.series.push(HeadSeries {
            labels,
            chunks: vec![],
            open: ChunkWriter::default(),
            last: None,
            late: None,
        });
        number
    }

    /// One copy of each text: the same few names and values make up all labels.
    fn interned(&mut self, text: &Arc<str>) -> Arc<str> {
        match self.strings.get(text) {
            Some(known) => known.clone(),
            None => {
                self.strings.insert(text.clone());
                text.clone()
            }
        }
    }

    pub fn fate(&self, series: u32, sample: Sample) -> Fate {
        let Some(series) = self.series.get(series as usize) else {
            return Fate::Refused(Refusal::TooOld);
        };
        if sample.time < self.floor {
            return Fate::Refused(Refusal::TooOld);
        }
        match series.last {
            Some(last) if sample.time <= last.time => {
                series.fate_of_late(sample, last, self.window)
            }
            _ => Fate::Newest,
        }
    }

    /// Takes the sample in where its fate is to be taken.
    pub fn append(&mut self, series: u32, sample: Sample) {
        let fate = self.fate(series, sample);
        let Some(series) = self.series.get_mut(series as usize) else { return };
        match fate {
            Fate::Newest => series.push(sample),
            Fate::Late => series.insert(sample),
            Fate::Known | Fate::Refused(_) => return,
        }
        let (first, last) = self.span.unwrap_or((sample.time, sample.time));
        self.span = Some((first.min(sample.time), last.max(sample.time)));
    }

    pub fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Vec<Series> {
        let found = self.matching(matchers).map(|series| Series {
            labels: series.labels.clone(),
            samples: series.samples(from, to),
        });
        found.filter(|series| !series.samples.is_empty()).collect()
    }

    /// The labels of series that have samples in the span.
    pub fn label_sets(&self, matchers: &[Matcher], from: i64, to: i64) -> Vec<Labels> {
        let found = self.matching(matchers).filter(|series| series.overlaps(from, to));
        found.map(|series| series.labels.clone()).collect()
    }

    fn matching(&self, matchers: &[Matcher]) -> impl Iterator<Item = &HeadSeries> {
        let candidates = self.postings.candidates(matchers);
        candidates
            .into_iter()
            .map(|number| &self.series[number as usize])
            .filter(move |series| is_match(&series.labels, matchers))
    }

    pub fn iter(&self) -> impl Iterator<Item = &HeadSeries> {
        self.series.iter()
    }

    /// What remains when everything before a time has become a block; series without
    /// samples since then are gone.
    pub fn after(&self, time: i64) -> Head {
        self.filtered(time, |_, samples| samples)
    }

    /// What remains of each series' samples from a time on; series without any are gone.
    pub fn filtered(&self, floor: i64, keep: impl Fn(&Labels, Vec<Sample>) -> Vec<Sample>) -> Head {
        let mut rest = Head::new(floor, self.window);
        for series in &self.series {
            let samples = keep(&series.labels, series.samples(floor, i64::MAX));
            if samples.is_empty() {
                continue;
            }
            let number = rest.insert(&series.labels);
            samples.into_iter().for_each(|sample| rest.append(number, sample));
        }
        rest
    }

    pub fn floor(&self) -> i64 {
        self.floor
    }
}

impl HeadSeries {
    fn push(&mut self, sample: Sample) {
        self.open.push(sample);
        self.last = Some(sample);
        if self.open.len() >= CHUNK_SAMPLES {
            self.chunks.push(std::mem::take(&mut self.open).finish());
        }
    }

    fn insert(&mut self, sample: Sample) {
        let late = self.late.get_or_insert_default();
        let at = late.partition_point(|known| known.time < sample.time);
        late.insert(at, sample);
    }

    fn fate_of_late(&self, sample: Sample, last: Sample, window: i64) -> Fate {
        let known = match sample.time == last.time {
            true => Some(last),
            false if sample.time < last.time.saturating_sub(window) => {
                return Fate::Refused(Refusal::TooOld);
            }
            false => self.samples(sample.time, sample.time).first().copied(),
        };
        match known {
            None => Fate::Late,
            Some(known) if known.value.to_bits() == sample.value.to_bits() => Fate::Known,
            Some(_) => Fate::Refused(Refusal::Duplicate),
        }
    }

    pub fn samples(&self, from: i64, to: i64) -> Vec<Sample> {
        let closed = self
            .chunks
            .iter()
            .filter(|chunk| chunk.to >= from && chunk.from <= to)
            .flat_map(Chunk::samples);
        let mut samples: Vec<Sample> = closed
            .chain(self.open.samples())
            .filter(|sample| (from..=to).contains(&sample.time))
            .collect();
        if let Some(late) = &self.late {
            samples.extend(late.iter().filter(|sample| (from..=to).contains(&sample.time)));
            samples.sort_by_key(|sample| sample.time);
        }
        samples
    }

    fn overlaps(&self, from: i64, to: i64) -> bool {
        let first = self.chunks.first().map_or(self.open.span().0, |chunk| chunk.from);
        let late = self.late.as_ref().and_then(|late| late.first());
        let first = late.map_or(first, |late| late.time.min(first));
        self.last.is_some_and(|last| first <= to && last.time >= from)
    }
}
