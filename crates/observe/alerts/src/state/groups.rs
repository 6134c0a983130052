//! Groups: the alerts of one route that share the labels of its `group_by`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::State;
use crate::alert::Known;
use crate::config::Config;
use crate::labels::{Fingerprint, Labels, shown};
use crate::record::{Change, Kind};

#[derive(Debug, Clone)]
pub struct Group {
    /// The route's place in the configuration's tree.
    pub route: usize,
    pub labels: Labels,
    pub members: BTreeSet<Fingerprint>,
    pub flush_at: Timestamp,
    pub has_flushed: bool,
}

impl State {
    /// Puts an alert into the groups of its routes. One whose `group_wait` is over makes a
    /// new group due at once.
    pub(super) fn join_groups(&mut self, fingerprint: Fingerprint, alert: &Known, now: Timestamp) {
        let config = self.config.clone();
        for at in config.routing.taken_by(&alert.labels) {
            let route = config.routing.route(at);
            let labels = route.group_labels(&alert.labels);
            let key = format!("{}:{}", route.path, shown(&labels));
            let group = self.groups.entry(key).or_insert_with(|| Group {
                route: at,
                labels,
                members: BTreeSet::new(),
                flush_at: route.group_wait.after(now),
                has_flushed: false,
            });
            group.members.insert(fingerprint);
            if !group.has_flushed && route.group_wait.after(alert.starts_at) < now {
                group.flush_at = group.flush_at.min(now);
            }
        }
    }

    /// Another configuration counts from now on. Groups that it makes too keep their pace;
    /// messages for what it no longer has are dropped.
    pub(super) fn configure(
        &mut self,
        config: Arc<Config>,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        let integrations = config.integration_keys();
        self.config = config;
        self.deliveries.retain(|id, delivery| {
            let is_kept = integrations.contains(&delivery.integration);
            if !is_kept {
                let integration = &delivery.integration;
                tracing::warn!(
                    integration,
                    "message dropped: its receiver is no longer configured"
                );
                changes.push(Change::delete(Kind::Delivery, id));
            }
            is_kept
        });
        let before = std::mem::take(&mut self.groups);
        self.regroup(&before, now);
    }

    pub(super) fn regroup(&mut self, before: &BTreeMap<String, Group>, now: Timestamp) {
        let alerts = std::mem::take(&mut self.alerts);
        for (fingerprint, alert) in &alerts {
            self.join_groups(*fingerprint, alert, now);
        }
        self.alerts = alerts;
        for (key, group) in &mut self.groups {
            match before.get(key) {
                Some(old) => {
                    group.flush_at = old.flush_at;
                    group.has_flushed = old.has_flushed;
                }
                // Time for other members to come.
                None => {
                    group.flush_at = self.config.routing.route(group.route).group_wait.after(now);
                }
            }
        }
    }
}
