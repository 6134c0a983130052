//! The stored roles and bindings, in memory, and the decision over them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use dais_schema::selector::LabelSelector;
use dais_store::Revision;
use serde::Deserialize;
use serde_json::Value;

use super::{Attributes, Rule};
use crate::config::UserInfo;
use crate::object;
use crate::storage::mirror::Fold;

/// The prefix under which all four kinds are stored.
pub const PREFIX: &str = "/registry/rbac.authorization.k8s.io/";

/// All roles and bindings.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// By namespace and name; ClusterRoles have no namespace.
    roles: HashMap<(String, String), Arc<Role>>,
    /// By namespace; ClusterRoleBindings are under the empty one.
    bindings: HashMap<String, BTreeMap<String, Arc<Binding>>>,
}

#[derive(Debug)]
struct Role {
    rules: Vec<Rule>,
    labels: Option<Value>,
    aggregates: Vec<LabelSelector>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Binding {
    subjects: Option<Vec<BoundTo>>,
    role_ref: RoleRef,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct BoundTo {
    kind: String,
    name: String,
    namespace: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RoleRef {
    pub kind: String,
    pub name: String,
}

impl Policy {
    /// Whether a user may do this.
    pub fn allows(&self, user: &UserInfo, wanted: &Attributes<'_>) -> bool {
        if user.is_master() {
            return true;
        }
        let cluster = self.granted(user, "");
        let own = (!wanted.namespace.is_empty()).then(|| self.granted(user, wanted.namespace));
        cluster.chain(own.into_iter().flatten()).any(|rule| rule.allows(wanted))
    }

    /// By which binding a user may do this, in Kubernetes' words; empty for
    /// `system:masters`, who need none.
    pub fn reason(&self, user: &UserInfo, wanted: &Attributes<'_>) -> Option<String> {
        if user.is_master() {
            return Some(String::new());
        }
        let places = ["", wanted.namespace];
        for namespace in &places[..if wanted.namespace.is_empty() { 1 } else { 2 }] {
            for (name, binding) in self.bindings.get(*namespace).into_iter().flatten() {
                let Some(to) = binding.subjects.iter().flatten().find(|to| to.is(user, namespace))
                else {
                    continue;
                };
                if self
                    .rules_of_role(&binding.role_ref, namespace)
                    .iter()
                    .any(|rule| rule.allows(wanted))
                {
                    let name = if namespace.is_empty() {
                        name.clone()
                    } else {
                        format!("{name}/{namespace}")
                    };
                    let kind =
                        if namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
                    let RoleRef { kind: role, name: of } = &binding.role_ref;
                    return Some(format!(
                        "RBAC: allowed by {kind} {name:?} of {role} {of:?} to {}",
                        to.describe()
                    ));
                }
            }
        }
        None
    }

    /// Every rule that a user has in a namespace, cluster-wide ones first.
    pub fn rules_of<'a>(&'a self, user: &'a UserInfo, namespace: &'a str) -> Vec<&'a Rule> {
        let mut rules: Vec<&Rule> = self.granted(user, "").collect();
        if !namespace.is_empty() {
            rules.extend(self.granted(user, namespace));
        }
        rules
    }

    fn granted<'a>(
        &'a self,
        user: &'a UserInfo,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a Rule> {
        let bindings = self.bindings.get(namespace).into_iter().flat_map(BTreeMap::values);
        bindings
            .filter(move |binding| {
                binding.subjects.iter().flatten().any(|to| to.is(user, namespace))
            })
            .flat_map(move |binding| self.rules_of_role(&binding.role_ref, namespace))
    }

    /// The rules that a reference from a namespace stands for, aggregated ones included.
    pub fn rules_of_role(&self, role: &RoleRef, namespace: &str) -> Vec<&Rule> {
        let namespace = if role.kind == "ClusterRole" { "" } else { namespace };
        let found = self.roles.get(&(namespace.to_owned(), role.name.clone()));
        found.map(|role| self.with_aggregated(role)).unwrap_or_default()
    }

    fn with_aggregated<'a>(&'a self, role: &'a Role) -> Vec<&'a Rule> {
        if role.aggregates.is_empty() {
            return role.rules.iter().collect();
        }
        // What an aggregating role says of itself is overwritten by the union.
        let mut names: Vec<&(String, String)> =
            self.roles.keys().filter(|(namespace, _)| namespace.is_empty()).collect();
        names.sort();
        names
            .into_iter()
            .map(|name| &self.roles[name])
            .filter(|other| {
                role.aggregates.iter().any(|selector| selector.matches(other.labels.as_ref()))
            })
            .flat_map(|other| other.rules.iter())
            .collect()
    }

    pub fn has_role(&self, role: &RoleRef, namespace: &str) -> bool {
        let namespace = if role.kind == "ClusterRole" { "" } else { namespace };
        self.roles.contains_key(&(namespace.to_owned(), role.name.clone()))
    }
}

impl BoundTo {
    fn describe(&self) -> String {
        match self.kind.as_str() {
            "ServiceAccount" => format!("ServiceAccount \"{}/{}\"", self.name, self.namespace),
            kind => format!("{kind} {:?}", self.name),
        }
    }

    fn is(&self, user: &UserInfo, namespace: &str) -> bool {
        match self.kind.as_str() {
            "User" => self.name == "*" || self.name == user.username,
            "Group" => user.groups.contains(&self.name),
            "ServiceAccount" => {
                let namespace = if self.namespace.is_empty() { namespace } else { &self.namespace };
                let account = user.username.strip_prefix("system:serviceaccount:");
                account.and_then(|rest| rest.split_once(':'))
                    == Some((namespace, self.name.as_str()))
            }
            _ => false,
        }
    }
}

impl Fold for Policy {
    fn apply(&mut self, key: &str, object: Option<&Value>, _revision: Revision) {
        let Some(rest) = key.strip_prefix(PREFIX) else { return };
        let Some((resource, rest)) = rest.split_once('/') else { return };
        let (namespace, name) = rest.split_once('/').unwrap_or(("", rest));
        match resource {
            "roles" | "clusterroles" => {
                let key = (namespace.to_owned(), name.to_owned());
                match object {
                    Some(object) => self.roles.insert(key, Arc::new(role(object))),
                    None => self.roles.remove(&key),
                };
            }
            "rolebindings" | "clusterrolebindings" => {
                let bindings = self.bindings.entry(namespace.to_owned()).or_default();
                match object.and_then(|object| Binding::deserialize(object).ok()) {
                    Some(binding) => bindings.insert(name.to_owned(), Arc::new(binding)),
                    None => bindings.remove(name),
                };
                if bindings.is_empty() {
                    self.bindings.remove(namespace);
                }
            }
            _ => {}
        }
    }
}

fn role(object: &Value) -> Role {
    let selectors =
        object.pointer("/aggregationRule/clusterRoleSelectors").and_then(Value::as_array);
    let aggregates = selectors
        .into_iter()
        .flatten()
        .filter_map(|one| LabelSelector::from_object(Some(one)).ok())
        .collect();
    Role {
        rules: Rule::list(object),
        labels: object.pointer("/metadata/labels").cloned(),
        aggregates,
    }
}

/// The role that a binding object refers to.
pub fn role_ref(binding: &Value) -> RoleRef {
    RoleRef {
        kind: object::text(binding, "/roleRef/kind").to_owned(),
        name: object::text(binding, "/roleRef/name").to_owned(),
    }
}
