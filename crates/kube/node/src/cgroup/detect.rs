//! Finds a place where this process may make groups.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::v1::Hierarchies;
use super::{Cgroup, Limits, v2};

/// What `/proc/self` says about control groups.
struct View {
    /// Mount points of version 1, by controller.
    v1: BTreeMap<String, PathBuf>,
    /// Mount point of version 2.
    v2: Option<PathBuf>,
    /// Our own group, by controller ("" for version 2).
    own: BTreeMap<String, String>,
}

/// The group `name` in which this node's pods will live, made and tried; or
/// why there is none, in words for a node condition.
pub(crate) fn detect(name: &str) -> Result<Cgroup, String> {
    let read =
        |path: &str| fs::read_to_string(path).map_err(|error| format!("read {path}: {error}"));
    let view = View::parse(&read("/proc/self/mountinfo")?, &read("/proc/self/cgroup")?);
    let mut refusals = Vec::new();
    for candidate in view.candidates() {
        let group = candidate.child(name);
        match try_out(&candidate, &group) {
            Ok(()) => return Ok(group),
            Err(error) => refusals.push(format!("{}: {error}", describe(&candidate))),
        }
    }
    if refusals.is_empty() {
        return Err("no control group file system is mounted".to_owned());
    }
    Err(refusals.join("; "))
}

/// Makes the group, and a child with a process limit in it.
fn try_out(parent: &Cgroup, group: &Cgroup) -> io::Result<()> {
    if let Cgroup::V2(dir) = parent {
        // Moving a process needs the right to write the common ancestor.
        fs::OpenOptions::new().write(true).open(dir.join("cgroup.procs"))?;
        v2::hand_down(dir)?;
    }
    group.create(&Limits::default(), true)?;
    let probe = group.child("probe");
    let limits = Limits { memory: Some(1 << 30), pids: Some(64), ..Limits::default() };
    let result = probe.create(&limits, false);
    probe.remove();
    result
}

fn describe(group: &Cgroup) -> String {
    match group {
        Cgroup::V1(hierarchies) => hierarchies.memory.display().to_string(),
        Cgroup::V2(dir) => dir.display().to_string(),
    }
}

impl View {
    /// From `/proc/self/mountinfo` and `/proc/self/cgroup`.
    fn parse(mounts: &str, own: &str) -> View {
        let mut view = View { v1: BTreeMap::new(), v2: None, own: BTreeMap::new() };
        for line in mounts.lines() {
            let Some((left, right)) = line.split_once(" - ") else { continue };
            let (Some(point), mut right) = (left.split(' ').nth(4), right.split(' ')) else {
                continue;
            };
            match (right.next(), right.nth(1)) {
                (Some("cgroup2"), _) => view.v2 = Some(PathBuf::from(point)),
                (Some("cgroup"), Some(options)) => view.v1.extend(
                    options.split(',').map(|option| (option.to_owned(), PathBuf::from(point))),
                ),
                _ => {}
            }
        }
        for line in own.lines() {
            let mut parts = line.splitn(3, ':');
            if let (Some(_), Some(names), Some(path)) = (parts.next(), parts.next(), parts.next()) {
                view.own.extend(names.split(',').map(|name| (name.to_owned(), path.to_owned())));
            }
        }
        view
    }

    /// Places to try, the best first. Version 1 where its memory controller is
    /// mounted (a hybrid machine keeps the controllers there): below our own
    /// group, so that whatever confines us confines the pods. Version 2: from
    /// the root (root may) down to our own group (a delegated user session).
    fn candidates(&self) -> Vec<Cgroup> {
        if self.v1.contains_key("memory") {
            return [true, false].into_iter().filter_map(|own| self.hierarchies(own)).collect();
        }
        let Some(point) = &self.v2 else { return Vec::new() };
        let own = self.own.get("").map_or("/", String::as_str);
        let mut places = vec![Cgroup::V2(point.clone())];
        let mut dir = point.clone();
        for part in own.split('/').filter(|part| !part.is_empty() && *part != "..") {
            dir = dir.join(part);
            places.push(Cgroup::V2(dir.clone()));
        }
        places
    }

    fn hierarchies(&self, below_own: bool) -> Option<Cgroup> {
        let dir = |controller: &str| -> Option<PathBuf> {
            let point = self.v1.get(controller)?;
            let own = self.own.get(controller).filter(|_| below_own);
            Some(own.map_or_else(|| point.clone(), |own| below(point, own)))
        };
        Some(Cgroup::V1(Hierarchies {
            memory: dir("memory")?,
            cpu: dir("cpu")?,
            cpuacct: dir("cpuacct")?,
            pids: dir("pids")?,
        }))
    }
}

/// In a container the path may name what the mount does not show.
fn below(point: &Path, own: &str) -> PathBuf {
    let dir = point.join(own.trim_start_matches('/'));
    if dir.is_dir() { dir } else { point.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hybrid_machine_counts_in_version_1() {
        let mounts = "\
30 23 0:26 / /cg/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct
31 23 0:27 / /cg/memory rw shared:10 - cgroup cgroup rw,memory
32 23 0:28 / /cg/pids rw - cgroup cgroup rw,pids
33 23 0:29 / /cg/unified rw - cgroup2 cgroup2 rw
";
        let own = "4:memory:/a\n3:pids:/\n2:cpu,cpuacct:/b\n0::/c\n";
        let view = View::parse(mounts, own);
        let Some(Cgroup::V1(group)) = view.candidates().into_iter().next() else {
            panic!("version 1 first")
        };
        // The directories of our own group do not exist here: the mount's root.
        assert_eq!(group.memory, PathBuf::from("/cg/memory"));
        assert_eq!(group.cpu, group.cpuacct);
        assert_eq!(group.dirs().count(), 3);
    }

    #[test]
    fn a_user_session_of_version_2_is_tried_from_the_root_down() {
        let mounts = "25 30 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
        let view = View::parse(mounts, "0::/user.slice/user-1000.slice\n");
        let dirs: Vec<_> = view.candidates();
        assert_eq!(dirs.len(), 3);
        assert_eq!(dirs[2], Cgroup::V2("/sys/fs/cgroup/user.slice/user-1000.slice".into()));
    }
}
