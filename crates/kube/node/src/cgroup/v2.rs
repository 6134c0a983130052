//! Version 2: one hierarchy; a group that holds processes has no children.

use std::fs;
use std::io;
use std::path::Path;

use super::{CPU_PERIOD_US, Limits, Usage, keyed, number, quota_us, shares};

/// The controllers that containers need.
pub(super) const CONTROLLERS: [&str; 3] = ["cpu", "memory", "pids"];

pub(super) fn create(dir: &Path, limits: &Limits, has_children: bool) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    if has_children {
        hand_down(dir)?;
    }
    if let Some(bytes) = limits.memory {
        fs::write(dir.join("memory.max"), bytes.to_string())?;
    }
    if let Some(milli) = limits.cpu_request_milli {
        fs::write(dir.join("cpu.weight"), weight(shares(milli)).to_string())?;
    }
    if let Some(milli) = limits.cpu_limit_milli {
        fs::write(dir.join("cpu.max"), format!("{} {CPU_PERIOD_US}", quota_us(milli)))?;
    }
    if let Some(count) = limits.pids {
        fs::write(dir.join("pids.max"), count.to_string())?;
    }
    Ok(())
}

/// Lets the children of `dir` have their own limits.
pub(super) fn hand_down(dir: &Path) -> io::Result<()> {
    CONTROLLERS
        .iter()
        .try_for_each(|name| fs::write(dir.join("cgroup.subtree_control"), format!("+{name}")))
}

/// Weight from shares, by the formula of the Kubernetes enhancement 2254:
/// `[2, 262144]` is mapped onto `[1, 10000]`.
fn weight(shares: u64) -> u64 {
    1 + ((shares - 2) * 9999) / 262_142
}

pub(super) fn usage(dir: &Path) -> Option<Usage> {
    let cpu = fs::read_to_string(dir.join("cpu.stat")).ok()?;
    let stat = fs::read_to_string(dir.join("memory.stat")).unwrap_or_default();
    let events = fs::read_to_string(dir.join("memory.events")).unwrap_or_default();
    let held = number(&dir.join("memory.current")).unwrap_or(0);
    Some(Usage {
        cpu_seconds: keyed(&cpu, "usage_usec")? as f64 / 1e6,
        working_set: held.saturating_sub(keyed(&stat, "inactive_file").unwrap_or(0)),
        rss: keyed(&stat, "anon").unwrap_or(0),
        cache: keyed(&stat, "file").unwrap_or(0),
        memory_peak: number(&dir.join("memory.peak")),
        oom_kills: keyed(&events, "oom_kill").unwrap_or(0),
        pids: number(&dir.join("pids.current")).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A recorded group of a Debian 12 machine (Linux 6.1).
    fn recorded() -> tempfile::TempDir {
        let temp = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(temp.path().join(name), text).unwrap();
        write(
            "cpu.stat",
            "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\nnr_periods 10\nnr_throttled 1\nthrottled_usec 9\n",
        );
        write("memory.current", "73400320\n");
        write(
            "memory.stat",
            "anon 41943040\nfile 31457280\nkernel 1048576\ninactive_anon 0\ninactive_file 20971520\n",
        );
        write("memory.events", "low 0\nhigh 0\nmax 14\noom 1\noom_kill 1\noom_group_kill 0\n");
        write("pids.current", "12\n");
        temp
    }

    #[test]
    fn reads_a_recorded_group() {
        let group = recorded();
        let expected = Usage {
            cpu_seconds: 2.5,
            working_set: 52_428_800,
            rss: 41_943_040,
            cache: 31_457_280,
            memory_peak: None,
            oom_kills: 1,
            pids: 12,
        };
        assert_eq!(usage(group.path()), Some(expected));
    }

    #[test]
    fn writes_limits_in_the_units_of_version_2() {
        let temp = tempfile::tempdir().unwrap();
        let limits = Limits {
            memory: Some(1 << 20),
            cpu_limit_milli: Some(1500),
            cpu_request_milli: Some(1000),
            pids: Some(64),
        };
        create(temp.path(), &limits, false).unwrap();
        let read = |name: &str| fs::read_to_string(temp.path().join(name)).unwrap();
        assert_eq!(read("memory.max"), "1048576");
        assert_eq!(read("cpu.max"), "150000 100000");
        assert_eq!(read("cpu.weight"), "39");
        assert_eq!(read("pids.max"), "64");
    }
}
