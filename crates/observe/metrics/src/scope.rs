//! Whose series a request may see.
//!
//! Our own engine is held to a scope where samples are read ([`Scoped`]), so no query
//! can reach around it. [`scope`] rewrites a query's text instead, to stand in front of
//! a Prometheus that is not ours.

use std::collections::BTreeSet;

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{Expr, VectorSelector};

use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::promql::{Source, parse};
use crate::sample::Series;

/// The label that says whose a series is.
pub(crate) const NAMESPACE: &str = "namespace";

/// The namespaces that a caller may read; a request extension that the binary inserts.
/// `None` means all series, also those without a namespace (machines, the platform).
/// A request without the extension sees nothing.
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

    pub fn allows(&self, namespace: &str) -> bool {
        self.namespaces.as_ref().is_none_or(|allowed| allowed.contains(namespace))
    }

    /// The matchers that every selector must satisfy besides its own.
    pub fn matchers(&self) -> Vec<Matcher> {
        let Some(namespaces) = &self.namespaces else { return vec![] };
        if namespaces.is_empty() {
            // What is empty and is not.
            return vec![
                Matcher::new(MatchOp::Equal, NAMESPACE, ""),
                Matcher::new(MatchOp::NotEqual, NAMESPACE, ""),
            ];
        }
        let names: Vec<String> = namespaces.iter().map(|name| regex::escape(name)).collect();
        let pattern = names.join("|");
        let regex = regex::Regex::new(&format!("^(?:{pattern})$"))
            .expect("escaped names are a valid pattern");
        vec![Matcher::new(MatchOp::Re(regex), NAMESPACE, &pattern)]
    }
}

/// Adds matchers to every selector of a query. Fails on what is no query, on the `or`
/// between matchers that only some engines know, which would stand beside ours, and on
/// an `info` that reads `target_info` without a selector that could be narrowed.
pub fn scope(query: &str, matchers: &[Matcher]) -> Result<String> {
    let mut expression = parse(query)?;
    narrow(&mut expression, matchers)?;
    Ok(expression.to_string())
}

fn narrow(expression: &mut Expr, matchers: &[Matcher]) -> Result<()> {
    match expression {
        Expr::VectorSelector(selector) => narrow_selector(selector, matchers),
        Expr::MatrixSelector(selector) => narrow_selector(&mut selector.vs, matchers),
        Expr::Aggregate(aggregate) => {
            if let Some(parameter) = &mut aggregate.param {
                narrow(parameter, matchers)?;
            }
            narrow(&mut aggregate.expr, matchers)
        }
        Expr::Unary(unary) => narrow(&mut unary.expr, matchers),
        Expr::Binary(binary) => {
            narrow(&mut binary.lhs, matchers)?;
            narrow(&mut binary.rhs, matchers)
        }
        Expr::Paren(paren) => narrow(&mut paren.expr, matchers),
        Expr::Subquery(subquery) => narrow(&mut subquery.expr, matchers),
        Expr::Call(call) => {
            call.args.args.iter_mut().try_for_each(|argument| narrow(argument, matchers))?;
            if call.func.name == "info" && call.args.args.len() < 2 {
                return Err(Error::BadData(
                    r#"info() reads series that it does not name; name the labels that it is to add, for example info(up, {version=~".+"})"#.into(),
                ));
            }
            Ok(())
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Ok(()),
        Expr::Extension(_) => {
            Err(Error::BadData("an extension of the language cannot be scoped".into()))
        }
    }
}

fn narrow_selector(selector: &mut VectorSelector, matchers: &[Matcher]) -> Result<()> {
    if !selector.matchers.or_matchers.is_empty() {
        return Err(Error::BadData("label matchers cannot be combined with [or]".into()));
    }
    selector.matchers.matchers.extend_from_slice(matchers);
    Ok(())
}

/// A source that shows a scope's series alone.
pub struct Scoped<'a> {
    pub source: &'a dyn Source,
    pub scope: &'a Scope,
}

impl Source for Scoped<'_> {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<Series>> {
        self.select_told(matchers, from, to, &|_| Ok(()))
    }

    fn select_told(
        &self,
        matchers: &[Matcher],
        from: i64,
        to: i64,
        tell: &dyn Fn(&Series) -> Result<()>,
    ) -> Result<Vec<Series>> {
        let all: Vec<Matcher> = matchers.iter().cloned().chain(self.scope.matchers()).collect();
        let found = self.source.select_told(&all, from, to, tell)?;
        debug_assert!(found.iter().all(|series| is_visible(&series.labels, self.scope)));
        Ok(found)
    }
}

fn is_visible(labels: &Labels, scope: &Scope) -> bool {
    scope.allows(labels.get(NAMESPACE))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every selector of the rewritten query, with whether it is narrowed.
    fn selectors(expression: &Expr, found: &mut Vec<bool>) {
        let is_narrowed = |selector: &VectorSelector| {
            let mut matchers = selector.matchers.matchers.iter();
            matchers.any(|matcher| matcher.name == NAMESPACE && matcher.value == "a|b\\.c")
        };
        match expression {
            Expr::VectorSelector(selector) => found.push(is_narrowed(selector)),
            Expr::MatrixSelector(selector) => found.push(is_narrowed(&selector.vs)),
            Expr::Aggregate(aggregate) => {
                aggregate.param.iter().for_each(|parameter| selectors(parameter, found));
                selectors(&aggregate.expr, found);
            }
            Expr::Unary(unary) => selectors(&unary.expr, found),
            Expr::Binary(binary) => {
                selectors(&binary.lhs, found);
                selectors(&binary.rhs, found);
            }
            Expr::Paren(paren) => selectors(&paren.expr, found),
            Expr::Subquery(subquery) => selectors(&subquery.expr, found),
            Expr::Call(call) => {
                call.args.args.iter().for_each(|argument| selectors(argument, found))
            }
            _ => {}
        }
    }

    #[test]
    fn every_selector_is_narrowed_wherever_it_stands() {
        let matchers = Scope::only(["a", "b.c"]).matchers();
        for (query, count) in [
            ("up", 1),
            (r#"{__name__=~".+"}"#, 1),
            (r#"up{namespace="z"} or up"#, 2),
            ("rate(x_total[5m] offset 1h)", 1),
            ("max_over_time(sum(rate(x[1m]))[1h:1m] @ end())", 1),
            ("topk(scalar(count(up)), x)", 2),
            ("-(a + on (pod) group_left (l) b)", 2),
            ("a * on () group_left (secret) b", 2),
            ("a * on (pod) group_right (secret) b{namespace=\"z\"}", 2),
            ("a * ignoring (namespace) group_left (namespace, secret) b", 2),
            (r#"a / on (pod) group_left (secret) ({__name__="b"} or b{namespace!="a"})"#, 3),
            ("sum by (pod) (a) * on (pod) group_left (secret) max by (pod, secret) (b)", 2),
            (
                r#"a * on (namespace) group_left (secret) label_replace(b, "namespace", "a", "", "")"#,
                2,
            ),
            ("(a and on () b) * on () group_left (secret) rate(c[5m])", 3),
            ("a * on () group_left (secret) b * on () group_left (other) c", 3),
            (r#"info(a, {secret=~".+"})"#, 2),
            (r#"label_replace(x, "namespace", "a", "", "")"#, 1),
            ("absent(x) unless y", 2),
            ("quantile_over_time(scalar(q), x[5m])", 2),
            ("1 + time()", 0),
        ] {
            let narrowed = scope(query, &matchers).unwrap();
            let mut found = Vec::new();
            selectors(&parse(&narrowed).unwrap(), &mut found);
            assert_eq!(found, vec![true; count], "{query} became {narrowed}");
        }
    }

    #[test]
    fn an_or_between_matchers_is_refused() {
        let matchers = Scope::only(["a"]).matchers();
        assert!(scope(r#"up{namespace="z" or job="x"}"#, &matchers).is_err());
        assert!(scope("up{", &matchers).is_err());
    }

    #[test]
    fn series_that_info_does_not_name_are_refused() {
        let matchers = Scope::only(["a"]).matchers();
        for query in ["info(up)", "sum(rate(x[5m])) * on (job) group_left () info(up)"] {
            let reason = scope(query, &matchers).unwrap_err().to_string();
            assert!(reason.contains("info(up, {"), "{query}: {reason}");
        }
    }

    #[test]
    fn an_empty_scope_matches_nothing() {
        let matchers = Scope::nothing().matchers();
        for namespace in ["", "a"] {
            assert!(!matchers.iter().all(|matcher| matcher.is_match(namespace)));
        }
        assert!(Scope::all().matchers().is_empty());
    }
}
