//! Which series, label names and label values there are. All three read the label
//! sets that the caller may see, so that names do not leak.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Extension, Path, State};
use serde_json::{Value, json};

use super::answer::metric;
use super::parameters::Parameters;
use super::{Api, Turns, scope_of};
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::scope::Scope;

pub async fn series(
    State(api): State<Api>,
    State(turns): State<Turns>,
    scope: Option<Extension<Scope>>,
    parameters: Parameters,
) -> Result<Json<Value>> {
    if parameters.all("match[]").next().is_none() {
        return Err(Error::BadData("no match[] parameter provided".into()));
    }
    let limit = limit(&parameters)?;
    let found = visible((api, turns), scope_of(scope), parameters).await?;
    Ok(limited(found.iter().map(metric).collect(), limit))
}

pub async fn labels(
    State(api): State<Api>,
    State(turns): State<Turns>,
    scope: Option<Extension<Scope>>,
    parameters: Parameters,
) -> Result<Json<Value>> {
    let limit = limit(&parameters)?;
    let found = visible((api, turns), scope_of(scope), parameters).await?;
    let names: BTreeSet<&str> =
        found.iter().flat_map(|labels| labels.iter()).map(|(name, _)| name).collect();
    Ok(limited(names.into_iter().map(Value::from).collect(), limit))
}

pub async fn values(
    State(api): State<Api>,
    State(turns): State<Turns>,
    Path(name): Path<String>,
    scope: Option<Extension<Scope>>,
    parameters: Parameters,
) -> Result<Json<Value>> {
    let limit = limit(&parameters)?;
    let found = visible((api, turns), scope_of(scope), parameters).await?;
    let values: BTreeSet<&str> =
        found.iter().map(|labels| labels.get(&name)).filter(|value| !value.is_empty()).collect();
    Ok(limited(values.into_iter().map(Value::from).collect(), limit))
}

/// No limit is written as 0, too.
fn limit(parameters: &Parameters) -> Result<usize> {
    let limit = parameters.number("limit")?;
    Ok(limit.filter(|limit| *limit > 0).unwrap_or(usize::MAX))
}

/// At most so many, and a warning when there were more.
fn limited(mut values: Vec<Value>, limit: usize) -> Json<Value> {
    let is_cut = values.len() > limit;
    values.truncate(limit);
    let mut answer = json!({"status": "success", "data": values});
    if is_cut {
        answer["warnings"] = json!(["results truncated due to limit"]);
    }
    Json(answer)
}

/// The label sets of all selectors, or of everything when there is none.
async fn visible(
    (api, turns): (Api, Turns),
    scope: Scope,
    parameters: Parameters,
) -> Result<BTreeSet<Labels>> {
    let (from, to) = parameters.span()?;
    let mut selectors = parameters.selectors()?;
    if selectors.is_empty() {
        selectors.push(vec![]);
    }
    let work = move || {
        let mut found = BTreeSet::new();
        for mut matchers in selectors {
            matchers.extend(scope.matchers());
            found.extend(api.store.label_sets(&matchers, from, to)?);
        }
        Ok(found)
    };
    turns.take_usual(work).await
}
