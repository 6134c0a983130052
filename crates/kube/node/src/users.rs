//! User ids: a range for each namespace, the same for ever.
//!
//! Only where the platform is root. Files that a project's pods left keep
//! their owner, so a range is never given to another namespace.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::shim::record::{self, Durable, User};

/// Ids in a range: what a program expects of a system.
const RANGE: u32 = 65_536;

/// The ranges given so far.
pub(crate) struct Users {
    path: PathBuf,
    first: u32,
    given: BTreeMap<String, u32>,
}

impl Users {
    pub(crate) fn open(path: &Path, first: u32) -> Result<Users> {
        let given = record::read(path, "the table of user id ranges")?.unwrap_or_default();
        Ok(Users { path: path.to_owned(), first, given })
    }

    /// The ids that are the namespace's alone; none before its first pod.
    pub(crate) fn range(&self, namespace: &str) -> Option<Range<u32>> {
        let base = self.first + self.given.get(namespace)? * RANGE;
        Some(base..base + RANGE)
    }

    /// The user that a pod of the namespace runs as. `wanted` (runAsUser) is
    /// an id inside the range, so that no pod can name a user of the host.
    pub(crate) fn user(&mut self, namespace: &str, wanted: Option<i64>) -> Result<User> {
        let index = match self.given.get(namespace) {
            Some(index) => *index,
            None => {
                let index = self.given.values().max().map_or(0, |last| last + 1);
                self.given.insert(namespace.to_owned(), index);
                record::write(&self.path, &self.given, Durable::Power)?;
                index
            }
        };
        let base = self.first + index * RANGE;
        let inside = wanted.map_or(0, |id| id.rem_euclid(i64::from(RANGE)) as u32);
        Ok(User { uid: base + inside, gid: base })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_for_one_namespace_and_for_ever() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("uids.json");
        let mut users = Users::open(&path, 700_000_000).unwrap();
        let (a, b) = (users.user("a", None).unwrap(), users.user("b", None).unwrap());
        assert_eq!((a.uid, b.uid), (700_000_000, 700_065_536));
        let mut again = Users::open(&path, 700_000_000).unwrap();
        assert_eq!(again.user("b", None).unwrap(), b);
        assert_eq!(again.user("c", None).unwrap().uid, 700_131_072);
        assert_eq!(again.range("b"), Some(b.uid..700_131_072));
        assert_eq!(again.range("d"), None);
    }

    #[test]
    fn nobody_becomes_a_user_of_the_host() {
        let temp = tempfile::tempdir().unwrap();
        let mut users = Users::open(&temp.path().join("uids.json"), 700_000_000).unwrap();
        for (wanted, uid) in [(0, 700_000_000), (1000, 700_001_000), (70_000, 700_004_464)] {
            assert_eq!(users.user("a", Some(wanted)).unwrap().uid, uid);
        }
    }
}
