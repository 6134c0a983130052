//! The databases that every test runs on: SQLite always, PostgreSQL when
//! `DAIS_TEST_POSTGRES` names a server (`postgres://user@host:port/postgres`).

use std::time::Duration;

use dais_identity::{Clock, Identity, Options, Secret};
use dais_testkit::postgres::Database;

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
    if let Some(database) = Database::create().await {
        fixtures.push(Fixture::open(folder(), Some(database)).await);
    }
    fixtures
}
