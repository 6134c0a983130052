//! Writing: counters so far become an entry and its hours.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, Row, Transaction};

use crate::error::Attempt;
use crate::hours::{Part, parts};
use crate::{Ledger, Result};

/// Between two readings, in milliseconds: a clock that was set from 1970 to
/// today shall not make half a million hours.
const LONGEST: i64 = 400 * 24 * 3_600_000;
/// As long as names may be that Kubernetes checks.
const LONGEST_NAME: usize = 253;

/// The exit code of an end that nobody saw; no process can end with it.
const NO_CODE: i64 = -1;

/// Whose use it is. Empty text where something is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    pub project: String,
    pub workspace: String,
    pub app: String,
    pub user: String,
    /// Another name by which the person is asked for: a label-safe form.
    pub user_alias: String,
    /// The kind and the name of the object that the container worked for.
    pub kind: String,
    pub object: String,
    pub pod: String,
    pub node: String,
}

/// Accelerators that a container holds from its start to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accelerator {
    /// For example `nvidia.com/gpu`.
    pub resource: String,
    /// Empty when nobody knows.
    pub model: String,
    pub held: u32,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// None when nobody saw it.
    pub exit_code: Option<i32>,
    pub reason: String,
}

/// What one run of one container has used from its start until `measured_at`.
/// `(pod_uid, container, attempt)` names it.
#[derive(Clone, Debug, PartialEq)]
pub struct Booking {
    pub pod_uid: String,
    pub container: String,
    pub attempt: u32,
    pub labels: Labels,
    pub cpu_request_milli: u64,
    pub memory_request: u64,
    pub started_at: Timestamp,
    /// When the counters were read; of a container that ended, its end.
    pub measured_at: Timestamp,
    pub cpu_seconds: f64,
    pub memory_byte_seconds: f64,
    pub memory_peak: u64,
    pub accelerators: Vec<Accelerator>,
    /// Set once it is over: these are its final counters.
    pub end: Option<End>,
    /// Whether everything was counted to the end.
    pub is_complete: bool,
}

impl Booking {
    fn entry(&self) -> String {
        format!("{}/{}/{}", self.pod_uid, self.container, self.attempt)
    }

    fn started_ms(&self) -> i64 {
        self.started_at.as_millisecond()
    }

    fn measured_ms(&self) -> i64 {
        self.measured_at.as_millisecond().max(self.started_ms())
    }
}

impl Ledger {
    /// Books what containers have used so far.
    ///
    /// Expected flow: an open container is booked again and again with growing
    /// counters, and once more with its final ones; the difference to what was
    /// known goes to the hours between.
    ///
    /// Guarantees: all of `bookings` or nothing is booked, and is on disk when
    /// this returns. The same again changes nothing; an entry that has ended
    /// never changes.
    pub async fn book(&self, bookings: &[Booking]) -> Result<()> {
        if bookings.is_empty() {
            return Ok(());
        }
        let _writer = self.writer().await;
        let mut transaction = self.pool().begin().await.attempt("begin")?;
        for booking in bookings {
            book_one(&mut transaction, booking).await?;
        }
        transaction.commit().await.attempt("book use")
    }
}

type Tx<'a> = Transaction<'a, Any>;

/// What the ledger knew of an entry before.
struct Known {
    measured_at: i64,
    is_over: bool,
    cpu_seconds: f64,
    memory_byte_seconds: f64,
}

async fn book_one(transaction: &mut Tx<'_>, booking: &Booking) -> Result<()> {
    let entry = booking.entry();
    open(transaction, &entry, booking).await?;
    let known = known(transaction, &entry).await?;
    let now = booking.measured_ms();
    // What comes late, after the end or after a newer reading, says nothing new.
    if known.is_over || (booking.end.is_none() && now < known.measured_at) {
        return Ok(());
    }
    let cpu = (booking.cpu_seconds - known.cpu_seconds).max(0.0);
    let memory = (booking.memory_byte_seconds - known.memory_byte_seconds).max(0.0);
    for part in parts(known.measured_at.max(now - LONGEST), now) {
        add(transaction, &entry, part, (cpu * part.share, memory * part.share)).await?;
    }
    update(
        transaction,
        &entry,
        booking,
        (known.cpu_seconds + cpu, known.memory_byte_seconds + memory),
    )
    .await
}

/// Makes the entry unless it is there; either way its row is ours until the
/// end of the transaction.
async fn open(transaction: &mut Tx<'_>, entry: &str, booking: &Booking) -> Result<()> {
    let Labels { project, workspace, app, user, user_alias, kind, object, pod, node } =
        &booking.labels;
    let started = booking.started_ms();
    sqlx::query(
        "INSERT INTO ledger_entries (entry, pod_uid, container, attempt, project, workspace, app,
         user_name, user_alias, kind, object, pod, node, cpu_request_milli, memory_request, started_at,
         measured_at, ended_at, cpu_seconds, memory_byte_seconds, memory_peak, exit_code, reason,
         is_complete)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0, 0, 0, 0,
         -1, '', 1)
         ON CONFLICT (entry) DO UPDATE SET entry = ledger_entries.entry",
    )
    .bind(entry)
    .bind(&booking.pod_uid)
    .bind(&booking.container)
    .bind(i64::from(booking.attempt))
    .bind(clean(project))
    .bind(clean(workspace))
    .bind(clean(app))
    .bind(clean(user))
    .bind(clean(user_alias))
    .bind(clean(kind))
    .bind(clean(object))
    .bind(clean(pod))
    .bind(clean(node))
    .bind(whole(booking.cpu_request_milli))
    .bind(whole(booking.memory_request))
    .bind(started)
    .bind(started)
    .execute(&mut **transaction)
    .await
    .attempt("open an entry")?;
    for Accelerator { resource, model, held } in &booking.accelerators {
        sqlx::query(
            "INSERT INTO ledger_accelerators (entry, resource, model, held)
             VALUES ($1, $2, $3, $4) ON CONFLICT (entry, resource, model) DO NOTHING",
        )
        .bind(entry)
        .bind(clean(resource))
        .bind(clean(model))
        .bind(i64::from(*held))
        .execute(&mut **transaction)
        .await
        .attempt("book accelerators")?;
    }
    Ok(())
}

async fn known(transaction: &mut Tx<'_>, entry: &str) -> Result<Known> {
    let row = sqlx::query(
        "SELECT measured_at, ended_at, cpu_seconds, memory_byte_seconds
         FROM ledger_entries WHERE entry = $1",
    )
    .bind(entry)
    .fetch_one(&mut **transaction)
    .await
    .attempt("read an entry")?;
    let read = |row: &AnyRow| -> std::result::Result<Known, sqlx::Error> {
        Ok(Known {
            measured_at: row.try_get(0)?,
            is_over: row.try_get::<i64, _>(1)? > 0,
            cpu_seconds: row.try_get(2)?,
            memory_byte_seconds: row.try_get(3)?,
        })
    };
    read(&row).attempt("read an entry")
}

async fn add(
    transaction: &mut Tx<'_>,
    entry: &str,
    part: Part,
    (cpu, memory): (f64, f64),
) -> Result<()> {
    sqlx::query(
        "INSERT INTO ledger_hours (entry, hour, begins_at, ends_at, cpu_seconds,
         memory_byte_seconds) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (entry, hour) DO UPDATE SET
         ends_at = CASE WHEN excluded.ends_at > ledger_hours.ends_at
             THEN excluded.ends_at ELSE ledger_hours.ends_at END,
         cpu_seconds = ledger_hours.cpu_seconds + excluded.cpu_seconds,
         memory_byte_seconds = ledger_hours.memory_byte_seconds + excluded.memory_byte_seconds",
    )
    .bind(entry)
    .bind(part.hour)
    .bind(part.begins_at)
    .bind(part.ends_at)
    .bind(cpu)
    .bind(memory)
    .execute(&mut **transaction)
    .await
    .attempt("book hours")?;
    Ok(())
}

async fn update(
    transaction: &mut Tx<'_>,
    entry: &str,
    booking: &Booking,
    (cpu, memory): (f64, f64),
) -> Result<()> {
    let now = booking.measured_ms();
    let (ended_at, code, reason) = match &booking.end {
        Some(end) => (now, end.exit_code.map_or(NO_CODE, i64::from), end.reason.as_str()),
        None => (0, NO_CODE, ""),
    };
    sqlx::query(
        "UPDATE ledger_entries SET measured_at = CASE WHEN measured_at > $2 THEN measured_at
         ELSE $2 END, ended_at = $3, cpu_seconds = $4, memory_byte_seconds = $5,
         memory_peak = $6, exit_code = $7, reason = $8, is_complete = $9,
         workspace = CASE WHEN workspace = '' THEN $10 ELSE workspace END
         WHERE entry = $1",
    )
    .bind(entry)
    .bind(now)
    .bind(ended_at)
    .bind(cpu)
    .bind(memory)
    .bind(whole(booking.memory_peak))
    .bind(code)
    .bind(clean(reason))
    .bind(i64::from(booking.is_complete))
    .bind(clean(&booking.labels.workspace))
    .execute(&mut **transaction)
    .await
    .attempt("update an entry")?;
    Ok(())
}

/// A text that every database takes. Annotations hold what people like: one
/// that is refused would keep all others of its batch from being booked.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Kept here so that reading and writing agree on what -1 means.
pub(crate) fn exit_code(stored: i64) -> Option<i32> {
    i32::try_from(stored).ok().filter(|_| stored != NO_CODE)
}
