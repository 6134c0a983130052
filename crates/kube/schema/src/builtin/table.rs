//! Reads the table of built-in types into a graph. The table's grammar is in its head.

use std::collections::HashMap;

use super::Builtins;
use crate::gvk::Gvk;
use crate::types::{Field, Graph, ListKind, Node, NodeId, Scalar, Strategy, Struct};

/// Parses the whole table. It is part of the program, so that a mistake in it is a
/// mistake of ours and panics (a test reads every line of it).
pub(super) fn parse(text: &str) -> Builtins {
    let mut reader = Reader::new(text);
    let mut current: Option<NodeId> = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix("  ") {
            Some(field) => {
                let node = current.expect("a field line follows a type line");
                reader.field(node, field);
            }
            None => current = Some(reader.definition(line)),
        }
    }
    Builtins { graph: reader.graph, by_name: reader.by_name, by_kind: reader.by_kind }
}

struct Reader {
    graph: Graph,
    by_name: HashMap<Box<str>, NodeId>,
    by_kind: HashMap<Gvk, NodeId>,
    /// Types written the same are one node.
    by_text: HashMap<Box<str>, NodeId>,
}

impl Reader {
    /// Numbers the definitions first, so that they can refer to each other.
    fn new(text: &str) -> Reader {
        let mut graph = Graph::default();
        let mut by_name = HashMap::new();
        for line in text.lines().filter(|line| !line.starts_with([' ', '#'])) {
            let name = full_name(line.split(' ').next().unwrap_or_default());
            let node = Node::Struct(Struct { name: name.clone(), ..Struct::default() });
            by_name.insert(name, graph.add(node));
        }
        Reader { graph, by_name, by_kind: HashMap::new(), by_text: HashMap::new() }
    }

    fn definition(&mut self, line: &str) -> NodeId {
        let mut words = line.split(' ');
        let name = full_name(words.next().unwrap_or_default());
        let node = self.by_name[&name];
        for word in words {
            if word == "atomic" {
                self.structure(node).atomic = true;
                continue;
            }
            let mut parts = word.split('/');
            let mut part = || parts.next().unwrap_or_default();
            self.by_kind.insert(Gvk::new(part(), part(), part()), node);
        }
        node
    }

    fn field(&mut self, owner: NodeId, line: &str) {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        let type_text = words.next().unwrap_or_default();
        let node = self.type_of(type_text);
        let mut field = Field {
            node,
            required: false,
            inline_struct: false,
            always_there: false,
            default: None,
            allowed: Box::default(),
            strategy: Strategy::default(),
        };
        for word in words {
            match word.split_at(1) {
                ("!", _) => field.required = true,
                ("=", "{}") => field.inline_struct = true,
                ("=", json) => field.default = serde_json::from_str(json).ok(),
                ("~", "merge") => field.strategy.merge = true,
                ("~", "replace") => field.strategy.replace = true,
                ("~", "retainKeys") => field.strategy.retain_keys = true,
                ("|", allowed) => field.allowed = allowed.into(),
                (_, rest) => {
                    field.strategy.merge = true;
                    field.strategy.merge_key = rest.strip_prefix("merge:").map(Into::into);
                }
            }
        }
        let container = type_text.starts_with(['[', '{']);
        field.always_there = field.inline_struct || (field.required && container);
        self.structure(owner).fields.insert(name.into(), field);
    }

    fn structure(&mut self, node: NodeId) -> &mut Struct {
        match &mut self.graph.nodes[node as usize] {
            Node::Struct(structure) => structure,
            _ => unreachable!("definitions are structs"),
        }
    }

    fn type_of(&mut self, text: &str) -> NodeId {
        if let Some(name) = text.strip_prefix('@') {
            return self.by_name[&full_name(name)];
        }
        if let Some(node) = self.by_text.get(text) {
            return *node;
        }
        let node = self.new_type(text);
        self.by_text.insert(text.into(), node);
        node
    }

    fn new_type(&mut self, text: &str) -> NodeId {
        if let Some((kind, items)) = text.strip_prefix('[').and_then(|t| t.split_once(']')) {
            let items = self.type_of(items);
            let kind = match kind {
                "atomic" => ListKind::Atomic,
                "set" => ListKind::Set,
                keys => ListKind::Map(keys.split(',').map(Into::into).collect()),
            };
            return self.graph.add(Node::List { items, kind });
        }
        if let Some((kind, values)) = text.strip_prefix('{').and_then(|t| t.split_once('}')) {
            let values = self.type_of(values);
            return self.graph.add(Node::Map { values, atomic: kind == "atomic" });
        }
        self.graph.add(Node::Scalar(match text {
            "s" => Scalar::String,
            "i32" => Scalar::Int32,
            "i64" => Scalar::Int64,
            "f" => Scalar::Float,
            "b" => Scalar::Bool,
            "bytes" => Scalar::Bytes,
            "time" => Scalar::Time,
            "micro" => Scalar::MicroTime,
            "q" => Scalar::Quantity,
            "ios" => Scalar::IntOrString,
            "any" => Scalar::Any,
            other => panic!("unknown type {other} in the table of built-in types"),
        }))
    }
}

fn full_name(short: &str) -> Box<str> {
    if short.starts_with("io.k8s.") { short.into() } else { format!("io.k8s.api.{short}").into() }
}
