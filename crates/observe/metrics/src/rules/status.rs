//! What the last turn of each group did, as `/api/v1/rules` tells it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::alert::ActiveAlert;
use super::config::RuleGroup;

/// Groups by source and name.
pub type Board = BTreeMap<(String, String), Arc<GroupStatus>>;

#[derive(Debug, Clone)]
pub struct GroupStatus {
    pub group: Arc<RuleGroup>,
    pub interval: Duration,
    /// Milliseconds since 1970.
    pub evaluated_at: Option<i64>,
    pub took: Duration,
    /// As many as the group has rules, in their order.
    pub rules: Vec<RuleStatus>,
}

#[derive(Debug, Clone, Default)]
pub struct RuleStatus {
    pub health: RuleHealth,
    pub error: Option<String>,
    /// Milliseconds since 1970.
    pub evaluated_at: Option<i64>,
    pub took: Duration,
    /// Pending and firing ones, by labels.
    pub alerts: Vec<ActiveAlert>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RuleHealth {
    /// Not evaluated yet.
    #[default]
    Unknown,
    Ok,
    Err,
}

impl RuleHealth {
    pub fn word(self) -> &'static str {
        match self {
            RuleHealth::Unknown => "unknown",
            RuleHealth::Ok => "ok",
            RuleHealth::Err => "err",
        }
    }
}
