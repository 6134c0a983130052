//! Notes: bytes that are committed with a write, for whoever collects them.
//!
//! A note is on disk exactly when its write is: both are in one transaction. It
//! stays until its collector, having brought it elsewhere, lets it go; a collector
//! that dies in between finds it again. What a note says is its writer's business.

use bytes::Bytes;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::writer::Request;
use crate::{Expect, Record, Result, Revision, Store};

/// A note that waits, under the number that orders it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub number: u64,
    pub text: Bytes,
}

impl Store {
    /// As [`Store::put`], with a note in the same commit.
    pub async fn put_noted(
        &self,
        key: &str,
        value: Bytes,
        (expect, note): (Expect, Option<Bytes>),
    ) -> Result<Revision> {
        Ok(self.write(key, Some(value), (expect, note)).await?.revision)
    }

    /// As [`Store::delete`], with a note in the same commit.
    pub async fn delete_noted(
        &self,
        key: &str,
        (expect, note): (Expect, Option<Bytes>),
    ) -> Result<(Revision, Record)> {
        self.remove(key, (expect, note)).await
    }

    /// The oldest notes that wait, at most so many.
    pub async fn notes(&self, most: usize) -> Result<Vec<Note>> {
        self.readers().ask_briefly("read notes", move |db| read(db, most)).await
    }

    /// Lets the notes up to a number go.
    pub async fn forget_notes(&self, through: u64) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Forget { through, reply }).await?;
        answer.await.unwrap_or(Err(crate::Error::Closed))
    }

    /// Returns once a write with a note was committed since the last time.
    pub async fn noted(&self) {
        self.wake().notified().await;
    }
}

fn read(db: &Connection, most: usize) -> rusqlite::Result<Vec<Note>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    db.prepare_cached("SELECT number, value FROM notes ORDER BY number LIMIT ?1")?
        .query_map([most], |row| {
            let number: i64 = row.get(0)?;
            let text: Vec<u8> = row.get(1)?;
            Ok(Note { number: number.unsigned_abs(), text: text.into() })
        })?
        .collect()
}

pub(crate) fn write(db: &Connection, text: &[u8]) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO notes (value) VALUES (?1)")?.execute([text]).map(drop)
}

pub(crate) fn forget(db: &Connection, through: u64) -> rusqlite::Result<()> {
    let through = i64::try_from(through).unwrap_or(i64::MAX);
    db.prepare_cached("DELETE FROM notes WHERE number <= ?1")?.execute([through]).map(drop)
}
