//! The databases that every test runs on: SQLite always, PostgreSQL when
//! `DAIS_TEST_POSTGRES` names a server (`postgres://user@host:port/postgres`).

use dais_outcomes::{Exposure, Outcome, Outcomes, Whose};
use dais_testkit::postgres::Database;

pub const PROJECT: &str = "team";
pub const TEST: &str = "12345678-uid";
/// Milliseconds of a moment that all tests are at.
pub const NOW: i64 = 1_764_000_000_000;
pub const HOUR: i64 = 3_600_000;

pub struct Fixture {
    pub store: Outcomes,
    pub url: String,
    _folder: tempfile::TempDir,
    _database: Option<Database>,
}

impl Fixture {
    async fn open(folder: tempfile::TempDir, database: Option<Database>) -> Self {
        let sqlite = || format!("sqlite://{}?mode=rwc", folder.path().join("o.db").display());
        let url = database.as_ref().map_or_else(sqlite, Database::url);
        let store = Outcomes::open(&url).await.unwrap();
        Self { store, url, _folder: folder, _database: database }
    }

    /// Shows variant `a` to even subjects and `b` to odd ones, a request each.
    pub async fn expose(&self, subjects: std::ops::Range<i64>) {
        let all: Vec<Exposure> = subjects.map(exposure).collect();
        self.store.record(&all).await.unwrap();
    }

    pub async fn take(&self, outcomes: &[Outcome]) -> (u64, u64) {
        let taken = self.store.take(PROJECT, outcomes, NOW).await.unwrap();
        (taken.new, taken.duplicates)
    }
}

/// Request `r<subject>` of a subject, which took 0.5 seconds.
pub fn exposure(subject: i64) -> Exposure {
    Exposure {
        project: PROJECT.to_owned(),
        test: TEST.to_owned(),
        request: format!("r{subject}"),
        subject,
        variant: if subject % 2 == 0 { "a" } else { "b" }.to_owned(),
        time: NOW,
        seconds: 0.5,
        failed: false,
    }
}

pub fn of_request(request: &str, value: f64) -> Outcome {
    Outcome {
        whose: Whose::Request(request.to_owned()),
        metric: "bought".to_owned(),
        id: String::new(),
        value,
        time: NOW + 1000,
    }
}

pub fn of_subject(subject: i64, value: f64) -> Outcome {
    let whose = Whose::Subject { test: TEST.to_owned(), subject };
    Outcome { whose, ..of_request("", value) }
}

/// A fresh store on every database there is.
pub async fn fixtures() -> Vec<Fixture> {
    let folder = || tempfile::tempdir().unwrap();
    let mut fixtures = vec![Fixture::open(folder(), None).await];
    if let Some(database) = Database::create().await {
        fixtures.push(Fixture::open(folder(), Some(database)).await);
    }
    fixtures
}
