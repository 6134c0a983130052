//! Users and their groups.

use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::Attempt;
use crate::{ADMINS, Error, Identity, Result, Secret};

/// An account, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub name: String,
    pub groups: Vec<String>,
    /// The language that the person chose; empty when none.
    pub language: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub name: String,
    /// `None`: signs in by link only, until a password is set.
    pub password: Option<Secret>,
    pub groups: Vec<String>,
}

impl Identity {
    pub async fn create_user(&self, new: NewUser) -> Result<User> {
        check_name(&new.name)?;
        check_groups(&new.groups)?;
        let password = match &new.password {
            Some(password) => self.passwords().hash(password).await?,
            None => String::new(),
        };
        let mut transaction = self.pool().begin().await.attempt("begin")?;
        let created_at = self.clock().now();
        let inserted = sqlx::query(
            "INSERT INTO identity_users (name, password, language, created_at)
             VALUES ($1, $2, '', $3) ON CONFLICT (name) DO NOTHING",
        )
        .bind(&new.name)
        .bind(password)
        .bind(created_at)
        .execute(&mut *transaction)
        .await
        .attempt("create a user")?;
        if inserted.rows_affected() == 0 {
            return Err(Error::Exists { kind: "user", name: new.name });
        }
        join_groups(&mut transaction, &new.name, &new.groups).await?;
        transaction.commit().await.attempt("create a user")?;
        self.user(&new.name).await
    }

    /// All users, by name.
    pub async fn users(&self) -> Result<Vec<User>> {
        let rows =
            sqlx::query("SELECT name, language, created_at FROM identity_users ORDER BY name")
                .fetch_all(self.pool())
                .await
                .attempt("list users")?;
        let mut users = rows.iter().map(user).collect::<Result<Vec<_>>>()?;
        let memberships = sqlx::query(
            "SELECT user_name, group_name FROM identity_memberships ORDER BY group_name",
        )
        .fetch_all(self.pool())
        .await
        .attempt("list groups")?;
        for row in memberships {
            let name: String = row.try_get(0).attempt("read a group")?;
            if let Ok(index) = users.binary_search_by(|user| user.name.cmp(&name)) {
                users[index].groups.push(row.try_get(1).attempt("read a group")?);
            }
        }
        Ok(users)
    }

    pub async fn user(&self, name: &str) -> Result<User> {
        let row =
            sqlx::query("SELECT name, language, created_at FROM identity_users WHERE name = $1")
                .bind(name)
                .fetch_optional(self.pool())
                .await
                .attempt("read a user")?;
        let mut user = user(&row.ok_or_else(|| missing(name))?)?;
        user.groups = self.groups_of(name).await?;
        Ok(user)
    }

    pub(crate) async fn groups_of(&self, name: &str) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT group_name FROM identity_memberships WHERE user_name = $1 ORDER BY group_name",
        )
        .bind(name)
        .fetch_all(self.pool())
        .await
        .attempt("read groups")?;
        rows.iter().map(|row| row.try_get(0).attempt("read groups")).collect()
    }

    /// Deletes a user with their sessions, tokens and links. The audit record
    /// stays.
    pub async fn delete_user(&self, name: &str) -> Result<()> {
        let mut transaction = self.pool().begin().await.attempt("begin")?;
        let deleted = sqlx::query("DELETE FROM identity_users WHERE name = $1")
            .bind(name)
            .execute(&mut *transaction)
            .await
            .attempt("delete a user")?;
        if deleted.rows_affected() == 0 {
            return Err(missing(name));
        }
        for statement in [
            "DELETE FROM identity_memberships WHERE user_name = $1",
            "DELETE FROM identity_tokens WHERE user_name = $1",
            "DELETE FROM identity_access_keys WHERE user_name = $1",
            "DELETE FROM identity_sessions WHERE user_name = $1",
            "DELETE FROM identity_links WHERE user_name = $1",
        ] {
            sqlx::query(statement)
                .bind(name)
                .execute(&mut *transaction)
                .await
                .attempt("delete a user")?;
        }
        require_admin(&mut transaction, name).await?;
        transaction.commit().await.attempt("delete a user")?;
        self.bearers().forget();
        Ok(())
    }

    /// Sets a password and ends the user's sessions, but for `keep`.
    pub async fn set_password(
        &self,
        name: &str,
        password: &Secret,
        keep: Option<&Secret>,
    ) -> Result<()> {
        let hash = self.passwords().hash(password).await?;
        let mut transaction = self.pool().begin().await.attempt("begin")?;
        let updated = sqlx::query("UPDATE identity_users SET password = $1 WHERE name = $2")
            .bind(hash)
            .bind(name)
            .execute(&mut *transaction)
            .await
            .attempt("set a password")?;
        if updated.rows_affected() == 0 {
            return Err(missing(name));
        }
        sqlx::query("DELETE FROM identity_sessions WHERE user_name = $1 AND digest <> $2")
            .bind(name)
            .bind(keep.map(Secret::digest).unwrap_or_default())
            .execute(&mut *transaction)
            .await
            .attempt("end sessions")?;
        sqlx::query("DELETE FROM identity_links WHERE user_name = $1")
            .bind(name)
            .execute(&mut *transaction)
            .await
            .attempt("end sign-in links")?;
        transaction.commit().await.attempt("set a password")?;
        self.throttle().succeeded(name);
        Ok(())
    }

    pub async fn set_groups(&self, name: &str, groups: &[String]) -> Result<()> {
        check_groups(groups)?;
        let mut transaction = self.pool().begin().await.attempt("begin")?;
        // A write to the user's row first: it takes the lock and shows that
        // the user exists.
        let found = sqlx::query("UPDATE identity_users SET name = name WHERE name = $1")
            .bind(name)
            .execute(&mut *transaction)
            .await
            .attempt("find a user")?;
        if found.rows_affected() == 0 {
            return Err(missing(name));
        }
        sqlx::query("DELETE FROM identity_memberships WHERE user_name = $1")
            .bind(name)
            .execute(&mut *transaction)
            .await
            .attempt("set groups")?;
        join_groups(&mut transaction, name, groups).await?;
        require_admin(&mut transaction, name).await?;
        transaction.commit().await.attempt("set groups")?;
        self.bearers().forget();
        Ok(())
    }

    pub async fn set_language(&self, name: &str, language: &str) -> Result<()> {
        let plausible = language.len() <= 16
            && language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !plausible {
            return Err(Error::invalid(
                "language",
                "is not a language tag",
                "write it as zh-CN or en",
            ));
        }
        let updated = sqlx::query("UPDATE identity_users SET language = $1 WHERE name = $2")
            .bind(language)
            .bind(name)
            .execute(self.pool())
            .await
            .attempt("set a language")?;
        if updated.rows_affected() == 0 {
            return Err(missing(name));
        }
        Ok(())
    }

    /// Checks a password; the answer takes as long for a name that does not
    /// exist as for one that does.
    ///
    /// Errors: `WrongPassword` for both; `Throttled` after several failures.
    pub async fn verify_password(&self, name: &str, password: &Secret) -> Result<User> {
        self.throttle().begin(name, self.clock())?;
        let row = sqlx::query("SELECT password FROM identity_users WHERE name = $1")
            .bind(name)
            .fetch_optional(self.pool())
            .await
            .attempt("read a password hash")?;
        let stored = match row {
            Some(row) => Some(row.try_get(0).attempt("read a password hash")?),
            None => None,
        };
        if !self.passwords().verify(password, stored).await? {
            tracing::warn!(user = name, "sign-in refused");
            return Err(Error::WrongPassword);
        }
        self.throttle().succeeded(name);
        self.user(name).await
    }
}

fn user(row: &AnyRow) -> Result<User> {
    Ok(User {
        name: row.try_get(0).attempt("read a user")?,
        language: row.try_get(1).attempt("read a user")?,
        created_at: row.try_get(2).attempt("read a user")?,
        groups: Vec::new(),
    })
}

fn missing(name: &str) -> Error {
    Error::NotFound { kind: "user", name: name.to_owned() }
}

async fn join_groups(db: &mut AnyConnection, user: &str, groups: &[String]) -> Result<()> {
    for group in groups {
        sqlx::query(
            "INSERT INTO identity_memberships (user_name, group_name) VALUES ($1, $2)
             ON CONFLICT (user_name, group_name) DO NOTHING",
        )
        .bind(user)
        .bind(group)
        .execute(&mut *db)
        .await
        .attempt("join a group")?;
    }
    Ok(())
}

/// Fails, and so undoes the transaction, when nobody could administer any more.
async fn require_admin(db: &mut AnyConnection, user: &str) -> Result<()> {
    let row = sqlx::query("SELECT COUNT(*) FROM identity_memberships WHERE group_name = $1")
        .bind(ADMINS)
        .fetch_one(&mut *db)
        .await
        .attempt("count administrators")?;
    let admins: i64 = row.try_get(0).attempt("count administrators")?;
    if admins == 0 {
        return Err(Error::LastAdmin { user: user.to_owned() });
    }
    Ok(())
}

/// The characters that are safe in paths, labels and log lines. `system:` is
/// out of reach because a colon is.
fn check_name(name: &str) -> Result<()> {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._@-".contains(&byte);
    let edges = [name.bytes().next(), name.bytes().last()];
    let sound = (1..=64).contains(&name.len())
        && name.bytes().all(allowed)
        && edges.iter().flatten().all(u8::is_ascii_alphanumeric);
    if sound {
        return Ok(());
    }
    Err(Error::invalid(
        "name",
        "is not a user name",
        "use 1 to 64 lower-case letters, digits and . _ @ -, beginning and ending with a letter or digit",
    ))
}

fn check_groups(groups: &[String]) -> Result<()> {
    for group in groups {
        if group.starts_with("system:") {
            return Err(Error::invalid(
                "groups",
                format!("names {group}, which only the platform gives"),
                format!("for an administrator use {ADMINS}"),
            ));
        }
        let sound = (1..=128).contains(&group.len())
            && group.chars().all(|letter| !letter.is_control() && !letter.is_whitespace());
        if !sound {
            return Err(Error::invalid(
                "groups",
                format!("has {group:?}, which is not a group name"),
                "use 1 to 128 bytes without spaces",
            ));
        }
    }
    Ok(())
}
