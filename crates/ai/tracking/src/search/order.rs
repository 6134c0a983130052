//! ORDER BY: the asked columns first, missing values last, then a fixed order
//! so that pages never overlap.

use dais_relations::Dialect;

use super::parse::field_of;
use super::{Entity, Field, Kind, Table};
use crate::Error;
use crate::error::Result;
use crate::statement::Statement;

const MOST: usize = 20;

/// Appends what stands behind ORDER BY; `last` breaks ties.
pub(crate) fn order(
    entity: &Entity,
    columns: &[String],
    last: &str,
    dialect: Dialect,
    to: &mut Statement,
) -> Result<()> {
    if columns.len() > MOST {
        return Err(Error::invalid(format!(
            "'order_by' has {} columns, at most {MOST} are allowed",
            columns.len()
        )));
    }
    for column in columns {
        let (name, direction) = split(column);
        one(entity, &field_of(name)?, direction, dialect, to)?;
        to.push(", ");
    }
    to.push(last);
    Ok(())
}

/// The key and the direction of a column that is a metric.
pub(crate) fn metric_of(column: &str) -> Result<Option<(String, &'static str)>> {
    let (name, direction) = split(column);
    Ok(match field_of(name)? {
        Field::Metric(key) => Some((key, direction)),
        _ => None,
    })
}

fn split(column: &str) -> (&str, &'static str) {
    let column = column.trim();
    match column.rsplit_once(char::is_whitespace) {
        Some((name, word)) if word.eq_ignore_ascii_case("desc") => (name, " DESC"),
        Some((name, word)) if word.eq_ignore_ascii_case("asc") => (name, " ASC"),
        _ => (column, " ASC"),
    }
}

fn one(
    entity: &Entity,
    field: &Field,
    direction: &str,
    dialect: Dialect,
    to: &mut Statement,
) -> Result<()> {
    let (table, key, kind) = match field {
        Field::Attribute(name) => {
            let (column, kind) = entity.attribute(name)?;
            let bytes = if kind == Kind::Text { dialect.byte_order() } else { "" };
            to.push("CASE WHEN ").push(column).push(" IS NULL THEN 1 ELSE 0 END, ");
            to.push(column).push(bytes).push(direction);
            return Ok(());
        }
        Field::Tag(key) => (&entity.tags, key, Kind::Text),
        Field::Param(key) => (&entity.params, key, Kind::Text),
        Field::Metric(key) => (&entity.metrics, key, Kind::Number),
        Field::Dataset(_) => {
            return Err(Error::invalid("Invalid order_by: datasets cannot be ordered by"));
        }
    };
    let table = table.as_ref().ok_or_else(|| {
        Error::invalid(format!("Invalid order_by column '{key}' for this search"))
    })?;
    if kind == Kind::Number {
        to.push("COALESCE((");
        side(table, "MAX(t.nan)", key, to);
        to.push("), 2), (");
        side(table, "MAX(t.value)", key, to);
        to.push(")").push(direction);
    } else {
        to.push("CASE WHEN (");
        side(table, "MAX(t.value)", key, to);
        to.push(") IS NULL THEN 1 ELSE 0 END, (");
        side(table, "MAX(t.value)", key, to);
        to.push(")").push(dialect.byte_order()).push(direction);
    }
    Ok(())
}

fn side(table: &Table, column: &str, key: &str, to: &mut Statement) {
    to.push("SELECT ")
        .push(column)
        .push(" FROM ")
        .push(table.name)
        .push(" t WHERE ")
        .push(table.on);
    to.push(" AND t.key = ").bind(key);
}
