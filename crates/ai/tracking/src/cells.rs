//! A row's columns, the same from sqlx and from SQLite itself.

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::error::Result;

pub(crate) trait Cells {
    fn int(&self, at: usize) -> Result<i64>;
    fn optional_int(&self, at: usize) -> Result<Option<i64>>;
    fn real(&self, at: usize) -> Result<f64>;
    fn text(&self, at: usize) -> Result<String>;
    fn optional_text(&self, at: usize) -> Result<Option<String>>;
}

impl Cells for AnyRow {
    fn int(&self, at: usize) -> Result<i64> {
        Ok(self.try_get(at)?)
    }

    fn optional_int(&self, at: usize) -> Result<Option<i64>> {
        Ok(self.try_get(at)?)
    }

    fn real(&self, at: usize) -> Result<f64> {
        Ok(self.try_get(at)?)
    }

    fn text(&self, at: usize) -> Result<String> {
        Ok(self.try_get(at)?)
    }

    fn optional_text(&self, at: usize) -> Result<Option<String>> {
        Ok(self.try_get(at)?)
    }
}

impl Cells for rusqlite::Row<'_> {
    fn int(&self, at: usize) -> Result<i64> {
        Ok(self.get(at)?)
    }

    fn optional_int(&self, at: usize) -> Result<Option<i64>> {
        Ok(self.get(at)?)
    }

    fn real(&self, at: usize) -> Result<f64> {
        Ok(self.get(at)?)
    }

    fn text(&self, at: usize) -> Result<String> {
        Ok(self.get(at)?)
    }

    fn optional_text(&self, at: usize) -> Result<Option<String>> {
        Ok(self.get(at)?)
    }
}
