//! Addresses of pods: one each, in 127.80.0.0/12, all of this machine alone.
//!
//! A server that listens on its pod's address never meets another's port, and
//! needs no privilege for it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::Ipv4Addr;
use std::path::Path;

const BASE: u32 = u32::from_be_bytes([127, 80, 0, 0]);
const SIZE: u32 = 1 << 20;
/// Nodes begin at multiples of this: twice what a Kubernetes node holds of pods.
const BLOCK: u32 = 256;
/// The node's own, and the network's.
const RESERVED: u32 = 2;

/// Who has which.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    by_pod: BTreeMap<String, u32>,
    next: u32,
}

impl Addresses {
    /// Begins at a place in the range that follows from the node's folder: several
    /// nodes on one machine share its loopback, and meet there only if two of them
    /// begin at the same of 4,096 places.
    pub(crate) fn of_node(folder: &Path) -> Self {
        let mut hasher = DefaultHasher::new();
        folder.hash(&mut hasher);
        let block = u32::try_from(hasher.finish() % u64::from(SIZE / BLOCK)).unwrap_or_default();
        Self { by_pod: BTreeMap::new(), next: block * BLOCK + RESERVED }
    }

    /// The pod's address. One that was just given back comes last again, so
    /// that a slow client does not meet a stranger.
    pub(crate) fn of(&mut self, uid: &str) -> Ipv4Addr {
        if let Some(offset) = self.by_pod.get(uid) {
            return address(*offset);
        }
        let mut offset = self.next.max(RESERVED);
        while self.by_pod.values().any(|taken| *taken == offset) {
            offset = following(offset);
        }
        self.by_pod.insert(uid.to_owned(), offset);
        self.next = following(offset);
        address(offset)
    }

    /// The pod keeps an address that it had before a restart of the platform.
    pub(crate) fn keep(&mut self, uid: &str, kept: Ipv4Addr) {
        let offset = u32::from(kept).wrapping_sub(BASE);
        if (RESERVED..SIZE).contains(&offset) {
            self.by_pod.insert(uid.to_owned(), offset);
            self.next = self.next.max(following(offset));
        }
    }

    pub(crate) fn release(&mut self, uid: &str) {
        self.by_pod.remove(uid);
    }
}

/// The last byte is never 0 or 255: some programs take those for networks.
fn following(offset: u32) -> u32 {
    let mut next = offset + 1;
    while matches!(next % 256, 0 | 255) {
        next += 1;
    }
    if next >= SIZE { RESERVED } else { next }
}

fn address(offset: u32) -> Ipv4Addr {
    Ipv4Addr::from(BASE + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pod_has_its_own_and_keeps_it() {
        let mut addresses = Addresses::default();
        let (a, b) = (addresses.of("a"), addresses.of("b"));
        assert_eq!(a, Ipv4Addr::new(127, 80, 0, 2));
        assert_ne!(a, b);
        assert_eq!(addresses.of("a"), a);
        addresses.release("a");
        assert_ne!(addresses.of("c"), a);
    }

    #[test]
    fn nodes_of_one_machine_begin_apart() {
        let first = |folder: &str| Addresses::of_node(Path::new(folder)).of("a");
        assert_ne!(first("/one"), first("/two"));
        assert_eq!(first("/one"), first("/one"));
        assert_eq!(first("/one").octets()[3], 2);
    }

    #[test]
    fn kept_addresses_are_not_given_again() {
        let mut addresses = Addresses::default();
        addresses.keep("old", Ipv4Addr::new(127, 80, 0, 254));
        assert_eq!(addresses.of("new"), Ipv4Addr::new(127, 80, 1, 1));
        assert_eq!(addresses.of("old"), Ipv4Addr::new(127, 80, 0, 254));
    }
}
