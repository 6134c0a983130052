//! The first lines in a wanted order, collected in one pass over the matches.

use std::cmp::Ordering;

use serde_json::Value;
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, DynamicColumn, StrColumn};
use tantivy::{DateTime, DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use crate::clause::Field;
use crate::error::{Error, Result};
use crate::schema::JSON_EXACT;
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

/// A line among the first.
#[derive(Debug, Clone)]
pub struct Ordered {
    pub keys: Vec<SortValue>,
    pub address: DocAddress,
}

pub struct Found {
    /// All matches, those before `after` and beyond the limit included.
    pub total: u64,
    pub top: Vec<Ordered>,
}

/// Collects the first `limit` lines after `after`.
pub struct Order {
    pub keys: Vec<SortKey>,
    pub after: Option<Vec<SortValue>>,
    pub limit: usize,
}

impl Collector for Order {
    type Fruit = Found;
    type Child = SegmentOrder;

    fn for_segment(
        &self,
        ordinal: SegmentOrdinal,
        segment: &SegmentReader,
    ) -> tantivy::Result<SegmentOrder> {
        let columns = self
            .keys
            .iter()
            .map(|key| Keys::open(&key.field, segment))
            .collect::<tantivy::Result<_>>()?;
        Ok(SegmentOrder {
            ordinal,
            columns,
            keys: self.keys.clone(),
            after: self.after.clone(),
            limit: self.limit,
            found: Found { total: 0, top: Vec::new() },
            worst: None,
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, found: Vec<Found>) -> tantivy::Result<Found> {
        let total = found.iter().map(|found| found.total).sum();
        let mut top: Vec<Ordered> = found.into_iter().flat_map(|found| found.top).collect();
        top.sort_by(|left, right| compare(&self.keys, &left.keys, &right.keys));
        top.truncate(self.limit);
        Ok(Found { total, top })
    }
}

pub struct SegmentOrder {
    ordinal: SegmentOrdinal,
    columns: Vec<Keys>,
    keys: Vec<SortKey>,
    after: Option<Vec<SortValue>>,
    limit: usize,
    found: Found,
    /// The first key of the last line that is still among the first.
    worst: Option<SortValue>,
}

impl SegmentOrder {
    fn shrink(&mut self) {
        let keys = &self.keys;
        self.found.top.sort_by(|left, right| compare(keys, &left.keys, &right.keys));
        self.found.top.truncate(self.limit);
        if self.found.top.len() == self.limit {
            self.worst = self.found.top.last().map(|last| last.keys[0].clone());
        }
    }
}

impl SegmentCollector for SegmentOrder {
    type Fruit = Found;

    fn collect(&mut self, document: DocId, _score: Score) {
        self.found.total += 1;
        if self.limit == 0 {
            return;
        }
        let first = self.columns[0].get(document);
        if let Some(worst) = &self.worst
            && first.compare(worst, self.keys[0].direction).is_gt()
        {
            return;
        }
        let mut keys = vec![first];
        keys.extend(self.columns[1..].iter().map(|column| column.get(document)));
        if let Some(after) = &self.after
            && compare(&self.keys, &keys[..after.len()], after).is_le()
        {
            return;
        }
        self.found.top.push(Ordered { keys, address: DocAddress::new(self.ordinal, document) });
        if self.found.top.len() >= 2 * self.limit + 64 {
            self.shrink();
        }
    }

    fn harvest(mut self) -> Found {
        self.shrink();
        self.found
    }
}

/// The column that a key is read from.
enum Keys {
    None,
    Date(Column<DateTime>),
    U64(Column<u64>),
    I64(Column<i64>),
    F64(Column<f64>),
    Bool(Column<bool>),
    Text(StrColumn),
}

impl Keys {
    fn open(field: &Field, segment: &SegmentReader) -> tantivy::Result<Keys> {
        let columns = segment.fast_fields();
        Ok(match field {
            Field::Timestamp => Keys::Date(columns.date("@timestamp")?),
            Field::Sequence => Keys::U64(columns.u64("_seq_no")?),
            Field::Dynamic(path) => {
                let handles = columns.dynamic_column_handles(&format!("{JSON_EXACT}.{path}"))?;
                match handles.first() {
                    None => Keys::None,
                    Some(handle) => match handle.open()? {
                        DynamicColumn::Bool(column) => Keys::Bool(column),
                        DynamicColumn::I64(column) => Keys::I64(column),
                        DynamicColumn::U64(column) => Keys::U64(column),
                        DynamicColumn::F64(column) => Keys::F64(column),
                        DynamicColumn::Str(column) => Keys::Text(column),
                        _ => Keys::None,
                    },
                }
            }
            exact => columns.str(exact.name())?.map_or(Keys::None, Keys::Text),
        })
    }

    fn get(&self, document: DocId) -> SortValue {
        let integer = |value: Option<i128>| value.map_or(SortValue::Missing, SortValue::Integer);
        match self {
            Keys::None => SortValue::Missing,
            Keys::Date(column) => {
                integer(column.first(document).map(|time| time.into_timestamp_nanos().into()))
            }
            Keys::U64(column) => integer(column.first(document).map(Into::into)),
            Keys::I64(column) => integer(column.first(document).map(Into::into)),
            Keys::Bool(column) => integer(column.first(document).map(Into::into)),
            Keys::F64(column) => {
                column.first(document).map_or(SortValue::Missing, SortValue::Float)
            }
            Keys::Text(column) => {
                let mut text = String::new();
                let ordinal = column.term_ords(document).next();
                match ordinal.map(|ordinal| column.ord_to_str(ordinal, &mut text)) {
                    Some(Ok(true)) => SortValue::Text(text),
                    _ => SortValue::Missing,
                }
            }
        }
    }
}
