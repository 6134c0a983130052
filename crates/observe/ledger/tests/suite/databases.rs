//! The databases that every test runs on: SQLite always, PostgreSQL when
//! `DAIS_TEST_POSTGRES` names a server (`postgres://user@host:port/postgres`).

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use dais_ledger::{Booking, End, Labels, Ledger, Options, Prices, Scope, router};
use dais_testkit::postgres::Database;
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;
use tower::ServiceExt;

pub struct Fixture {
    pub ledger: Ledger,
    pub options: Options,
    pub prices: watch::Sender<Prices>,
    _folder: tempfile::TempDir,
    _database: Option<Database>,
}

impl Fixture {
    async fn open(folder: tempfile::TempDir, database: Option<Database>) -> Self {
        let mut options = Options::in_dir(folder.path());
        options.job_kinds = vec!["TrainingJob".to_owned()];
        if let Some(database) = &database {
            options.url = database.url();
        }
        let ledger = Ledger::open(options.clone()).await.unwrap();
        let prices = watch::Sender::default();
        Self { ledger, options, prices, _folder: folder, _database: database }
    }

    pub async fn ask_as(&self, scope: Scope, path: &str) -> (StatusCode, String) {
        let request =
            Request::get(format!("/api/ledger/{path}")).extension(scope).body(Body::empty());
        let routes = router(self.ledger.clone(), self.prices.subscribe());
        let response = routes.oneshot(request.unwrap()).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.into()).unwrap())
    }

    /// As somebody who may see everything.
    pub async fn ask(&self, path: &str) -> Value {
        let (status, text) = self.ask_as(everything(), path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

pub fn everything() -> Scope {
    Scope { user: "root".to_owned(), projects: None }
}

pub fn member(user: &str, projects: &[&str]) -> Scope {
    let projects: BTreeSet<String> = projects.iter().map(|name| (*name).to_owned()).collect();
    Scope { user: user.to_owned(), projects: Some(projects) }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A job of `user` in `project` that ran for two hours on a core and a GiB, from
/// half past ten to half past twelve.
pub fn job(user: &str, project: &str, name: &str) -> Booking {
    Booking {
        pod_uid: format!("{project}-{name}"),
        container: "main".to_owned(),
        attempt: 0,
        labels: Labels {
            project: project.to_owned(),
            workspace: format!("{project}-space"),
            app: format!("{name}-app"),
            user: user.to_owned(),
            user_alias: format!("alias-of-{user}"),
            kind: "TrainingJob".to_owned(),
            object: name.to_owned(),
            pod: format!("{name}-1"),
            node: "n1".to_owned(),
        },
        cpu_request_milli: 1500,
        memory_request: 1 << 30,
        started_at: at("2026-11-24T10:30:00Z"),
        measured_at: at("2026-11-24T12:30:00Z"),
        cpu_seconds: 7200.0,
        memory_byte_seconds: 7200.0 * (1_u64 << 30) as f64,
        memory_peak: 1 << 30,
        accelerators: Vec::new(),
        end: Some(End { exit_code: Some(0), reason: "Completed".to_owned() }),
        is_complete: true,
    }
}

/// The day of [`job`].
pub const DAY: &str = "since=2026-11-24T00:00:00Z&until=2026-11-25T00:00:00Z";

pub fn near(found: &Value, wanted: f64) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{found} is no number"));
    assert!((found - wanted).abs() < 1e-6, "{found} is not {wanted}");
}

/// A fresh ledger on every database there is.
pub async fn fixtures() -> Vec<Fixture> {
    let folder = || tempfile::tempdir().unwrap();
    let mut fixtures = vec![Fixture::open(folder(), None).await];
    if let Some(database) = Database::create().await {
        fixtures.push(Fixture::open(folder(), Some(database)).await);
    }
    fixtures
}
