//! API tokens: for programs and the command line, in a person's name.

use std::time::Duration;

use serde::Serialize;
use sqlx::Row;

use crate::error::Attempt;
use crate::secret::random_id;
use crate::{Caller, Error, Identity, Result, Secret, Via};

/// Marks our tokens, so that scanners for leaked secrets can find them.
pub(crate) const PREFIX: &str = "dais_";

/// How stale `usedAt` may be; keeps reads from becoming writes.
const USED_STEP: Duration = Duration::from_secs(60);

/// What is known of a token; the token itself was shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenInfo {
    pub id: String,
    pub name: String,
    /// Milliseconds since 1970, as the others.
    pub created_at: i64,
    /// `None`: never.
    pub expires_at: Option<i64>,
    /// To the minute.
    pub used_at: Option<i64>,
}

/// A token that was just made: the only time that it can be seen.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub info: TokenInfo,
    pub token: Secret,
}

impl Identity {
    pub async fn create_token(
        &self,
        user: &str,
        name: &str,
        lifetime: Option<Duration>,
    ) -> Result<NewToken> {
        let sound = (1..=64).contains(&name.len()) && !name.chars().any(char::is_control);
        if !sound || name.trim() != name {
            return Err(Error::invalid(
                "name",
                "is not a token name",
                "use 1 to 64 bytes that say what the token is for",
            ));
        }
        if lifetime.is_some_and(|lifetime| lifetime.is_zero()) {
            return Err(Error::invalid(
                "expiresIn",
                "is zero",
                "leave it out for a token without an end",
            ));
        }
        self.user(user).await?;
        let token = Secret::random(PREFIX)?;
        let info = TokenInfo {
            id: random_id()?,
            name: name.to_owned(),
            created_at: self.clock().now(),
            expires_at: lifetime.map(|lifetime| self.clock().after(lifetime)),
            used_at: None,
        };
        let inserted = sqlx::query(
            "INSERT INTO identity_tokens
             (id, user_name, name, digest, created_at, expires_at, used_at)
             VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (user_name, name) DO NOTHING",
        )
        .bind(&info.id)
        .bind(user)
        .bind(name)
        .bind(token.digest())
        .bind(info.created_at)
        .bind(info.expires_at.unwrap_or(0))
        .execute(self.pool())
        .await
        .attempt("create a token")?;
        if inserted.rows_affected() == 0 {
            return Err(Error::Exists { kind: "token", name: name.to_owned() });
        }
        Ok(NewToken { info, token })
    }

    /// A user's tokens, newest first.
    pub async fn tokens(&self, user: &str) -> Result<Vec<TokenInfo>> {
        let rows = sqlx::query(
            "SELECT id, name, created_at, expires_at, used_at FROM identity_tokens
             WHERE user_name = $1 ORDER BY created_at DESC, id",
        )
        .bind(user)
        .fetch_all(self.pool())
        .await
        .attempt("list tokens")?;
        let known = |time: i64| (time != 0).then_some(time);
        let info = |row: &sqlx::any::AnyRow| -> std::result::Result<TokenInfo, sqlx::Error> {
            Ok(TokenInfo {
                id: row.try_get(0)?,
                name: row.try_get(1)?,
                created_at: row.try_get(2)?,
                expires_at: known(row.try_get(3)?),
                used_at: known(row.try_get(4)?),
            })
        };
        rows.iter().map(|row| info(row).attempt("read a token")).collect()
    }

    pub async fn revoke_token(&self, user: &str, id: &str) -> Result<()> {
        let deleted = sqlx::query("DELETE FROM identity_tokens WHERE user_name = $1 AND id = $2")
            .bind(user)
            .bind(id)
            .execute(self.pool())
            .await
            .attempt("revoke a token")?;
        self.bearers().forget();
        if deleted.rows_affected() == 0 {
            return Err(Error::NotFound { kind: "token", name: id.to_owned() });
        }
        Ok(())
    }

    /// Who an API token speaks for.
    pub(crate) async fn token_caller(&self, token: &Secret) -> Result<Option<Caller>> {
        let now = self.clock().now();
        let digest = token.digest();
        let row = sqlx::query(
            "SELECT user_name, name, used_at FROM identity_tokens
             WHERE digest = $1 AND (expires_at = 0 OR expires_at > $2)",
        )
        .bind(&digest)
        .bind(now)
        .fetch_optional(self.pool())
        .await
        .attempt("look up a token")?;
        let Some(row) = row else {
            return Ok(None);
        };
        let user: String = row.try_get(0).attempt("read a token")?;
        let name: String = row.try_get(1).attempt("read a token")?;
        let used: i64 = row.try_get(2).attempt("read a token")?;
        if used < self.clock().before(USED_STEP) {
            sqlx::query("UPDATE identity_tokens SET used_at = $1 WHERE digest = $2")
                .bind(now)
                .bind(&digest)
                .execute(self.pool())
                .await
                .attempt("note a token's use")?;
        }
        let groups = self.groups_of(&user).await?;
        Ok(Some(Caller::local(user, groups, Via::Token(name))))
    }
}
