//! Searching logged models.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::entity::{ACTIVE, Page};
use crate::error::Result;
use crate::experiments::{number, with_next};
use crate::input::{Input, int, list, texts};
use crate::logged_models::{COLUMNS, Info, complete};
use crate::scope::Scope;
use crate::search::{Entity, Filter, Kind, Table, order};
use crate::statement::Statement;
use crate::{Error, Tracking};

#[derive(Deserialize)]
struct OrderBy {
    field_name: String,
    ascending: Option<bool>,
}

#[derive(Deserialize)]
pub(crate) struct Search {
    #[serde(default, deserialize_with = "texts")]
    experiment_ids: Vec<String>,
    filter: Option<String>,
    #[serde(default, deserialize_with = "list")]
    datasets: Vec<Value>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
    #[serde(default, deserialize_with = "list")]
    order_by: Vec<OrderBy>,
    page_token: Option<String>,
}

const OF: &str = "t.project = r.project AND t.model_id = r.model_id";

const ENTITY: Entity = Entity {
    attributes: &[
        (&["name"], "r.name", Kind::Text),
        (&["model_id"], "r.model_id", Kind::Text),
        (&["model_type"], "r.model_type", Kind::Text),
        (&["status"], "r.status", Kind::Text),
        (&["source_run_id"], "r.source_run_id", Kind::Text),
        (&["experiment_id"], "r.experiment_id", Kind::Number),
        (&["creation_timestamp", "creation_time"], "r.creation_timestamp", Kind::Number),
        (
            &["last_updated_timestamp", "last_updated_time"],
            "r.last_updated_timestamp",
            Kind::Number,
        ),
    ],
    tags: Some(Table { name: "ml_logged_model_tags", on: OF }),
    params: Some(Table { name: "ml_logged_model_params", on: OF }),
    metrics: Some(Table { name: "ml_logged_model_metrics", on: OF }),
    datasets: None,
};

pub(crate) async fn search(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Search>,
) -> Result<Json<Value>> {
    if !request.datasets.is_empty() {
        return Err(Error::invalid(
            "'datasets' is not supported: filter by metrics of all datasets instead",
        ));
    }
    let page = Page::new(request.page_token.as_deref(), request.max_results, 100, 1000)?;
    let filter = Filter::parse(request.filter.as_deref())?;
    let experiments: Vec<i64> =
        request.experiment_ids.iter().filter_map(|id| number(id).ok()).take(10_000).collect();
    if experiments.is_empty() {
        return Ok(Json(json!({ "models": [] })));
    }
    let mut select =
        Statement::new(format!("SELECT {COLUMNS} FROM ml_logged_models r WHERE r.project = "));
    select.bind(&scope.project).push(" AND r.experiment_id IN ").bind_list(experiments);
    select.push(" AND r.lifecycle_stage = ").bind(ACTIVE);
    filter.compile(&ENTITY, &mut select)?;
    let columns: Vec<String> = request
        .order_by
        .iter()
        .map(|by| {
            format!(
                "{} {}",
                by.field_name,
                if by.ascending == Some(false) { "DESC" } else { "ASC" }
            )
        })
        .collect();
    let dialect = tracking.database().dialect();
    select.push(" ORDER BY ");
    order(&ENTITY, &columns, "r.creation_timestamp DESC, r.model_id", dialect, &mut select)?;
    select.push(" LIMIT ").bind(page.limit + 1).push(" OFFSET ").bind(page.offset);
    let rows = select.all(tracking.database().read()).await?;
    let mut infos =
        rows.iter().map(|row| Info::read(row, &tracking, &scope)).collect::<Result<Vec<_>>>()?;
    let next = page.cut(&mut infos);
    let mut models = Vec::with_capacity(infos.len());
    for info in infos {
        models.push(complete(&tracking, &scope, info).await?);
    }
    Ok(Json(with_next(json!({ "models": models }), next)))
}
