//! Which accelerators this node has to give, and who holds each.
//!
//! Owns the choice and the ledger. What a device is, it is told: a name, what pods call
//! it, and what a program needs to use it. A pod gets its devices for life, and they
//! are written down with it, so that a restart finds every device where it was.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use k8s_openapi::api::core::v1::PodSpec;
use serde::{Deserialize, Serialize};

use crate::host::{Host, lock};
use crate::pods::names::PodNames;
use crate::pods::record::PodRecord;

mod choice;

/// What pods asked for before devices had names.
const FORMER_RESOURCE: &str = "nvidia.com/gpu";

/// An accelerator, or a part of one that is given away by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Device {
    /// What no other device has, and this one has after a restart too.
    pub id: String,
    /// The name by which pods ask for it.
    pub resource: String,
    /// Variables of a program that gets it; of several devices the values are joined by
    /// commas, each once.
    pub variables: Vec<(String, String)>,
    /// Device files of a program that gets it.
    pub nodes: Vec<PathBuf>,
    /// What whoever gets it should know, for an event of the pod.
    pub notice: Option<String>,
}

/// What was found when the machine's devices were looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceReport {
    /// Something is there and cannot be used.
    pub failed: bool,
    pub message: String,
}

/// Who is on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceHolder {
    pub namespace: String,
    pub pod: String,
    pub container: String,
}

/// Answers who is on a device, for as long as the node is there.
#[derive(Clone)]
pub struct DeviceHolders(pub(crate) Arc<Host>);

impl DeviceHolders {
    /// The container that has the device with this id.
    pub fn of(&self, id: &str) -> Option<DeviceHolder> {
        lock(&self.0.devices).held.get(id).map(|(_, holder)| holder.clone())
    }
}

/// A device in the hands of a container. Of a pod's devices the same one may serve an
/// init container and then another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Share {
    pub(crate) id: String,
    pub(crate) resource: String,
    pub(crate) container: String,
}

/// In a pod's record; former ones numbered the devices.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u32),
    Share(Share),
}

/// Reads the devices of a record of any age.
pub(crate) fn read<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Share>, D::Error> {
    let written = Vec::<Written>::deserialize(from)?;
    let share = |written| match written {
        Written::Share(share) => share,
        // Whose it was follows from the pod: see `Ledger::keep`.
        Written::Number(number) => Share {
            id: number.to_string(),
            resource: FORMER_RESOURCE.to_owned(),
            container: String::new(),
        },
    };
    Ok(written.into_iter().map(share).collect())
}

/// All devices and who holds them.
pub(crate) struct Ledger {
    all: Vec<Device>,
    /// By device: the pod's uid, and who it is.
    held: BTreeMap<String, (String, DeviceHolder)>,
}

impl Ledger {
    pub(crate) fn new(all: Vec<Device>) -> Ledger {
        Ledger { all, held: BTreeMap::new() }
    }

    pub(crate) fn count(&self) -> usize {
        self.held.len()
    }

    /// How many there are of each resource.
    pub(crate) fn capacity(&self) -> BTreeMap<String, String> {
        let mut counts = BTreeMap::<&str, u64>::new();
        for device in &self.all {
            *counts.entry(&device.resource).or_default() += 1;
        }
        counts.into_iter().map(|(name, count)| (name.to_owned(), count.to_string())).collect()
    }

    /// Chooses free devices for all that the pod's containers ask for.
    ///
    /// # Errors
    /// What is lacking, in words for the pod's status.
    pub(crate) fn take(
        &mut self,
        names: &PodNames,
        spec: &PodSpec,
        others: &BTreeMap<String, String>,
    ) -> Result<Vec<Share>, String> {
        let mut pools = BTreeMap::new();
        for (resource, count) in choice::wanted(spec) {
            // Resources that are counted and no more are nobody's devices.
            if others.contains_key(&resource) {
                continue;
            }
            let free = self.all.iter().filter(|device| {
                device.resource == resource && !self.held.contains_key(&device.id)
            });
            let pool: Vec<String> = free.map(|device| device.id.clone()).take(count).collect();
            if pool.len() < count {
                return Err(format!(
                    "the pod asks for {count} {resource}, and {} of this node's are free",
                    pool.len()
                ));
            }
            pools.insert(resource, pool);
        }
        let shares = choice::share(spec, &pools);
        self.hold(names, &shares);
        Ok(shares)
    }

    /// Takes over what a pod held when the node ended.
    pub(crate) fn keep(&mut self, names: &PodNames, record: &mut PodRecord) {
        if record.devices.iter().any(|share| share.container.is_empty()) {
            let spec = record.pod.spec.clone().unwrap_or_default();
            let numbered: Vec<&Device> =
                self.all.iter().filter(|device| device.resource == FORMER_RESOURCE).collect();
            let named = |share: &Share| {
                let number: usize = share.id.parse().ok()?;
                numbered.get(number).map(|device| device.id.clone())
            };
            let pool = record.devices.iter().map(|share| named(share).unwrap_or(share.id.clone()));
            let pools = BTreeMap::from([(FORMER_RESOURCE.to_owned(), pool.collect())]);
            record.devices = choice::share(&spec, &pools);
        }
        self.hold(names, &record.devices);
    }

    fn hold(&mut self, names: &PodNames, shares: &[Share]) {
        // Init containers come first: who comes later is on it for longer.
        for share in shares {
            let holder = DeviceHolder {
                namespace: names.namespace.clone(),
                pod: names.name.clone(),
                container: share.container.clone(),
            };
            self.held.insert(share.id.clone(), (names.uid.clone(), holder));
        }
    }

    pub(crate) fn release(&mut self, uid: &str) {
        self.held.retain(|_, (owner, _)| owner != uid);
    }

    /// The devices of a container.
    ///
    /// # Errors
    /// The name of one that this machine has no more.
    pub(crate) fn of(&self, shares: &[Share], container: &str) -> Result<Vec<Device>, String> {
        let own = shares.iter().filter(|share| share.container == container);
        own.map(|share| {
            let device = self.all.iter().find(|device| device.id == share.id);
            device.cloned().ok_or_else(|| share.id.clone())
        })
        .collect()
    }

    /// What whoever got these should know.
    pub(crate) fn notices(&self, shares: &[Share]) -> BTreeSet<String> {
        let ids: BTreeSet<&String> = shares.iter().map(|share| &share.id).collect();
        let given = self.all.iter().filter(|device| ids.contains(&device.id));
        given.filter_map(|device| device.notice.clone()).collect()
    }
}

/// Sets the variables of the devices, over whatever the pod says of them itself: a pod
/// must not help itself to others' devices.
pub(crate) fn apply(devices: &[Device], env: &mut Vec<(String, String)>) -> Vec<PathBuf> {
    let mut values = BTreeMap::<&str, Vec<&str>>::new();
    for (name, value) in devices.iter().flat_map(|device| &device.variables) {
        let values = values.entry(name).or_default();
        if !values.contains(&value.as_str()) {
            values.push(value);
        }
    }
    for (name, values) in values {
        env.retain(|(known, _)| known != name);
        env.push((name.to_owned(), values.join(",")));
    }
    let nodes: BTreeSet<&PathBuf> = devices.iter().flat_map(|device| &device.nodes).collect();
    nodes.into_iter().cloned().collect()
}
