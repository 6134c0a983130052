//! The SQL: every statement of the store, as functions of a connection.
//!
//! They return SQLite's own errors; callers add what was attempted.

use bytes::Bytes;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::record::FIRST;
use crate::{Event, ListOptions, Page, Record, Revision};

type Sql<T> = rusqlite::Result<T>;

/// The newest committed revision. Compaction always keeps the newest row.
pub(crate) fn newest(db: &Connection) -> Sql<Revision> {
    let found: Option<i64> =
        db.prepare_cached("SELECT MAX(revision) FROM log")?.query_row([], |row| row.get(0))?;
    Ok(found.map_or(FIRST, revision))
}

/// The lowest revision that can still be listed at and watched from.
pub(crate) fn oldest(db: &Connection) -> Sql<Revision> {
    db.prepare_cached("SELECT oldest FROM history")?.query_row([], |row| row.get(0).map(revision))
}

pub(crate) fn get(db: &Connection, key: &str) -> Sql<Option<Record>> {
    db.prepare_cached(
        "SELECT c.key, l.created, l.revision, l.value
         FROM current c JOIN log l ON l.revision = c.revision WHERE c.key = ?1",
    )?
    .query_row([key], record)
    .optional()
}

/// A half-open range of keys.
pub(crate) struct Range {
    from: String,
    /// Where the range ends. A BLOB sorts after every TEXT in SQLite, so an
    /// empty one stands for "no end".
    until: Value,
}

impl Range {
    /// The keys that begin with `prefix` and come after `start_after`.
    pub(crate) fn new(prefix: &str, start_after: Option<&str>) -> Self {
        let from = match start_after {
            // The lowest string above a key is the key and a zero byte.
            Some(after) if after >= prefix => format!("{after}\0"),
            _ => prefix.to_owned(),
        };
        let until = successor(prefix).map_or(Value::Blob(Vec::new()), Value::Text);
        Self { from, until }
    }
}

/// The lowest string above every string that begins with `prefix`. UTF-8 sorts
/// by bytes as its characters do by number, so raising the last one is enough.
fn successor(prefix: &str) -> Option<String> {
    let mut next = prefix.to_owned();
    while let Some(last) = next.pop() {
        let above = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            last => char::from_u32(last as u32 + 1),
        };
        if let Some(above) = above {
            next.push(above);
            return Some(next);
        }
    }
    None
}

/// What became of a question about a revision.
pub(crate) enum At<T> {
    Found(T),
    Compacted { oldest: Revision },
    NotYet { newest: Revision },
}

/// Lists a prefix inside one read transaction, so that records and revision
/// belong together.
pub(crate) fn list(db: &Connection, prefix: &str, options: &ListOptions) -> Sql<At<Page>> {
    let transaction = db.unchecked_transaction()?;
    let newest = newest(&transaction)?;
    let at = options.at.unwrap_or(newest);
    if at > newest {
        return Ok(At::NotYet { newest });
    }
    let oldest = oldest(&transaction)?;
    if at < oldest {
        return Ok(At::Compacted { oldest });
    }
    let range = Range::new(prefix, options.start_after.as_deref());
    let limit = options.limit.unwrap_or(usize::MAX);
    let past = (at < newest).then_some(at);
    let records = records(&transaction, &range, limit, past)?;
    let remaining = match records.last() {
        Some(last) if records.len() == limit => {
            count(&transaction, &Range::new(prefix, Some(&last.key)), past)?
        }
        _ => 0,
    };
    Ok(At::Found(Page { records, revision: at, remaining }))
}

const PAST: &str = "
    (SELECT key, MAX(revision) AS revision FROM log
     WHERE key >= ?1 AND key < ?2 AND revision <= ?3 GROUP BY key) c
    JOIN log l ON l.revision = c.revision WHERE l.value IS NOT NULL";

const PRESENT: &str = "
    current c JOIN log l ON l.revision = c.revision
    WHERE c.key >= ?1 AND c.key < ?2 AND ?3 IS NULL";

fn records(
    db: &Connection,
    range: &Range,
    limit: usize,
    past: Option<Revision>,
) -> Sql<Vec<Record>> {
    let source = if past.is_some() { PAST } else { PRESENT };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    db.prepare_cached(&format!(
        "SELECT c.key, l.created, l.revision, l.value FROM {source} ORDER BY c.key LIMIT ?4"
    ))?
    .query_map(params![range.from, range.until, past.map(number), limit], record)?
    .collect()
}

fn count(db: &Connection, range: &Range, past: Option<Revision>) -> Sql<usize> {
    let source = if past.is_some() { PAST } else { PRESENT };
    db.prepare_cached(&format!("SELECT COUNT(*) FROM {source}"))?
        .query_row(params![range.from, range.until, past.map(number)], |row| row.get::<_, i64>(0))
        .map(|count| usize::try_from(count).unwrap_or(0))
}

/// A stretch of history.
pub(crate) struct History {
    pub events: Vec<Event>,
    /// Every event of the range up to here is in `events`.
    pub until: Revision,
}

/// The events of a prefix after a revision, oldest first, at most `limit`.
pub(crate) fn events(
    db: &Connection,
    prefix: &str,
    after: Revision,
    limit: usize,
) -> Sql<At<History>> {
    let transaction = db.unchecked_transaction()?;
    let newest = newest(&transaction)?;
    let oldest = oldest(&transaction)?;
    if after < oldest {
        return Ok(At::Compacted { oldest });
    }
    if after > newest {
        return Ok(At::NotYet { newest });
    }
    let range = Range::new(prefix, None);
    // NOT INDEXED leaves the walk along the revisions, which is the order asked for.
    let events = transaction
        .prepare_cached(
            "SELECT l.key, l.revision, l.value, p.created, p.revision, p.value
             FROM log l NOT INDEXED LEFT JOIN log p ON p.revision = l.previous
             WHERE l.revision > ?1 AND l.key >= ?2 AND l.key < ?3
             ORDER BY l.revision LIMIT ?4",
        )?
        .query_map(
            params![
                number(after),
                range.from,
                range.until,
                i64::try_from(limit).unwrap_or(i64::MAX)
            ],
            event,
        )?
        .collect::<Sql<Vec<_>>>()?;
    let until = match events.last() {
        Some(last) if events.len() == limit => last.revision,
        _ => newest,
    };
    Ok(At::Found(History { events, until }))
}

/// Writes a value as `revision`.
pub(crate) fn put(
    db: &Connection,
    key: &str,
    value: &[u8],
    revision: Revision,
    previous: Option<&Record>,
) -> Sql<()> {
    let created = previous.map_or(revision, |record| record.created);
    append(db, key, Some(value), (revision, created), previous)?;
    db.prepare_cached(
        "INSERT INTO current (key, revision) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET revision = excluded.revision",
    )?
    .execute(params![key, number(revision)])?;
    Ok(())
}

/// Writes a key's end as `revision`.
pub(crate) fn delete(db: &Connection, previous: &Record, revision: Revision) -> Sql<()> {
    append(db, &previous.key, None, (revision, previous.created), Some(previous))?;
    db.prepare_cached("DELETE FROM current WHERE key = ?1")?.execute([&previous.key])?;
    Ok(())
}

fn append(
    db: &Connection,
    key: &str,
    value: Option<&[u8]>,
    (revision, created): (Revision, Revision),
    previous: Option<&Record>,
) -> Sql<()> {
    db.prepare_cached(
        "INSERT INTO log (revision, key, created, previous, value) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        number(revision),
        key,
        number(created),
        previous.map(|record| number(record.modified)),
        value
    ])?;
    Ok(())
}

/// Drops what nobody can ask for once `oldest` rises from `from` to `to`: the
/// rows that a row up to `to` replaced, and ends of keys before it. The row of
/// revision `to` itself stays, so the newest revision is never forgotten.
pub(crate) fn compact(db: &Connection, from: Revision, to: Revision) -> Sql<()> {
    let bounds = [number(from), number(to)];
    db.prepare_cached(
        "DELETE FROM log WHERE revision IN
         (SELECT previous FROM log WHERE revision > ?1 AND revision <= ?2 AND previous IS NOT NULL)",
    )?
    .execute(bounds)?;
    db.prepare_cached("DELETE FROM log WHERE revision >= ?1 AND revision < ?2 AND value IS NULL")?
        .execute(bounds)?;
    db.prepare_cached("UPDATE history SET oldest = ?1")?.execute([number(to)])?;
    Ok(())
}

fn record(row: &Row<'_>) -> Sql<Record> {
    Ok(Record {
        key: row.get(0)?,
        created: revision(row.get(1)?),
        modified: revision(row.get(2)?),
        value: Bytes::from(row.get::<_, Vec<u8>>(3)?),
    })
}

fn event(row: &Row<'_>) -> Sql<Event> {
    let key: String = row.get(0)?;
    let previous = match row.get::<_, Option<i64>>(3)? {
        None => None,
        Some(created) => Some(Record {
            key: key.clone(),
            created: revision(created),
            modified: revision(row.get(4)?),
            value: Bytes::from(row.get::<_, Vec<u8>>(5)?),
        }),
    };
    Ok(Event {
        key,
        revision: revision(row.get(1)?),
        value: row.get::<_, Option<Vec<u8>>>(2)?.map(Bytes::from),
        previous,
    })
}

/// SQLite counts in `i64`; revisions never leave its positive half.
fn number(revision: Revision) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

fn revision(number: i64) -> Revision {
    Revision::try_from(number).unwrap_or(FIRST)
}

#[cfg(test)]
mod tests {
    use super::successor;

    #[test]
    fn successor_is_just_above_every_string_with_the_prefix() {
        assert_eq!(successor("/a/").as_deref(), Some("/a0"));
        assert_eq!(successor("ab\u{10FFFF}").as_deref(), Some("ac"));
        assert_eq!(successor("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(successor(""), None);
        assert_eq!(successor("\u{10FFFF}"), None);
    }
}
