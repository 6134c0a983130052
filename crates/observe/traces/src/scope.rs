//! Whose spans a request may see.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::attributes::Attributes;
use crate::error::{Error, Result};
use crate::span::{NAMESPACE, Span};

/// The namespaces that a caller may read and write; a request extension that the binary
/// inserts. `None` means all spans. A request without the extension sees nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    pub namespaces: Option<BTreeSet<String>>,
}

impl Scope {
    pub fn all() -> Self {
        Scope { namespaces: None }
    }

    pub fn only<I: IntoIterator<Item = S>, S: Into<String>>(namespaces: I) -> Self {
        Scope { namespaces: Some(namespaces.into_iter().map(Into::into).collect()) }
    }

    pub fn nothing() -> Self {
        Scope { namespaces: Some(BTreeSet::new()) }
    }

    pub fn allows(&self, namespace: Option<&str>) -> bool {
        match &self.namespaces {
            None => true,
            Some(allowed) => namespace.is_some_and(|namespace| allowed.contains(namespace)),
        }
    }

    /// Lets spans in: those without a namespace get the only one that the caller has,
    /// those of another namespace are refused.
    pub fn admit(&self, spans: &mut [Span]) -> Result<()> {
        let only =
            self.namespaces.as_ref().filter(|allowed| allowed.len() == 1).and_then(BTreeSet::first);
        // Spans of one process share what it says of itself, and go on to share it.
        let mut last: Option<(Arc<Attributes>, Arc<Attributes>)> = None;
        for span in spans {
            if let (None, Some(only)) = (span.namespace(), only) {
                let (_, named) = match last.take() {
                    Some(pair) if Arc::ptr_eq(&pair.0, &span.resource) => last.insert(pair),
                    _ => last.insert((span.resource.clone(), named(&span.resource, only))),
                };
                span.resource = named.clone();
            }
            if !self.allows(span.namespace()) {
                let namespace = span.namespace().unwrap_or("none");
                return Err(Error::Forbidden(format!(
                    "spans of {NAMESPACE} [{namespace}] may not be written with these rights"
                )));
            }
        }
        Ok(())
    }
}

fn named(resource: &Attributes, namespace: &str) -> Arc<Attributes> {
    let mut resource = resource.clone();
    resource.push(NAMESPACE, namespace);
    Arc::new(resource)
}

/// Narrows the parameters of a Jaeger search to one namespace, to stand in front of a
/// Jaeger that is not ours: its search asks for tags that are all equal, so it cannot
/// ask for one of several. A namespace that the caller asked for itself is replaced.
pub fn scope(parameters: Vec<(String, String)>, namespace: &str) -> Result<Vec<(String, String)>> {
    let mut tags = Map::new();
    let mut rest = Vec::with_capacity(parameters.len() + 1);
    for (name, value) in parameters {
        match name.as_str() {
            "tags" => {
                let parsed: Map<String, Value> = serde_json::from_str(&value).map_err(|error| {
                    Error::BadRequest(format!("parameter 'tags' is no JSON object: {error}"))
                })?;
                tags.extend(parsed);
            }
            "tag" => {
                let (key, value) = value
                    .split_once(':')
                    .ok_or_else(|| Error::BadRequest("parameter 'tag' must be key:value".into()))?;
                tags.insert(key.into(), value.into());
            }
            _ => rest.push((name, value)),
        }
    }
    tags.insert(NAMESPACE.into(), namespace.into());
    rest.push(("tags".into(), Value::Object(tags).to_string()));
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_narrowed_whatever_it_asks() {
        let asked = [
            ("service", "web"),
            ("tag", "k8s.namespace.name:blue"),
            ("tags", r#"{"k8s.namespace.name":"blue","http.status":"500"}"#),
        ];
        let asked = asked.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let narrowed = scope(asked, "red").unwrap();
        assert_eq!(narrowed[0], ("service".into(), "web".into()));
        let tags: Value = serde_json::from_str(&narrowed[1].1).unwrap();
        assert_eq!(tags, serde_json::json!({"k8s.namespace.name": "red", "http.status": "500"}));
        assert!(scope(vec![("tags".into(), "[".into())], "red").is_err());
    }

    #[test]
    fn spans_come_in_under_the_callers_own_namespace_only() {
        let mut spans = [Span::default(), Span::default()];
        spans[1].resource = spans[0].resource.clone();
        Scope::only(["red"]).admit(&mut spans).unwrap();
        assert!(spans.iter().all(|span| span.namespace() == Some("red")));
        assert!(Arc::ptr_eq(&spans[0].resource, &spans[1].resource));
        assert!(Scope::only(["blue"]).admit(&mut spans).is_err());
        assert!(Scope::only(["a", "b"]).admit(&mut [Span::default()]).is_err());
        Scope::all().admit(&mut spans).unwrap();
    }
}
