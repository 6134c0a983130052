//! Recording and alerting rules, with Prometheus's semantics.
//!
//! ```text
//! set_groups ──► schedule ──► group at its turn ──► rule by rule: query, label, append
//!                                  │                                    │
//!                     statuses ◄───┤                 ALERTS, ALERTS_FOR_STATE, staleness
//!                                  └──► notify: firing and resolved alerts
//! ```
//!
//! Deliberately knows nothing of Kubernetes and of receivers: the owner gives groups and
//! takes alerts. A group of a namespace reads that namespace's series alone, and all that
//! it makes carries the label `namespace`. Start reading at `group`, where one turn of a
//! group at a given time is; the clock is in `schedule` alone.

mod alert;
mod config;
mod group;
mod record;
mod restore;
mod schedule;
mod status;
mod template;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::promql::Limits;
use crate::store::Store;

pub use alert::{ActiveAlert, Alert, AlertState};
pub use config::{AlertingRule, RecordingRule, RefusedRule, Rule, RuleGroup, Texts};
pub use group::Group;
pub(crate) use group::merged;
pub use status::{GroupStatus, RuleHealth, RuleStatus};
pub(crate) use template::exponential;

/// How rules are evaluated.
#[derive(Debug, Clone)]
pub struct RulesConfig {
    /// Between the turns of a group that does not say.
    pub interval: Duration,
    /// A firing alert is told again after this.
    pub resend: Duration,
    /// The address that links in alerts begin with.
    pub external_url: String,
    /// What each query may take.
    pub limits: Limits,
    /// After a longer absence the state of alerts is not taken up again.
    pub outage_tolerance: Duration,
    /// Alerts whose `for` is shorter are not taken up again; others wait at least this
    /// after a restart before they fire.
    pub restore_grace: Duration,
}

impl Default for RulesConfig {
    /// Prometheus's figures.
    fn default() -> Self {
        RulesConfig {
            interval: Duration::from_secs(60),
            resend: Duration::from_secs(60),
            external_url: String::new(),
            limits: Limits::default(),
            outage_tolerance: Duration::from_secs(3600),
            restore_grace: Duration::from_secs(600),
        }
    }
}

/// Takes the alerts that are due: those that fire, again after each [`RulesConfig::resend`],
/// and those that have ended. Called on a thread that may block.
pub type Notifier = Arc<dyn Fn(Vec<Alert>) + Send + Sync>;

/// The rules engine; ends when dropped. What it did is kept in the store, so that the
/// next one goes on where it was.
pub struct Rules {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    wanted: Mutex<Vec<RuleGroup>>,
    statuses: Mutex<status::Board>,
    changed: Notify,
}

/// A look at the rules' state, for the HTTP API.
#[derive(Clone)]
pub struct RulesView(Arc<Shared>);

impl RulesView {
    /// No rules.
    pub fn none() -> RulesView {
        RulesView(Arc::default())
    }

    /// By source and name.
    pub fn groups(&self) -> Vec<Arc<GroupStatus>> {
        let statuses = self.0.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        statuses.values().cloned().collect()
    }
}

impl Rules {
    /// Must be called within a tokio runtime.
    pub fn start(store: Store, config: RulesConfig, notify: Notifier) -> Rules {
        let shared = Arc::new(Shared::default());
        let schedule = schedule::Schedule::new(store, config, notify, shared.clone());
        Rules { shared, task: tokio::spawn(schedule.run()) }
    }

    /// Replaces the groups. Rules that are in both keep their state; the series of those
    /// that are gone end, and their alerts are told as ended.
    pub fn set_groups(&self, groups: Vec<RuleGroup>) {
        *self.shared.wanted.lock().unwrap_or_else(PoisonError::into_inner) = groups;
        self.shared.changed.notify_one();
    }

    pub fn view(&self) -> RulesView {
        RulesView(self.shared.clone())
    }

    /// Ends the turns before the rules are dropped.
    pub fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Rules {
    fn drop(&mut self) {
        self.stop();
    }
}
