//! The pure core: what is known, what happens, and what follows. No clock and no I/O: each
//! event comes with its time, and what must outlive the process comes back as changes.
//!
//! Expected flow: alerts are [received](Event::Receive) and put into groups; a
//! [tick](Event::Tick) flushes the groups that are due; a flush may add a [`Delivery`], which
//! somebody outside carries out and reports as [delivered](Event::Delivered) or
//! [refused](Event::Refused).
//!
//! Guarantees: the decision to notify and the delivery are in the same changes, so a store
//! that writes them in one transaction never has one without the other.

mod flush;
mod groups;
mod need;
mod restore;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::Known;
use crate::config::Config;
use crate::duration::Length;
use crate::inhibition::Inhibitor;
use crate::labels::{Fingerprint, Labels};
use crate::message::Message;
use crate::quiet::{Acknowledgement, Silence};
use crate::record::{Change, Kind};
use groups::Group;
use need::Entry;

/// How long an ended silence stays to be seen, and what was told of a group that no route
/// makes any more.
const RETENTION: Length = Length::from_secs(5 * 86_400);
/// Without a flush nothing is over that could not wait this long.
const TIDY_EVERY: Length = Length::from_secs(15);

pub struct State {
    pub config: Arc<Config>,
    pub alerts: BTreeMap<Fingerprint, Known>,
    pub silences: BTreeMap<String, Silence>,
    pub acknowledgements: BTreeMap<Fingerprint, Acknowledgement>,
    pub groups: BTreeMap<String, Group>,
    /// In the order in which they were decided.
    pub deliveries: BTreeMap<u64, Delivery>,
    notified: BTreeMap<Told, Entry>,
    next_delivery: u64,
    tidied_at: Timestamp,
}

/// Who was told of what: an integration's key and a group's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Told {
    integration: String,
    group: String,
}

/// A message that an integration is to be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub integration: String,
    pub message: Message,
    /// What had been told before, which counts again should the receiver refuse this one.
    previous: Option<Entry>,
}

#[derive(Debug, Clone)]
pub enum Event {
    Receive(Vec<Known>),
    /// Adds one, or changes the one with its id.
    Silence(Silence),
    Expire(String),
    Acknowledge(Acknowledgement),
    Withdraw(Fingerprint),
    Configure(Arc<Config>),
    /// Time has passed.
    Tick,
    Delivered(u64),
    /// The receiver will never take it.
    Refused(u64),
}

impl State {
    pub fn step(&mut self, event: Event, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        match event {
            Event::Receive(alerts) => {
                alerts.into_iter().for_each(|alert| self.receive(alert, now, &mut changes));
            }
            Event::Silence(silence) => {
                changes.push(Change::put(Kind::Silence, &silence.id, &silence));
                self.silences.insert(silence.id.clone(), silence);
            }
            Event::Expire(id) => {
                if let Some(silence) = self.silences.get_mut(&id) {
                    silence.starts_at = silence.starts_at.min(now);
                    silence.ends_at = silence.ends_at.min(now);
                    silence.updated_at = now;
                    changes.push(Change::put(Kind::Silence, id, silence));
                }
            }
            Event::Acknowledge(own) => {
                changes.push(Change::put(Kind::Acknowledgement, own.fingerprint, &own));
                self.acknowledgements.insert(own.fingerprint, own);
            }
            Event::Withdraw(fingerprint) => self.withdraw(fingerprint, &mut changes),
            Event::Configure(config) => self.configure(config, now, &mut changes),
            Event::Tick => self.tick(now, &mut changes),
            Event::Delivered(id) => {
                self.deliveries.remove(&id);
                changes.push(Change::delete(Kind::Delivery, id));
            }
            Event::Refused(id) => self.refused(id, &mut changes),
        }
        changes
    }

    /// When the next group is due.
    pub fn next_flush(&self) -> Option<Timestamp> {
        self.groups.values().map(|group| group.flush_at).min()
    }

    /// The oldest delivery of an integration.
    pub fn head(&self, integration: &str) -> Option<(u64, &Delivery)> {
        let own = self.deliveries.iter().find(|(_, own)| own.integration == integration);
        own.map(|(id, delivery)| (*id, delivery))
    }

    pub fn silenced_by(&self, labels: &Labels, now: Timestamp) -> Vec<&Silence> {
        self.silences.values().filter(|silence| silence.mutes(labels, now)).collect()
    }

    pub fn inhibitor(&self, now: Timestamp) -> Inhibitor<'_> {
        let firing = self.alerts.iter().filter(move |(_, alert)| !alert.is_resolved(now));
        let firing = firing.map(|(fingerprint, alert)| (*fingerprint, &alert.labels));
        Inhibitor::new(&self.config.inhibit_rules, firing)
    }

    fn receive(&mut self, newer: Known, now: Timestamp, changes: &mut Vec<Change>) {
        let fingerprint = newer.fingerprint();
        let alert = match self.alerts.get(&fingerprint) {
            Some(known) => known.merge(newer, now),
            // Nobody was told that it fires, so nobody needs to hear that it ended.
            None if newer.is_resolved(now) => return,
            None => newer,
        };
        if self.alerts.get(&fingerprint).is_some_and(|known| known.is_resolved(now)) {
            // Who was on it was so until it was resolved.
            self.withdraw(fingerprint, changes);
        }
        changes.push(Change::put(Kind::Alert, fingerprint, &alert));
        self.join_groups(fingerprint, &alert, now);
        self.alerts.insert(fingerprint, alert);
    }

    fn withdraw(&mut self, fingerprint: Fingerprint, changes: &mut Vec<Change>) {
        if self.acknowledgements.remove(&fingerprint).is_some() {
            changes.push(Change::delete(Kind::Acknowledgement, fingerprint));
        }
    }

    fn tick(&mut self, now: Timestamp, changes: &mut Vec<Change>) {
        let has_flushed = self.flush_due(now, changes);
        if !has_flushed && TIDY_EVERY.after(self.tidied_at) > now && self.tidied_at <= now {
            return;
        }
        self.tidied_at = now;
        self.tidy(now, changes);
    }

    /// Lets go of what is over.
    fn tidy(&mut self, now: Timestamp, changes: &mut Vec<Change>) {
        let ended: Vec<Fingerprint> = self
            .acknowledgements
            .values()
            .filter(|own| {
                let is_firing =
                    self.alerts.get(&own.fingerprint).is_some_and(|alert| !alert.is_resolved(now));
                !is_firing || !own.holds(now)
            })
            .map(|own| own.fingerprint)
            .collect();
        ended.into_iter().for_each(|fingerprint| self.withdraw(fingerprint, changes));
        let grouped: BTreeSet<Fingerprint> =
            self.groups.values().flat_map(|group| &group.members).copied().collect();
        self.alerts.retain(|fingerprint, _| {
            let is_kept = grouped.contains(fingerprint);
            if !is_kept {
                changes.push(Change::delete(Kind::Alert, fingerprint));
            }
            is_kept
        });
        self.silences.retain(|id, silence| {
            let is_kept = RETENTION.after(silence.ends_at) > now;
            if !is_kept {
                changes.push(Change::delete(Kind::Silence, id));
            }
            is_kept
        });
        let groups = &self.groups;
        self.notified.retain(|told, entry| {
            let is_kept = groups.contains_key(&told.group) || RETENTION.after(entry.at) > now;
            if !is_kept {
                changes.push(told.forget());
            }
            is_kept
        });
    }

    /// What the message told is not told after all: what was told before counts again, and
    /// the group's next flush decides anew.
    fn refused(&mut self, id: u64, changes: &mut Vec<Change>) {
        let Some(delivery) = self.deliveries.remove(&id) else { return };
        changes.push(Change::delete(Kind::Delivery, id));
        let Delivery { integration, message, previous } = delivery;
        let later = self.deliveries.iter_mut().find(|(_, later)| {
            later.integration == integration && later.message.group == message.group
        });
        if let Some((id, later)) = later {
            later.previous = previous;
            changes.push(Change::put(Kind::Delivery, id, later));
            return;
        }
        let told = Told { integration, group: message.group };
        match previous.filter(|_| self.groups.contains_key(&told.group)) {
            Some(entry) => self.remember(told, entry, changes),
            None => {
                self.notified.remove(&told);
                changes.push(told.forget());
            }
        }
    }

    fn remember(&mut self, told: Told, entry: Entry, changes: &mut Vec<Change>) {
        changes.push(Change::put(Kind::Notified, told.key(), &(&told, &entry)));
        self.notified.insert(told, entry);
    }
}

impl Told {
    fn key(&self) -> String {
        format!("{} {}", self.integration, self.group)
    }

    fn forget(&self) -> Change {
        Change::delete(Kind::Notified, self.key())
    }
}
