//! The file: its schema and version, its connections, the lock that keeps a
//! second process out.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::{Error, Result};

/// The data format that this program writes, kept in `PRAGMA user_version`.
pub(crate) const VERSION: u32 = 2;

/// "dais" in ASCII, kept in `PRAGMA application_id`: tells our file from any
/// other SQLite file.
const APPLICATION: i32 = 0x6461_6973;

/// `log` has one row per write. `previous` names the row that it replaced, so
/// compaction finds what is superseded without a search. `current` makes a
/// list of the newest state cost its result, not its history.
const SCHEMA: &str = "
    CREATE TABLE log (
        revision INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        created INTEGER NOT NULL,
        previous INTEGER,
        value BLOB
    );
    CREATE INDEX log_by_key ON log (key, revision);
    CREATE TABLE current (key TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE history (oldest INTEGER NOT NULL);
    INSERT INTO history (oldest) VALUES (1);
";

/// What format 2 adds. Numbers are never given twice, so that a note that is let
/// go cannot be mistaken for a later one.
const NOTES: &str =
    "CREATE TABLE notes (number INTEGER PRIMARY KEY AUTOINCREMENT, value BLOB NOT NULL);";

/// Reads wait at most this long for a lock; in WAL mode they meet one only
/// while a crashed log is being recovered.
const BUSY: Duration = Duration::from_secs(5);

/// More than the number of different statements, so none is parsed twice.
const STATEMENTS: usize = 32;

/// Locks `path` for this process until the returned file is dropped. The lock
/// lies beside the database because SQLite owns the locks on the file itself.
pub(crate) fn lock(path: &Path) -> Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = PathBuf::from(name);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock)
        .map_err(|source| Error::file("open", &lock, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(Error::file("lock", &lock, source)),
    }
}

/// Opens the connection that writes, and makes the schema when there is none.
pub(crate) fn open_writer(path: &Path, max_pages: Option<u32>) -> Result<Connection> {
    let connection =
        Connection::open(path).map_err(|source| Error::sqlite("open the store", path, source))?;
    prepare(&connection, path)?;
    migrate(&connection, path)?;
    let pragmas = "
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA journal_size_limit = 16777216;
    ";
    connection
        .execute_batch(pragmas)
        .map_err(|source| Error::sqlite("set up the log", path, source))?;
    if let Some(pages) = max_pages {
        connection
            .pragma_update(None, "max_page_count", pages)
            .map_err(|source| Error::sqlite("limit the size", path, source))?;
    }
    Ok(connection)
}

/// A store without a file. One connection serves reads and writes.
pub(crate) fn open_in_memory() -> Result<Connection> {
    let path = Path::new(":memory:");
    let connection = Connection::open_in_memory()
        .map_err(|source| Error::sqlite("open the store", path, source))?;
    prepare(&connection, path)?;
    migrate(&connection, path)?;
    Ok(connection)
}

/// Opens one connection that only reads.
pub(crate) fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|source| Error::sqlite("open a reader", path, source))?;
    prepare(&connection, path)?;
    Ok(connection)
}

fn prepare(connection: &Connection, path: &Path) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(BUSY).map_err(|source| Error::sqlite("set the timeout", path, source))
}

/// Brings a new file to [`VERSION`]; refuses a newer one and a foreign one
/// before anything is written to it.
fn migrate(connection: &Connection, path: &Path) -> Result<()> {
    let failed = |source| Error::sqlite("read the data format", path, source);
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = pragma("application_id").map_err(failed)?;
    let found = pragma("user_version").map_err(failed)?;
    let tables: i64 = connection
        .query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    if tables == 0 && application == 0 && found == 0 {
        let tables = format!("{SCHEMA} {NOTES} PRAGMA application_id = {APPLICATION};");
        return become_current(connection, path, &tables);
    }
    if application != i64::from(APPLICATION) {
        return Err(Error::NotAStore { path: path.to_owned() });
    }
    let found = u32::try_from(found).unwrap_or(u32::MAX);
    if found > VERSION {
        return Err(Error::NewerVersion { path: path.to_owned(), found, supported: VERSION });
    }
    if found == 1 { become_current(connection, path, NOTES) } else { Ok(()) }
}

/// Makes tables and names the format in one transaction.
fn become_current(connection: &Connection, path: &Path, tables: &str) -> Result<()> {
    let statements = format!("BEGIN IMMEDIATE; {tables} PRAGMA user_version = {VERSION}; COMMIT;");
    connection.execute_batch(&statements).map_err(|source| {
        // Best effort: the failed statement is the news.
        let _ = connection.execute_batch("ROLLBACK");
        Error::sqlite("make the tables", path, source)
    })
}
