//! A state whose time is a number of seconds, and whose deliveries are looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::alert::Alert;
use crate::config::Config;
use crate::duration::Length;
use crate::labels::Fingerprint;
use crate::quiet::{Acknowledgement, Silence};
use crate::record::{Change, Kind, Record};
use crate::state::{Event, State};

pub struct World {
    pub state: State,
    pub now: i64,
    /// What a store would hold.
    records: BTreeMap<(Kind, String), String>,
    config: Arc<Config>,
}

pub fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

fn alert(labels: &str, ends: Option<i64>) -> Alert {
    let pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
    let labels = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Alert { labels, ends_at: ends.map(time), ..Alert::default() }
}

pub fn fingerprint(labels: &str) -> Fingerprint {
    Fingerprint::of(&alert(labels, None).labels)
}

impl World {
    /// A receiver `a` that hears of what is resolved, `b` that does not, `c` with two ways out.
    pub fn new(config: &str) -> Self {
        let text = format!(
            "{config}
receivers:
  - name: a
    webhook_configs: [{{url: 'http://a.example.org'}}]
  - name: b
    webhook_configs: [{{url: 'http://b.example.org', send_resolved: false}}]
  - name: c
    webhook_configs: [{{url: 'http://c.example.org'}}, {{url: 'http://d.example.org'}}]
"
        );
        let config = Arc::new(Config::parse(&text).unwrap());
        let (state, _) = State::restore(config.clone(), &[], time(0)).unwrap();
        World { state, now: 0, records: BTreeMap::new(), config }
    }

    pub fn act(&mut self, event: Event) {
        for event in [event, Event::Tick] {
            for Change { kind, key, value } in self.state.step(event, time(self.now)) {
                match value {
                    Some(value) => self.records.insert((kind, key), value),
                    None => self.records.remove(&(kind, key)),
                };
            }
        }
    }

    pub fn fire(&mut self, labels: &str) {
        // A day: these tests say themselves when an alert ends.
        let known = alert(labels, Some(self.now + 86_400));
        let known = known.settle(0, time(self.now), Length::from_secs(300)).unwrap();
        self.act(Event::Receive(vec![known]));
    }

    pub fn resolve(&mut self, labels: &str) {
        let known = alert(labels, Some(self.now));
        let known = known.settle(0, time(self.now), Length::from_secs(300)).unwrap();
        self.act(Event::Receive(vec![known]));
    }

    pub fn silence(&mut self, matchers: &str, seconds: i64) {
        self.act(Event::Silence(Silence {
            id: matchers.to_owned(),
            matchers: crate::matcher::parse(matchers).unwrap(),
            starts_at: time(self.now),
            ends_at: time(self.now + seconds),
            updated_at: time(self.now),
            created_by: "mei".into(),
            comment: String::new(),
        }));
    }

    pub fn acknowledge(&mut self, labels: &str, seconds: Option<i64>) {
        self.act(Event::Acknowledge(Acknowledgement {
            fingerprint: fingerprint(labels),
            created_by: "mei".into(),
            comment: String::new(),
            created_at: time(self.now),
            ends_at: seconds.map(|seconds| time(self.now + seconds)),
        }));
    }

    /// Lets time pass, flush by flush.
    pub fn pass(&mut self, seconds: i64) {
        let until = self.now + seconds;
        while let Some(next) = self.state.next_flush() {
            let next = next.as_second() - time(0).as_second();
            if next > until {
                break;
            }
            self.now = next.max(self.now);
            self.act(Event::Tick);
        }
        self.now = until;
        self.act(Event::Tick);
    }

    /// What waits to be delivered: `receiver: +firing … -resolved …`.
    pub fn waiting(&self) -> Vec<String> {
        let shown = |delivery: &crate::state::Delivery| {
            let alerts = delivery.message.alerts.iter().map(|told| {
                let sign = if told.is_firing { '+' } else { '-' };
                let own = told.acknowledged_by.as_ref().map_or("", |_| "*");
                format!("{sign}{}{own}", crate::labels::value(&told.alert.labels, "alertname"))
            });
            let mut alerts: Vec<String> = alerts.collect();
            alerts.sort();
            format!("{}: {}", delivery.message.receiver, alerts.join(" "))
        };
        self.state.deliveries.values().map(shown).collect()
    }

    /// Delivers all that waits, and tells what it was.
    pub fn deliver(&mut self) -> Vec<String> {
        let shown = self.waiting();
        let ids: Vec<u64> = self.state.deliveries.keys().copied().collect();
        ids.into_iter().for_each(|id| self.act(Event::Delivered(id)));
        shown
    }

    pub fn refuse(&mut self) {
        let ids: Vec<u64> = self.state.deliveries.keys().copied().collect();
        ids.into_iter().for_each(|id| self.act(Event::Refused(id)));
    }

    /// A kill, and a start from what is on disk.
    pub fn restart(&mut self) {
        let records: Vec<Record> = self
            .records
            .iter()
            .map(|((kind, key), value)| Record {
                kind: *kind,
                key: key.clone(),
                value: value.clone(),
            })
            .collect();
        let (state, _) = State::restore(self.config.clone(), &records, time(self.now)).unwrap();
        self.state = state;
    }

    pub fn records(&self) -> usize {
        self.records.len()
    }

    pub fn reconfigure(&mut self, config: &str) {
        let other = World::new(config);
        self.config = other.config.clone();
        self.act(Event::Configure(other.config));
    }
}
