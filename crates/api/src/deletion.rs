//! What goes with an object that is deleted, and what stays.
//!
//! Owns the words, for the command line and the portal alike; `deletion.json` has them,
//! and the portal's are generated from it. Knows nothing of how anything is removed: the
//! controllers do that, and their tests hold them to it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// A sentence in English and in Chinese.
pub type Sentence = (String, String);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deletion {
    pub goes: Vec<Sentence>,
    pub stays: Vec<Sentence>,
}

static DELETIONS: LazyLock<BTreeMap<String, Deletion>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../deletion.json")).expect("a test reads the same file")
});

/// What deleting an object of `kind` does beside it; `None` for kinds that are not ours to
/// speak of.
pub fn of(kind: &str) -> Option<&'static Deletion> {
    DELETIONS.get(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_says_what_goes_in_both_languages() {
        for crd in crate::crds::all() {
            let kind = crd.spec.names.kind;
            assert!(of(&kind).is_some_and(|said| !said.goes.is_empty()), "{kind}");
        }
        for (kind, said) in DELETIONS.iter() {
            for (english, chinese) in said.goes.iter().chain(&said.stays) {
                assert!(english.is_ascii() && english.ends_with('.'), "{kind}: {english}");
                assert!(chinese.ends_with('。'), "{kind}: {chinese}");
            }
        }
        assert!(of("Pod").is_none());
    }
}
