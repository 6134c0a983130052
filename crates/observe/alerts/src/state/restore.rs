//! The state as it was when the process ended, read from its records.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::need::Entry;
use super::{Delivery, State, Told};
use crate::alert::Known;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::quiet::{Acknowledgement, Silence};
use crate::record::{Change, Kind, Record};

impl State {
    /// Groups are made anew from the alerts. Changes come back where the configuration no
    /// longer has what a record is for.
    ///
    /// # Errors
    /// A record is damaged.
    pub fn restore(
        config: Arc<Config>,
        records: &[Record],
        now: Timestamp,
    ) -> Result<(Self, Vec<Change>)> {
        let mut state = State {
            config: config.clone(),
            alerts: BTreeMap::new(),
            silences: BTreeMap::new(),
            acknowledgements: BTreeMap::new(),
            groups: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            notified: BTreeMap::new(),
            next_delivery: 1,
            tidied_at: now,
        };
        records.iter().try_for_each(|record| state.take_in(record))?;
        state.next_delivery = state.deliveries.keys().last().map_or(1, |last| last + 1);
        let mut changes = Vec::new();
        state.configure(config, now, &mut changes);
        Ok((state, changes))
    }

    fn take_in(&mut self, record: &Record) -> Result<()> {
        match record.kind {
            Kind::Alert => {
                let alert: Known = record.read()?;
                self.alerts.insert(alert.fingerprint(), alert);
            }
            Kind::Silence => {
                let silence: Silence = record.read()?;
                self.silences.insert(silence.id.clone(), silence);
            }
            Kind::Acknowledgement => {
                let own: Acknowledgement = record.read()?;
                self.acknowledgements.insert(own.fingerprint, own);
            }
            Kind::Notified => {
                let (told, entry): (Told, Entry) = record.read()?;
                self.notified.insert(told, entry);
            }
            Kind::Delivery => {
                let delivery: Delivery = record.read()?;
                let id = record.key.parse().map_err(|_| Error::Damaged {
                    key: format!("delivery/{}", record.key),
                    reason: "its key is no number".into(),
                })?;
                self.deliveries.insert(id, delivery);
            }
        }
        Ok(())
    }
}
