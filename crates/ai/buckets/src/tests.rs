//! The store on every database there is: SQLite always, PostgreSQL when
//! `DAIS_TEST_POSTGRES` names a server (`postgres://user@host:port/postgres`).

#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod crashes;
mod keys;
mod parts;
mod writers;

use std::convert::Infallible;
use std::path::PathBuf;

use bytes::Bytes;
use dais_testkit::postgres::Database;
use futures::{StreamExt, TryStreamExt};

use crate::checksum::Announced;
use crate::error::Result;
use crate::objects::{Condition, Headers, Object, Put};
use crate::transfer::Reading;
use crate::{Buckets, Limits};

pub const PROJECT: &str = "team";
pub const BUCKET: &str = "things";

pub struct Fixture {
    pub buckets: Buckets,
    url: String,
    folder: tempfile::TempDir,
    _database: Option<Database>,
}

/// Parts may be short, so that tests are.
fn limits() -> Limits {
    Limits { part_bytes: 4, ..Limits::default() }
}

impl Fixture {
    async fn open(database: Option<Database>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = || format!("sqlite://{}?mode=rwc", folder.path().join("b.db").display());
        let url = database.as_ref().map_or_else(sqlite, Database::url);
        let files = folder.path().join("files");
        let buckets = Buckets::open(&url, files, limits()).await.unwrap();
        buckets.create_bucket(PROJECT, BUCKET, "ann").await.unwrap();
        Self { buckets, url, folder, _database: database }
    }

    /// Another process on the same directory, after this one was killed.
    pub async fn reopened(&self) -> Buckets {
        Buckets::open(&self.url, self.folder.path().join("files"), limits()).await.unwrap()
    }

    /// The files below the directory of the store, but for directories.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().join("files")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found
    }

    /// Waits until so many files are left.
    pub async fn until_files(&self, count: usize) {
        let patience = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while self.files().len() != count {
            assert!(std::time::Instant::now() < patience, "{:?}", self.files());
            tokio::task::yield_now().await;
        }
    }
}

pub async fn fixtures() -> Vec<Fixture> {
    let mut fixtures = vec![Fixture::open(None).await];
    if let Some(database) = Database::create().await {
        fixtures.push(Fixture::open(Some(database)).await);
    }
    fixtures
}

pub fn to(key: &str) -> Put {
    Put {
        project: PROJECT.to_owned(),
        bucket: BUCKET.to_owned(),
        key: key.to_owned(),
        headers: Headers::default(),
        condition: Condition::None,
    }
}

pub fn body(text: &str) -> impl futures::Stream<Item = Result<Bytes, Infallible>> + use<> {
    let pieces: Vec<_> =
        text.as_bytes().chunks(3).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    futures::stream::iter(pieces)
}

pub async fn put(buckets: &Buckets, put: Put, text: &str) -> Result<Object> {
    buckets.put_object(put, Announced::default(), body(text), || None).await
}

pub async fn text(buckets: &Buckets, key: &str) -> Result<String> {
    let (object, file) = buckets.open_object(PROJECT, BUCKET, key).await?;
    let whole = 0..object.size;
    let stream = Reading::new(file, object.size, &object.digest, &whole)?.stream();
    let pieces: Vec<Bytes> = stream.boxed().try_collect().await?;
    Ok(String::from_utf8(pieces.concat()).unwrap())
}
