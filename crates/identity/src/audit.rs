//! The record of every write: who did what to which object, what it was before, and
//! how it ended.
//!
//! An acknowledged write has its record on disk. There are two ways to that:
//!
//! - A store that can commit a few bytes with its write takes them from
//!   [`Identity::audit_note`]; `collect` brings them here afterwards, as often as it
//!   takes, and each once.
//! - Everything else asks [`Identity::begin_audit`] before and [`Begun::finish`] after.
//!   A record that was begun and never finished says that the program died in between;
//!   one that cannot be begun refuses the write.
//!
//! `journal` writes, this file reads.

use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use crate::error::Attempt;
use crate::{Changes, Identity, Result};

const MOST: i64 = 1000;
const COLUMNS: &str = "id, at, user_name, acting_as, via, verb, api_group, resource, namespace,
    name, status, request_id, source, agent, changes";

/// One write, as whoever served it saw it. Empty text where something does
/// not apply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditEntry {
    /// Who was authenticated.
    pub user: String,
    /// Whom they acted as, where they impersonated somebody.
    pub acting_as: String,
    /// As [`crate::Via`] prints.
    pub via: String,
    /// The address of the peer; empty for the platform's own parts.
    pub source: String,
    /// What the client calls itself.
    pub agent: String,
    pub verb: String,
    pub group: String,
    /// With the subresource, if any: `pods` or `pods/status`.
    pub resource: String,
    pub namespace: String,
    pub name: String,
    /// The HTTP status that it ended with; 0 while it is under way, and for good when
    /// the program died in between.
    pub status: u16,
    pub request_id: String,
    /// What it changed, without secrets.
    pub changes: Changes,
}

/// A kept entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// Sorts by time; what `before` takes.
    pub id: String,
    /// Milliseconds since 1970.
    pub at: i64,
    #[serde(flatten)]
    pub entry: AuditEntry,
}

/// Which records to read; what is left out does not matter.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    pub user: Option<String>,
    pub verb: Option<String>,
    pub group: Option<String>,
    /// `pods` finds `pods/status`, too.
    pub resource: Option<String>,
    pub namespace: Option<String>,
    pub name: Option<String>,
    /// Stands anywhere in the record, whatever the case.
    pub text: Option<String>,
    /// From this moment on, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Before this moment.
    pub until: Option<i64>,
    /// Only records before this id: the last one of the page before.
    pub before: Option<String>,
    /// At most so many, up to 1000; 100 unless given.
    pub limit: Option<i64>,
    pub reader: Reader,
}

/// Whose eyes the answer is for.
#[derive(Clone, Debug, Default)]
pub enum Reader {
    #[default]
    Everything,
    /// What was done in these namespaces, and what this user did.
    Member { user: String, namespaces: Vec<String> },
}

/// A record that is on disk before what it tells of has happened.
pub struct Begun {
    record: AuditRecord,
    identity: Identity,
}

/// Done once the end of a record is on disk.
pub type Kept = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Begun {
    /// How it ended; on disk when this returns. A failure leaves the record as begun.
    pub fn finish(self, amend: impl FnOnce(&mut AuditEntry)) -> Kept {
        let Self { mut record, identity } = self;
        amend(&mut record.entry);
        // What amends the record (an answer, say) need not outlive this call.
        Box::pin(async move {
            if let Err(error) = identity.journal().keep(record).await {
                tracing::error!(%error, "how a write ended is not on record");
            }
        })
    }
}

impl Identity {
    /// What a write changes, without its secrets and in bounds.
    pub fn audit_changes(&self, old: Option<&Value>, new: Option<&Value>) -> Changes {
        let mask = |value: &Value| self.masks().mask(value);
        Changes::between(old.map(mask).as_ref(), new.map(mask).as_ref())
    }

    /// A record as bytes that a store commits with its write. They come back through
    /// the [`crate::Outbox`].
    pub fn audit_note(&self, entry: AuditEntry) -> Result<Vec<u8>> {
        let record = self.journal().number(entry)?;
        Ok(serde_json::to_vec(&record).unwrap_or_default())
    }

    /// Keeps an entry; it is on disk when this returns.
    pub async fn record_audit(&self, entry: AuditEntry) -> Result<()> {
        self.journal().keep(self.journal().number(entry)?).await
    }

    /// Puts on record that a write is about to happen. Where this fails it must not.
    pub async fn begin_audit(&self, entry: AuditEntry) -> Result<Begun> {
        let record = self.journal().number(AuditEntry { status: 0, ..entry })?;
        self.journal().keep(record.clone()).await?;
        Ok(Begun { record, identity: self.clone() })
    }

    /// The records that match, newest first.
    pub async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
        if let Err(error) = self.collect_audit().await {
            tracing::warn!(%error, "the newest audit records are not collected yet");
        }
        let (visible, member, namespaces) = visibility(&query.reader);
        let sql = format!(
            "SELECT {COLUMNS} FROM identity_audit
             WHERE ($1 = '' OR user_name = $1) AND ($2 = '' OR verb = $2)
             AND ($3 = '' OR api_group = $3)
             AND ($4 = '' OR resource = $4 OR SUBSTR(resource, 1, LENGTH($4) + 1) = $4 || '/')
             AND ($5 = '' OR namespace = $5) AND ($6 = '' OR name = $6)
             AND ($7 = '' OR id < $7) AND at >= $8 AND at < $9
             AND ($10 = '' OR LOWER(user_name || ' ' || acting_as || ' ' || verb || ' ' ||
                 resource || ' ' || namespace || ' ' || name || ' ' || source || ' ' ||
                 changes) LIKE $10 ESCAPE '!')
             AND {visible} ORDER BY id DESC LIMIT $11"
        );
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut rows = sqlx::query(AssertSqlSafe(sql))
            .bind(text(&query.user))
            .bind(text(&query.verb))
            .bind(text(&query.group))
            .bind(text(&query.resource))
            .bind(text(&query.namespace))
            .bind(text(&query.name))
            .bind(text(&query.before))
            .bind(query.since.unwrap_or(0))
            .bind(query.until.unwrap_or(i64::MAX))
            .bind(query.text.as_deref().map(pattern).unwrap_or_default())
            .bind(query.limit.unwrap_or(100).clamp(1, MOST));
        for name in member.into_iter().chain(namespaces) {
            rows = rows.bind(name);
        }
        let rows = rows.fetch_all(self.pool()).await.attempt("read audit records")?;
        rows.iter().map(|row| record(row).attempt("read audit records")).collect()
    }

    /// Deletes the records of before so long ago.
    pub(crate) async fn expire_audit(&self, retention: Duration) -> Result<()> {
        sqlx::query("DELETE FROM identity_audit WHERE at < $1")
            .bind(self.clock().before(retention))
            .execute(self.pool())
            .await
            .attempt("remove old audit records")?;
        Ok(())
    }
}

/// The condition of what a reader may see, and what it binds from $12 on.
fn visibility(reader: &Reader) -> (String, Option<String>, Vec<String>) {
    match reader {
        Reader::Everything => ("1 = 1".to_owned(), None, Vec::new()),
        Reader::Member { user, namespaces } => {
            let places: Vec<String> =
                (0..namespaces.len()).map(|number| format!("${}", number + 13)).collect();
            let inside = match places.is_empty() {
                true => String::new(),
                false => format!(" OR namespace IN ({})", places.join(", ")),
            };
            (format!("(user_name = $12{inside})"), Some(user.clone()), namespaces.clone())
        }
    }
}

/// What LIKE finds `text` by, wherever it stands.
fn pattern(text: &str) -> String {
    let escaped: String = text
        .to_lowercase()
        .chars()
        .flat_map(|c| matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c]))
        .collect();
    format!("%{escaped}%")
}

fn record(row: &AnyRow) -> std::result::Result<AuditRecord, sqlx::Error> {
    let changes: String = row.try_get(14)?;
    Ok(AuditRecord {
        id: row.try_get(0)?,
        at: row.try_get(1)?,
        entry: AuditEntry {
            user: row.try_get(2)?,
            acting_as: row.try_get(3)?,
            via: row.try_get(4)?,
            verb: row.try_get(5)?,
            group: row.try_get(6)?,
            resource: row.try_get(7)?,
            namespace: row.try_get(8)?,
            name: row.try_get(9)?,
            status: u16::try_from(row.try_get::<i64, _>(10)?).unwrap_or_default(),
            request_id: row.try_get(11)?,
            source: row.try_get(12)?,
            agent: row.try_get(13)?,
            changes: serde_json::from_str(&changes).unwrap_or_default(),
        },
    })
}
