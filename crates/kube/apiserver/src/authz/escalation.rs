//! Nobody gives rights that they do not have: writes of roles and bindings.

use std::fmt::Write;

use serde_json::Value;

use super::policy::role_ref;
use super::{Attributes, Policy, Rule};
use crate::config::UserInfo;
use crate::http::handle::Call;
use crate::object;
use crate::registry::Resource;
use crate::status::{Failure, Subject};

const GROUP: &str = "rbac.authorization.k8s.io";

/// # Errors
/// 403 with the rights that are missing, 404 for a binding to a role that is not there.
pub(crate) async fn check(
    call: &Call,
    resource: &Resource,
    user: &UserInfo,
    (new, old): (&Value, Option<&Value>),
) -> Result<(), Failure> {
    if resource.group != GROUP || user.is_master() {
        return Ok(());
    }
    let policy = call.server.policy.current().await?;
    let namespace = object::namespace(new);
    match resource.plural.as_str() {
        "roles" | "clusterroles" => {
            let unchanged = old.is_some_and(|old| {
                old.get("rules") == new.get("rules")
                    && old.get("aggregationRule") == new.get("aggregationRule")
                    && old.pointer("/metadata/labels") == new.pointer("/metadata/labels")
                    && old.pointer("/metadata/annotations") == new.pointer("/metadata/annotations")
            });
            if unchanged
                || may(
                    &policy,
                    user,
                    ("escalate", &resource.plural),
                    (namespace, object::name(new)),
                )
            {
                return Ok(());
            }
            let aggregated = new.get("aggregationRule").is_some_and(Value::is_object);
            let mut rules = Rule::list(new);
            if aggregated {
                rules.push(everything());
            }
            held(&policy, user, &rules, (resource, new))
        }
        _ => {
            let same = old.is_some_and(|old| {
                old.get("roleRef") == new.get("roleRef")
                    && old.get("subjects") == new.get("subjects")
            });
            let role = role_ref(new);
            let plural = if role.kind == "ClusterRole" { "clusterroles" } else { "roles" };
            if same || may(&policy, user, ("bind", plural), (namespace, &role.name)) {
                return Ok(());
            }
            if !policy.has_role(&role, namespace) {
                return Err(Failure::not_found(Subject {
                    name: &role.name,
                    ..resource.subject("")
                }));
            }
            let rules: Vec<Rule> =
                policy.rules_of_role(&role, namespace).into_iter().cloned().collect();
            held(&policy, user, &rules, (resource, new))
        }
    }
}

fn may(
    policy: &Policy,
    user: &UserInfo,
    (verb, resource): (&str, &str),
    (namespace, name): (&str, &str),
) -> bool {
    policy.allows(
        user,
        &Attributes { verb, group: GROUP, namespace, resource, name, ..Attributes::default() },
    )
}

/// An aggregating role can come to hold anything.
fn everything() -> Rule {
    let all = || vec!["*".to_owned()];
    Rule { verbs: all(), api_groups: all(), resources: all(), ..Rule::default() }
}

fn held(
    policy: &Policy,
    user: &UserInfo,
    rules: &[Rule],
    (resource, object): (&Resource, &Value),
) -> Result<(), Failure> {
    let own = policy.rules_of(user, object::namespace(object));
    let mut missing: Vec<Rule> = Vec::new();
    for atom in rules.iter().flat_map(Rule::atoms) {
        if !own.iter().any(|rule| rule.covers(&atom)) {
            add(&mut missing, atom);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let groups: Vec<String> = user.groups.iter().map(|group| format!("{group:?}")).collect();
    let mut lines: Vec<String> = missing.iter().map(shown).collect();
    lines.sort();
    let why = format!(
        "user {:?} (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}",
        user.username,
        groups.join(" "),
        lines.join("\n")
    );
    Err(Failure::forbidden(resource.subject(object::name(object)), &why))
}

/// Atoms that differ in the verb alone are shown as one rule.
fn add(missing: &mut Vec<Rule>, atom: Rule) {
    let same = |other: &&mut Rule| {
        other.api_groups == atom.api_groups
            && other.resources == atom.resources
            && other.resource_names == atom.resource_names
            && other.non_resource_urls == atom.non_resource_urls
    };
    match missing.iter_mut().find(same) {
        Some(rule) if rule.verbs.contains(&atom.verbs[0]) => {}
        Some(rule) => rule.verbs.extend(atom.verbs),
        None => missing.push(atom),
    }
}

/// As Go prints a rule: empty lists left out.
fn shown(rule: &Rule) -> String {
    let mut text = String::from("{");
    let lists = [
        ("APIGroups", &rule.api_groups),
        ("Resources", &rule.resources),
        ("ResourceNames", &rule.resource_names),
        ("NonResourceURLs", &rule.non_resource_urls),
        ("Verbs", &rule.verbs),
    ];
    for (name, list) in lists {
        if !list.is_empty() {
            let quoted: Vec<String> = list.iter().map(|one| format!("{one:?}")).collect();
            let comma = if text.len() > 1 { ", " } else { "" };
            let _ = write!(text, "{comma}{name}:[{}]", quoted.join(" "));
        }
    }
    text.push('}');
    text
}
