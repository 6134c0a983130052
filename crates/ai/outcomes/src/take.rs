//! Taking outcomes in.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::error::Attempt;
use crate::sql::{Sql, TOGETHER, Value};
use crate::store::Write;
use crate::{Error, Outcomes, Result};

/// Outcomes of one project that may wait for their exposures: about 60 MB.
const MOST_WAITING: i64 = 200_000;

/// Whose outcome it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Of whoever made the request; it may not be known yet.
    Request(String),
    Subject {
        test: String,
        subject: i64,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub whose: Whose,
    pub metric: String,
    /// Tells outcomes of one metric of one request or person apart; may be empty.
    pub id: String,
    /// Finite.
    pub value: f64,
    /// Milliseconds since 1970.
    pub time: i64,
}

/// What became of outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub new: u64,
    /// Were known already, and changed nothing.
    pub duplicates: u64,
}

/// The exposure behind a request.
struct Exposed {
    test: String,
    subject: i64,
    time: i64,
}

impl Outcomes {
    /// Keeps outcomes of a project. `now` is in milliseconds since 1970.
    ///
    /// Guarantees: on disk when this returns; the same (request or person, metric, id)
    /// counts once, the first time. A request of another project is a request that is not
    /// known: its outcome waits and never meets it.
    ///
    /// # Errors
    /// [`Error::TooManyWaiting`]; nothing was taken.
    pub async fn take(&self, project: &str, outcomes: &[Outcome], now: i64) -> Result<Taken> {
        let mut write = self.write().await?;
        let waiting = waiting(&mut write, project).await?;
        if waiting >= MOST_WAITING {
            return Err(Error::TooManyWaiting { waiting });
        }
        let mut new = 0;
        for chunk in outcomes.chunks(TOGETHER) {
            let exposed = exposed(&mut write, project, chunk).await?;
            new += insert(&mut write, project, chunk, &exposed, now).await?;
        }
        write.commit("take outcomes").await?;
        let all = outcomes.len() as u64;
        Ok(Taken { new, duplicates: all.saturating_sub(new) })
    }
}

async fn waiting(write: &mut Write<'_>, project: &str) -> Result<i64> {
    let row = sqlx::query("SELECT COUNT(*) FROM outcomes_values WHERE project = $1 AND test = ''")
        .bind(project)
        .fetch_one(&mut *write.tx)
        .await
        .attempt("count outcomes")?;
    row.try_get(0).attempt("count outcomes")
}

async fn exposed(
    write: &mut Write<'_>,
    project: &str,
    chunk: &[Outcome],
) -> Result<BTreeMap<String, Exposed>> {
    let requests: BTreeSet<&str> = chunk.iter().filter_map(|one| one.whose.request()).collect();
    if requests.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut sql =
        Sql::new("SELECT request, test, subject, time FROM outcomes_exposures WHERE project = ");
    let place = sql.text(project);
    sql.push(&place).push(" AND request IN ").list(requests);
    let read = |row: &AnyRow| -> Result<(String, Exposed), sqlx::Error> {
        let exposed =
            Exposed { test: row.try_get(1)?, subject: row.try_get(2)?, time: row.try_get(3)? };
        Ok((row.try_get(0)?, exposed))
    };
    let rows = sql.fetch(&mut *write.tx, "find requests").await?;
    rows.iter().map(read).collect::<Result<_, sqlx::Error>>().attempt("find requests")
}

/// How many of the chunk were new.
async fn insert(
    write: &mut Write<'_>,
    project: &str,
    chunk: &[Outcome],
    exposed: &BTreeMap<String, Exposed>,
    now: i64,
) -> Result<u64> {
    let mut sql = Sql::new(INSERT);
    sql.rows(chunk.iter().map(|outcome| {
        let request = outcome.whose.request().unwrap_or_default();
        let (test, subject, since) = match &outcome.whose {
            Whose::Subject { test, subject } => (test.as_str(), *subject, -1),
            Whose::Request(request) => match exposed.get(request) {
                Some(exposed) => (exposed.test.as_str(), exposed.subject, exposed.time),
                None => ("", 0, -1),
            },
        };
        values(project, outcome, (request, test, subject, since), now)
    }));
    sql.push(" ON CONFLICT (project, source, metric, id) DO NOTHING RETURNING 1");
    let rows = sql.fetch(&mut *write.tx, "take outcomes").await?;
    Ok(rows.len() as u64)
}

pub(crate) const INSERT: &str = "INSERT INTO outcomes_values (project, source, metric, id, request,
    test, subject, value, time, received, since) VALUES ";

fn values(
    project: &str,
    outcome: &Outcome,
    (request, test, subject, since): (&str, &str, i64, i64),
    now: i64,
) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    vec![
        text(project),
        Value::Text(outcome.whose.source()),
        text(&outcome.metric),
        text(&outcome.id),
        text(request),
        text(test),
        Value::Number(subject),
        Value::Real(outcome.value),
        Value::Number(outcome.time),
        Value::Number(now),
        Value::Number(since),
    ]
}

impl Whose {
    fn request(&self) -> Option<&str> {
        match self {
            Self::Request(request) => Some(request),
            Self::Subject { .. } => None,
        }
    }

    /// A name that no other origin of outcomes has.
    fn source(&self) -> String {
        match self {
            Self::Request(request) => format!("request:{request}"),
            Self::Subject { test, subject } => format!("subject:{test}:{subject}"),
        }
    }
}
