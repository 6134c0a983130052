//! Whose lines a request may see. A pure rewrite of an Elasticsearch query, so
//! that the same function can stand in front of an Elasticsearch that is not ours.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// The namespaces that a caller may read; a request extension that the binary
/// inserts. `None` means all of them. A request without the extension sees nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    pub namespaces: Option<BTreeSet<String>>,
}

impl Scope {
    /// Sees every namespace.
    pub fn all() -> Self {
        Scope { namespaces: None }
    }

    /// Sees these namespaces alone.
    pub fn only<I: IntoIterator<Item = S>, S: Into<String>>(namespaces: I) -> Self {
        Scope { namespaces: Some(namespaces.into_iter().map(Into::into).collect()) }
    }

    /// Sees no line at all.
    pub fn nothing() -> Self {
        Scope { namespaces: Some(BTreeSet::new()) }
    }

    pub fn allows(&self, namespace: Option<&str>) -> bool {
        match &self.namespaces {
            None => true,
            Some(allowed) => namespace.is_some_and(|namespace| allowed.contains(namespace)),
        }
    }
}

/// Narrows a query (the value of `query` in a search body) to a scope. Whatever
/// the query says, it ends up as one condition beside the scope's filter.
pub fn scope(query: Option<Value>, scope: &Scope) -> Value {
    let query = query.unwrap_or_else(|| json!({"match_all": {}}));
    match &scope.namespaces {
        None => query,
        Some(namespaces) => json!({
            "bool": {"must": [query], "filter": [{"terms": {"namespace": namespaces}}]}
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_stands_beside_the_query_and_not_inside_it() {
        let sly = json!({"bool": {"should": [{"match_all": {}}], "minimum_should_match": 0}});
        assert_eq!(
            scope(Some(sly.clone()), &Scope::only(["a"])),
            json!({"bool": {"must": [sly], "filter": [{"terms": {"namespace": ["a"]}}]}})
        );
        assert_eq!(scope(None, &Scope::all()), json!({"match_all": {}}));
        assert!(!Scope::only(["a"]).allows(None));
    }
}
