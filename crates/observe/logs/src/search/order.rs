//! The first lines in a wanted order, collected in one pass over the matches.

use std::cmp::Ordering;

use serde_json::Value;
use tantivy::{DocAddress, DocId, SegmentOrdinal, SegmentReader};

use super::columns::{self, Column};
use crate::clause::Field;
use crate::error::{Error, Result};
use crate::time;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

#[derive(Debug, Clone)]
pub struct SortKey {
    pub field: Field,
    pub direction: Direction,
    /// Times are given back as RFC 3339 text: nanoseconds do not survive JavaScript's numbers.
    pub format_date: bool,
}

/// What a line is ordered by; lines without the field come last in either direction.
#[derive(Debug, Clone, PartialEq)]
pub enum SortValue {
    Missing,
    Integer(i128),
    Float(f64),
    Text(String),
}

impl SortValue {
    /// A value of `search_after`, as `render` gave it.
    pub fn parse(key: &SortKey, value: &Value) -> Result<SortValue> {
        let bad = || {
            Error::illegal(
                "search_after",
                format!("[{value}] is no sort value of [{}]", key.field.name()),
            )
        };
        match (value, &key.field) {
            (Value::Null, _) => Ok(SortValue::Missing),
            (Value::String(text), Field::Timestamp) => {
                time::parse_value(&Value::from(text.as_str()))
                    .or_else(|| text.parse().ok())
                    .map(|time| SortValue::Integer(time.into()))
                    .ok_or_else(bad)
            }
            (Value::Number(number), _) => match (number.as_i64(), number.as_u64()) {
                (Some(integer), _) => Ok(SortValue::Integer(integer.into())),
                (None, Some(integer)) => Ok(SortValue::Integer(integer.into())),
                (None, None) => number.as_f64().map(SortValue::Float).ok_or_else(bad),
            },
            (Value::String(text), _) => Ok(SortValue::Text(text.clone())),
            (Value::Bool(truth), _) => Ok(SortValue::Integer((*truth).into())),
            _ => Err(bad()),
        }
    }

    pub fn render(self, key: &SortKey) -> Value {
        match self {
            SortValue::Missing => Value::Null,
            SortValue::Integer(integer) => match i64::try_from(integer) {
                Ok(time) if key.field == Field::Timestamp && key.format_date => {
                    time::format(time).into()
                }
                Ok(integer) => integer.into(),
                Err(_) => u64::try_from(integer).map_or(Value::Null, Value::from),
            },
            SortValue::Float(float) => float.into(),
            SortValue::Text(text) => text.into(),
        }
    }

    fn compare(&self, other: &SortValue, direction: Direction) -> Ordering {
        use SortValue::{Float, Integer, Missing, Text};
        let ascending = match (self, other) {
            (Missing, Missing) => return Ordering::Equal,
            (Missing, _) => return Ordering::Greater,
            (_, Missing) => return Ordering::Less,
            (Integer(left), Integer(right)) => left.cmp(right),
            (Text(left), Text(right)) => left.cmp(right),
            (Float(left), Float(right)) => left.total_cmp(right),
            (Integer(left), Float(right)) => (*left as f64).total_cmp(right),
            (Float(left), Integer(right)) => left.total_cmp(&(*right as f64)),
            (Text(_), _) => Ordering::Greater,
            (_, Text(_)) => Ordering::Less,
        };
        if direction == Direction::Ascending { ascending } else { ascending.reverse() }
    }
}

/// Which of two lines comes first.
pub fn compare(keys: &[SortKey], left: &[SortValue], right: &[SortValue]) -> Ordering {
    let sides = left.iter().zip(right);
    keys.iter()
        .zip(sides)
        .map(|(key, (left, right))| left.compare(right, key.direction))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// A line among the first: which searcher has it, and where.
#[derive(Debug, Clone)]
pub struct Ordered {
    pub keys: Vec<SortValue>,
    pub part: usize,
    pub address: DocAddress,
}

/// The first `limit` lines after `after`, over all segments.
pub struct Top<'a> {
    keys: &'a [SortKey],
    after: Option<&'a [SortValue]>,
    limit: usize,
    /// All matches, those before `after` and beyond the limit included.
    pub total: u64,
    best: Vec<Ordered>,
    /// The first key of the last line that is still among the first.
    worst: Option<SortValue>,
    /// The same, when it is a time.
    worst_time: Option<i64>,
}

/// A segment's columns, in the order of the keys.
pub struct SortColumns {
    part: usize,
    ordinal: SegmentOrdinal,
    columns: Vec<Vec<Column>>,
}

impl SortColumns {
    pub fn open(
        keys: &[SortKey],
        part: usize,
        ordinal: SegmentOrdinal,
        segment: &SegmentReader,
    ) -> tantivy::Result<SortColumns> {
        let columns = keys.iter().map(|key| columns::open(&key.field, segment));
        Ok(SortColumns { part, ordinal, columns: columns.collect::<tantivy::Result<_>>()? })
    }

    fn value(&self, key: usize, document: DocId) -> SortValue {
        let values = self.columns[key].iter().map(|column| column.first(document));
        values.into_iter().find(|value| *value != SortValue::Missing).unwrap_or(SortValue::Missing)
    }
}

impl<'a> Top<'a> {
    pub fn new(keys: &'a [SortKey], after: Option<&'a [SortValue]>, limit: usize) -> Top<'a> {
        Top { keys, after, limit, total: 0, best: Vec::new(), worst: None, worst_time: None }
    }

    pub fn collect(&mut self, columns: &SortColumns, documents: &[DocId]) {
        self.total += documents.len() as u64;
        if self.limit == 0 {
            return;
        }
        for document in documents {
            if !self.is_too_far(columns, *document) {
                self.offer(columns, *document);
            }
        }
    }

    /// Most lines of a large answer are not among the first by their time alone;
    /// this is asked of every one of them.
    fn is_too_far(&self, columns: &SortColumns, document: DocId) -> bool {
        let (Some(worst), [Column::Date(times)]) = (self.worst_time, &*columns.columns[0]) else {
            return false;
        };
        let Some(time) = times.first(document) else { return false };
        let time = time.into_timestamp_nanos();
        match self.keys[0].direction {
            Direction::Ascending => time > worst,
            Direction::Descending => time < worst,
        }
    }

    /// Whether lines of these times can no longer be among the first.
    pub fn excludes(&self, (oldest, newest): (i64, i64)) -> bool {
        let (Some(worst), Field::Timestamp) = (&self.worst, &self.keys[0].field) else {
            return false;
        };
        let nearest = match self.keys[0].direction {
            Direction::Ascending => oldest,
            Direction::Descending => newest,
        };
        SortValue::Integer(nearest.into()).compare(worst, self.keys[0].direction).is_gt()
    }

    pub fn finish(mut self) -> (u64, Vec<Ordered>) {
        self.shrink();
        (self.total, self.best)
    }

    fn offer(&mut self, columns: &SortColumns, document: DocId) {
        let first = columns.value(0, document);
        if let Some(worst) = &self.worst
            && first.compare(worst, self.keys[0].direction).is_gt()
        {
            return;
        }
        let mut keys = Vec::with_capacity(self.keys.len());
        keys.push(first);
        keys.extend((1..self.keys.len()).map(|key| columns.value(key, document)));
        if let Some(after) = self.after
            && compare(self.keys, &keys[..after.len()], after).is_le()
        {
            return;
        }
        let address = DocAddress::new(columns.ordinal, document);
        self.best.push(Ordered { keys, part: columns.part, address });
        if self.best.len() >= 2 * self.limit + 64 {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        let keys = self.keys;
        self.best.sort_by(|left, right| compare(keys, &left.keys, &right.keys));
        self.best.truncate(self.limit);
        if self.best.len() == self.limit {
            self.worst = self.best.last().map(|last| last.keys[0].clone());
            self.worst_time = match (&self.worst, &keys[0].field) {
                (Some(SortValue::Integer(time)), Field::Timestamp) => i64::try_from(*time).ok(),
                _ => None,
            };
        }
    }
}
