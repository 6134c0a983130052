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

#[derive(Default)]
pub struct Head {
    series: Vec<HeadSeries>,
    by_labels: HashMap<Labels, u32>,
    postings: Postings,
    strings: HashSet<Arc<str>>,
    /// Times of the first and the last sample.
    span: Option<(i64, i64)>,
}

pub struct HeadSeries {
    pub labels: Labels,
    chunks: Vec<Chunk>,
    open: ChunkWriter,
    last: Option<Sample>,
}

impl Head {
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

    /// Whether the sample is newer than the series' last one; others are not taken.
    pub fn accepts(&self, series: u32, sample: Sample) -> bool {
        let series = self.series.get(series as usize);
        series.is_some_and(|series| series.last.is_none_or(|last| sample.time > last.time))
    }

    pub fn append(&mut self, series: u32, sample: Sample) {
        if !self.accepts(series, sample) {
            return;
        }
        let series = &mut self.series[series as usize];
        series.open.push(sample);
        series.last = Some(sample);
        if series.open.len() >= CHUNK_SAMPLES {
            series.chunks.push(std::mem::take(&mut series.open).finish());
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
        let mut rest = Head::default();
        for series in &self.series {
            let samples = series.samples(time, i64::MAX);
            if samples.is_empty() {
                continue;
            }
            let number = rest.insert(&series.labels);
            samples.into_iter().for_each(|sample| rest.append(number, sample));
        }
        rest
    }
}

impl HeadSeries {
    pub fn samples(&self, from: i64, to: i64) -> Vec<Sample> {
        let closed = self
            .chunks
            .iter()
            .filter(|chunk| chunk.to >= from && chunk.from <= to)
            .flat_map(Chunk::samples);
        closed
            .chain(self.open.samples())
            .filter(|sample| (from..=to).contains(&sample.time))
            .collect()
    }

    fn overlaps(&self, from: i64, to: i64) -> bool {
        let first = self.chunks.first().map_or(self.open.span().0, |chunk| chunk.from);
        self.last.is_some_and(|last| first <= to && last.time >= from)
    }
}
