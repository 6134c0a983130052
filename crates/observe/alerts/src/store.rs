//! Records on disk, in SQLite: a decision to notify and the delivery that follows from it
//! are one transaction, so a kill leaves both or neither. An append-only file would need the
//! same and compaction besides.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::error::{Error, Result};
use crate::record::{Change, Kind, Record};

/// Of the tables; `user_version` in the file.
const VERSION: i64 = 1;
const SCHEMA: &str = "
    CREATE TABLE records (
        kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)
    ) WITHOUT ROWID;
    PRAGMA user_version = 1;";

pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// `alerts.db` in a directory, which is made. The file belongs to this process alone
    /// while it is open.
    pub fn open(directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)
            .map_err(|source| Error::Directory { path: directory.to_owned(), source })?;
        let path = directory.join("alerts.db");
        let failed = |doing| {
            let path = path.clone();
            move |source| Error::Store { doing, path, source }
        };
        let connection = Connection::open(&path).map_err(failed("open"))?;
        connection
            .execute_batch(
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
            )
            .map_err(failed("set up"))?;
        let found: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(failed("read"))?;
        match found {
            0 => {
                let schema = format!("BEGIN; {SCHEMA} COMMIT;");
                connection.execute_batch(&schema).map_err(failed("set up"))?;
            }
            VERSION => {}
            found => return Err(Error::Newer { path, found, known: VERSION }),
        }
        Ok(Store { connection, path })
    }

    pub fn records(&self) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        for kind in Kind::ALL {
            let read = || {
                let mut rows = self
                    .connection
                    .prepare("SELECT key, value FROM records WHERE kind = ?1 ORDER BY key")?;
                let own = rows.query_map([kind.name()], |row| {
                    Ok(Record { kind, key: row.get(0)?, value: row.get(1)? })
                })?;
                own.collect::<rusqlite::Result<Vec<Record>>>()
            };
            records.extend(read().map_err(|source| self.failed("read", source))?);
        }
        Ok(records)
    }

    /// All or nothing, and on disk when this returns.
    pub fn apply(&mut self, changes: &[Change]) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        self.write(changes).map_err(|source| self.failed("write to", source))
    }

    fn write(&mut self, changes: &[Change]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        for Change { kind, key, value } in changes {
            match value {
                Some(value) => transaction
                    .prepare_cached("INSERT OR REPLACE INTO records VALUES (?1, ?2, ?3)")?
                    .execute((kind.name(), key, value))?,
                None => transaction
                    .prepare_cached("DELETE FROM records WHERE kind = ?1 AND key = ?2")?
                    .execute((kind.name(), key))?,
            };
        }
        transaction.commit()
    }

    /// Takes nothing, as on a full disk.
    #[cfg(test)]
    pub fn refuse(&self, is_full: bool) {
        self.connection.pragma_update(None, "query_only", is_full).unwrap();
    }

    fn failed(&self, doing: &'static str, source: rusqlite::Error) -> Error {
        Error::Store { doing, path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_outlive_the_process_and_the_last_change_counts() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(directory.path()).unwrap();
        let put = |key: &str, value: &str| Change::put(Kind::Silence, key, &value);
        store.apply(&[put("a", "1"), put("b", "2"), put("a", "3")]).unwrap();
        store
            .apply(&[Change::delete(Kind::Silence, "b"), Change::put(Kind::Delivery, 7, &1)])
            .unwrap();
        drop(store);
        let records = Store::open(directory.path()).unwrap().records().unwrap();
        let shown: Vec<String> = records
            .iter()
            .map(|own| format!("{}/{}={}", own.kind.name(), own.key, own.value))
            .collect();
        assert_eq!(shown, [r#"silence/a="3""#, "delivery/7=1"]);
    }

    #[test]
    fn a_newer_file_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        Store::open(directory.path())
            .unwrap()
            .connection
            .execute_batch("PRAGMA user_version = 9")
            .unwrap();
        assert!(matches!(Store::open(directory.path()), Err(Error::Newer { found: 9, .. })));
    }
}
