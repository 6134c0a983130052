//! One served resource: its names, its scope, its verbs, where it is kept.

use std::sync::Arc;

use crate::custom::CustomKind;
use crate::status::Subject;

/// What can be done to a resource, as discovery and RBAC name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    Create,
    Delete,
    DeleteCollection,
    Get,
    List,
    Patch,
    Update,
    Watch,
}

impl Verb {
    pub const ALL: [Verb; 8] = [
        Verb::Create,
        Verb::Delete,
        Verb::DeleteCollection,
        Verb::Get,
        Verb::List,
        Verb::Patch,
        Verb::Update,
        Verb::Watch,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Create => "create",
            Verb::Delete => "delete",
            Verb::DeleteCollection => "deletecollection",
            Verb::Get => "get",
            Verb::List => "list",
            Verb::Patch => "patch",
            Verb::Update => "update",
            Verb::Watch => "watch",
        }
    }
}

/// A set of verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verbs(u8);

impl Verbs {
    pub const ALL: Verbs = Verbs(0xff);
    /// Upgraded connections: asked for with either method, and a `create` for RBAC.
    pub const CONNECT: Verbs = Verbs::of(&[Verb::Create, Verb::Get]);
    pub const CREATE: Verbs = Verbs::of(&[Verb::Create]);
    pub const GET: Verbs = Verbs::of(&[Verb::Get]);
    pub const UPDATE: Verbs = Verbs::of(&[Verb::Update]);
    pub const READ_WRITE: Verbs = Verbs::of(&[Verb::Get, Verb::Patch, Verb::Update]);
    pub const NO_COLLECTION_DELETE: Verbs = Verbs(!(1 << Verb::DeleteCollection as u8));

    pub const fn of(list: &[Verb]) -> Verbs {
        let mut bits = 0;
        let mut at = 0;
        while at < list.len() {
            bits |= 1 << list[at] as u8;
            at += 1;
        }
        Verbs(bits)
    }

    pub fn contains(self, verb: Verb) -> bool {
        self.0 & (1 << verb as u8) != 0
    }

    pub fn names(self) -> Vec<&'static str> {
        Verb::ALL.iter().filter(|verb| self.contains(**verb)).map(|verb| verb.as_str()).collect()
    }
}

/// A part of an object with its own address and its own rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subresource {
    pub name: String,
    pub kind: String,
    /// Group and version of `kind` where they differ from the resource's.
    pub foreign: Option<(String, String)>,
    pub verbs: Verbs,
}

/// Who may see it, what it is called and where it is kept.
#[derive(Debug, Clone)]
pub struct Resource {
    pub group: String,
    pub version: String,
    pub kind: String,
    pub list_kind: String,
    pub plural: String,
    pub singular: String,
    pub short_names: Vec<String>,
    pub categories: Vec<String>,
    pub namespaced: bool,
    pub verbs: Verbs,
    pub subresources: Vec<Subresource>,
    /// Group and resource under which objects are stored; several versions, and
    /// the two groups of Event, share one.
    pub stored_as: (String, String),
    /// Present for resources that a CustomResourceDefinition declares.
    pub custom: Option<Arc<CustomKind>>,
}

impl Resource {
    pub fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|sub| sub.name == name)
    }

    pub fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }

    /// `/registry/apps/deployments/`.
    pub fn prefix(&self) -> String {
        let (group, resource) = &self.stored_as;
        let group = if group.is_empty() { "core" } else { group };
        format!("/registry/{group}/{resource}/")
    }

    /// The prefix of one namespace, or of all where `namespace` is empty.
    pub fn scope_prefix(&self, namespace: &str) -> String {
        let mut prefix = self.prefix();
        if self.namespaced && !namespace.is_empty() {
            prefix.push_str(namespace);
            prefix.push('/');
        }
        prefix
    }

    pub fn key(&self, namespace: &str, name: &str) -> String {
        let mut key = self.scope_prefix(namespace);
        key.push_str(name);
        key
    }

    pub fn subject<'a>(&'a self, name: &'a str) -> Subject<'a> {
        Subject { group: &self.group, resource: &self.plural, kind: &self.kind, name }
    }

    pub fn is(&self, group: &str, plural: &str) -> bool {
        self.group == group && self.plural == plural
    }

    /// Changes when stored objects are to be read in another way.
    pub fn epoch(&self) -> u64 {
        self.custom.as_ref().map_or(0, |custom| custom.epoch)
    }
}

/// `v1`, `apps/v1`.
pub fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}
