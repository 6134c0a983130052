//! What was deleted and is still in the files: matchers and a span of time each. They are
//! applied to what is read, until the samples themselves are gone.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use promql_parser::label::{MatchOp, Matcher};
use serde::{Deserialize, Serialize};

use super::index::is_match;
use super::wal::sync_directory;
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::sample::Sample;

#[derive(Debug, Clone)]
pub struct Tombstone {
    pub matchers: Vec<Matcher>,
    /// Milliseconds since 1970, both included.
    pub from: i64,
    pub to: i64,
}

/// A tombstone as it stands in the file: operator, name and value of each matcher.
#[derive(Serialize, Deserialize)]
struct Stored {
    matchers: Vec<(String, String, String)>,
    from: i64,
    to: i64,
}

#[derive(Clone)]
pub struct Tombstones {
    path: PathBuf,
    all: Vec<Tombstone>,
}

impl Tombstones {
    pub fn open(path: &Path) -> Result<Tombstones> {
        let content = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => b"[]".to_vec(),
            read => read.map_err(|source| fault("read the deletions of", path, source))?,
        };
        let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
        let stored: Vec<Stored> =
            serde_json::from_slice(&content).map_err(|error| damaged(error.to_string()))?;
        let all: std::result::Result<Vec<Tombstone>, String> =
            stored.into_iter().map(Stored::read).collect();
        Ok(Tombstones { path: path.to_owned(), all: all.map_err(damaged)? })
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Durable when it returns.
    pub fn add(&mut self, tombstone: Tombstone) -> Result<()> {
        self.all.push(tombstone);
        let written = self.write();
        if written.is_err() {
            self.all.pop();
        }
        written
    }

    /// Called when nothing that they speak of is left.
    pub fn clear(&mut self) -> Result<()> {
        self.all.clear();
        self.write()
    }

    pub fn overlap(&self, from: i64, to: i64) -> bool {
        self.all.iter().any(|tombstone| tombstone.from <= to && tombstone.to >= from)
    }

    /// The samples of a series that are not deleted.
    pub fn surviving(&self, labels: &Labels, mut samples: Vec<Sample>) -> Vec<Sample> {
        for tombstone in self.all.iter().filter(|one| is_match(labels, &one.matchers)) {
            let span = tombstone.from..=tombstone.to;
            samples.retain(|sample| !span.contains(&sample.time));
        }
        samples
    }

    fn write(&self) -> Result<()> {
        let stored: Vec<Stored> = self.all.iter().map(Stored::of).collect();
        let next = self.path.with_extension("next");
        let write = || -> io::Result<()> {
            let mut file = File::create(&next)?;
            file.write_all(&serde_json::to_vec(&stored)?)?;
            file.sync_all()?;
            fs::rename(&next, &self.path)?;
            sync_directory(&self.path)
        };
        write().map_err(|source| fault("write the deletions of", &self.path, source))
    }
}

fn fault(doing: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Store { doing, path: path.to_owned(), source }
}

impl Stored {
    fn of(tombstone: &Tombstone) -> Stored {
        let written = |matcher: &Matcher| {
            let (operator, value) = match &matcher.op {
                MatchOp::Equal => ("=", matcher.value.as_str()),
                MatchOp::NotEqual => ("!=", matcher.value.as_str()),
                MatchOp::Re(regex) => ("=~", regex.as_str()),
                MatchOp::NotRe(regex) => ("!~", regex.as_str()),
            };
            (operator.to_owned(), matcher.name.clone(), value.to_owned())
        };
        Stored {
            matchers: tombstone.matchers.iter().map(written).collect(),
            from: tombstone.from,
            to: tombstone.to,
        }
    }

    fn read(self) -> std::result::Result<Tombstone, String> {
        let read = |(operator, name, value): (String, String, String)| {
            let regex = || regex::Regex::new(&value).map_err(|error| error.to_string());
            let operator = match operator.as_str() {
                "=" => MatchOp::Equal,
                "!=" => MatchOp::NotEqual,
                "=~" => MatchOp::Re(regex()?),
                "!~" => MatchOp::NotRe(regex()?),
                other => return Err(format!("{other:?} is no operator of a matcher")),
            };
            Ok(Matcher::new(operator, &name, &value))
        };
        let matchers: std::result::Result<Vec<Matcher>, String> =
            self.matchers.into_iter().map(read).collect();
        Ok(Tombstone { matchers: matchers?, from: self.from, to: self.to })
    }
}
