//! Access keys: pairs of an id and a secret with which programs sign requests to the
//! object store, in one project, in the name of a person or of the project's work.
//!
//! A signature is checked with the secret itself, so a digest of it would not do. It is
//! not stored either: it is derived from the id with a key of the data directory.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::Serialize;
use sha2::Sha256;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::error::Attempt;
use crate::secret::fill;
use crate::{AUTHENTICATED, Caller, Error, Identity, Result, Secret, Via};

/// Marks our ids, as others' begin with AKIA.
const PREFIX: &str = "DAIS";
/// Letters behind the prefix: 80 bits.
const LETTERS: usize = 16;
/// How stale `usedAt` may be; keeps reads from becoming writes.
const USED_STEP: Duration = Duration::from_secs(60);
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// What is known of an access key; its secret was shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessKey {
    pub id: String,
    pub user: String,
    pub project: String,
    pub name: String,
    /// Milliseconds since 1970, as the others.
    pub created_at: i64,
    /// `None`: never.
    pub expires_at: Option<i64>,
    /// To the minute.
    pub used_at: Option<i64>,
}

/// A key that was just made.
#[derive(Clone, Debug)]
pub struct NewAccessKey {
    pub key: AccessKey,
    pub secret: Secret,
}

/// What a key is made for.
#[derive(Clone, Debug)]
pub struct AccessKeyRequest {
    /// A person, or a service account by its full name.
    pub user: String,
    pub project: String,
    pub name: String,
    pub lifetime: Option<Duration>,
}

const COLUMNS: &str = "id, user_name, project, name, created_at, expires_at, used_at";

fn read(row: &AnyRow) -> std::result::Result<AccessKey, sqlx::Error> {
    let known = |time: i64| (time != 0).then_some(time);
    Ok(AccessKey {
        id: row.try_get(0)?,
        user: row.try_get(1)?,
        project: row.try_get(2)?,
        name: row.try_get(3)?,
        created_at: row.try_get(4)?,
        expires_at: known(row.try_get(5)?),
        used_at: known(row.try_get(6)?),
    })
}

/// 16 letters of base32: as random as they look.
fn random_key_id() -> Result<String> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bytes = [0; LETTERS];
    fill(&mut bytes)?;
    let letters = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    Ok(PREFIX.chars().chain(letters).collect())
}

impl Identity {
    /// # Errors
    /// When the name is none or is taken, or there is no such person.
    pub async fn create_access_key(&self, request: AccessKeyRequest) -> Result<NewAccessKey> {
        let AccessKeyRequest { user, project, name, lifetime } = request;
        let sound = (1..=64).contains(&name.len()) && !name.chars().any(char::is_control);
        if !sound || name.trim() != name {
            let hint = "use 1 to 64 bytes that say what the key is for";
            return Err(Error::invalid("name", "is not a name of a key", hint));
        }
        if lifetime.is_some_and(|lifetime| lifetime.is_zero()) {
            let hint = "use at least 1, or leave it out for a key without an end";
            return Err(Error::invalid("days", "is 0", hint));
        }
        if !user.starts_with(SERVICE_ACCOUNT) {
            self.user(&user).await?;
        }
        let key = AccessKey {
            id: random_key_id()?,
            user,
            project,
            name,
            created_at: self.clock().now(),
            expires_at: lifetime.map(|lifetime| self.clock().after(lifetime)),
            used_at: None,
        };
        let inserted = sqlx::query(
            "INSERT INTO identity_access_keys
             (id, user_name, project, name, created_at, expires_at, used_at)
             VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (project, user_name, name) DO NOTHING",
        )
        .bind(&key.id)
        .bind(&key.user)
        .bind(&key.project)
        .bind(&key.name)
        .bind(key.created_at)
        .bind(key.expires_at.unwrap_or(0))
        .execute(self.pool())
        .await
        .attempt("create an access key")?;
        if inserted.rows_affected() == 0 {
            return Err(Error::Exists { kind: "access key", name: key.name });
        }
        let secret = self.derived(&key.id);
        Ok(NewAccessKey { key, secret })
    }

    /// The keys of a project, newest first.
    pub async fn access_keys(&self, project: &str) -> Result<Vec<AccessKey>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM identity_access_keys
             WHERE project = $1 ORDER BY created_at DESC, id"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(project)
            .fetch_all(self.pool())
            .await
            .attempt("list access keys")?;
        rows.iter().map(|row| read(row).attempt("read an access key")).collect()
    }

    pub async fn revoke_access_key(&self, project: &str, id: &str) -> Result<()> {
        let deleted =
            sqlx::query("DELETE FROM identity_access_keys WHERE project = $1 AND id = $2")
                .bind(project)
                .bind(id)
                .execute(self.pool())
                .await
                .attempt("revoke an access key")?;
        match deleted.rows_affected() {
            0 => Err(Error::NotFound { kind: "access key", name: id.to_owned() }),
            _ => Ok(()),
        }
    }

    /// The projects that have keys.
    pub async fn access_key_projects(&self) -> Result<Vec<String>> {
        let rows = sqlx::query("SELECT DISTINCT project FROM identity_access_keys")
            .fetch_all(self.pool())
            .await
            .attempt("list projects with access keys")?;
        rows.iter().map(|row| row.try_get(0).attempt("read a project")).collect()
    }

    /// Revokes all keys of a project that is no more.
    pub async fn forget_access_keys(&self, project: &str) -> Result<()> {
        sqlx::query("DELETE FROM identity_access_keys WHERE project = $1")
            .bind(project)
            .execute(self.pool())
            .await
            .attempt("revoke a project's access keys")?;
        Ok(())
    }

    /// The secret of a key that is good now.
    pub async fn access_key_secret(&self, id: &str) -> Result<Option<Secret>> {
        Ok(self.access_key(id).await?.map(|key| self.derived(&key.id)))
    }

    /// Who signs with a key, and in which project; `None` for one that is unknown,
    /// revoked or expired.
    pub async fn access_key_caller(&self, id: &str) -> Result<Option<(Caller, String)>> {
        let Some(key) = self.access_key(id).await? else { return Ok(None) };
        self.note_use(&key).await?;
        let caller = match key.user.strip_prefix(SERVICE_ACCOUNT) {
            Some(account) => {
                let project = account.split(':').next().unwrap_or_default();
                Caller {
                    groups: vec![
                        "system:serviceaccounts".to_owned(),
                        format!("system:serviceaccounts:{project}"),
                        AUTHENTICATED.to_owned(),
                    ],
                    user: key.user,
                    extra: Default::default(),
                    via: Via::AccessKey(key.id),
                }
            }
            None => {
                let groups = self.groups_of(&key.user).await?;
                Caller::local(key.user, groups, Via::AccessKey(key.id))
            }
        };
        Ok(Some((caller, key.project)))
    }

    async fn access_key(&self, id: &str) -> Result<Option<AccessKey>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM identity_access_keys
             WHERE id = $1 AND (expires_at = 0 OR expires_at > $2)"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .bind(self.clock().now())
            .fetch_optional(self.pool())
            .await
            .attempt("look up an access key")?;
        row.map(|row| read(&row)).transpose().attempt("read an access key")
    }

    async fn note_use(&self, key: &AccessKey) -> Result<()> {
        if key.used_at.unwrap_or(0) >= self.clock().before(USED_STEP) {
            return Ok(());
        }
        sqlx::query("UPDATE identity_access_keys SET used_at = $1 WHERE id = $2")
            .bind(self.clock().now())
            .bind(&key.id)
            .execute(self.pool())
            .await
            .attempt("note an access key's use")?;
        Ok(())
    }

    fn derived(&self, id: &str) -> Secret {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.access_key_key())
            .expect("HMAC takes keys of any length");
        mac.update(b"access key ");
        mac.update(id.as_bytes());
        Secret::new(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }
}
