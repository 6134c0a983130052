//! Flushing: what a group's receiver is told when the group is due.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::groups::Group;
use super::need::{Audible, Decision, Policy, decide};
use super::{Delivery, State, Told};
use crate::alert::Known;
use crate::config::routing::Route;
use crate::inhibition::Inhibitor;
use crate::labels::Fingerprint;
use crate::message::{self, Message};
use crate::record::{Change, Kind};

/// What is the same for every group of one flush.
struct Moment<'a> {
    now: Timestamp,
    inhibitor: Inhibitor<'a>,
    /// Who has yet to hear what was decided before.
    pending: BTreeSet<Told>,
}

/// What a flush leads to.
struct Plan {
    group: String,
    decisions: Vec<(String, Decision, Option<Message>)>,
    /// Resolved members that nobody needs to hear of any more.
    gone: BTreeSet<Fingerprint>,
}

/// For as long as a repetition nobody could be told that it ended.
fn is_given_up(route: &Route, alert: &Known, now: Timestamp) -> bool {
    route.repeat_interval.after(alert.ends_at) <= now
}

impl State {
    /// Whether a group was due.
    pub(super) fn flush_due(&mut self, now: Timestamp, changes: &mut Vec<Change>) -> bool {
        let is_due = |(_, group): &(&String, &Group)| self.is_due(group, now);
        let mut due = self.groups.iter().filter(is_due).peekable();
        if due.peek().is_none() {
            return false;
        }
        let waits = |delivery: &Delivery| Told {
            integration: delivery.integration.clone(),
            group: delivery.message.group.clone(),
        };
        let moment = Moment {
            now,
            inhibitor: self.inhibitor(now),
            pending: self.deliveries.values().map(waits).collect(),
        };
        let plans: Vec<Plan> = due.map(|(key, group)| self.plan(key, group, &moment)).collect();
        plans.into_iter().for_each(|plan| self.carry_out(plan, now, changes));
        true
    }

    /// Its time has come, or lies further off than any pause: then the clock was set back.
    fn is_due(&self, group: &Group, now: Timestamp) -> bool {
        let route = self.config.routing.route(group.route);
        let longest = route.group_wait.max(route.group_interval);
        group.flush_at <= now || group.flush_at > longest.after(now)
    }

    fn plan(&self, key: &str, group: &Group, moment: &Moment<'_>) -> Plan {
        let now = moment.now;
        let route = self.config.routing.route(group.route);
        let audible = if self.is_muted(route, now) {
            Audible::default()
        } else {
            self.audible(group, route, moment)
        };
        let receiver = self.config.receivers.get(&route.receiver);
        let integrations = receiver.map_or(&[][..], |receiver| &receiver.integrations);
        let mut plan = Plan { group: key.to_owned(), decisions: vec![], gone: BTreeSet::new() };
        let mut believed: BTreeSet<Fingerprint> = BTreeSet::new();
        let mut is_pending = false;
        for integration in integrations {
            let told = Told { integration: integration.key.clone(), group: key.to_owned() };
            let entry = self.notified.get(&told);
            let policy = Policy {
                send_resolved: integration.send_resolved,
                repeat: route.repeat_interval,
                is_pending: moment.pending.contains(&told),
            };
            is_pending |= policy.is_pending;
            let Some(decision) = decide(entry, &audible, &policy, now) else {
                believed.extend(entry.into_iter().flat_map(|entry| &entry.firing));
                continue;
            };
            believed.extend(&decision.entry.firing);
            let message = (!decision.told.is_empty()).then(|| {
                is_pending = true;
                self.message(key, group, &route.receiver, &decision.told, now)
            });
            plan.decisions.push((told.integration, decision, message));
        }
        plan.gone = group
            .members
            .iter()
            .filter(|fingerprint| {
                let Some(alert) = self.alerts.get(fingerprint) else { return true };
                let is_settled = !is_pending && !believed.contains(fingerprint);
                alert.is_resolved(now) && (is_settled || is_given_up(route, alert, now))
            })
            .copied()
            .collect();
        plan
    }

    fn carry_out(&mut self, plan: Plan, now: Timestamp, changes: &mut Vec<Change>) {
        let Plan { group: key, decisions, gone } = plan;
        for (integration, Decision { entry, .. }, message) in decisions {
            let told = Told { integration, group: key.clone() };
            if let Some(message) = message {
                let id = self.next_delivery;
                self.next_delivery += 1;
                let delivery = Delivery {
                    integration: told.integration.clone(),
                    message,
                    previous: self.notified.get(&told).cloned(),
                };
                changes.push(Change::put(Kind::Delivery, id, &delivery));
                self.deliveries.insert(id, delivery);
            }
            self.remember(told, entry, changes);
        }
        let Some(group) = self.groups.get_mut(&key) else { return };
        let route = self.config.routing.route(group.route);
        let receiver = self.config.receivers.get(&route.receiver);
        let integrations = receiver.into_iter().flat_map(|receiver| &receiver.integrations);
        let integrations = integrations.map(|integration| integration.key.clone()).collect();
        group.has_flushed = true;
        group.flush_at = route.group_interval.after(now);
        group.members.retain(|member| !gone.contains(member));
        let is_over = group.members.is_empty();
        if is_over {
            self.groups.remove(&key);
        }
        if !gone.is_empty() || is_over {
            self.forget(&key, integrations, &gone, is_over, changes);
        }
    }

    /// Those who were told of alerts that are gone believe in them no longer, so that the
    /// alerts are news should they come back.
    fn forget(
        &mut self,
        group: &str,
        integrations: Vec<String>,
        gone: &BTreeSet<Fingerprint>,
        is_over: bool,
        changes: &mut Vec<Change>,
    ) {
        for integration in integrations {
            let told = Told { integration, group: group.to_owned() };
            let Some(entry) = self.notified.get_mut(&told) else { continue };
            let before = entry.firing.len();
            entry.firing.retain(|believed| !gone.contains(believed));
            if is_over {
                self.notified.remove(&told);
                changes.push(told.forget());
            } else if entry.firing.len() != before {
                changes.push(Change::put(Kind::Notified, told.key(), &(&told, &*entry)));
            }
        }
    }

    fn is_muted(&self, route: &Route, now: Timestamp) -> bool {
        let holding = |names| !self.config.holding(names, now).is_empty();
        holding(&route.mute) || !route.active.is_empty() && !holding(&route.active)
    }

    fn audible(&self, group: &Group, route: &Route, moment: &Moment<'_>) -> Audible {
        let Moment { now, inhibitor, .. } = moment;
        let now = *now;
        let mut audible = Audible::default();
        for fingerprint in &group.members {
            let Some(alert) = self.alerts.get(fingerprint) else { continue };
            let is_quiet = !self.silenced_by(&alert.labels, now).is_empty()
                || !inhibitor.inhibitors(&alert.labels).is_empty();
            if is_quiet {
                continue;
            }
            if alert.is_resolved(now) {
                if !is_given_up(route, alert, now) {
                    audible.resolved.insert(*fingerprint);
                }
                continue;
            }
            audible.firing.insert(*fingerprint);
            if self.acknowledgements.get(fingerprint).is_some_and(|own| own.holds(now)) {
                audible.acknowledged.insert(*fingerprint);
            }
        }
        audible
    }

    fn message(
        &self,
        key: &str,
        group: &Group,
        receiver: &str,
        told: &BTreeSet<Fingerprint>,
        now: Timestamp,
    ) -> Message {
        let tell = |fingerprint: &Fingerprint| {
            let alert = self.alerts.get(fingerprint)?.clone();
            let is_firing = !alert.is_resolved(now);
            let own = self.acknowledgements.get(fingerprint).filter(|own| own.holds(now));
            let acknowledged_by = own.filter(|_| is_firing).map(|own| own.created_by.clone());
            Some(message::Told { fingerprint: *fingerprint, alert, is_firing, acknowledged_by })
        };
        let mut alerts: Vec<message::Told> = told.iter().filter_map(tell).collect();
        alerts.sort_by_key(|told| (!told.is_firing, told.alert.starts_at, told.fingerprint));
        Message {
            group: key.to_owned(),
            group_labels: group.labels.clone(),
            receiver: receiver.to_owned(),
            at: now,
            alerts,
        }
    }
}
