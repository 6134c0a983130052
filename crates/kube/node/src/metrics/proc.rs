//! Reads `/proc` and `/etc/os-release`. Parsers are pure.

use std::collections::BTreeMap;
use std::fs;

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// `/etc/os-release` by key.
pub(crate) fn os_release() -> BTreeMap<String, String> {
    read("/etc/os-release")
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.trim_matches('"').to_owned()))
        .collect()
}

/// `/proc/meminfo` in bytes, by name.
pub(crate) fn memory_info() -> BTreeMap<String, u64> {
    parse_memory_info(&read("/proc/meminfo"))
}

fn parse_memory_info(text: &str) -> BTreeMap<String, u64> {
    text.lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(':')?;
            let mut words = rest.split_whitespace();
            let number: u64 = words.next()?.parse().ok()?;
            let unit = if words.next() == Some("kB") { 1024 } else { 1 };
            Some((name.replace('(', "_").replace(')', ""), number * unit))
        })
        .collect()
}

/// Seconds by processor and mode, from `/proc/stat` (in hundredths: USER_HZ
/// is 100 on every architecture that this runs on).
pub(super) fn cpu_seconds(stat: &str) -> Vec<(String, &'static str, f64)> {
    const MODES: [&str; 8] =
        ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
    let lines = stat.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let cpu = words.next()?.strip_prefix("cpu").filter(|rest| !rest.is_empty())?;
        Some((cpu.to_owned(), words))
    });
    lines
        .flat_map(|(cpu, words)| {
            MODES.iter().zip(words).map(move |(mode, ticks)| {
                (cpu.clone(), *mode, ticks.parse::<f64>().unwrap_or(0.0) / 100.0)
            })
        })
        .collect()
}

/// The number after a name at the start of a line of `/proc/stat`.
pub(super) fn stat_number(stat: &str, name: &str) -> Option<f64> {
    stat.lines().find_map(|line| {
        line.strip_prefix(name)?.strip_prefix(' ')?.split_whitespace().next()?.parse().ok()
    })
}

/// Interface, then received and sent: bytes, packets, errors, drops.
pub(super) fn network(text: &str) -> Vec<(String, [u64; 8])> {
    text.lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(':')?;
            let numbers: Vec<u64> =
                rest.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            let at = |index: usize| numbers.get(index).copied().unwrap_or(0);
            let values = [at(0), at(1), at(2), at(3), at(8), at(9), at(10), at(11)];
            (numbers.len() >= 12).then(|| (name.trim().to_owned(), values))
        })
        .collect()
}

/// Device, mount point and type of file systems on real devices.
pub(super) fn filesystems(mounts: &str) -> Vec<(String, String, String)> {
    let mut seen = std::collections::BTreeSet::new();
    mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let (device, point, kind) = (words.next()?, words.next()?, words.next()?);
            let real = device.starts_with('/') && seen.insert(device.to_owned());
            real.then(|| (device.to_owned(), point.replace("\\040", " "), kind.to_owned()))
        })
        .collect()
}

/// Read and write counts, bytes and milliseconds of whole disks.
pub(super) fn disks(text: &str) -> Vec<(String, [f64; 5])> {
    text.lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let name = words.get(2)?;
            if name.starts_with("loop") || name.starts_with("ram") {
                return None;
            }
            let number = |index: usize| {
                words.get(index).and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0)
            };
            let sectors = 512.0;
            Some((
                (*name).to_owned(),
                [number(3), number(5) * sectors, number(7), number(9) * sectors, number(12) / 1e3],
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_by_mode() {
        let stat = "cpu  10 0 20 300 0 0 0 0 0 0\ncpu0 5 1 10 150 2 0 3 4 0 0\nctxt 42\nbtime 1700000000\n";
        let seconds = cpu_seconds(stat);
        assert_eq!(seconds.len(), 8);
        assert_eq!(seconds[3], ("0".to_owned(), "idle", 1.5));
        assert_eq!(stat_number(stat, "btime"), Some(1_700_000_000.0));
    }

    #[test]
    fn memory_in_bytes() {
        let info =
            parse_memory_info("MemTotal:  2048 kB\nActive(anon):  1 kB\nHugePages_Total:  3\n");
        assert_eq!(info["MemTotal"], 2 << 20);
        assert_eq!(info["Active_anon"], 1024);
        assert_eq!(info["HugePages_Total"], 3);
    }

    #[test]
    fn interfaces_and_file_systems() {
        let text = "Inter-| Receive\n face |bytes\n  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n";
        assert_eq!(network(text), [("eth0".to_owned(), [1, 2, 3, 4, 5, 6, 7, 8])]);
        let mounts =
            "/dev/vda / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n/dev/vda /again ext4 rw 0 0\n";
        assert_eq!(
            filesystems(mounts),
            [("/dev/vda".to_owned(), "/".to_owned(), "ext4".to_owned())]
        );
    }
}
