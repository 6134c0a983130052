//! The types of the built-in kinds.
//!
//! Parsed once, on first use, from a table of facts (field types, list types,
//! merge keys) that is part of the program: `builtin/types.txt`. Knows no defaults of
//! the API's own (those are the server's) and no validation.

mod normal;
mod table;

use std::collections::HashMap;
use std::sync::OnceLock;

pub use normal::normalize;
pub(crate) use normal::whole;

use crate::gvk::Gvk;
use crate::types::{Graph, GraphRef, NodeId, Schema};

/// The parsed table.
struct Builtins {
    graph: Graph,
    by_name: HashMap<Box<str>, NodeId>,
    by_kind: HashMap<Gvk, NodeId>,
}

fn builtins() -> &'static Builtins {
    static BUILTINS: OnceLock<Builtins> = OnceLock::new();
    BUILTINS.get_or_init(|| table::parse(include_str!("builtin/types.txt")))
}

fn schema_at(node: NodeId) -> Schema {
    Schema { graph: GraphRef::Static(&builtins().graph), node }
}

/// The type of a built-in kind, `None` if it isn't one.
pub fn schema(gvk: &Gvk) -> Option<Schema> {
    builtins().by_kind.get(gvk).copied().map(schema_at)
}

/// The type of a definition by name: `io.k8s.api.core.v1.PodSpec`.
pub fn definition(name: &str) -> Option<Schema> {
    builtins().by_name.get(name).copied().map(schema_at)
}

/// Names of all definitions.
pub fn definitions() -> impl Iterator<Item = &'static str> {
    builtins().by_name.keys().map(|name| &**name)
}

/// All built-in kinds that are objects of the API (their lists included).
pub fn kinds() -> impl Iterator<Item = &'static Gvk> {
    builtins().by_kind.keys()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ListKind, Node, Scalar};

    #[test]
    fn pods_are_known_down_to_their_ports() {
        let pod = schema(&Gvk::new("", "v1", "Pod")).expect("Pod");
        let containers = pod.field("spec").and_then(|s| s.field("containers")).expect("containers");
        let Node::List { kind, .. } = containers.node() else { panic!("a list") };
        assert_eq!(*kind, ListKind::Map(vec!["name".into()]));
        let ports = containers.items().and_then(|c| c.field("ports")).expect("ports");
        let Node::List { kind, .. } = ports.node() else { panic!("a list") };
        assert_eq!(*kind, ListKind::Map(vec!["containerPort".into(), "protocol".into()]));
        let limits = containers.items().and_then(|c| c.field("resources")?.field("limits"));
        let cpu = limits.and_then(|l| l.field("cpu")).expect("limits are a map");
        assert!(matches!(cpu.node(), Node::Scalar(Scalar::Quantity)));
    }

    #[test]
    fn kinds_by_group_and_definitions_by_name() {
        assert!(schema(&Gvk::new("apps", "v1", "Deployment")).is_some());
        assert!(schema(&Gvk::new("apps", "v1", "Pod")).is_none());
        assert!(definition("io.k8s.api.core.v1.PodSpec").is_some());
        assert!(kinds().any(|gvk| gvk.kind == "ConfigMapList"));
    }
}
