//! Version 1: a hierarchy for each controller.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{CPU_PERIOD_US, Limits, Usage, keyed, number, quota_us, shares};

/// The directories of one group. Controllers that are mounted together have
/// the same directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hierarchies {
    /// Controller `memory`.
    pub memory: PathBuf,
    /// Controller `cpu`.
    pub cpu: PathBuf,
    /// Controller `cpuacct`.
    pub cpuacct: PathBuf,
    /// Controller `pids`.
    pub pids: PathBuf,
}

impl Hierarchies {
    pub(super) fn map(&self, f: impl Fn(&Path) -> PathBuf) -> Hierarchies {
        let Hierarchies { memory, cpu, cpuacct, pids } = self;
        Hierarchies { memory: f(memory), cpu: f(cpu), cpuacct: f(cpuacct), pids: f(pids) }
    }

    pub(super) fn dirs(&self) -> impl Iterator<Item = &Path> {
        let shared = self.cpu == self.cpuacct;
        [Some(&self.memory), Some(&self.cpu), (!shared).then_some(&self.cpuacct), Some(&self.pids)]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }

    pub(super) fn create(&self, limits: &Limits) -> io::Result<()> {
        self.dirs().try_for_each(fs::create_dir_all)?;
        if let Some(bytes) = limits.memory {
            fs::write(self.memory.join("memory.limit_in_bytes"), bytes.to_string())?;
        }
        if let Some(milli) = limits.cpu_request_milli {
            fs::write(self.cpu.join("cpu.shares"), shares(milli).to_string())?;
        }
        if let Some(milli) = limits.cpu_limit_milli {
            fs::write(self.cpu.join("cpu.cfs_period_us"), CPU_PERIOD_US.to_string())?;
            fs::write(self.cpu.join("cpu.cfs_quota_us"), quota_us(milli).to_string())?;
        }
        if let Some(count) = limits.pids {
            fs::write(self.pids.join("pids.max"), count.to_string())?;
        }
        Ok(())
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        let held = number(&self.memory.join("memory.usage_in_bytes"))?;
        let stat = fs::read_to_string(self.memory.join("memory.stat")).ok()?;
        let oom = fs::read_to_string(self.memory.join("memory.oom_control")).ok()?;
        let reclaimable = keyed(&stat, "total_inactive_file").unwrap_or(0);
        Some(Usage {
            cpu_seconds: number(&self.cpuacct.join("cpuacct.usage"))? as f64 / 1e9,
            working_set: held.saturating_sub(reclaimable),
            rss: keyed(&stat, "total_rss").unwrap_or(0),
            cache: keyed(&stat, "total_cache").unwrap_or(0),
            memory_peak: number(&self.memory.join("memory.max_usage_in_bytes")),
            oom_kills: keyed(&oom, "oom_kill").unwrap_or(0),
            pids: number(&self.pids.join("pids.current")).unwrap_or(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a container of this kernel's version 1 shows.
    #[test]
    fn reads_a_recorded_group() {
        let temp = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(temp.path().join(name), text).unwrap();
        write("memory.usage_in_bytes", "10485760\n");
        write("memory.max_usage_in_bytes", "20971520\n");
        write(
            "memory.stat",
            "cache 5242880\nrss 1\ntotal_cache 5242880\ntotal_rss 4194304\ntotal_inactive_file 2097152\n",
        );
        write("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
        write("cpuacct.usage", "1500000000\n");
        write("pids.current", "3\n");
        let dir = temp.path().to_owned();
        let group =
            Hierarchies { memory: dir.clone(), cpu: dir.clone(), cpuacct: dir.clone(), pids: dir };
        let expected = Usage {
            cpu_seconds: 1.5,
            working_set: 8_388_608,
            rss: 4_194_304,
            cache: 5_242_880,
            memory_peak: Some(20_971_520),
            oom_kills: 2,
            pids: 3,
        };
        assert_eq!(group.usage(), Some(expected));
    }
}
