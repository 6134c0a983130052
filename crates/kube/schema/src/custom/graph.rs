//! The type graph of a custom resource, for structured merges.

use std::sync::Arc;

use super::structural::{Kind, Structural};
use crate::builtin;
use crate::types::{
    Field, Graph, GraphRef, ListKind, Node, NodeId, Scalar, Schema, Strategy, Struct,
};

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The graph with the whole object as its type.
pub(super) fn schema_of(root: &Structural) -> Schema {
    let mut builder = Builder { graph: Graph::default(), metadata: None };
    let node = builder.resource(root);
    Schema { graph: GraphRef::Shared(Arc::new(builder.graph)), node }
}

struct Builder {
    graph: Graph,
    metadata: Option<NodeId>,
}

impl Builder {
    fn scalar(&mut self, scalar: Scalar) -> NodeId {
        self.graph.add(Node::Scalar(scalar))
    }

    /// An object with `apiVersion`, `kind` and `metadata` of the built-in type.
    fn resource(&mut self, schema: &Structural) -> NodeId {
        let node = self.structure(schema);
        let text = self.scalar(Scalar::String);
        let metadata = match self.metadata {
            Some(node) => node,
            None => match builtin::definition(OBJECT_META) {
                Some(meta) => self.graft(&meta),
                None => self.scalar(Scalar::Any),
            },
        };
        self.metadata = Some(metadata);
        if let Node::Struct(structure) = &mut self.graph.nodes[node as usize] {
            for (name, node) in [("apiVersion", text), ("kind", text), ("metadata", metadata)] {
                let mut field = plain_field(node, None);
                field.always_there = name == "metadata";
                structure.fields.insert(name.into(), field);
            }
        }
        node
    }

    fn node(&mut self, schema: &Structural) -> NodeId {
        if schema.embedded {
            return self.resource(schema);
        }
        if schema.int_or_string {
            return self.scalar(Scalar::IntOrString);
        }
        match schema.kind {
            Some(Kind::Object) => self.object(schema),
            Some(Kind::Array) => {
                let items = match &schema.items {
                    Some(items) => self.node(items),
                    None => self.scalar(Scalar::Any),
                };
                self.graph.add(Node::List { items, kind: schema.list.0.clone() })
            }
            Some(Kind::String) => self.scalar(Scalar::String),
            Some(Kind::Integer) => self.scalar(Scalar::Int64),
            Some(Kind::Number) => self.scalar(Scalar::Float),
            Some(Kind::Boolean) => self.scalar(Scalar::Bool),
            None => self.scalar(Scalar::Any),
        }
    }

    fn object(&mut self, schema: &Structural) -> NodeId {
        if schema.properties.is_empty() {
            let values = match &schema.additional {
                Some(values) => self.node(values),
                None if schema.preserve || schema.any_additional => self.scalar(Scalar::Any),
                None => return self.structure(schema),
            };
            return self.graph.add(Node::Map { values, atomic: schema.atomic_map });
        }
        self.structure(schema)
    }

    fn structure(&mut self, schema: &Structural) -> NodeId {
        let mut structure = Struct { atomic: schema.atomic_map, ..Struct::default() };
        for (name, below) in &schema.properties {
            let node = self.node(below);
            let mut field = plain_field(node, below.default.clone());
            field.required = schema.checks.required.contains(name);
            structure.fields.insert(name.as_str().into(), field);
        }
        if schema.preserve || schema.any_additional {
            structure.rest = Some(self.scalar(Scalar::Any));
        }
        self.graph.add(Node::Struct(structure))
    }

    /// Copies a built-in type into this graph. Only for types that aren't recursive.
    fn graft(&mut self, schema: &Schema) -> NodeId {
        let node = match schema.node() {
            Node::Scalar(scalar) => Node::Scalar(*scalar),
            Node::Map { values, atomic } => {
                Node::Map { values: self.graft(&schema.at(*values)), atomic: *atomic }
            }
            Node::List { items, kind } => {
                Node::List { items: self.graft(&schema.at(*items)), kind: kind.clone() }
            }
            Node::Struct(structure) => {
                let mut copy = structure.clone();
                for field in copy.fields.values_mut() {
                    field.node = self.graft(&schema.at(field.node));
                }
                Node::Struct(copy)
            }
        };
        self.graph.add(node)
    }
}

fn plain_field(node: NodeId, default: Option<serde_json::Value>) -> Field {
    Field {
        node,
        required: false,
        inline_struct: false,
        always_there: false,
        default,
        allowed: Box::default(),
        strategy: Strategy::default(),
    }
}

/// Which items of a list count as the same: for duplicates and for old values of rules.
pub(super) fn item_keys(kind: &ListKind, item: &serde_json::Value) -> Option<String> {
    match kind {
        ListKind::Atomic => None,
        ListKind::Set => Some(item.to_string()),
        ListKind::Map(keys) => {
            let values: Vec<String> = keys
                .iter()
                .map(|key| item.get(&**key).map_or(String::new(), ToString::to_string))
                .collect();
            Some(values.join("\u{0}"))
        }
    }
}
