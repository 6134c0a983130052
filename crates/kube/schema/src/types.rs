//! The type graph: what shape a value may have and how lists and maps merge.
//!
//! One representation for the built-in kinds (one static graph, made by
//! [`crate::builtin`]) and for custom resources (one graph per version of a
//! definition, made by [`crate::custom`]). Nodes refer to each other by index, so
//! that recursive types cost nothing. Does not know values: [`crate::apply`],
//! [`crate::patch`] and [`crate::strict`] walk value and graph together.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

/// Index of a node in its [`Graph`].
pub type NodeId = u32;

/// What a scalar may be. Formats that decode specially on the real server are
/// kinds of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    String,
    Int32,
    Int64,
    Float,
    Bool,
    /// Base64 text.
    Bytes,
    /// RFC 3339 with seconds.
    Time,
    /// RFC 3339 with six digits.
    MicroTime,
    Quantity,
    IntOrString,
    /// Any JSON value (RawExtension, `x-kubernetes-preserve-unknown-fields`): maps merge field
    /// by field, lists are atomic.
    Any,
}

/// How items of a list are told apart by apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListKind {
    Atomic,
    Set,
    /// Keyed by these fields of the items.
    Map(Vec<Box<str>>),
}

/// What a strategic merge patch does with a list or map field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strategy {
    /// `patchStrategy: merge`.
    pub merge: bool,
    /// `patchStrategy: replace`, of a struct; lists that don't merge are replaced anyway.
    pub replace: bool,
    /// `patchStrategy: retainKeys`.
    pub retain_keys: bool,
    /// `patchMergeKey`.
    pub merge_key: Option<Box<str>>,
}

/// A field of a struct.
#[derive(Clone, Debug)]
pub struct Field {
    pub node: NodeId,
    pub required: bool,
    /// A struct by value in the server's own types: always present when encoded,
    /// `{}` when nothing is set.
    pub inline_struct: bool,
    /// Counts as present in an empty object: structs by value and required lists and maps of
    /// built-ins. Ownership does not record that such a container appeared.
    pub always_there: bool,
    pub default: Option<Value>,
    /// Allowed values of a built-in field, as `A|B`; empty if free.
    pub allowed: Box<str>,
    pub strategy: Strategy,
}

/// A node of the graph.
#[derive(Clone, Debug)]
pub enum Node {
    Scalar(Scalar),
    Struct(Struct),
    /// A map with free keys.
    Map {
        values: NodeId,
        atomic: bool,
    },
    List {
        items: NodeId,
        kind: ListKind,
    },
}

/// An object with declared fields.
#[derive(Clone, Debug, Default)]
pub struct Struct {
    /// Definition name for built-ins (`io.k8s.api.core.v1.PodSpec`), empty for custom ones.
    pub name: Box<str>,
    pub fields: HashMap<Box<str>, Field>,
    /// The type of undeclared fields, where they are kept
    /// (`x-kubernetes-preserve-unknown-fields`, `additionalProperties`).
    pub rest: Option<NodeId>,
    pub atomic: bool,
}

/// All nodes of one world of types.
#[derive(Debug, Default)]
pub struct Graph {
    pub(crate) nodes: Vec<Node>,
}

impl Graph {
    pub(crate) fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId::try_from(self.nodes.len() - 1).expect("a graph has few nodes")
    }
}

/// A type: one node in its graph. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Schema {
    pub(crate) graph: GraphRef,
    pub(crate) node: NodeId,
}

#[derive(Clone, Debug)]
pub(crate) enum GraphRef {
    Static(&'static Graph),
    Shared(Arc<Graph>),
}

impl Schema {
    /// The node itself.
    pub fn node(&self) -> &Node {
        &self.graph().nodes[self.node as usize]
    }

    /// The type of another node of the same graph.
    pub fn at(&self, node: NodeId) -> Schema {
        Schema { graph: self.graph.clone(), node }
    }

    /// The type of a field of a struct, or of any value of a map.
    pub fn field(&self, name: &str) -> Option<Schema> {
        match self.node() {
            Node::Struct(s) => match s.fields.get(name) {
                Some(field) => Some(self.at(field.node)),
                None => s.rest.map(|rest| self.at(rest)),
            },
            Node::Map { values, .. } => Some(self.at(*values)),
            Node::Scalar(Scalar::Any) => Some(self.clone()),
            Node::Scalar(_) | Node::List { .. } => None,
        }
    }

    /// The type of the items of a list.
    pub fn items(&self) -> Option<Schema> {
        match self.node() {
            Node::List { items, .. } => Some(self.at(*items)),
            _ => None,
        }
    }

    pub(crate) fn graph(&self) -> &Graph {
        match &self.graph {
            GraphRef::Static(graph) => graph,
            GraphRef::Shared(graph) => graph,
        }
    }
}
