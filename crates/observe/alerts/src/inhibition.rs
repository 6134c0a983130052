//! Inhibition: while a source fires, targets that agree with it on some labels stay quiet.

use std::collections::HashMap;

use crate::config::InhibitRule;
use crate::config::routing::{from_maps, from_texts};
use crate::error::{Error, Result};
use crate::labels::{Fingerprint, Labels, value};
use crate::matcher::{Matcher, matches_all};

#[derive(Debug)]
pub struct Rule {
    source: Vec<Matcher>,
    target: Vec<Matcher>,
    equal: Vec<String>,
}

impl Rule {
    pub fn compile(at: usize, raw: InhibitRule) -> Result<Self> {
        let field = |name: &str| format!("inhibit_rules[{at}].{name}");
        let mut source =
            from_maps(&field("source_match"), &raw.source_match, &raw.source_match_re)?;
        source.extend(from_texts(&field("source_matchers"), &raw.source_matchers)?);
        let mut target =
            from_maps(&field("target_match"), &raw.target_match, &raw.target_match_re)?;
        target.extend(from_texts(&field("target_matchers"), &raw.target_matchers)?);
        for (name, matchers) in [("source_matchers", &source), ("target_matchers", &target)] {
            if matchers.is_empty() {
                let hint = "a rule without conditions would silence every alert";
                return Err(Error::invalid(field(name), "it is missing", hint));
            }
        }
        Ok(Rule { source, target, equal: raw.equal })
    }

    fn key<'a>(&self, labels: &'a Labels) -> Vec<&'a str> {
        self.equal.iter().map(|name| value(labels, name)).collect()
    }
}

/// The sources of a moment, found by what targets must agree with them on.
pub struct Inhibitor<'a> {
    rules: Vec<(&'a Rule, Sources<'a>)>,
}

/// Values of the `equal` labels → sources, each with whether it is a target too.
type Sources<'a> = HashMap<Vec<&'a str>, Vec<(Fingerprint, bool)>>;

impl<'a> Inhibitor<'a> {
    pub fn new(
        rules: &'a [Rule],
        firing: impl Iterator<Item = (Fingerprint, &'a Labels)> + Clone,
    ) -> Self {
        let index = |rule: &'a Rule| {
            let mut sources = Sources::new();
            for (fingerprint, labels) in firing.clone() {
                if matches_all(&rule.source, labels) {
                    let is_target = matches_all(&rule.target, labels);
                    sources.entry(rule.key(labels)).or_default().push((fingerprint, is_target));
                }
            }
            (rule, sources)
        };
        Inhibitor { rules: rules.iter().map(index).collect() }
    }

    /// The alerts that keep one quiet. An alert that is both source and target of a rule is
    /// not inhibited by another such, so that two alike do not silence each other.
    pub fn inhibitors(&self, labels: &Labels) -> Vec<Fingerprint> {
        let mut found = Vec::new();
        for (rule, sources) in &self.rules {
            if !matches_all(&rule.target, labels) {
                continue;
            }
            let Some(sources) = sources.get(&rule.key(labels)) else { continue };
            let is_source = matches_all(&rule.source, labels);
            let counts = |(_, is_target): &&(Fingerprint, bool)| !(is_source && *is_target);
            found.extend(sources.iter().filter(counts).map(|(fingerprint, _)| *fingerprint));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(source: &str, target: &str, equal: &[&str]) -> Rule {
        let raw = serde_json::json!({
            "source_matchers": [source], "target_matchers": [target], "equal": equal,
        });
        Rule::compile(0, serde_json::from_value(raw).unwrap()).unwrap()
    }

    fn labels(text: &str) -> Labels {
        let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn inhibited(rule: Rule, firing: &[&str], target: &str) -> usize {
        let sets: Vec<Labels> = firing.iter().map(|text| labels(text)).collect();
        let rules = [rule];
        let all = sets.iter().map(|labels| (Fingerprint::of(labels), labels));
        Inhibitor::new(&rules, all).inhibitors(&labels(target)).len()
    }

    #[test]
    fn a_source_keeps_targets_that_agree_with_it_quiet() {
        let down = || rule("alertname=Down", "severity=warning", &["node", "zone"]);
        let firing = ["alertname=Down,node=a", "alertname=Down,node=b", "alertname=Slow,node=c"];
        assert_eq!(inhibited(down(), &firing, "severity=warning,node=a"), 1);
        assert_eq!(inhibited(down(), &firing, "severity=warning,node=c"), 0);
        assert_eq!(inhibited(down(), &firing, "severity=page,node=a"), 0);
        // A label that both lack counts as agreed on; one that one lacks does not.
        assert_eq!(inhibited(down(), &firing, "severity=warning,node=a,zone=z"), 0);
    }

    #[test]
    fn what_is_source_and_target_does_not_inhibit_its_like() {
        let any = || rule("severity=~.+", "severity=~.+", &["node"]);
        let firing = ["severity=page,node=a", "severity=warning,node=a"];
        assert_eq!(inhibited(any(), &firing, "severity=page,node=a"), 0);
    }
}
