//! Who owns whom, among all objects of the server. Pure.
//!
//! Holds of each object only what decides on its fate; decisions are functions of
//! the graph, so that they can be tested without a server.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::catalog::Stored;

/// The identity of an object for all time.
pub type Uid = Arc<str>;

/// Holds an owner until dependents that block it are gone.
pub const FOREGROUND: &str = "foregroundDeletion";
/// Holds an owner until its dependents have forgotten it.
pub const ORPHAN: &str = "orphan";

/// An object.
#[derive(Debug, Clone)]
pub struct Node {
    pub stored: Arc<Stored>,
    pub namespace: Option<Arc<str>>,
    pub name: Arc<str>,
    owners: Vec<Owner>,
    deleting: bool,
    foreground: bool,
    orphan: bool,
}

/// A reference to an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub uid: Uid,
    pub api_version: Arc<str>,
    pub kind: Arc<str>,
    pub name: Arc<str>,
    blocking: bool,
}

impl From<&OwnerReference> for Owner {
    fn from(reference: &OwnerReference) -> Self {
        Self {
            uid: reference.uid.as_str().into(),
            api_version: reference.api_version.as_str().into(),
            kind: reference.kind.as_str().into(),
            name: reference.name.as_str().into(),
            blocking: reference.block_owner_deletion == Some(true),
        }
    }
}

/// What should happen to an object.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision {
    Nothing,
    /// Look whether these owners exist: the graph does not know them.
    Verify(Vec<Owner>),
    /// Forget these owners; others keep it.
    Unlink(Vec<Uid>),
    Delete(Policy),
    /// Let the dependents forget this owner, then let it go.
    Orphan(Vec<Uid>),
    /// Dependents block it: see to them.
    Await(Vec<Uid>),
    /// Nothing blocks it any more.
    ReleaseForeground,
}

/// How the dependents of a deleted object are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    Background,
    Foreground,
    Orphan,
}

/// All objects.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: HashMap<Uid, Node>,
    dependents: HashMap<Uid, BTreeSet<Uid>>,
    /// Owners that were looked for and do not exist; uids never come back.
    absent: HashSet<Uid>,
    /// Asked to be looked at and not yet looked at.
    pub queued: HashSet<Uid>,
}

/// Absent owners to remember before starting afresh: asking again is cheap.
const REMEMBERED_ABSENT: usize = 10_000;

impl Graph {
    /// Takes note of an object; the answer is what should be looked at.
    pub fn apply(&mut self, stored: &Arc<Stored>, metadata: &ObjectMeta) -> Vec<Uid> {
        let Some(uid) = metadata.uid.as_deref().map(Uid::from) else {
            return Vec::new();
        };
        let has = |finalizer: &str| metadata.finalizers.iter().flatten().any(|f| f == finalizer);
        let node = Node {
            stored: stored.clone(),
            namespace: metadata.namespace.as_deref().map(Arc::from),
            name: metadata.name.as_deref().unwrap_or_default().into(),
            owners: metadata.owner_references.iter().flatten().map(Owner::from).collect(),
            deleting: metadata.deletion_timestamp.is_some(),
            foreground: has(FOREGROUND),
            orphan: has(ORPHAN),
        };
        let mut look = Vec::new();
        let before = self.nodes.get(&uid);
        let was_waiting = before.is_some_and(Node::is_waiting);
        if let Some(before) = before {
            let lost: Vec<Uid> = before.owners.iter().map(|owner| owner.uid.clone()).collect();
            for owner in lost {
                self.unlink(&owner, &uid);
            }
        }
        for owner in &node.owners {
            self.dependents.entry(owner.uid.clone()).or_default().insert(uid.clone());
        }
        if node.is_waiting() && !was_waiting {
            look.extend(self.dependents_of(&uid));
        }
        if !node.owners.is_empty() || node.deleting {
            look.push(uid.clone());
        }
        // A dependent that no longer blocks may free its owner.
        look.extend(self.waiting_owners(&node));
        self.nodes.insert(uid, node);
        look
    }

    /// Takes note that an object is gone; the answer is what should be looked at.
    pub fn remove(&mut self, uid: &str) -> Vec<Uid> {
        let Some((uid, node)) = self.nodes.remove_entry(uid) else {
            return Vec::new();
        };
        for owner in &node.owners {
            self.unlink(&owner.uid, &uid);
        }
        let mut look = self.waiting_owners(&node);
        look.extend(self.dependents_of(&uid));
        self.set_absent(uid);
        look
    }

    fn unlink(&mut self, owner: &Uid, dependent: &Uid) {
        if let Some(dependents) = self.dependents.get_mut(owner) {
            dependents.remove(dependent);
            if dependents.is_empty() {
                self.dependents.remove(owner);
            }
        }
    }

    fn waiting_owners(&self, node: &Node) -> Vec<Uid> {
        let owners = node.owners.iter().map(|owner| &owner.uid);
        owners
            .filter(|owner| self.nodes.get(*owner).is_some_and(Node::is_waiting))
            .cloned()
            .collect()
    }

    /// Remembers that no object of this uid exists.
    pub fn set_absent(&mut self, uid: Uid) {
        if self.absent.len() >= REMEMBERED_ABSENT {
            self.absent.clear();
        }
        self.absent.insert(uid);
    }

    /// The dependents of an object.
    pub fn dependents_of(&self, uid: &Uid) -> Vec<Uid> {
        self.dependents.get(uid).into_iter().flatten().cloned().collect()
    }

    /// An object.
    pub fn get(&self, uid: &Uid) -> Option<Node> {
        self.nodes.get(uid).cloned()
    }

    /// "Pod default/web-0".
    pub fn describe(&self, uid: &Uid) -> Option<String> {
        let node = self.nodes.get(uid)?;
        let kind = &node.stored.resource.kind;
        Some(match &node.namespace {
            Some(namespace) => format!("{kind} {namespace}/{}", node.name),
            None => format!("{kind} {}", node.name),
        })
    }

    /// How many objects of a resource ("deployments.apps") a namespace has.
    pub fn count(&self, namespace: &str, resource: &str) -> usize {
        self.nodes
            .values()
            .filter(|node| node.namespace.as_deref() == Some(namespace))
            .filter(|node| node.stored.name() == resource)
            .count()
    }

    /// The uids of a resource, to find those that vanished unseen.
    pub fn of(&self, stored: &Stored) -> Vec<Uid> {
        self.nodes
            .iter()
            .filter(|(_, node)| *node.stored == *stored)
            .map(|(uid, _)| uid.clone())
            .collect()
    }

    /// What should happen to an object, given its metadata as just read.
    pub fn decide(&self, uid: &Uid) -> Decision {
        let Some(node) = self.nodes.get(uid) else {
            return Decision::Nothing;
        };
        if node.deleting {
            return self.decide_deleting(uid, node);
        }
        if node.owners.is_empty() {
            return Decision::Nothing;
        }
        let mut solid = 0;
        let (mut dangling, mut waiting, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for owner in &node.owners {
            match self.nodes.get(&owner.uid) {
                Some(found) if !found.may_own(node) => dangling.push(owner.uid.clone()),
                Some(found) if found.is_waiting() => waiting.push(owner.uid.clone()),
                Some(_) => solid += 1,
                None if self.absent.contains(&owner.uid) => dangling.push(owner.uid.clone()),
                None => unknown.push(owner.clone()),
            }
        }
        if !unknown.is_empty() {
            return Decision::Verify(unknown);
        }
        if solid > 0 {
            dangling.extend(waiting);
            return if dangling.is_empty() {
                Decision::Nothing
            } else {
                Decision::Unlink(dangling)
            };
        }
        let parent = self.dependents.contains_key(uid);
        Decision::Delete(match () {
            () if !waiting.is_empty() && parent => Policy::Foreground,
            () if node.orphan => Policy::Orphan,
            () if node.foreground => Policy::Foreground,
            () => Policy::Background,
        })
    }

    fn decide_deleting(&self, uid: &Uid, node: &Node) -> Decision {
        if node.orphan {
            return Decision::Orphan(self.dependents_of(uid));
        }
        if !node.foreground {
            return Decision::Nothing;
        }
        let blocking: Vec<Uid> = self
            .dependents_of(uid)
            .into_iter()
            .filter(|dependent| self.blocks(dependent, uid))
            .collect();
        if blocking.is_empty() { Decision::ReleaseForeground } else { Decision::Await(blocking) }
    }

    fn blocks(&self, dependent: &Uid, owner: &Uid) -> bool {
        self.nodes.get(dependent).is_some_and(|node| {
            node.owners.iter().any(|reference| reference.uid == *owner && reference.blocking)
        })
    }
}

impl Node {
    /// Whether it is being deleted and waits for its dependents.
    fn is_waiting(&self) -> bool {
        self.deleting && self.foreground
    }

    /// Owners are of the same namespace or of none.
    fn may_own(&self, dependent: &Node) -> bool {
        self.namespace.is_none() || self.namespace == dependent.namespace
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::ApiResource;
    use serde_json::{Value, json};

    struct World(Graph, Arc<Stored>);

    impl World {
        fn new() -> Self {
            let resource = ApiResource::erase::<k8s_openapi::api::core::v1::ConfigMap>(&());
            Self(
                Graph::default(),
                Arc::new(Stored { resource, namespaced: true, delete_collection: true }),
            )
        }

        fn put(&mut self, uid: &str, owners: &[(&str, bool)], change: Value) -> Vec<Uid> {
            let owners: Vec<Value> = owners
                .iter()
                .map(|(uid, block)| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": uid, "uid": uid, "blockOwnerDeletion": block}))
                .collect();
            let mut metadata =
                json!({"uid": uid, "name": uid, "namespace": "a", "ownerReferences": owners});
            for (key, value) in change.as_object().expect("an object") {
                metadata[key] = value.clone();
            }
            let metadata: ObjectMeta = serde_json::from_value(metadata).expect("metadata");
            self.0.apply(&self.1.clone(), &metadata)
        }

        fn decide(&self, uid: &str) -> Decision {
            self.0.decide(&uid.into())
        }
    }

    const GOING: &str = "2026-01-01T00:00:00Z";

    #[test]
    fn dependents_follow_their_last_owner() {
        let mut world = World::new();
        world.put("a", &[], json!({}));
        world.put("b", &[], json!({}));
        world.put("child", &[("a", false), ("b", false)], json!({}));
        assert_eq!(world.decide("child"), Decision::Nothing);
        assert_eq!(world.0.remove("a"), ["child".into()]);
        assert_eq!(world.decide("child"), Decision::Unlink(vec!["a".into()]));
        world.0.remove("b");
        assert_eq!(world.decide("child"), Decision::Delete(Policy::Background));
    }

    #[test]
    fn an_unknown_owner_is_looked_for_first() {
        let mut world = World::new();
        world.put("child", &[("nobody", false)], json!({}));
        assert!(matches!(world.decide("child"), Decision::Verify(owners) if owners.len() == 1));
        world.0.set_absent("nobody".into());
        assert_eq!(world.decide("child"), Decision::Delete(Policy::Background));
    }

    #[test]
    fn an_owner_of_another_namespace_is_none() {
        let mut world = World::new();
        world.put("far", &[], json!({"namespace": "b"}));
        world.put("child", &[("far", false)], json!({}));
        assert_eq!(world.decide("child"), Decision::Delete(Policy::Background));
    }

    #[test]
    fn foreground_waits_for_those_that_block() {
        let mut world = World::new();
        world.put("fg", &[], json!({}));
        world.put("blocks", &[("fg", true)], json!({}));
        world.put("loose", &[("fg", false)], json!({}));
        world.put("grandchild", &[("blocks", true)], json!({}));
        let look =
            world.put("fg", &[], json!({"deletionTimestamp": GOING, "finalizers": [FOREGROUND]}));
        assert_eq!(look, ["blocks".into(), "loose".into(), Uid::from("fg")]);
        assert_eq!(world.decide("fg"), Decision::Await(vec!["blocks".into()]));
        assert_eq!(world.decide("blocks"), Decision::Delete(Policy::Foreground));
        assert_eq!(world.decide("loose"), Decision::Delete(Policy::Background));
        assert!(world.0.remove("blocks").contains(&"fg".into()));
        assert_eq!(world.decide("fg"), Decision::ReleaseForeground);
    }

    #[test]
    fn orphans_are_let_go_before_their_owner() {
        let mut world = World::new();
        world.put("child", &[("o", false)], json!({}));
        world.put("o", &[], json!({"deletionTimestamp": GOING, "finalizers": [ORPHAN]}));
        assert_eq!(world.decide("o"), Decision::Orphan(vec!["child".into()]));
        world.put("child", &[], json!({}));
        assert_eq!(world.decide("o"), Decision::Orphan(vec![]));
        assert_eq!(world.0.count("a", "configmaps"), 2);
    }
}
