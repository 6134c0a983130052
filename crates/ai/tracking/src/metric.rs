//! One measured value, on the wire and in rows.

use serde::{Deserialize, Serialize, Serializer};

use crate::Error;
use crate::cells::Cells;
use crate::error::Result;
use crate::{input, limits};

/// As a client sends it.
#[derive(Debug, Deserialize)]
pub(crate) struct Logged {
    #[serde(default)]
    pub key: Option<String>,
    #[serde(default, deserialize_with = "input::double")]
    pub value: Option<f64>,
    #[serde(default, deserialize_with = "input::int")]
    pub timestamp: Option<i64>,
    #[serde(default, deserialize_with = "input::int")]
    pub step: Option<i64>,
    #[serde(default)]
    pub model_id: Option<String>,
    #[serde(default)]
    pub dataset_name: Option<String>,
    #[serde(default)]
    pub dataset_digest: Option<String>,
}

impl Logged {
    /// `path` says where in the request it stands, for messages.
    pub fn check(self, path: &str) -> Result<Metric> {
        let key = self.key.unwrap_or_default();
        limits::key(&format!("{path}key"), &key)?;
        let value = self.value.ok_or_else(|| Error::missing(&format!("{path}value")))?;
        let timestamp =
            self.timestamp.ok_or_else(|| Error::missing(&format!("{path}timestamp")))?;
        if timestamp < 0 {
            return Err(Error::invalid(format!(
                "Invalid value {timestamp} for parameter '{path}timestamp' supplied: metric '{key}' \
                 (value={value}). Timestamp must be a nonnegative long (64-bit integer)"
            )));
        }
        for (field, text) in [
            ("model_id", &self.model_id),
            ("dataset_name", &self.dataset_name),
            ("dataset_digest", &self.dataset_digest),
        ] {
            limits::length(
                &format!("{path}{field}"),
                text.as_deref().unwrap_or(""),
                limits::EXPERIMENT_NAME,
            )?;
        }
        Ok(Metric {
            key,
            value,
            timestamp,
            step: self.step.unwrap_or(0),
            model_id: self.model_id.filter(|id| !id.is_empty()),
            dataset_name: self.dataset_name.filter(|name| !name.is_empty()),
            dataset_digest: self.dataset_digest.filter(|digest| !digest.is_empty()),
            run_id: None,
        })
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Metric {
    pub key: String,
    #[serde(serialize_with = "special_as_text")]
    pub value: f64,
    pub timestamp: i64,
    pub step: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
}

/// The columns that [`Metric::read`] reads.
pub(crate) const COLUMNS: &str = "key, step, timestamp, value, nan";

impl Metric {
    /// From a row whose columns from `at` on are [`COLUMNS`].
    pub fn read(row: &dyn Cells, at: usize) -> Result<Metric> {
        let nan = row.int(at + 4)?;
        let value = row.real(at + 3)?;
        Ok(Metric {
            key: row.text(at)?,
            value: if nan == 1 { f64::NAN } else { value },
            timestamp: row.int(at + 2)?,
            step: row.int(at + 1)?,
            model_id: None,
            dataset_name: None,
            dataset_digest: None,
            run_id: None,
        })
    }

    /// SQLite stores NaN as NULL, so it is kept as 0 with a mark.
    pub fn stored_value(&self) -> (f64, i64) {
        match self.value.is_nan() {
            true => (0.0, 1),
            false => (self.value, 0),
        }
    }

    /// What "latest" means: the highest step, then time, then value.
    pub fn later_than(&self, other: &Metric) -> bool {
        let key = |m: &Metric| (m.step, m.timestamp);
        key(self).cmp(&key(other)).then(self.value.total_cmp(&other.value)).is_gt()
    }
}

/// JSON has no NaN and no infinity: protobuf's JSON writes them as text.
pub(crate) fn special_as_text<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
    if value.is_nan() {
        to.serialize_str("NaN")
    } else if value.is_infinite() {
        to.serialize_str(if *value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        to.serialize_f64(*value)
    }
}
