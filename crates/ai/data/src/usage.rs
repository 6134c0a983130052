//! How many bytes each project holds, counted while they arrive, so that a
//! quota stops an upload in the middle and not after the fact.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sqlx::Row;

use crate::error::Result;
use crate::{Data, Error};

#[derive(Default)]
pub(crate) struct Usage(Mutex<HashMap<String, u64>>);

impl Usage {
    fn table(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes counted for something unfinished: given back unless kept.
pub(crate) struct Charge {
    data: Data,
    project: String,
    bytes: u64,
    limit: Option<u64>,
}

impl Charge {
    pub fn add(&mut self, bytes: u64) -> Result<()> {
        let mut table = self.data.inner.usage.table();
        let used = table.entry(self.project.clone()).or_default();
        self.fits(*used, bytes)?;
        *used += bytes;
        self.bytes += bytes;
        Ok(())
    }

    /// Refuses at once what is announced to be too much.
    pub fn announce(&self, bytes: u64) -> Result<()> {
        let used = self.data.inner.usage.table().get(&self.project).copied();
        self.fits(used.unwrap_or_default(), bytes)
    }

    fn fits(&self, used: u64, bytes: u64) -> Result<()> {
        match self.limit {
            Some(quota) if used.saturating_add(bytes) > quota => {
                let (project, before) = (self.project.clone(), used.saturating_sub(self.bytes));
                let asked = self.bytes.saturating_add(bytes);
                Err(Error::Quota { project, quota, used: before, asked })
            }
            _ => Ok(()),
        }
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// So many of the bytes were not needed.
    pub fn give_back(&mut self, bytes: u64) {
        self.bytes -= bytes;
        self.data.refund(&self.project, bytes);
    }

    /// So many bytes stay, whatever was counted.
    pub fn settle(mut self, taken: u64) {
        let charged = std::mem::take(&mut self.bytes);
        self.data.settle(&self.project, charged, taken);
    }

    /// The bytes stay.
    pub fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.data.refund(&self.project, self.bytes);
    }
}

impl Data {
    /// Starts counting for a project.
    pub(crate) async fn charge(&self, project: &str) -> Result<Charge> {
        let known = self.inner.usage.table().contains_key(project);
        if !known {
            let row = sqlx::query(
                "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM data_blobs WHERE project = $1",
            )
            .bind(project.to_owned())
            .fetch_one(self.inner.database.read())
            .await?;
            let stored: i64 = row.try_get(0)?;
            // Of a former process; those of this one charge before they stage anything.
            let staged = self.staged_bytes(project).await;
            let all = stored.unsigned_abs() + staged;
            self.inner.usage.table().entry(project.to_owned()).or_insert(all);
        }
        let limit = self.limit(project).await?;
        Ok(Charge { data: self.clone(), project: project.to_owned(), bytes: 0, limit })
    }

    /// Bytes that count already, and are given back unless kept.
    pub(crate) fn charged(&self, project: &str, bytes: u64) -> Charge {
        Charge { data: self.clone(), project: project.to_owned(), bytes, limit: None }
    }

    /// Bytes that a project's datasets and code take, each content once, and what it may.
    ///
    /// # Errors
    /// When the database does not answer, or the limit cannot be told.
    pub async fn usage(&self, project: &str) -> Result<(u64, Option<u64>), Error> {
        let charge = self.charge(project).await?;
        let used = self.inner.usage.table().get(project).copied().unwrap_or_default();
        Ok((used, charge.limit))
    }

    /// What was charged for files and what their content turned out to take.
    pub(crate) fn settle(&self, project: &str, charged: u64, taken: u64) {
        if let Some(used) = self.inner.usage.table().get_mut(project) {
            *used = used.saturating_add(taken).saturating_sub(charged);
        }
    }

    pub(crate) fn refund(&self, project: &str, bytes: u64) {
        if let Some(used) = self.inner.usage.table().get_mut(project) {
            *used = used.saturating_sub(bytes);
        }
    }
}
