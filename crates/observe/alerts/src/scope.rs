//! Whose alerts a request may see, and who acts.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::labels::{Labels, NAMESPACE, value};
use crate::matcher::{Matcher, Operator};

/// The namespaces that a caller may see; a request extension that the binary inserts.
/// `None` means all alerts, also those without a namespace (machines, the platform).
/// A request without the extension sees nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    pub namespaces: Option<BTreeSet<String>>,
}

/// Who acts; a request extension too. A request without one may only read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    pub user: String,
    /// May post alerts, silence and acknowledge, within the scope.
    pub write: bool,
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

    pub fn is_all(&self) -> bool {
        self.namespaces.is_none()
    }

    pub fn allows(&self, labels: &Labels) -> bool {
        let namespace = value(labels, NAMESPACE);
        self.namespaces.as_ref().is_none_or(|allowed| allowed.contains(namespace))
    }

    /// Whether everything that these matchers can match lies inside the scope.
    pub fn holds(&self, matchers: &[Matcher]) -> bool {
        let Some(allowed) = &self.namespaces else { return true };
        matchers
            .iter()
            .filter(|matcher| matcher.name == NAMESPACE)
            .filter_map(Matcher::literals)
            .any(|names| names.iter().all(|name| allowed.contains(name)))
    }

    /// Makes matchers of a caller reach no further than the scope: without a word on the
    /// namespace they get one.
    ///
    /// # Errors
    /// The matchers name a namespace in a way that reaches others.
    pub fn narrow(&self, mut matchers: Vec<Matcher>) -> Result<Vec<Matcher>> {
        let Some(allowed) = &self.namespaces else { return Ok(matchers) };
        if self.holds(&matchers) {
            return Ok(matchers);
        }
        if matchers.iter().any(|matcher| matcher.name == NAMESPACE) {
            return Err(Error::Forbidden(
                "the matcher on `namespace` reaches namespaces that are not yours; name yours \
                 with `=`, or several with `=~` and `|`, or leave it out to mean all of yours"
                    .into(),
            ));
        }
        let names: Vec<&str> = allowed.iter().map(String::as_str).collect();
        let own = match names.as_slice() {
            [] => return Err(Error::Forbidden("you have no namespace to do this in".into())),
            [one] => Matcher::new(NAMESPACE, Operator::Equal, one)?,
            _ => Matcher::new(NAMESPACE, Operator::Regex, &names.join("|"))?,
        };
        matchers.push(own);
        Ok(matchers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matcher::parse;

    fn narrowed(text: &str) -> Result<Vec<String>> {
        let scope = Scope::only(["a", "b-1"]);
        let matchers = scope.narrow(parse(text).unwrap())?;
        assert!(scope.holds(&matchers));
        Ok(matchers.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn matchers_without_a_namespace_get_the_callers() {
        assert_eq!(narrowed("x=1").unwrap(), [r#"x="1""#, r#"namespace=~"a|b-1""#]);
        assert_eq!(narrowed("namespace=a").unwrap(), [r#"namespace="a""#]);
        assert_eq!(narrowed(r#"namespace=~"a|b-1""#).unwrap(), [r#"namespace=~"a|b-1""#]);
        assert!(Scope::nothing().narrow(parse("x=1").unwrap()).is_err());
    }

    #[test]
    fn matchers_that_reach_others_are_refused() {
        for text in [
            "namespace=c",
            "namespace!=c",
            r#"namespace=~"a|c""#,
            r#"namespace=~"a|""#,
            r#"namespace=~"a|.*""#,
            r#"namespace=~"[ac]""#,
            r#"namespace=~"(?i)a""#,
            r#"namespace!~"c""#,
            r#"namespace="""#,
        ] {
            assert!(narrowed(text).is_err(), "{text}");
        }
    }
}
