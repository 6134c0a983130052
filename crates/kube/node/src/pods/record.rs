//! What this node keeps of a pod across its own restarts.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use serde::{Deserialize, Serialize};

use crate::devices::{self, Share};
use crate::dirs::Dirs;
use crate::error::{Error, Result};
use crate::shim::record::{self, Durable};

/// One file a pod; its containers have their own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PodRecord {
    /// As it was when the node took it on.
    pub(crate) pod: Pod,
    pub(crate) ip: Ipv4Addr,
    pub(crate) start_time: Timestamp,
    /// Accelerators that it was given.
    #[serde(default, deserialize_with = "devices::read")]
    pub(crate) devices: Vec<Share>,
    /// Ids of the images that its containers were started on last, by container.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) images: BTreeMap<String, String>,
    /// Whether they must stay for it.
    #[serde(default)]
    pub(crate) holds_images: bool,
    /// Why it was not taken on, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<String>,
}

const WHAT: &str = "a pod's record";

pub(crate) fn save(dirs: &Dirs, uid: &str, pod: &PodRecord) -> Result<()> {
    let path = dirs.pod_record(uid);
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(Error::file("create directory", dir))?;
    }
    record::write(&path, pod, Durable::Processes)
}

pub(crate) fn load(dirs: &Dirs, uid: &str) -> Result<Option<PodRecord>> {
    record::read(&dirs.pod_record(uid), WHAT)
}

/// Every pod that this node has files of. An unreadable one is told and left
/// alone: it may be all that is left of somebody's work.
pub(crate) fn all(dirs: &Dirs) -> Vec<PodRecord> {
    let Ok(entries) = std::fs::read_dir(dirs.pods()) else { return Vec::new() };
    let uids = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    uids.filter_map(|uid| {
        load(dirs, &uid).unwrap_or_else(|error| {
            tracing::warn!(uid, %error, "pod record not readable");
            None
        })
    })
    .collect()
}
