//! What is measured, under Alertmanager's own names, in Prometheus's text format.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;

use crate::alert::Known;
use crate::health::{BUCKETS, Checkups, Health};
use crate::quiet::Phase;
use crate::state::State;

/// What came in.
#[derive(Debug, Default)]
pub struct Received {
    firing: u64,
    resolved: u64,
    invalid: u64,
    reloaded_at: Timestamp,
    has_bad_reload: bool,
}

impl Received {
    pub fn since(now: Timestamp) -> Self {
        Received { reloaded_at: now, ..Received::default() }
    }

    pub fn note(&mut self, alerts: &[Known], invalid: usize, now: Timestamp) {
        let resolved = alerts.iter().filter(|alert| alert.is_resolved(now)).count();
        self.resolved += resolved as u64;
        self.firing += (alerts.len() - resolved) as u64;
        self.invalid += invalid as u64;
    }

    pub fn note_reload(&mut self, is_good: bool, now: Timestamp) {
        self.has_bad_reload = !is_good;
        if is_good {
            self.reloaded_at = now;
        }
    }
}

pub fn text(state: &State, checkups: &Checkups, received: &Received, now: Timestamp) -> String {
    let mut page = Page(String::new());
    alerts(&mut page, state, now);
    page.family("alertmanager_alerts_received_total", "counter", "Alerts that came in, by status.");
    page.sample("alertmanager_alerts_received_total", &[("status", "firing")], received.firing);
    page.sample("alertmanager_alerts_received_total", &[("status", "resolved")], received.resolved);
    page.one(
        "alertmanager_alerts_invalid_total",
        "counter",
        "Alerts that were refused.",
        received.invalid,
    );
    page.one(
        "alertmanager_config_last_reload_successful",
        "gauge",
        "Whether the last configuration given was taken.",
        u64::from(!received.has_bad_reload),
    );
    page.one(
        "alertmanager_config_last_reload_success_timestamp_seconds",
        "gauge",
        "When a configuration was taken last.",
        received.reloaded_at.as_second(),
    );
    notifications(&mut page, state, checkups);
    page.0
}

fn alerts(page: &mut Page, state: &State, now: Timestamp) {
    let inhibitor = state.inhibitor(now);
    let (mut active, mut suppressed) = (0, 0);
    for alert in state.alerts.values().filter(|alert| !alert.is_resolved(now)) {
        let is_quiet = !state.silenced_by(&alert.labels, now).is_empty()
            || !inhibitor.inhibitors(&alert.labels).is_empty();
        *(if is_quiet { &mut suppressed } else { &mut active }) += 1;
    }
    page.family("alertmanager_alerts", "gauge", "Alerts that fire, by state.");
    page.sample("alertmanager_alerts", &[("state", "active")], active);
    page.sample("alertmanager_alerts", &[("state", "suppressed")], suppressed);
    page.family("alertmanager_silences", "gauge", "Silences by state.");
    for (phase, name) in
        [(Phase::Active, "active"), (Phase::Pending, "pending"), (Phase::Expired, "expired")]
    {
        let count = state.silences.values().filter(|silence| silence.phase(now) == phase).count();
        page.sample("alertmanager_silences", &[("state", name)], count);
    }
    page.one(
        "dais_alerts_acknowledgements",
        "gauge",
        "Alerts that somebody acknowledged.",
        state.acknowledgements.values().filter(|own| own.holds(now)).count(),
    );
}

/// An integration's kind, its receiver, and how it is doing.
type Row<'a> = ([(&'static str, &'a str); 2], Health, usize);

fn notifications(page: &mut Page, state: &State, checkups: &Checkups) {
    let mut queued: BTreeMap<&str, usize> = BTreeMap::new();
    for delivery in state.deliveries.values() {
        *queued.entry(&delivery.integration).or_default() += 1;
    }
    // Several ways out of a receiver that are of one kind count together.
    let mut rows: BTreeMap<(&str, &str), (Health, usize)> = BTreeMap::new();
    for receiver in state.config.receivers.values() {
        for integration in &receiver.integrations {
            let own = rows.entry((integration.channel.kind(), &receiver.name)).or_default();
            own.0.counts.add(&checkups.of(&integration.key).counts);
            own.1 += queued.get(integration.key.as_str()).copied().unwrap_or_default();
        }
    }
    let rows: Vec<Row<'_>> = rows
        .into_iter()
        .map(|((kind, receiver), (health, queued))| {
            ([("integration", kind), ("receiver_name", receiver)], health, queued)
        })
        .collect();
    let mut family = |name, kind, help, value: fn(&Row<'_>) -> u64| {
        page.family(name, kind, help);
        rows.iter().for_each(|row| page.sample(name, &row.0, value(row)));
    };
    family(
        "alertmanager_notifications_total",
        "counter",
        "Notifications that were delivered or refused.",
        |row| row.1.counts.notifications,
    );
    family(
        "alertmanager_notifications_failed_total",
        "counter",
        "Notifications that the receiver refused for good.",
        |row| row.1.counts.refused,
    );
    family(
        "alertmanager_notification_requests_total",
        "counter",
        "Tries to deliver a notification.",
        |row| row.1.counts.requests,
    );
    family(
        "alertmanager_notification_requests_failed_total",
        "counter",
        "Tries that did not deliver it.",
        |row| row.1.counts.failed_requests,
    );
    family(
        "dais_alerts_deliveries_queued",
        "gauge",
        "Notifications that wait to be delivered.",
        |row| row.2 as u64,
    );
    latencies(page, &rows);
}

fn latencies(page: &mut Page, rows: &[Row<'_>]) {
    let name = "alertmanager_notification_latency_seconds";
    page.family(name, "histogram", "How long a try to deliver took.");
    for ([kind, receiver], health, _) in rows {
        let mut total = 0;
        for (at, count) in health.counts.latencies.iter().enumerate() {
            total += count;
            let bound = BUCKETS.get(at).map_or("+Inf".to_owned(), ToString::to_string);
            page.sample(&format!("{name}_bucket"), &[*kind, *receiver, ("le", &bound)], total);
        }
        page.sample(&format!("{name}_sum"), &[*kind, *receiver], health.counts.seconds);
        page.sample(&format!("{name}_count"), &[*kind, *receiver], total);
    }
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl ToString) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl ToString) {
        let escape =
            |text: &str| text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
        let pairs: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
        let labels =
            if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {}", value.to_string());
    }
}
