//! Adds up the matching lines of one segment, a block at a time.

use std::collections::{BTreeMap, HashMap};

use tantivy::query::EnableScoring;
use tantivy::{DocId, Searcher, SegmentReader};

use super::state::{Bucket, Key, State};
use super::{Aggregation, DateHistogram, Histogram, Kind, Metric, Range, Terms};
use crate::clause::{Clause, lower::lower};
use crate::schema::Fields;
use crate::search::budget::Budget;
use crate::search::columns::{self, Column};

/// Aggregations at work on one segment.
pub struct Collecting<'a> {
    nodes: Vec<Node<'a>>,
    states: Vec<State>,
}

struct Node<'a> {
    kind: &'a Kind,
    columns: Vec<Column>,
    /// For each filter, which lines of the segment it lets through.
    passes: Vec<Vec<bool>>,
    /// Date buckets met so far: start to end. Calendar arithmetic is slow.
    known: BTreeMap<i64, i64>,
    below: Vec<Node<'a>>,
}

impl<'a> Collecting<'a> {
    pub fn open(
        plan: &'a [Aggregation],
        searcher: &Searcher,
        segment: &SegmentReader,
        fields: &Fields,
    ) -> tantivy::Result<Collecting<'a>> {
        let nodes = open_all(plan, searcher, segment, fields)?;
        let states = plan.iter().map(|aggregation| State::new(&aggregation.kind)).collect();
        Ok(Collecting { nodes, states })
    }

    pub fn collect(&mut self, documents: &[DocId], budget: &mut Budget) {
        for (node, state) in self.nodes.iter_mut().zip(&mut self.states) {
            node.collect(documents, state, budget);
        }
    }

    /// The states, free of what only this segment understands.
    pub fn finish(mut self) -> Vec<State> {
        for (node, state) in self.nodes.iter().zip(&mut self.states) {
            node.resolve(state);
        }
        self.states
    }
}

fn open_all<'a>(
    plan: &'a [Aggregation],
    searcher: &Searcher,
    segment: &SegmentReader,
    fields: &Fields,
) -> tantivy::Result<Vec<Node<'a>>> {
    let open = |aggregation: &'a Aggregation| {
        let kind = &aggregation.kind;
        let filters: Vec<&Clause> = match kind {
            Kind::Filter(clause) => vec![clause],
            Kind::Filters { filters, .. } => filters.iter().map(|(_, clause)| clause).collect(),
            _ => vec![],
        };
        let passes = filters
            .into_iter()
            .map(|clause| passes(clause, searcher, segment, fields))
            .collect::<tantivy::Result<_>>()?;
        Ok(Node {
            kind,
            columns: kind.field().map_or(Ok(vec![]), |field| columns::open(field, segment))?,
            passes,
            known: BTreeMap::new(),
            below: open_all(&aggregation.below, searcher, segment, fields)?,
        })
    };
    plan.iter().map(open).collect()
}

fn passes(
    clause: &Clause,
    searcher: &Searcher,
    segment: &SegmentReader,
    fields: &Fields,
) -> tantivy::Result<Vec<bool>> {
    let weight = lower(clause, fields).weight(EnableScoring::disabled_from_searcher(searcher))?;
    let mut passing = vec![false; segment.max_doc() as usize];
    weight.for_each_no_score(segment, &mut |documents| {
        documents.iter().for_each(|document| passing[*document as usize] = true);
    })?;
    Ok(passing)
}

impl Node<'_> {
    fn collect(&mut self, documents: &[DocId], state: &mut State, budget: &mut Budget) {
        match state {
            State::Buckets(buckets) if self.below.is_empty() => {
                self.count(documents, buckets, budget);
            }
            State::Buckets(buckets) => self.divide(documents, buckets, budget),
            State::Numbers(numbers) => {
                let is_count = matches!(self.kind, Kind::Metric { metric: Metric::Count, .. });
                for document in documents {
                    for column in &self.columns {
                        match column {
                            Column::Text(text) if is_count => {
                                numbers.count += text.term_ords(*document).count() as u64;
                            }
                            column => column.numbers(*document, |value| numbers.add(value)),
                        }
                    }
                }
            }
            State::Values(values) => {
                for document in documents {
                    for column in &self.columns {
                        column.numbers(*document, |value| {
                            if budget.value() {
                                values.push(value);
                            }
                        });
                    }
                }
            }
            State::Distinct(distinct) => {
                for document in documents {
                    words(&self.columns, *document, |key| {
                        if !distinct.seen.contains(&key) && budget.value() {
                            distinct.seen.insert(key);
                        }
                    });
                }
            }
        }
    }

    /// Counts runs of the same key: neighbours in a log are alike.
    fn count(
        &mut self,
        documents: &[DocId],
        buckets: &mut HashMap<Key, Bucket>,
        budget: &mut Budget,
    ) {
        let mut run: Option<(Key, u64)> = None;
        let mut keys = Vec::new();
        for document in documents {
            self.keys(*document, &mut keys);
            for key in keys.drain(..) {
                match &mut run {
                    Some((last, length)) if *last == key => *length += 1,
                    _ => {
                        if let Some((key, length)) = run.replace((key, 1)) {
                            add(buckets, key, length, budget);
                        }
                    }
                }
            }
        }
        if let Some((key, length)) = run {
            add(buckets, key, length, budget);
        }
    }

    /// Divides lines by their keys, then adds up each part.
    fn divide(
        &mut self,
        documents: &[DocId],
        buckets: &mut HashMap<Key, Bucket>,
        budget: &mut Budget,
    ) {
        let mut parts: HashMap<Key, Vec<DocId>> = HashMap::new();
        let mut keys = Vec::new();
        for document in documents {
            self.keys(*document, &mut keys);
            for key in keys.drain(..) {
                parts.entry(key).or_default().push(*document);
            }
        }
        for (key, documents) in parts {
            let Some(bucket) = add(buckets, key, documents.len() as u64, budget) else { continue };
            if bucket.below.is_empty() {
                bucket.below = self.below.iter().map(|node| State::new(node.kind)).collect();
            }
            for (node, state) in self.below.iter_mut().zip(&mut bucket.below) {
                node.collect(&documents, state, budget);
            }
        }
    }

    /// The buckets that a line belongs to, each once.
    fn keys(&mut self, document: DocId, keys: &mut Vec<Key>) {
        match self.kind {
            Kind::DateHistogram(histogram) => self.dates(histogram, document, keys),
            Kind::Terms(terms) => self.terms(terms, document, keys),
            Kind::Histogram(histogram) => self.steps(histogram, document, keys),
            Kind::Ranges { ranges, .. } => self.ranges(ranges, document, keys),
            Kind::Filter(_) | Kind::Filters { .. } => {
                let passing = self.passes.iter().enumerate();
                let passing = passing.filter(|(_, passes)| passes[document as usize]);
                keys.extend(passing.map(|(place, _)| Key::Place(place)));
            }
            Kind::Missing(_) => {
                if !self.columns.iter().any(|column| column.has(document)) {
                    keys.push(Key::Place(0));
                }
            }
            Kind::Metric { .. } => {}
        }
        if keys.len() > 1 {
            keys.sort_unstable();
            keys.dedup();
        }
    }

    fn dates(&mut self, histogram: &DateHistogram, document: DocId, keys: &mut Vec<Key>) {
        let Some(Column::Date(column)) = self.columns.first() else { return };
        let Some(time) = column.first(document) else { return };
        let time = time.into_timestamp_nanos();
        if histogram.hard.is_some_and(|(from, to)| time < from || time > to) {
            return;
        }
        let known = self.known.range(..=time).next_back().filter(|(_, end)| time < **end);
        let start = match known {
            Some((start, _)) => *start,
            None => {
                let (start, end) = histogram.interval.bucket(time);
                self.known.insert(start, end);
                start
            }
        };
        keys.push(Key::Integer(start));
    }

    fn terms(&self, terms: &Terms, document: DocId, keys: &mut Vec<Key>) {
        words(&self.columns, document, |key| keys.push(key));
        if keys.is_empty()
            && let Some(missing) = &terms.missing
        {
            keys.push(match missing.as_i64() {
                Some(number) => Key::Integer(number),
                None => Key::Text(crate::entry::word(missing)),
            });
        }
    }

    fn steps(&self, histogram: &Histogram, document: DocId, keys: &mut Vec<Key>) {
        let Histogram { interval, offset, .. } = histogram;
        for column in &self.columns {
            column.numbers(document, |value| {
                keys.push(Key::float(((value - offset) / interval).floor() * interval + offset));
            });
        }
    }

    fn ranges(&self, ranges: &[Range], document: DocId, keys: &mut Vec<Key>) {
        for column in &self.columns {
            column.numbers(document, |value| {
                let within = ranges.iter().enumerate().filter(|(_, range)| {
                    range.from.is_none_or(|from| value >= from)
                        && range.to.is_none_or(|to| value < to)
                });
                keys.extend(within.map(|(place, _)| Key::Place(place)));
            });
        }
    }

    /// Turns ordinals into words, which all segments share, and drops terms that
    /// the request does not look at.
    fn resolve(&self, state: &mut State) {
        match state {
            State::Buckets(buckets) => {
                let found = std::mem::take(buckets);
                for (key, mut bucket) in found {
                    let Some(key) = self.word(key) else { continue };
                    for (node, state) in self.below.iter().zip(&mut bucket.below) {
                        node.resolve(state);
                    }
                    buckets.insert(key, bucket);
                }
            }
            State::Distinct(distinct) => {
                for key in std::mem::take(&mut distinct.seen) {
                    if let Some(key) = self.word(key) {
                        distinct.add(&key);
                    }
                }
            }
            State::Numbers(_) | State::Values(_) => {}
        }
    }

    fn word(&self, key: Key) -> Option<Key> {
        let key = match key {
            Key::Ordinal(column, ordinal) => match &self.columns[column] {
                Column::Text(column) => Key::Text(columns::text(column, ordinal)?),
                _ => return None,
            },
            other => other,
        };
        let Kind::Terms(Terms { include, exclude, .. }) = self.kind else { return Some(key) };
        if include.is_none() && exclude.is_none() {
            return Some(key);
        }
        let text = crate::entry::word(&super::render::key_value(&key));
        let wanted = include.as_ref().is_none_or(|include| include.holds(&text))
            && !exclude.as_ref().is_some_and(|exclude| exclude.holds(&text));
        wanted.then_some(key)
    }
}

fn add<'b>(
    buckets: &'b mut HashMap<Key, Bucket>,
    key: Key,
    count: u64,
    budget: &mut Budget,
) -> Option<&'b mut Bucket> {
    if !buckets.contains_key(&key) && !budget.value() {
        return None;
    }
    let bucket = buckets.entry(key).or_default();
    bucket.count += count;
    Some(bucket)
}

/// All values of a line as keys.
fn words(columns: &[Column], document: DocId, mut take: impl FnMut(Key)) {
    for (place, column) in columns.iter().enumerate() {
        match column {
            Column::Text(column) => {
                column.term_ords(document).for_each(|ordinal| take(Key::Ordinal(place, ordinal)));
            }
            Column::I64(column) => {
                column.values_for_doc(document).for_each(|value| take(Key::Integer(value)));
            }
            Column::Bool(column) => {
                column.values_for_doc(document).for_each(|value| take(Key::Bool(value)));
            }
            Column::F64(column) => {
                column.values_for_doc(document).for_each(|value| take(Key::float(value)));
            }
            Column::U64(_) | Column::Date(_) => {
                column.numbers(document, |value| take(Key::Integer(value as i64)));
            }
        }
    }
}
