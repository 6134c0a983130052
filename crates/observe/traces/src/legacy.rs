//! Carries over the spans of version 1, one SQLite file, once.
//!
//! Guarantees: a crash half-way loses and duplicates nothing. The same file always
//! becomes the same blocks, numbered from one, and is removed after they are on disk.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::attributes::Attributes;
use crate::block::seal;
use crate::directory::{Directory, VERSION};
use crate::error::{Error, Result, file};
use crate::head::Head;
use crate::span::{Event, Kind, Span};

const SCHEMA_VERSION: i64 = 1;

pub fn carry_over(directory: &Directory) -> Result<()> {
    let path = directory.legacy();
    if !path.exists() {
        return Ok(());
    }
    let fault = |source| Error::Legacy { path: path.clone(), source };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let connection = Connection::open_with_flags(&path, flags).map_err(fault)?;
    let found = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(fault)?;
    if found > SCHEMA_VERSION {
        return Err(Error::Newer { path, found, known: VERSION });
    }
    tracing::info!(path = %path.display(), "carrying spans over into the trace store's blocks");
    let mut statement = connection
        .prepare("SELECT body FROM span ORDER BY start, trace_id, span_id")
        .map_err(fault)?;
    let mut rows = statement.query([]).map_err(fault)?;
    let (mut number, mut spans, mut unreadable) = (1, 0_u64, 0_u64);
    let mut head = Head::new(number);
    while let Some(row) = rows.next().map_err(fault)? {
        let body: String = row.get(0).map_err(fault)?;
        let Ok(span) = serde_json::from_str::<Stored>(&body) else {
            unreadable += 1;
            continue;
        };
        head.push(&span.into());
        spans += 1;
        if head.is_full() {
            put(directory, &head)?;
            number += 1;
            head = Head::new(number);
        }
    }
    if !head.is_empty() {
        put(directory, &head)?;
    }
    drop(rows);
    drop(statement);
    drop(connection);
    tracing::info!(spans, unreadable, "spans carried over");
    remove(&path)?;
    directory.sync()
}

fn put(directory: &Directory, head: &Head) -> Result<()> {
    let contents = head.contents();
    directory.put(&directory.block(contents.number), &seal(contents))
}

/// SQLite's own files lie beside the database.
fn remove(path: &Path) -> Result<()> {
    for suffix in ["db-wal", "db-shm", "db"] {
        let path = path.with_extension(suffix);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(file("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A span as version 1 wrote it.
#[derive(Deserialize)]
struct Stored {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    parent: Option<[u8; 8]>,
    name: String,
    kind: String,
    start: i64,
    duration: i64,
    error: Option<String>,
    attributes: Map<String, Value>,
    resource: Map<String, Value>,
    events: Vec<StoredEvent>,
}

#[derive(Deserialize)]
struct StoredEvent {
    time: i64,
    name: String,
    attributes: Map<String, Value>,
}

impl From<Stored> for Span {
    fn from(span: Stored) -> Span {
        let kinds = [Kind::Server, Kind::Client, Kind::Producer, Kind::Consumer];
        let kind = kinds.into_iter().find(|kind| kind.name() == span.kind);
        let event = |event: StoredEvent| Event {
            time: event.time,
            name: event.name,
            attributes: attributes(event.attributes),
        };
        Span {
            trace_id: span.trace_id,
            span_id: span.span_id,
            parent: span.parent,
            name: span.name.into(),
            kind: kind.unwrap_or_default(),
            start: span.start,
            duration: span.duration,
            error: span.error,
            attributes: attributes(span.attributes),
            resource: Arc::new(attributes(span.resource)),
            events: span.events.into_iter().map(event).collect(),
        }
    }
}

fn attributes(fields: Map<String, Value>) -> Attributes {
    fields.into_iter().map(|(name, value)| (name, value.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::Scope;
    use crate::store::{Config, Traces};

    fn version_one(path: &Path) {
        let connection = Connection::open(path).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA user_version = 1;
                 CREATE TABLE span (trace_id BLOB, span_id BLOB, start INTEGER, body TEXT);",
            )
            .unwrap();
        let body = r#"{"trace_id":[7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7],"span_id":[1,1,1,1,1,1,1,1],
            "parent":[2,2,2,2,2,2,2,2],"name":"POST /infer","kind":"server","start":17,"duration":5,
            "error":"status 500","attributes":{"k8s.namespace.name":"red","http.response.status_code":500,
            "a":[1]},"resource":{"service.name":"gateway"},
            "events":[{"time":18,"name":"retry","attributes":{}}]}"#;
        for body in [body, "{"] {
            connection.execute("INSERT INTO span VALUES (x'07', x'01', 17, ?1)", [body]).unwrap();
        }
    }

    fn config(directory: &Path) -> Config {
        Config { keep: std::time::Duration::MAX, ..Config::new(directory) }
    }

    #[test]
    fn spans_of_version_one_are_carried_over_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("traces.db");
        version_one(&path);
        let before = std::fs::read(&path).unwrap();
        let traces = Traces::open(config(directory.path())).unwrap();
        let red = Scope::only(["red"]);
        let span = traces.trace([7; 16], &red).unwrap().remove(0);
        assert_eq!((&*span.name, span.kind, span.start), ("POST /infer", Kind::Server, 17));
        assert!(span.has_tag("http.response.status_code", "500") && span.has_tag("a", "[1]"));
        assert_eq!((span.error.as_deref(), &*span.events[0].name), (Some("status 500"), "retry"));
        assert_eq!(traces.services(&red).unwrap(), ["gateway"]);
        assert!(!path.exists());
        drop(traces);

        std::fs::write(&path, before).unwrap();
        let traces = Traces::open(config(directory.path())).unwrap();
        assert_eq!(traces.sources().len(), 1, "a crash before the file was removed");
    }

    #[test]
    fn a_newer_database_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("traces.db");
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
        let error = Traces::open(config(directory.path())).err().unwrap();
        assert!(error.to_string().contains("newer program"), "{error}");
    }
}
