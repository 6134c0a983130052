//! Which runs are in `ml_ranks`, where the best by a metric are found without sorting.
//!
//! A run that logs metrics leaves it with the first batch and comes back when it has been
//! quiet for some seconds: in between, a batch changes no more of the database than its
//! own rows. Searches look at the runs outside one by one. No batch comes between what is
//! read here and what is written: SQLite has one writer, and in PostgreSQL the rows of the
//! runs are held, by every writer in the same order.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use dais_relations::Dialect;

use crate::error::Result;
use crate::session::{Session, Sessions};
use crate::statement::{Statement, statement};

/// Longer than most steps of a training: coming and going writes a page for each metric.
const QUIET: Duration = Duration::from_secs(10);

/// Runs that come in with one transaction: some milliseconds in which batches wait.
const AT_ONCE: usize = 200;

/// How often is looked who is quiet.
pub(crate) const OFTEN: Duration = Duration::from_secs(1);

/// The runs outside, and since when they are quiet.
#[derive(Default)]
pub(crate) struct Outside {
    since: HashMap<i64, Option<Instant>>,
}

impl Outside {
    /// Those that an earlier process left: at once.
    pub async fn left(sessions: &Sessions) -> Result<Outside> {
        let mut session = sessions.begin().await?;
        let select = statement!("SELECT seq, ranked FROM ml_runs WHERE ranked = 0");
        let left = session.pairs::<i64, i64>(select).await?;
        Ok(Outside { since: left.into_iter().map(|(run, _)| (run, None)).collect() })
    }

    pub fn logged(&mut self, runs: &[i64]) {
        let now = Instant::now();
        self.since.extend(runs.iter().map(|run| (*run, Some(now))));
    }

    /// Takes some of the quiet ones in; whether there may be more.
    pub async fn take_in(&mut self, sessions: &Sessions) -> Result<bool> {
        let quiet = |since: &Option<Instant>| since.is_none_or(|since| since.elapsed() >= QUIET);
        let quiet = self.since.iter().filter(|(_, since)| quiet(since));
        let mut runs: Vec<i64> = quiet.map(|(run, _)| *run).take(AT_ONCE).collect();
        if runs.is_empty() {
            return Ok(false);
        }
        runs.sort_unstable();
        let mut session = sessions.begin().await?;
        if sessions.dialect() == Dialect::Postgres {
            let mut which = Statement::new("seq IN ");
            which.bind_list(runs.iter().copied());
            hold(&mut session, which).await?;
        }
        for run in &runs {
            enter(&mut session, *run).await?;
        }
        session.commit().await?;
        for run in &runs {
            self.since.remove(run);
        }
        Ok(runs.len() == AT_ONCE)
    }
}

/// Keeps the rows of some runs from other writers until the transaction ends.
pub(crate) async fn hold(session: &mut Session<'_>, which: Statement) -> Result<()> {
    let select =
        which.within("SELECT seq, ranked FROM ml_runs WHERE ", " ORDER BY seq FOR NO KEY UPDATE");
    session.pairs::<i64, i64>(select).await.map(drop)
}

async fn enter(session: &mut Session<'_>, run: i64) -> Result<()> {
    let insert = statement!(
        "INSERT INTO ml_ranks (project, experiment_id, key, nan, value, run) \
         SELECT r.project, r.experiment_id, l.key, l.nan, l.value, l.run \
         FROM ml_runs r JOIN ml_latest l ON l.run = r.seq WHERE r.seq = $1 AND r.ranked = 0",
        run
    );
    session.execute(insert).await?;
    session.execute(statement!("UPDATE ml_runs SET ranked = 1 WHERE seq = $1", run)).await
}

/// Before the latest numbers of a run that is inside change.
pub(crate) async fn leave(session: &mut Session<'_>, run: i64) -> Result<()> {
    let delete = statement!(
        "DELETE FROM ml_ranks WHERE (project, experiment_id, key, nan, value, run) IN \
         (SELECT r.project, r.experiment_id, l.key, l.nan, l.value, l.run \
         FROM ml_runs r JOIN ml_latest l ON l.run = r.seq WHERE r.seq = $1)",
        run
    );
    session.execute(delete).await?;
    session.execute(statement!("UPDATE ml_runs SET ranked = 0 WHERE seq = $1", run)).await
}
