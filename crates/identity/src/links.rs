//! One-time sign-in links: short-lived, good once.

use std::time::Duration;

use sqlx::Row;

use crate::error::Attempt;
use crate::{Error, Identity, Result, Secret};

/// Long enough to copy it from a terminal into a browser.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

impl Identity {
    /// A token that signs `user` in once, within the next 15 minutes.
    pub async fn create_sign_in_link(&self, user: &str) -> Result<Secret> {
        self.user(user).await?;
        let token = Secret::random("")?;
        sqlx::query(
            "INSERT INTO identity_links (digest, user_name, expires_at) VALUES ($1, $2, $3)",
        )
        .bind(token.digest())
        .bind(user)
        .bind(self.clock().after(LIFETIME))
        .execute(self.pool())
        .await
        .attempt("create a sign-in link")?;
        Ok(token)
    }

    /// Spends a link's token and returns its user.
    ///
    /// Errors: `LinkSpent` when it was used, has expired, or never was.
    pub async fn redeem_sign_in_link(&self, token: &Secret) -> Result<String> {
        // Deleting is what spends it: of two at once only one gets the row.
        let row = sqlx::query(
            "DELETE FROM identity_links WHERE digest = $1 AND expires_at > $2 RETURNING user_name",
        )
        .bind(token.digest())
        .bind(self.clock().now())
        .fetch_optional(self.pool())
        .await
        .attempt("redeem a sign-in link")?;
        match row {
            Some(row) => row.try_get(0).attempt("redeem a sign-in link"),
            None => Err(Error::LinkSpent),
        }
    }
}
