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
}

impl Charge {
    pub fn add(&mut self, bytes: u64) -> Result<()> {
        let mut table = self.data.inner.usage.table();
        let used = table.entry(self.project.clone()).or_default();
        if let Some(quota) = self.data.inner.limits.project_bytes
            && *used + bytes > quota
        {
            return Err(Error::Quota { project: self.project.clone(), quota, used: *used });
        }
        *used += bytes;
        self.bytes += bytes;
        Ok(())
    }

    /// So many of the bytes were not needed.
    pub fn give_back(&mut self, bytes: u64) {
        self.bytes -= bytes;
        self.data.refund(&self.project, bytes);
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
            self.inner.usage.table().entry(project.to_owned()).or_insert(stored.unsigned_abs());
        }
        Ok(Charge { data: self.clone(), project: project.to_owned(), bytes: 0 })
    }

    pub(crate) fn refund(&self, project: &str, bytes: u64) {
        if let Some(used) = self.inner.usage.table().get_mut(project) {
            *used = used.saturating_sub(bytes);
        }
    }
}
