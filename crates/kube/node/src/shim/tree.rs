//! Ends a container's whole process tree.
//!
//! In a sandbox, the death of process 1 takes every other with it. Without
//! one, the shim is the reaper of its descendants, so that a process that
//! loses its parent becomes the shim's child and is found in the next round.
//! A shim that took over from a lost one is nobody's parent: it goes by the
//! control group, or else by the session that the container began.

use std::collections::BTreeSet;
use std::fs;

use super::record::{Identity, parent_and_session};
use crate::cgroup::Cgroup;
use crate::sys;

/// Rounds of killing before giving up on processes that the kernel holds in
/// an uninterruptible wait.
const ROUNDS: usize = 200;

/// Sends KILL to every process of the tree, until a round finds none. Returns
/// the children that were reaped meanwhile, with their raw statuses.
pub(crate) fn kill_all(process: &Identity, cgroup: Option<&Cgroup>) -> Vec<(i32, i32)> {
    let mut reaped = Vec::new();
    for _ in 0..ROUNDS {
        let members = members(process, cgroup);
        if members.is_empty() {
            break;
        }
        for pid in members {
            sys::kill(pid, libc::SIGKILL);
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
        reaped.extend(std::iter::from_fn(sys::reap_one));
    }
    reaped
}

/// The living processes of the tree.
fn members(process: &Identity, cgroup: Option<&Cgroup>) -> BTreeSet<i32> {
    let mut members: BTreeSet<i32> =
        cgroup.map(Cgroup::processes).unwrap_or_default().into_iter().collect();
    let me = std::process::id() as i32;
    let mut below = BTreeSet::from([me]);
    let table = process_table();
    // Parents may come after their children in the table: until it is stable.
    loop {
        let before = below.len();
        for entry in &table {
            let in_session = entry.session == process.pid && process.is_of_this_boot();
            if below.contains(&entry.parent) || in_session {
                below.insert(entry.pid);
            }
        }
        if below.len() == before {
            break;
        }
    }
    members.extend(below);
    members.remove(&me);
    members.retain(|pid| table.iter().any(|entry| entry.pid == *pid && !entry.dead));
    members
}

struct Entry {
    pid: i32,
    parent: i32,
    session: i32,
    dead: bool,
}

fn process_table() -> Vec<Entry> {
    let Ok(dir) = fs::read_dir("/proc") else { return Vec::new() };
    dir.filter_map(|entry| {
        let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (parent, session) = parent_and_session(&stat)?;
        let dead = stat.rsplit_once(')')?.1.trim_start().starts_with(['Z', 'X']);
        Some(Entry { pid, parent, session, dead })
    })
    .collect()
}

impl Identity {
    fn is_of_this_boot(&self) -> bool {
        !self.is_of_another_boot()
    }
}
