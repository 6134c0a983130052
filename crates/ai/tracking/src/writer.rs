//! One transaction for many logging requests.
//!
//! Expected flow: requests are queued; the writer takes all that wait, checks
//! each against its run, writes everything in few statements, commits once,
//! and only then answers them. While one commit waits for the disk the next
//! group gathers, so throughput grows with load and no timer is involved.
//!
//! Guarantees: an answered request is on disk. A refused request changes
//! nothing and does not disturb the others of its group.
//!
//! Errors: when the transaction itself fails (disk full, connection lost),
//! every request of the group is told so and nothing of it is stored.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dais_relations::Dialect;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::Error;
use crate::database::Database;
use crate::entity::Pair;
use crate::error::Result;
use crate::metric::Metric;
use crate::ranks::{self, OFTEN, Outside};
use crate::session::{Session, Sessions};
use crate::statement::{Statement, statement};

pub(crate) struct Batch {
    pub project: String,
    pub run_id: String,
    pub metrics: Vec<Metric>,
    pub params: Vec<Pair>,
    pub tags: Vec<Pair>,
}

struct Waiting {
    batch: Batch,
    reply: oneshot::Sender<Result<()>>,
}

pub(crate) struct Writer {
    queue: mpsc::Sender<Waiting>,
}

/// Requests that may wait before senders do; each holds at most one batch.
const QUEUE: usize = 1024;
/// Bounds the memory and the time of one transaction.
const GROUP: usize = 128;

impl Writer {
    /// On a thread of its own, because SQLite blocks; it ends with the writer.
    pub fn start(database: Database) -> Result<Writer> {
        let sessions = Sessions::new(database)?;
        let (queue, mut waiting) = mpsc::channel(QUEUE);
        let runtime = Handle::current();
        let look = every(OFTEN)?;
        let work = move || {
            runtime.block_on(async {
                let mut group: Vec<Waiting> = Vec::new();
                let mut outside = left_outside(&sessions).await;
                loop {
                    tokio::select! {
                        biased;
                        taken = waiting.recv_many(&mut group, GROUP) => match taken {
                            0 => break,
                            _ => write_group(&sessions, &mut group, &mut outside).await,
                        },
                        () = look.notified() => {
                            if take_in(&sessions, &mut outside).await {
                                look.notify_one();
                            }
                        }
                    }
                }
            });
        };
        std::thread::Builder::new()
            .name("tracking-writer".into())
            .spawn(work)
            .map_err(Error::file("start the writer's thread"))?;
        Ok(Writer { queue })
    }

    pub async fn write(&self, batch: Batch) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let closed = || Error::Database(sqlx::Error::PoolClosed);
        self.queue.send(Waiting { batch, reply }).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

/// Told so often, until it is dropped. Not the runtime's clock: a thread that waits for
/// that when the runtime ends would panic.
fn every(pause: Duration) -> Result<Arc<Notify>> {
    let told = Arc::new(Notify::new());
    told.notify_one();
    let tell = Arc::downgrade(&told);
    let tick = move || {
        loop {
            std::thread::sleep(pause);
            match tell.upgrade() {
                Some(tell) => tell.notify_one(),
                None => break,
            }
        }
    };
    std::thread::Builder::new()
        .name("tracking-clock".into())
        .spawn(tick)
        .map_err(Error::file("start the writer's clock"))?;
    Ok(told)
}

async fn left_outside(sessions: &Sessions) -> Outside {
    Outside::left(sessions).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "runs that are not ranked could not be read");
        Outside::default()
    })
}

/// Whether there may be more.
async fn take_in(sessions: &Sessions, outside: &mut Outside) -> bool {
    outside.take_in(sessions).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "runs could not be ranked");
        false
    })
}

async fn write_group(sessions: &Sessions, group: &mut Vec<Waiting>, outside: &mut Outside) {
    let outcome = try_group(sessions, group).await;
    match outcome {
        Ok((verdicts, measured)) => {
            outside.logged(&measured);
            for (waiting, verdict) in group.drain(..).zip(verdicts) {
                // The client may have gone away; its data is stored all the same.
                let _ = waiting.reply.send(verdict);
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for waiting in group.drain(..) {
                let _ = waiting.reply.send(Err(shared(&error)));
            }
        }
    }
}

/// The same failure for each request of a group.
fn shared(error: &Arc<Error>) -> Error {
    match error.as_ref() {
        Error::DiskFull => Error::DiskFull,
        Error::Invalid(message) => Error::Invalid(message.clone()),
        _ => {
            let detail =
                std::error::Error::source(error).map_or(error.to_string(), ToString::to_string);
            Error::Database(sqlx::Error::Protocol(detail))
        }
    }
}

async fn try_group(sessions: &Sessions, group: &[Waiting]) -> Result<(Vec<Result<()>>, Vec<i64>)> {
    let mut session = sessions.begin().await?;
    if sessions.dialect() == Dialect::Postgres {
        ranks::hold(&mut session, of_group(group)).await?;
    }
    let mut rows = Rows::default();
    let mut verdicts = Vec::with_capacity(group.len());
    let mut measured = Vec::new();
    for Waiting { batch, .. } in group {
        verdicts.push(match admit(&mut session, batch, &rows).await? {
            Err(refusal) => Err(refusal),
            Ok((run, ranked)) => {
                if !batch.metrics.is_empty() {
                    if ranked {
                        ranks::leave(&mut session, run).await?;
                    }
                    measured.push(run);
                }
                rows.add(run, batch);
                Ok(())
            }
        });
    }
    rows.write(&mut Target { on: &mut session, dialect: sessions.dialect() }).await?;
    session.commit().await?;
    Ok((verdicts, measured))
}

/// The runs of a group.
fn of_group(group: &[Waiting]) -> Statement {
    let mut which = Statement::new("(project, run_id) IN (");
    for (index, Waiting { batch, .. }) in group.iter().enumerate() {
        which.push(if index > 0 { ", (" } else { "(" }).bind(&batch.project);
        which.push(", ").bind(&batch.run_id).push(")");
    }
    which.push(")");
    which
}

/// The run of a batch that may be written, and whether it is ranked. The outer error is
/// the transaction's.
async fn admit(
    session: &mut Session<'_>,
    batch: &Batch,
    rows: &Rows,
) -> Result<Result<(i64, bool)>> {
    let select = statement!(
        "SELECT seq, CASE WHEN lifecycle_stage = 'active' THEN ranked END FROM ml_runs \
         WHERE project = $1 AND run_id = $2",
        &batch.project,
        &batch.run_id
    );
    let Some((run, ranked)) = session.pairs::<i64, Option<i64>>(select).await?.pop() else {
        return Ok(Err(Error::NotFound(format!("Run with id={} not found", batch.run_id))));
    };
    let Some(ranked) = ranked.map(|ranked| ranked == 1) else {
        return Ok(Err(Error::invalid(format!(
            "The run {} must be in the 'active' state. Current state is deleted.",
            batch.run_id
        ))));
    };
    if batch.params.is_empty() {
        return Ok(Ok((run, ranked)));
    }
    let mut select = Statement::new("SELECT key, value FROM ml_run_params WHERE run = ");
    select.bind(run).push(" AND key IN ").bind_list(batch.params.iter().map(|param| &param.key));
    let known: HashMap<String, String> = session.pairs(select).await?.into_iter().collect();
    for Pair { key, value } in &batch.params {
        let before = known.get(key).or_else(|| rows.params.get(&(run, key.clone())));
        if let Some(before) = before.filter(|before| *before != value) {
            return Ok(Err(Error::invalid(format!(
                "Changing param values is not allowed. Param with key='{key}' was already logged with \
                 value='{before}' for run ID='{}'. Attempted logging new value '{value}'.",
                batch.run_id
            ))));
        }
    }
    Ok(Ok((run, ranked)))
}

/// Where a group is written.
struct Target<'a, 's> {
    on: &'a mut Session<'s>,
    dialect: Dialect,
}

/// What a group writes, so gathered that no statement meets a row twice.
#[derive(Default)]
struct Rows {
    points: Vec<(i64, Metric)>,
    latest: HashMap<(i64, String), Metric>,
    params: HashMap<(i64, String), String>,
    tags: HashMap<(i64, String), String>,
    model_metrics: HashMap<(String, String, String), ModelMetric>,
}

struct ModelMetric {
    project: String,
    model_id: String,
    run_id: String,
    metric: Metric,
}

impl Rows {
    fn add(&mut self, run: i64, batch: &Batch) {
        for metric in &batch.metrics {
            let latest =
                self.latest.entry((run, metric.key.clone())).or_insert_with(|| metric.clone());
            if metric.later_than(latest) {
                *latest = metric.clone();
            }
            if let Some(model_id) = &metric.model_id {
                let dataset = format!("{:?} {:?}", metric.dataset_name, metric.dataset_digest);
                let key = (format!("{run} {model_id}"), metric.key.clone(), dataset);
                let row = self.model_metrics.entry(key).or_insert_with(|| ModelMetric {
                    project: batch.project.clone(),
                    model_id: model_id.clone(),
                    run_id: batch.run_id.clone(),
                    metric: metric.clone(),
                });
                if metric.later_than(&row.metric) {
                    row.metric = metric.clone();
                }
            }
            self.points.push((run, metric.clone()));
        }
        for Pair { key, value } in &batch.params {
            self.params.insert((run, key.clone()), value.clone());
        }
        for Pair { key, value } in &batch.tags {
            self.tags.insert((run, key.clone()), value.clone());
        }
    }

    async fn write(self, on: &mut Target<'_, '_>) -> Result<()> {
        insert(
            on,
            "INSERT INTO ml_points (run, key, step, timestamp, value, nan) VALUES ",
            " ON CONFLICT DO NOTHING",
            &self.points,
            |statement, (run, metric)| metric_row(statement, *run, metric),
        )
        .await?;
        let mut latest: Vec<_> = self.latest.into_iter().collect();
        // Two writers on one PostgreSQL take row locks in the same order.
        latest.sort_by(|(a, _), (b, _)| a.cmp(b));
        insert(
            on,
            "INSERT INTO ml_latest (run, key, step, timestamp, value, nan) VALUES ",
            " ON CONFLICT (run, key) DO UPDATE SET step = excluded.step, timestamp = excluded.timestamp, \
              value = excluded.value, nan = excluded.nan \
              WHERE (excluded.step, excluded.timestamp, excluded.value) \
              >= (ml_latest.step, ml_latest.timestamp, ml_latest.value)",
            &latest,
            |statement, ((run, _), metric)| metric_row(statement, *run, metric),
        )
        .await?;
        let mut params: Vec<_> = self.params.into_iter().collect();
        params.sort();
        insert(
            on,
            "INSERT INTO ml_run_params (run, key, value) VALUES ",
            " ON CONFLICT DO NOTHING",
            &params,
            pair_row,
        )
        .await?;
        write_tags(on, self.tags).await?;
        insert(
            on,
            "INSERT INTO ml_logged_model_metrics (project, model_id, run_id, dataset_name, dataset_digest, \
              key, step, timestamp, value, nan) VALUES ",
            " ON CONFLICT (project, model_id, key, run_id, dataset_name, dataset_digest) DO UPDATE SET \
              step = excluded.step, timestamp = excluded.timestamp, value = excluded.value, nan = excluded.nan \
              WHERE (excluded.step, excluded.timestamp, excluded.value) >= (ml_logged_model_metrics.step, \
              ml_logged_model_metrics.timestamp, ml_logged_model_metrics.value)",
            &self.model_metrics.into_values().collect::<Vec<_>>(),
            model_metric_row,
        )
        .await
    }
}

/// Tags replace; the name of a run is also its tag `mlflow.runName`.
async fn write_tags(on: &mut Target<'_, '_>, tags: HashMap<(i64, String), String>) -> Result<()> {
    let mut tags: Vec<_> = tags.into_iter().collect();
    tags.sort();
    for ((run, key), value) in &tags {
        if key == "mlflow.runName" {
            let rename = statement!("UPDATE ml_runs SET name = $1 WHERE seq = $2", value, *run);
            on.on.execute(rename).await?;
        }
    }
    insert(
        on,
        "INSERT INTO ml_run_tags (run, key, value) VALUES ",
        " ON CONFLICT (run, key) DO UPDATE SET value = excluded.value",
        &tags,
        pair_row,
    )
    .await
}

fn metric_row(statement: &mut Statement, run: i64, metric: &Metric) {
    let (value, nan) = metric.stored_value();
    statement.push("(").bind(run).push(",").bind(&metric.key);
    statement.push(",").bind(metric.step).push(",").bind(metric.timestamp);
    statement.push(",").bind(value).push(",").bind(nan).push(")");
}

fn pair_row(statement: &mut Statement, ((run, key), value): &((i64, String), String)) {
    statement.push("(").bind(*run).push(",").bind(key).push(",").bind(value).push(")");
}

fn model_metric_row(statement: &mut Statement, row: &ModelMetric) {
    let (value, nan) = row.metric.stored_value();
    statement
        .push("(")
        .bind(&row.project)
        .push(",")
        .bind(&row.model_id)
        .push(",")
        .bind(&row.run_id);
    statement.push(",").bind(row.metric.dataset_name.clone().unwrap_or_default());
    statement.push(",").bind(row.metric.dataset_digest.clone().unwrap_or_default());
    statement.push(",").bind(&row.metric.key);
    statement.push(",").bind(row.metric.step).push(",").bind(row.metric.timestamp);
    statement.push(",").bind(value).push(",").bind(nan).push(")");
}

/// Few distinct sizes, so that each connection keeps these statements prepared.
const CHUNKS: [usize; 4] = [250, 50, 10, 1];

async fn insert<T>(
    on: &mut Target<'_, '_>,
    into: &str,
    conflict: &str,
    mut rows: &[T],
    row: impl Fn(&mut Statement, &T),
) -> Result<()> {
    while !rows.is_empty() {
        let size = CHUNKS.into_iter().find(|size| *size <= rows.len()).unwrap_or(1);
        let (chunk, rest) = rows.split_at(size);
        let mut statement = Statement::bulk(into, on.dialect);
        for (index, item) in chunk.iter().enumerate() {
            if index > 0 {
                statement.push(",");
            }
            row(&mut statement, item);
        }
        statement.push(conflict);
        on.on.execute(statement).await?;
        rows = rest;
    }
    Ok(())
}
