//! What outlives the process, as records that are put and deleted.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Alert,
    Silence,
    Acknowledgement,
    /// What a receiver was told of a group.
    Notified,
    /// A message on its way out.
    Delivery,
}

impl Kind {
    pub const ALL: [Kind; 5] =
        [Kind::Alert, Kind::Silence, Kind::Acknowledgement, Kind::Notified, Kind::Delivery];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Alert => "alert",
            Kind::Silence => "silence",
            Kind::Acknowledgement => "acknowledgement",
            Kind::Notified => "notified",
            Kind::Delivery => "delivery",
        }
    }
}

/// A record as it is stored: JSON by kind and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub kind: Kind,
    pub key: String,
    pub value: String,
}

impl Record {
    /// # Errors
    /// The record is not what this program writes.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.value).map_err(|error| Error::Damaged {
            key: format!("{}/{}", self.kind.name(), self.key),
            reason: error.to_string(),
        })
    }
}

/// Puts a record, or deletes it where there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub kind: Kind,
    pub key: String,
    pub value: Option<String>,
}

impl Change {
    pub fn put(kind: Kind, key: impl ToString, value: &impl Serialize) -> Self {
        let value = serde_json::to_string(value).expect("records have text keys alone");
        Change { kind, key: key.to_string(), value: Some(value) }
    }

    pub fn delete(kind: Kind, key: impl ToString) -> Self {
        Change { kind, key: key.to_string(), value: None }
    }
}
