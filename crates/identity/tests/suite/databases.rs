//! The databases that every test runs on: SQLite always, PostgreSQL when
//! `DAIS_TEST_POSTGRES` names a server (`postgres://user@host:port/postgres`).

use std::path::Path;
use std::time::Duration;

use dais_identity::{Clock, Identity, Options, Secret};
use sqlx::Connection;

/// 2026-11-24, so that dates in failures look like dates.
const START: i64 = 1_795_500_000_000;

pub struct Fixture {
    pub identity: Identity,
    pub admin_password: Secret,
    pub clock: Clock,
    pub options: Options,
    _folder: tempfile::TempDir,
    _database: Option<Database>,
}

impl Fixture {
    async fn open(folder: tempfile::TempDir, database: Option<Database>) -> Self {
        let clock = Clock::standing_at(START);
        let mut options = Options::in_dir(folder.path());
        options.clock = clock.clone();
        if let Some(database) = &database {
            options.url = database.url();
        }
        let opened = Identity::open(options.clone()).await.unwrap();
        Self {
            identity: opened.identity,
            admin_password: opened.admin_password.expect("a first start"),
            clock,
            options,
            _folder: folder,
            _database: database,
        }
    }

    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// A fresh set of accounts on every database there is.
pub async fn fixtures() -> Vec<Fixture> {
    let folder = || tempfile::tempdir().unwrap();
    let mut fixtures = vec![Fixture::open(folder(), None).await];
    if let Ok(server) = std::env::var("DAIS_TEST_POSTGRES") {
        let folder = folder();
        let database = Database::create(server, folder.path()).await;
        fixtures.push(Fixture::open(folder, Some(database)).await);
    }
    fixtures
}

/// A database of its own on the server that was named; gone when dropped.
struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Named after a folder, whose name is unique on this machine.
    async fn create(server: String, folder: &Path) -> Self {
        let folder = folder.file_name().unwrap().to_string_lossy().to_lowercase();
        let unique: String = folder.chars().filter(char::is_ascii_alphanumeric).collect();
        let name = format!("identity_{}_{unique}", std::process::id());
        execute(&server, format!("CREATE DATABASE {name}")).await;
        Self { server, name }
    }

    fn url(&self) -> String {
        let base = self.server.rsplit_once('/').expect("a database in the address").0;
        format!("{base}/{}", self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        // A runtime cannot be entered twice on one thread.
        let done = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(execute(&server, drop));
        });
        let _ = done.join();
    }
}

async fn execute(server: &str, statement: String) {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(server).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
}
