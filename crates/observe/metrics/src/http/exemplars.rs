//! The exemplars of the series that a query reads.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Extension, State};
use promql_parser::label::Matcher;
use promql_parser::parser::{Expr, VectorSelector};
use promql_parser::util::{ExprVisitor, walk_expr};
use serde_json::{Value, json};

use super::answer::{metric, success};
use super::parameters::Parameters;
use super::{Api, Turns, scope_of};
use crate::error::{Error, Result};
use crate::exemplars::Exemplar;
use crate::labels::Labels;
use crate::promql::{format_number, parse, selector_matchers};
use crate::scope::Scope;

pub async fn query(
    State(api): State<Api>,
    State(turns): State<Turns>,
    scope: Option<Extension<Scope>>,
    parameters: Parameters,
) -> Result<Json<Value>> {
    let scope = scope_of(scope);
    let (from, to) = parameters.span()?;
    let selectors = selectors_of(&parse(parameters.needed("query")?)?)?;
    let work = move || {
        let mut found: BTreeMap<Labels, Vec<Exemplar>> = BTreeMap::new();
        for mut matchers in selectors {
            matchers.extend(scope.matchers());
            found.extend(api.store.exemplars().select(&matchers, from, to));
        }
        Ok(found)
    };
    let found = turns.take_usual(work).await?;
    let render = |(series, exemplars): (Labels, Vec<Exemplar>)| {
        let exemplars: Vec<Value> = exemplars.iter().map(rendered).collect();
        json!({"seriesLabels": metric(&series), "exemplars": exemplars})
    };
    Ok(success(found.into_iter().map(render).collect()))
}

fn rendered(exemplar: &Exemplar) -> Value {
    json!({
        "labels": metric(&exemplar.labels),
        "value": format_number(exemplar.value),
        "timestamp": exemplar.time as f64 / 1000.0,
    })
}

/// The matchers of every selector of a query.
fn selectors_of(query: &Expr) -> Result<Vec<Vec<Matcher>>> {
    struct Collector(Vec<Vec<Matcher>>);

    impl Collector {
        fn add(&mut self, selector: &VectorSelector) -> Result<bool> {
            self.0.push(selector_matchers(selector)?);
            Ok(true)
        }
    }

    impl ExprVisitor for Collector {
        type Error = Error;

        fn pre_visit(&mut self, expression: &Expr) -> Result<bool> {
            match expression {
                Expr::VectorSelector(selector) => self.add(selector),
                Expr::MatrixSelector(selector) => self.add(&selector.vs),
                _ => Ok(true),
            }
        }
    }

    let mut collector = Collector(Vec::new());
    walk_expr(&mut collector, query)?;
    Ok(collector.0)
}
