//! One policy rule of a Role or ClusterRole.

use serde::Deserialize;
use serde_json::Value;

use super::Attributes;

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rule {
    pub verbs: Vec<String>,
    pub api_groups: Vec<String>,
    pub resources: Vec<String>,
    pub resource_names: Vec<String>,
    #[serde(rename = "nonResourceURLs")]
    pub non_resource_urls: Vec<String>,
}

impl Rule {
    /// The rules of a role; a malformed one grants nothing.
    pub fn list(role: &Value) -> Vec<Rule> {
        let rules = role.get("rules").and_then(Value::as_array);
        rules.into_iter().flatten().filter_map(|rule| Rule::deserialize(rule).ok()).collect()
    }

    pub fn allows(&self, wanted: &Attributes<'_>) -> bool {
        if !has(&self.verbs, wanted.verb) {
            return false;
        }
        match wanted.path {
            Some(path) => self.non_resource_urls.iter().any(|pattern| path_matches(pattern, path)),
            None => {
                has(&self.api_groups, wanted.group)
                    && self.resources.iter().any(|pattern| resource_matches(pattern, wanted))
                    && (self.resource_names.is_empty()
                        || self.resource_names.iter().any(|name| name == wanted.name))
            }
        }
    }

    /// The rule taken apart into the smallest rules that say the same.
    pub fn atoms(&self) -> Vec<Rule> {
        let mut atoms = Vec::new();
        let one = |text: &String| vec![text.clone()];
        for verb in &self.verbs {
            for url in &self.non_resource_urls {
                atoms.push(Rule {
                    verbs: one(verb),
                    non_resource_urls: one(url),
                    ..Rule::default()
                });
            }
            for group in &self.api_groups {
                for resource in &self.resources {
                    let plain = Rule {
                        verbs: one(verb),
                        api_groups: one(group),
                        resources: one(resource),
                        ..Rule::default()
                    };
                    if self.resource_names.is_empty() {
                        atoms.push(plain);
                    } else {
                        atoms.extend(
                            self.resource_names
                                .iter()
                                .map(|name| Rule { resource_names: one(name), ..plain.clone() }),
                        );
                    }
                }
            }
        }
        atoms
    }

    /// Whether this rule grants all that an atom of [`Rule::atoms`] grants.
    pub fn covers(&self, atom: &Rule) -> bool {
        let all = |have: &[String], want: &[String]| want.iter().all(|one| has(have, one));
        if !all(&self.verbs, &atom.verbs) {
            return false;
        }
        if !atom.non_resource_urls.is_empty() {
            return atom
                .non_resource_urls
                .iter()
                .all(|url| self.non_resource_urls.iter().any(|have| path_matches(have, url)));
        }
        all(&self.api_groups, &atom.api_groups)
            && atom
                .resources
                .iter()
                .all(|want| self.resources.iter().any(|have| covers_resource(have, want)))
            && (self.resource_names.is_empty()
                || !atom.resource_names.is_empty()
                    && atom.resource_names.iter().all(|name| self.resource_names.contains(name)))
    }
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|one| one == "*" || one == wanted)
}

fn resource_matches(pattern: &str, wanted: &Attributes<'_>) -> bool {
    if wanted.subresource.is_empty() {
        return pattern == "*" || pattern == wanted.resource;
    }
    if pattern == "*" || pattern.strip_prefix("*/") == Some(wanted.subresource) {
        return true;
    }
    pattern
        .split_once('/')
        .is_some_and(|(resource, sub)| resource == wanted.resource && sub == wanted.subresource)
}

fn covers_resource(have: &str, want: &str) -> bool {
    if have == "*" || have == want {
        return true;
    }
    match (have.strip_prefix("*/"), want.split_once('/')) {
        (Some(have), Some((_, want))) => have == want,
        _ => false,
    }
}

/// `/healthz` or `/healthz/*`.
fn path_matches(pattern: &str, path: &str) -> bool {
    pattern == "*"
        || pattern == path
        || pattern.strip_suffix('*').is_some_and(|prefix| path.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verbs: &[&str], groups: &[&str], resources: &[&str], names: &[&str]) -> Rule {
        let own = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        Rule {
            verbs: own(verbs),
            api_groups: own(groups),
            resources: own(resources),
            resource_names: own(names),
            non_resource_urls: vec![],
        }
    }

    #[test]
    fn subresources_are_rights_of_their_own() {
        let pods = rule(&["get"], &[""], &["pods"], &[]);
        let ask = |subresource| Attributes {
            verb: "get",
            resource: "pods",
            subresource,
            name: "a",
            ..Attributes::default()
        };
        assert!(pods.allows(&ask("")));
        assert!(!pods.allows(&ask("log")));
        assert!(rule(&["get"], &[""], &["pods/log"], &[]).allows(&ask("log")));
        assert!(rule(&["get"], &[""], &["*/log"], &[]).allows(&ask("log")));
        assert!(rule(&["*"], &["*"], &["*"], &[]).allows(&ask("log")));
    }

    #[test]
    fn names_narrow() {
        let named = rule(&["get", "list"], &[""], &["secrets"], &["a"]);
        let ask =
            |verb, name| Attributes { verb, resource: "secrets", name, ..Attributes::default() };
        assert!(named.allows(&ask("get", "a")));
        assert!(!named.allows(&ask("get", "b")));
        assert!(!named.allows(&ask("list", "")));
    }

    #[test]
    fn paths_match_by_prefix() {
        let rule = Rule {
            verbs: vec!["get".into()],
            non_resource_urls: vec!["/healthz/*".into(), "/api".into()],
            ..Rule::default()
        };
        let ask = |path| Attributes { verb: "get", path: Some(path), ..Attributes::default() };
        assert!(rule.allows(&ask("/healthz/etcd")));
        assert!(rule.allows(&ask("/api")));
        assert!(!rule.allows(&ask("/apis")));
    }

    #[test]
    fn covering_is_by_atoms() {
        let wide = rule(&["*"], &[""], &["pods", "*/status"], &[]);
        for atom in rule(&["get", "update"], &[""], &["pods", "jobs/status"], &["x"]).atoms() {
            assert!(wide.covers(&atom), "{atom:?}");
        }
        let named = rule(&["get"], &[""], &["pods"], &["a"]);
        assert!(!named.covers(&rule(&["get"], &[""], &["pods"], &[]).atoms()[0]));
        assert!(!wide.covers(&rule(&["get"], &["apps"], &["pods"], &[]).atoms()[0]));
    }
}
