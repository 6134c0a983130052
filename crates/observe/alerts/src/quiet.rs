//! What people do about alerts: silences, which keep them quiet for a time, and
//! acknowledgements, which say that somebody is on it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::labels::{Fingerprint, Labels};
use crate::matcher::{Matcher, matches_all};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Silence {
    pub id: String,
    pub matchers: Vec<Matcher>,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: String,
    pub comment: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    Active,
    Pending,
    Expired,
}

impl Silence {
    pub fn phase(&self, now: Timestamp) -> Phase {
        if self.ends_at <= now {
            Phase::Expired
        } else if self.starts_at > now {
            Phase::Pending
        } else {
            Phase::Active
        }
    }

    pub fn mutes(&self, labels: &Labels, now: Timestamp) -> bool {
        self.phase(now) == Phase::Active && matches_all(&self.matchers, labels)
    }

    /// Whether this one may become `newer` under its id. If not, it ends and the newer one
    /// is another silence, so that what was silent when stays on record.
    pub fn can_become(&self, newer: &Silence, now: Timestamp) -> bool {
        let is_alike = self.matchers == newer.matchers;
        is_alike
            && match self.phase(now) {
                // Clients send times back with fewer digits than they were given.
                Phase::Active => {
                    self.starts_at.as_second() == newer.starts_at.as_second()
                        && newer.ends_at >= now
                }
                Phase::Pending => newer.starts_at >= now,
                Phase::Expired => false,
            }
    }
}

/// Somebody is on it: the alert stays visible and notifications about it are not repeated,
/// until it is resolved or the time is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledgement {
    pub fingerprint: Fingerprint,
    pub created_by: String,
    pub comment: String,
    pub created_at: Timestamp,
    pub ends_at: Option<Timestamp>,
}

impl Acknowledgement {
    pub fn holds(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| end > now)
    }
}
