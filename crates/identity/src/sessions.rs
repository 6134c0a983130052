//! Browser sessions: a random key in a cookie, its digest here.

use std::time::Duration;

use sqlx::Row;

use crate::error::Attempt;
use crate::{Caller, Identity, Result, Secret, Via};

/// A session that nobody uses ends after a working day.
const IDLE: Duration = Duration::from_secs(12 * 3600);
/// And any after a week.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// How stale the last use may be; keeps reads from becoming writes.
const SEEN_STEP: Duration = Duration::from_secs(60);

/// A session that was just opened: the only time that its key can be seen.
#[derive(Clone, Debug)]
pub struct OpenedSession {
    pub key: Secret,
    /// How long the cookie may live.
    pub lifetime: Duration,
}

/// A live session.
#[derive(Clone, Debug)]
pub struct Session {
    pub caller: Caller,
    /// What a page must send along with every write.
    pub csrf: Secret,
}

impl Identity {
    /// Opens a session for a user who has proved who they are.
    pub async fn open_session(&self, user: &str) -> Result<OpenedSession> {
        let key = Secret::random("")?;
        sqlx::query(
            "INSERT INTO identity_sessions (digest, user_name, csrf, seen_at, expires_at)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(key.digest())
        .bind(user)
        .bind(Secret::random("")?.expose())
        .bind(self.clock().now())
        .bind(self.clock().after(LONGEST))
        .execute(self.pool())
        .await
        .attempt("open a session")?;
        Ok(OpenedSession { key, lifetime: LONGEST })
    }

    /// The session of a key, if it lives.
    pub async fn session(&self, key: &Secret) -> Result<Option<Session>> {
        let digest = key.digest();
        let row = sqlx::query(
            "SELECT user_name, csrf, seen_at FROM identity_sessions
             WHERE digest = $1 AND expires_at > $2 AND seen_at > $3",
        )
        .bind(&digest)
        .bind(self.clock().now())
        .bind(self.clock().before(IDLE))
        .fetch_optional(self.pool())
        .await
        .attempt("look up a session")?;
        let Some(row) = row else {
            return Ok(None);
        };
        let user: String = row.try_get(0).attempt("read a session")?;
        let csrf: String = row.try_get(1).attempt("read a session")?;
        let seen: i64 = row.try_get(2).attempt("read a session")?;
        if seen < self.clock().before(SEEN_STEP) {
            sqlx::query("UPDATE identity_sessions SET seen_at = $1 WHERE digest = $2")
                .bind(self.clock().now())
                .bind(&digest)
                .execute(self.pool())
                .await
                .attempt("note a session's use")?;
        }
        let groups = self.groups_of(&user).await?;
        Ok(Some(Session {
            caller: Caller::local(user, groups, Via::Session),
            csrf: Secret::new(csrf),
        }))
    }

    /// Ends a session; one that does not live is ended already.
    pub async fn close_session(&self, key: &Secret) -> Result<()> {
        sqlx::query("DELETE FROM identity_sessions WHERE digest = $1")
            .bind(key.digest())
            .execute(self.pool())
            .await
            .attempt("end a session")?;
        Ok(())
    }

    /// Removes what has expired.
    pub(crate) async fn sweep_expired(&self) -> Result<()> {
        let now = self.clock().now();
        let idle = self.clock().before(IDLE);
        for (statement, before) in [
            ("DELETE FROM identity_sessions WHERE expires_at <= $1", now),
            ("DELETE FROM identity_sessions WHERE seen_at <= $1", idle),
            ("DELETE FROM identity_links WHERE expires_at <= $1", now),
            ("DELETE FROM identity_tokens WHERE expires_at <> 0 AND expires_at <= $1", now),
            ("DELETE FROM identity_access_keys WHERE expires_at <> 0 AND expires_at <= $1", now),
        ] {
            sqlx::query(statement)
                .bind(before)
                .execute(self.pool())
                .await
                .attempt("remove what has expired")?;
        }
        Ok(())
    }
}
