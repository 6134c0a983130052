//! The databases that every test runs on: SQLite always, PostgreSQL when
//! `DAIS_TEST_POSTGRES` names a server (`postgres://user@host:port/postgres`).

use dais_labeling::{
    Answer, Declared, Edit, Held, Kind, Label, LabelConfig, Labeling, NewTask, Policy, Reviewer,
    Spec, Work,
};
use dais_testkit::postgres::Database;
use serde_json::{Value, json};

pub const PROJECT: &str = "team";
/// Milliseconds of a moment that all tests are at.
pub const NOW: i64 = 1_764_000_000_000;
pub const HOUR: i64 = 3_600_000;
/// Who reviews.
pub const RITA: Reviewer<'static> = Reviewer { user: "rita", own: false };

pub struct Fixture {
    pub labeling: Labeling,
    pub url: String,
    _folder: tempfile::TempDir,
    _database: Option<Database>,
}

impl Fixture {
    async fn open(folder: tempfile::TempDir, database: Option<Database>) -> Self {
        let sqlite = || format!("sqlite://{}?mode=rwc", folder.path().join("l.db").display());
        let url = database.as_ref().map_or_else(sqlite, Database::url);
        let labeling = Labeling::open(&url).await.unwrap();
        Self { labeling, url, _folder: folder, _database: database }
    }

    /// A project `cats` of text classification with labels cat, dog and 猫.
    pub async fn texts(&self, policy: Policy) -> Work {
        self.made(Spec { config: labels(Kind::TextClassification), policy }).await
    }

    pub async fn made(&self, spec: Spec) -> Work {
        self.labeling.declare(&declared("cats", "uid-1"), &spec, NOW).await.unwrap();
        self.labeling.work(PROJECT, "cats")
    }
}

pub fn declared(name: &str, uid: &str) -> Declared {
    Declared { project: PROJECT.to_owned(), name: name.to_owned(), uid: uid.to_owned() }
}

pub fn labels(kind: Kind) -> LabelConfig {
    let label = |name: &str| Label { name: name.to_owned(), ..Label::default() };
    let labels = match kind {
        Kind::Preference => Vec::new(),
        _ => ["cat", "dog", "猫"].map(label).to_vec(),
    };
    LabelConfig {
        kind,
        labels,
        instructions: String::new(),
        several: false,
        minimum: 0,
        maximum: None,
        ties: false,
        fields: Vec::new(),
    }
}

pub fn overlap(overlap: u32) -> Policy {
    Policy { overlap, ..Policy::default() }
}

pub fn data(value: Value) -> serde_json::Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// Tasks `t0`, `t1`, … with a text each.
pub fn tasks(count: usize) -> Vec<NewTask> {
    let task = |at| NewTask {
        key: format!("t{at}"),
        data: data(json!({ "text": format!("text {at}") })),
        ..NewTask::default()
    };
    (0..count).map(task).collect()
}

pub async fn add(work: &Work, tasks: &[NewTask]) -> (u64, u64) {
    let taken = work.import("mia", tasks, NOW, |_| ()).await.unwrap();
    (taken.new, taken.known)
}

pub fn choice(label: &str) -> Answer {
    Answer::Choices(vec![label.to_owned()])
}

pub fn edit(version: i64, label: &str) -> Edit {
    Edit { version, answer: choice(label) }
}

pub async fn next(work: &Work, who: &str, now: i64) -> Option<Held> {
    work.next(who, now).await.unwrap()
}

/// Takes the next task and answers it a second later; its number.
pub async fn answer(work: &Work, who: &str, label: &str, now: i64) -> Option<i64> {
    let held = next(work, who, now).await?;
    let edit = edit(held.turn.version, label);
    work.submit(who, held.task.task, &edit, now + 1000).await.unwrap();
    Some(held.task.task)
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
