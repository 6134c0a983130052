//! Relabelling: steps that make a target's labels out of what was discovered, or a
//! sample's out of what was scraped, and say whether it is kept.
//!
//! Source: Prometheus's `relabel_config`.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use regex::Regex;

use crate::error::{Error, Result};

/// One step.
#[derive(Debug, Clone)]
pub struct Relabeling {
    source: Vec<String>,
    separator: String,
    regex: Regex,
    modulus: u64,
    target: String,
    replacement: String,
    action: Action,
}

/// A step in words, as configurations have it; what is absent has Prometheus's default.
#[derive(Debug, Clone, Default)]
pub struct RelabelingConfig {
    pub source_labels: Vec<String>,
    pub separator: Option<String>,
    pub regex: Option<String>,
    pub modulus: Option<u64>,
    pub target_label: Option<String>,
    pub replacement: Option<String>,
    pub action: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Replace,
    Lowercase,
    Uppercase,
    Keep,
    Drop,
    KeepEqual,
    DropEqual,
    HashMod,
    LabelMap,
    LabelDrop,
    LabelKeep,
}

const ACTIONS: [(&str, Action); 11] = [
    ("replace", Action::Replace),
    ("lowercase", Action::Lowercase),
    ("uppercase", Action::Uppercase),
    ("keep", Action::Keep),
    ("drop", Action::Drop),
    ("keepequal", Action::KeepEqual),
    ("dropequal", Action::DropEqual),
    ("hashmod", Action::HashMod),
    ("labelmap", Action::LabelMap),
    ("labeldrop", Action::LabelDrop),
    ("labelkeep", Action::LabelKeep),
];

impl Relabeling {
    /// # Errors
    /// [`Error::BadData`] for an action that is none, a pattern that cannot be read, and
    /// a step that lacks the label or the modulus that its action needs.
    pub fn new(config: RelabelingConfig) -> Result<Self> {
        let name = config.action.unwrap_or_else(|| "replace".to_owned()).to_lowercase();
        let action = ACTIONS.iter().find(|(known, _)| *known == name).map(|(_, action)| *action);
        let action = action.ok_or_else(|| {
            let known: Vec<&str> = ACTIONS.iter().map(|(known, _)| *known).collect();
            Error::BadData(format!("action: {name:?} is none of {}", known.join(", ")))
        })?;
        let pattern = config.regex.unwrap_or_else(|| "(.*)".to_owned());
        let regex = Regex::new(&format!("^(?s:{pattern})$")).map_err(|error| {
            Error::BadData(format!("regex: {pattern:?} is no regular expression: {error}"))
        })?;
        let target = config.target_label.unwrap_or_default();
        let needs_target = matches!(
            action,
            Action::Replace
                | Action::Lowercase
                | Action::Uppercase
                | Action::KeepEqual
                | Action::DropEqual
                | Action::HashMod
        );
        if needs_target && target.is_empty() {
            return Err(Error::BadData(format!("targetLabel: {name} needs one")));
        }
        let modulus = config.modulus.unwrap_or_default();
        if action == Action::HashMod && modulus == 0 {
            return Err(Error::BadData("modulus: hashmod needs one above 0".to_owned()));
        }
        Ok(Self {
            source: config.source_labels,
            separator: config.separator.unwrap_or_else(|| ";".to_owned()),
            regex,
            modulus,
            target,
            replacement: config.replacement.unwrap_or_else(|| "$1".to_owned()),
            action,
        })
    }

    /// Changes the labels; gives whether what has them is kept.
    fn apply(&self, labels: &mut BTreeMap<String, String>) -> bool {
        let texts: Vec<&str> =
            self.source.iter().map(|name| labels.get(name).map_or("", String::as_str)).collect();
        let value = texts.join(&self.separator);
        match self.action {
            Action::Keep => return self.regex.is_match(&value),
            Action::Drop => return !self.regex.is_match(&value),
            Action::KeepEqual => {
                return value == labels.get(&self.target).cloned().unwrap_or_default();
            }
            Action::DropEqual => {
                return value != labels.get(&self.target).cloned().unwrap_or_default();
            }
            Action::Lowercase => set(labels, &self.target, value.to_lowercase()),
            Action::Uppercase => set(labels, &self.target, value.to_uppercase()),
            Action::HashMod => set(labels, &self.target, self.hashed(&value).to_string()),
            Action::LabelDrop => labels.retain(|name, _| !self.regex.is_match(name)),
            Action::LabelKeep => labels.retain(|name, _| self.regex.is_match(name)),
            Action::LabelMap => self.map_names(labels),
            Action::Replace => self.replace(labels, &value),
        }
        true
    }

    fn replace(&self, labels: &mut BTreeMap<String, String>, value: &str) {
        let Some(groups) = self.regex.captures(value) else { return };
        let (mut target, mut replaced) = (String::new(), String::new());
        groups.expand(&self.target, &mut target);
        groups.expand(&self.replacement, &mut replaced);
        if is_label_name(&target) {
            set(labels, &target, replaced);
        }
    }

    fn map_names(&self, labels: &mut BTreeMap<String, String>) {
        let mapped: Vec<(String, String)> = labels
            .iter()
            .filter_map(|(name, value)| {
                let mut new = String::new();
                self.regex.captures(name)?.expand(&self.replacement, &mut new);
                Some((new, value.clone()))
            })
            .collect();
        mapped.into_iter().for_each(|(name, value)| set(labels, &name, value));
    }

    /// As Prometheus does, so that both put a target into the same part.
    fn hashed(&self, value: &str) -> u64 {
        let digest = Md5::digest(value.as_bytes());
        let last = digest.iter().skip(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte));
        last % self.modulus
    }
}

/// Applies the steps in order; `false` as soon as one drops.
pub fn relabel(labels: &mut BTreeMap<String, String>, steps: &[Relabeling]) -> bool {
    steps.iter().all(|step| step.apply(labels))
}

fn set(labels: &mut BTreeMap<String, String>, name: &str, value: String) {
    if value.is_empty() {
        labels.remove(name);
    } else {
        labels.insert(name.to_owned(), value);
    }
}

fn is_label_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|other| other.is_ascii_alphanumeric() || other == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(
        action: &str,
        source: &[&str],
        regex: &str,
        target: &str,
        replacement: &str,
    ) -> Relabeling {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Relabeling::new(RelabelingConfig {
            source_labels: source.iter().map(|name| (*name).to_owned()).collect(),
            regex: text(regex),
            target_label: text(target),
            replacement: text(replacement),
            action: text(action),
            modulus: Some(4),
            ..RelabelingConfig::default()
        })
        .unwrap()
    }

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_action_does_what_prometheus_documents() {
        let before = [("a", "foo"), ("b", "Bar"), ("__meta_x", "1")];
        for (step, after) in [
            (step("", &["a"], "f(.*)", "d", "ch$1-${1}"), Some(vec![("d", "choo-oo")])),
            (step("", &["a"], "o", "d", "x"), Some(vec![])),
            (step("", &["a", "b"], "(.*);(.*)", "${1}_n", "$2"), Some(vec![("foo_n", "Bar")])),
            // A group's name is as long as it can be, in Go and here.
            (step("", &["a"], "f(.*)", "d", "$1x"), Some(vec![])),
            (step("lowercase", &["b"], "", "b", ""), Some(vec![("b", "bar")])),
            (step("uppercase", &["b"], "", "c", ""), Some(vec![("c", "BAR")])),
            (step("labelmap", &[], "__meta_(.+)", "", "m_$1"), Some(vec![("m_x", "1")])),
            (step("keep", &["a"], "foo", "", ""), Some(vec![])),
            (step("keep", &["a"], "fo", "", ""), None),
            (step("drop", &["a"], "foo", "", ""), None),
            (step("keepequal", &["a"], "", "a", ""), Some(vec![])),
            (step("dropequal", &["a"], "", "a", ""), None),
        ] {
            let mut found = labels(&before);
            let kept = relabel(&mut found, std::slice::from_ref(&step));
            assert_eq!(kept, after.is_some(), "{step:?}");
            let mut expected = labels(&before);
            expected.extend(labels(&after.unwrap_or_default()));
            assert_eq!(found, expected, "{step:?}");
        }
        let mut found = labels(&before);
        assert!(relabel(
            &mut found,
            &[step("labeldrop", &[], "__.*", "", ""), step("labelkeep", &[], "a", "", "")]
        ));
        assert_eq!(found, labels(&[("a", "foo")]));
        assert!(relabel(&mut found, &[step("hashmod", &["a"], "", "shard", "")]));
        // md5(foo) = acbd18db4cc2f85cedef654fccc4a4d8.
        assert_eq!(found["shard"], (0xedef_654f_ccc4_a4d8_u64 % 4).to_string());
        assert!(relabel(&mut found, &[step("", &["none"], "", "a", "")]));
        assert!(!found.contains_key("a"), "an empty value is no label");
    }

    #[test]
    fn a_step_that_makes_no_sense_is_refused_in_words() {
        let refused = |config: RelabelingConfig| Relabeling::new(config).unwrap_err().to_string();
        let action = RelabelingConfig { action: Some("twist".into()), ..Default::default() };
        assert!(refused(action).starts_with("action: \"twist\" is none of"));
        let regex = RelabelingConfig { regex: Some("(".into()), ..Default::default() };
        assert!(refused(regex).starts_with("regex: "));
        assert_eq!(refused(RelabelingConfig::default()), "targetLabel: replace needs one");
    }
}
