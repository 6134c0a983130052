//! Questions about a query itself.

use axum::Json;
use serde_json::Value;

use super::answer::success;
use super::parameters::Parameters;
use crate::error::Result;
use crate::promql::parse;

/// The query over several lines, where it is long.
pub async fn format(parameters: Parameters) -> Result<Json<Value>> {
    let query = parse(parameters.needed("query")?)?;
    Ok(success(query.prettify().into()))
}
