//! Whether a receiver needs to hear of a group.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::duration::Length;
use crate::labels::Fingerprint;

/// What a receiver was told last of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Those that it believes to fire.
    pub firing: BTreeSet<Fingerprint>,
    pub at: Timestamp,
}

/// The members of a group that are neither silenced nor inhibited.
#[derive(Debug, Default)]
pub struct Audible {
    pub firing: BTreeSet<Fingerprint>,
    /// Of those that fire.
    pub acknowledged: BTreeSet<Fingerprint>,
    pub resolved: BTreeSet<Fingerprint>,
}

pub struct Policy {
    pub send_resolved: bool,
    pub repeat: Length,
    /// A message about the group is still on its way.
    pub is_pending: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Decision {
    pub entry: Entry,
    /// The alerts to tell; nobody is told anything where there are none.
    pub told: BTreeSet<Fingerprint>,
}

/// A receiver hears of a group when an alert is new to it that nobody acknowledged, when one
/// that it believes to fire is resolved, and again after `repeat` while one fires that nobody
/// acknowledged. A repetition waits for the message before it.
pub fn decide(
    entry: Option<&Entry>,
    audible: &Audible,
    policy: &Policy,
    now: Timestamp,
) -> Option<Decision> {
    let none = BTreeSet::new();
    let believed = entry.map_or(&none, |entry| &entry.firing);
    let mut open = audible.firing.difference(&audible.acknowledged).peekable();
    let has_open = open.peek().is_some();
    let has_news = open.any(|alert| !believed.contains(alert));
    let ended: BTreeSet<Fingerprint> = believed.intersection(&audible.resolved).copied().collect();
    // What was told in the future was told before the clock was set back.
    let is_over = |entry: &Entry| policy.repeat.after(entry.at) <= now || entry.at > now;
    let is_due = has_open && !policy.is_pending && entry.is_some_and(is_over);
    if has_news || is_due || policy.send_resolved && !ended.is_empty() {
        let mut told = audible.firing.clone();
        if policy.send_resolved {
            told.extend(ended);
        }
        return Some(Decision { entry: Entry { firing: audible.firing.clone(), at: now }, told });
    }
    let entry = entry.filter(|_| !ended.is_empty())?;
    let firing = believed.difference(&ended).copied().collect();
    Some(Decision { entry: Entry { firing, at: entry.at }, told: none })
}
