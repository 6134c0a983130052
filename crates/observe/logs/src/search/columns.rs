//! The columns of a segment behind a field: what sorting and adding up read.

use tantivy::columnar::{Column as Values, DynamicColumn, StrColumn};
use tantivy::{DateTime, DocId, SegmentReader};

use super::order::SortValue;
use crate::clause::Field;
use crate::schema::JSON_EXACT;

/// One column. A free field that holds several types has several.
pub enum Column {
    Date(Values<DateTime>),
    U64(Values<u64>),
    I64(Values<i64>),
    F64(Values<f64>),
    Bool(Values<bool>),
    Text(StrColumn),
}

/// All columns of a field; none when no line of the segment has it.
pub fn open(field: &Field, segment: &SegmentReader) -> tantivy::Result<Vec<Column>> {
    let columns = segment.fast_fields();
    Ok(match field {
        Field::Timestamp => vec![Column::Date(columns.date("@timestamp")?)],
        Field::Sequence => vec![Column::U64(columns.u64("_seq_no")?)],
        Field::Dynamic(path) => {
            let handles = columns.dynamic_column_handles(&format!("{JSON_EXACT}.{path}"))?;
            let mut found = Vec::with_capacity(handles.len());
            for handle in handles {
                found.extend(match handle.open()? {
                    DynamicColumn::Bool(column) => Some(Column::Bool(column)),
                    DynamicColumn::I64(column) => Some(Column::I64(column)),
                    DynamicColumn::U64(column) => Some(Column::U64(column)),
                    DynamicColumn::F64(column) => Some(Column::F64(column)),
                    DynamicColumn::Str(column) => Some(Column::Text(column)),
                    _ => None,
                });
            }
            found
        }
        exact => columns.str(exact.name())?.map(Column::Text).into_iter().collect(),
    })
}

impl Column {
    /// The first value of a line, to order by.
    pub fn first(&self, document: DocId) -> SortValue {
        let integer = |value: Option<i128>| value.map_or(SortValue::Missing, SortValue::Integer);
        match self {
            Column::Date(column) => {
                integer(column.first(document).map(|time| time.into_timestamp_nanos().into()))
            }
            Column::U64(column) => integer(column.first(document).map(Into::into)),
            Column::I64(column) => integer(column.first(document).map(Into::into)),
            Column::Bool(column) => integer(column.first(document).map(Into::into)),
            Column::F64(column) => {
                column.first(document).map_or(SortValue::Missing, SortValue::Float)
            }
            Column::Text(column) => match column.term_ords(document).next() {
                Some(ordinal) => text(column, ordinal).map_or(SortValue::Missing, SortValue::Text),
                None => SortValue::Missing,
            },
        }
    }

    /// All values of a line as numbers; times in milliseconds, text as none.
    pub fn numbers(&self, document: DocId, mut take: impl FnMut(f64)) {
        match self {
            Column::Date(column) => column
                .values_for_doc(document)
                .for_each(|time| take((time.into_timestamp_nanos() / 1_000_000) as f64)),
            Column::U64(column) => {
                column.values_for_doc(document).for_each(|value| take(value as f64))
            }
            Column::I64(column) => {
                column.values_for_doc(document).for_each(|value| take(value as f64))
            }
            Column::F64(column) => column.values_for_doc(document).for_each(take),
            Column::Bool(column) => {
                column.values_for_doc(document).for_each(|value| take(f64::from(u8::from(value))));
            }
            Column::Text(_) => {}
        }
    }

    pub fn has(&self, document: DocId) -> bool {
        match self {
            Column::Date(column) => column.first(document).is_some(),
            Column::U64(column) => column.first(document).is_some(),
            Column::I64(column) => column.first(document).is_some(),
            Column::F64(column) => column.first(document).is_some(),
            Column::Bool(column) => column.first(document).is_some(),
            Column::Text(column) => column.term_ords(document).next().is_some(),
        }
    }
}

/// The word behind an ordinal. `None` only when the file is damaged.
pub fn text(column: &StrColumn, ordinal: u64) -> Option<String> {
    let mut text = String::new();
    column.ord_to_str(ordinal, &mut text).ok()?.then_some(text)
}
