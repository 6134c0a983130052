//! Control groups of both versions behind one type: where containers are
//! limited and counted.
//!
//! Owns the layout `<parent>/<name>/pod<uid>/<container>`; knows nothing of
//! pods. `v1` and `v2` hold what differs: file names and units.

mod detect;
mod v1;
mod v2;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) use detect::detect;

/// One group, by its directories. Serialised into a shim's spec, so that the
/// shim finds the same group whatever has become of the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cgroup {
    /// One directory for each controller.
    V1(v1::Hierarchies),
    /// One directory.
    V2(PathBuf),
}

/// Limits of a group; none: no limit of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes.
    pub memory: Option<u64>,
    /// Thousandths of a processor that it may use at most.
    pub cpu_limit_milli: Option<u64>,
    /// Thousandths of a processor that it is promised when all are busy.
    pub cpu_request_milli: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
}

/// What a group used so far and holds now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Processor time since the group was made, in seconds.
    pub cpu_seconds: f64,
    /// Memory held, without the page cache that could go at once.
    pub working_set: u64,
    /// Memory held that no file stands behind.
    pub rss: u64,
    /// Page cache.
    pub cache: u64,
    /// Most memory ever held.
    pub memory_peak: Option<u64>,
    /// Processes killed for want of memory.
    pub oom_kills: u64,
    /// Processes and threads now.
    pub pids: u64,
}

impl Cgroup {
    /// The group `name` below this one; nothing is made yet.
    pub fn child(&self, name: &str) -> Cgroup {
        match self {
            Cgroup::V1(hierarchies) => Cgroup::V1(hierarchies.map(|dir| dir.join(name))),
            Cgroup::V2(dir) => Cgroup::V2(dir.join(name)),
        }
    }

    /// Makes the group and sets its limits. A group that will have children
    /// hands its controllers down.
    pub fn create(&self, limits: &Limits, has_children: bool) -> io::Result<()> {
        match self {
            Cgroup::V1(hierarchies) => hierarchies.create(limits),
            Cgroup::V2(dir) => v2::create(dir, limits, has_children),
        }
    }

    /// Moves the calling process into the group.
    pub fn join(&self) -> io::Result<()> {
        self.dirs().try_for_each(|dir| fs::write(dir.join("cgroup.procs"), "0"))
    }

    /// The processes in the group.
    pub fn processes(&self) -> Vec<i32> {
        let Some(dir) = self.dirs().next() else { return Vec::new() };
        let text = fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// What the group uses; `None` when it does not exist (any more).
    pub fn usage(&self) -> Option<Usage> {
        match self {
            Cgroup::V1(hierarchies) => hierarchies.usage(),
            Cgroup::V2(dir) => v2::usage(dir),
        }
    }

    /// Removes the group if nothing is in it; a group that is not there or is
    /// in use is left as it is, for the next attempt finds it again.
    pub fn remove(&self) {
        for dir in self.dirs() {
            let _ = fs::remove_dir(dir);
        }
    }

    fn dirs(&self) -> Box<dyn Iterator<Item = &Path> + '_> {
        match self {
            Cgroup::V1(hierarchies) => Box::new(hierarchies.dirs()),
            Cgroup::V2(dir) => Box::new(std::iter::once(dir.as_path())),
        }
    }
}

/// Kubernetes' smallest time slice and shares, from its cgroup conventions.
const CPU_PERIOD_US: u64 = 100_000;
const MIN_QUOTA_US: u64 = 1_000;
const MIN_SHARES: u64 = 2;
const MAX_SHARES: u64 = 262_144;

/// Microseconds of processor time in each period.
fn quota_us(milli: u64) -> u64 {
    (milli * CPU_PERIOD_US / 1000).max(MIN_QUOTA_US)
}

/// Version 1's shares: 1024 for a processor.
fn shares(milli: u64) -> u64 {
    (milli * 1024 / 1000).clamp(MIN_SHARES, MAX_SHARES)
}

/// A number in a file of its own.
fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The number beside `key` in a file of `key number` lines.
fn keyed(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(' ')?;
        (name == key).then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_kubernetes() {
        assert_eq!(quota_us(500), 50_000);
        assert_eq!(quota_us(1), 1_000);
        assert_eq!(shares(1000), 1024);
        assert_eq!(shares(0), 2);
    }

    #[test]
    fn a_key_is_not_taken_for_a_longer_one() {
        assert_eq!(keyed("oom 3\noom_kill 1\n", "oom_kill"), Some(1));
        assert_eq!(keyed("oom_kill_disable 0\n", "oom_kill"), None);
    }
}
