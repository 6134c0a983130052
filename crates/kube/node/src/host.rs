//! What all parts of a node share: the client, the runtime, and the places and
//! numbers that it hands out.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use kube::Client;

use crate::addresses::Addresses;
use crate::books::Books;
use crate::cgroup::Cgroup;
use crate::config::NodeConfig;
use crate::devices::Ledger;
use crate::dirs::Dirs;
use crate::events::Events;
use crate::pods::registry::PodEntry;
use crate::runtime::{Runtime, Shims};
use crate::shim::record::User;
use crate::users::Users;

/// The parts of a node hold it as an `Arc`.
pub(crate) struct Host {
    pub(crate) client: Client,
    pub(crate) config: NodeConfig,
    pub(crate) runtime: Arc<dyn Runtime>,
    /// Why containers are not isolated, when they are not.
    pub(crate) fallback: Option<String>,
    pub(crate) shims: Shims,
    /// Where pods are limited and counted, or why they are not.
    pub(crate) cgroup: Result<Cgroup, String>,
    pub(crate) dirs: Dirs,
    /// The node's own address.
    pub(crate) ip: &'static str,
    pub(crate) events: Events,
    pub(crate) addresses: Mutex<Addresses>,
    pub(crate) users: Option<Mutex<Users>>,
    /// Whether the kernel says whose process is at the other end of a connection.
    pub(crate) peers_are_known: bool,
    /// What is to be told of use.
    pub(crate) books: Books,
    /// Accelerators, and who holds them.
    pub(crate) devices: Mutex<Ledger>,
    /// What the log endpoint and the metrics show, by pod uid.
    pub(crate) registry: RwLock<BTreeMap<String, PodEntry>>,
}

impl Host {
    /// Whom a pod's containers run as; none: as the platform itself.
    pub(crate) fn user_of(
        &self,
        namespace: &str,
        wanted: Option<i64>,
    ) -> crate::Result<Option<User>> {
        let Some(users) = &self.users else { return Ok(None) };
        lock(users).user(namespace, wanted).map(Some)
    }

    /// Gives back all that a pod held.
    pub(crate) fn release(&self, uid: &str) {
        lock(&self.devices).release(uid);
        lock(&self.addresses).release(uid);
        self.registry.write().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }

    /// The pod's control group.
    pub(crate) fn pod_cgroup(&self, uid: &str) -> Option<Cgroup> {
        self.cgroup.as_ref().ok().map(|group| group.child(&format!("pod{uid}")))
    }

    /// Where a driver's or a claim's files are kept.
    pub(crate) fn claims_dir(&self) -> PathBuf {
        self.dirs.data_dir.join("volumes")
    }
}

/// A lock whose data stays sound if a holder panicked: all are simple maps.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
