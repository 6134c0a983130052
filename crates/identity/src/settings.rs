//! What a person's pages remember: one JSON object per user.

use serde_json::{Map, Value};
use sqlx::Row;

use crate::error::Attempt;
use crate::{Error, Identity, Result};

/// Bytes of JSON: hundreds of saved searches.
const MOST: usize = 64 * 1024;

impl Identity {
    /// A user's settings; empty where there are none.
    pub async fn settings(&self, user: &str) -> Result<Map<String, Value>> {
        let row = sqlx::query("SELECT settings FROM identity_settings WHERE user_name = $1")
            .bind(user)
            .fetch_optional(self.pool())
            .await
            .attempt("read settings")?;
        let Some(row) = row else { return Ok(Map::new()) };
        let text: String = row.try_get(0).attempt("read settings")?;
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Keeps a user's settings in place of those before.
    ///
    /// Errors: `Invalid` when they are more than 64 KiB.
    pub async fn set_settings(&self, user: &str, settings: &Map<String, Value>) -> Result<()> {
        let text = serde_json::to_string(settings).unwrap_or_default();
        if text.len() > MOST {
            return Err(Error::Invalid {
                field: "settings",
                reason: format!("have {} bytes", text.len()),
                hint: format!("keep them to {MOST}: remove saved searches"),
            });
        }
        sqlx::query(
            "INSERT INTO identity_settings (user_name, settings) VALUES ($1, $2)
             ON CONFLICT (user_name) DO UPDATE SET settings = excluded.settings",
        )
        .bind(user)
        .bind(text)
        .execute(self.pool())
        .await
        .attempt("keep settings")?;
        Ok(())
    }
}
