//! Questions that Jaeger's API does not know: the service map and the comparison of two
//! traces. They answer in Jaeger's envelope, with one object as `data`.

use axum::Json;
use axum::extract::{Extension, Query as Parameters, State};
use serde_json::{Value, json};

use super::{blocking, parameters, scope_of};
use crate::compare::compare;
use crate::error::{Error, Result};
use crate::head::now;
use crate::scope::Scope;
use crate::store::Traces;

/// `/api/map?start=&end=&namespace=`, in microseconds; without them the last hour, and
/// all that the caller may see.
pub async fn map(
    State(traces): State<Traces>,
    scope: Option<Extension<Scope>>,
    Parameters(pairs): Parameters<Vec<(String, String)>>,
) -> Result<Json<Value>> {
    let scope = scope_of(scope);
    let scope = match parameters::get(&pairs, "namespace") {
        Some(one) if scope.allows(Some(one)) => Scope::only([one]),
        Some(_) => Scope::nothing(),
        None => scope,
    };
    let (from, to) = parameters::map_span(&pairs, now())?;
    let map = blocking(move || traces.map(from, to, &scope)).await?;
    Ok(Json(json!({"data": map, "errors": null})))
}

/// `/api/compare?a=&b=`, two trace ids.
pub async fn comparison(
    State(traces): State<Traces>,
    scope: Option<Extension<Scope>>,
    Parameters(pairs): Parameters<Vec<(String, String)>>,
) -> Result<Json<Value>> {
    let scope = scope_of(scope);
    let (a, b) = (parameters::id(&pairs, "a")?, parameters::id(&pairs, "b")?);
    let compared = blocking(move || {
        let (a, b) = (traces.trace(a, &scope)?, traces.trace(b, &scope)?);
        match a.is_empty() || b.is_empty() {
            true => Err(Error::NotFound),
            false => Ok(compare(&a, &b)),
        }
    });
    Ok(Json(json!({"data": compared.await?, "errors": null})))
}
