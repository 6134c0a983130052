//! Writing exposures.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row;

use crate::error::Attempt;
use crate::sql::{Sql, TOGETHER, Value};
use crate::store::Write;
use crate::{Outcomes, Result};

/// One counted request of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposure {
    pub project: String,
    /// The test's uid.
    pub test: String,
    pub request: String,
    pub subject: i64,
    pub variant: String,
    /// Milliseconds since 1970.
    pub time: i64,
    /// Until the head of the answer.
    pub seconds: f64,
    pub failed: bool,
}

/// What a batch adds to a subject.
struct Added<'a> {
    variant: &'a str,
    first: i64,
    crossed: bool,
    requests: i64,
    failures: i64,
    seconds: f64,
}

impl Outcomes {
    /// Writes exposures down, and joins outcomes that waited for them.
    ///
    /// Guarantees: all of them or none, and on disk when this returns; one that is known
    /// already changes nothing. A subject's variant is that of its earliest exposure, and
    /// one that was seen under another too is marked as crossed for good.
    pub async fn record(&self, exposures: &[Exposure]) -> Result<()> {
        for chunk in exposures.chunks(TOGETHER) {
            let mut write = self.write().await?;
            let fresh = insert(&mut write, chunk).await?;
            let fresh: Vec<&Exposure> = once_each(chunk, fresh);
            if !fresh.is_empty() {
                add(&mut write, &fresh).await?;
                join(&mut write, &fresh).await?;
            }
            write.commit("record exposures").await?;
        }
        Ok(())
    }
}

/// The requests that were not known before, as `(project, request)`.
async fn insert(write: &mut Write<'_>, chunk: &[Exposure]) -> Result<BTreeSet<(String, String)>> {
    let mut sql =
        Sql::new("INSERT INTO outcomes_exposures (project, request, test, subject, time) VALUES ");
    sql.rows(chunk.iter().map(|one| {
        vec![
            Value::Text(one.project.clone()),
            Value::Text(one.request.clone()),
            Value::Text(one.test.clone()),
            Value::Number(one.subject),
            Value::Number(one.time),
        ]
    }));
    sql.push(" ON CONFLICT (project, request) DO NOTHING RETURNING project, request");
    let rows = sql.fetch(&mut *write.tx, "record exposures").await?;
    let fresh = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    fresh.collect::<Result<_, sqlx::Error>>().attempt("record exposures")
}

/// Of two of one name in a batch only the first was written.
fn once_each(chunk: &[Exposure], mut fresh: BTreeSet<(String, String)>) -> Vec<&Exposure> {
    let new = |one: &&Exposure| fresh.remove(&(one.project.clone(), one.request.clone()));
    chunk.iter().filter(new).collect()
}

async fn add(write: &mut Write<'_>, fresh: &[&Exposure]) -> Result<()> {
    let mut subjects: BTreeMap<(&str, i64), Added<'_>> = BTreeMap::new();
    for one in fresh {
        let added = subjects.entry((&one.test, one.subject)).or_insert(Added {
            variant: &one.variant,
            first: one.time,
            crossed: false,
            requests: 0,
            failures: 0,
            seconds: 0.0,
        });
        added.crossed |= added.variant != one.variant;
        if one.time < added.first {
            (added.variant, added.first) = (&one.variant, one.time);
        }
        added.requests += 1;
        added.failures += i64::from(one.failed);
        added.seconds += one.seconds;
    }
    let mut sql = Sql::new(
        "INSERT INTO outcomes_subjects (test, subject, variant, first, crossed, requests, failures,
         seconds) VALUES ",
    );
    sql.rows(subjects.into_iter().map(|((test, subject), added)| {
        vec![
            Value::Text(test.to_owned()),
            Value::Number(subject),
            Value::Text(added.variant.to_owned()),
            Value::Number(added.first),
            Value::Number(i64::from(added.crossed)),
            Value::Number(added.requests),
            Value::Number(added.failures),
            Value::Real(added.seconds),
        ]
    }));
    sql.push(
        " ON CONFLICT (test, subject) DO UPDATE SET
         crossed = CASE WHEN outcomes_subjects.crossed = 1 OR excluded.crossed = 1
             OR outcomes_subjects.variant <> excluded.variant THEN 1 ELSE 0 END,
         variant = CASE WHEN excluded.first < outcomes_subjects.first
             THEN excluded.variant ELSE outcomes_subjects.variant END,
         first = CASE WHEN excluded.first < outcomes_subjects.first
             THEN excluded.first ELSE outcomes_subjects.first END,
         requests = outcomes_subjects.requests + excluded.requests,
         failures = outcomes_subjects.failures + excluded.failures,
         seconds = outcomes_subjects.seconds + excluded.seconds",
    );
    sql.run(&mut *write.tx, "count exposures").await
}

/// Gives outcomes that came before their exposure to its subject.
async fn join(write: &mut Write<'_>, fresh: &[&Exposure]) -> Result<()> {
    let mut by_project: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in fresh {
        by_project.entry(&one.project).or_default().push(&one.request);
    }
    for (project, requests) in by_project {
        let mut sql = Sql::new(
            "UPDATE outcomes_values SET (test, subject, since) =
             (SELECT e.test, e.subject, e.time FROM outcomes_exposures e
              WHERE e.project = outcomes_values.project AND e.request = outcomes_values.request)
             WHERE test = '' AND project = ",
        );
        let place = sql.text(project);
        sql.push(&place).push(" AND request IN ").list(requests);
        sql.run(&mut *write.tx, "join outcomes").await?;
    }
    Ok(())
}
