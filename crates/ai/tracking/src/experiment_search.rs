//! Searching experiments.

use axum::Json;
use axum::extract::State;
use dais_relations::Dialect;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Tracking;
use crate::entity::{Page, stages};
use crate::error::Result;
use crate::experiments::{COLUMNS, Experiment, attach_tags, with_next};
use crate::input::{Input, int, texts};
use crate::scope::Scope;
use crate::search::{Entity, Filter, Kind, Table, order};
use crate::statement::Statement;

#[derive(Default, Deserialize)]
pub(crate) struct Search {
    view_type: Option<Value>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
    filter: Option<String>,
    #[serde(default, deserialize_with = "texts")]
    order_by: Vec<String>,
    page_token: Option<String>,
}

const ENTITY: Entity = Entity {
    attributes: &[
        (&["name"], "r.name", Kind::Text),
        (&["experiment_id"], "r.experiment_id", Kind::Number),
        (&["creation_time"], "r.creation_time", Kind::Number),
        (&["last_update_time"], "r.last_update_time", Kind::Number),
    ],
    tags: Some(Table {
        name: "ml_experiment_tags",
        on: "t.project = r.project AND t.experiment_id = r.experiment_id",
    }),
    params: None,
    metrics: None,
    datasets: None,
};

/// The rows of a page, and one more.
pub(crate) fn select(
    project: &str,
    asked: &Search,
    page: &Page,
    dialect: Dialect,
) -> Result<Statement> {
    let filter = Filter::parse(asked.filter.as_deref())?;
    let mut select =
        Statement::new(format!("SELECT {COLUMNS} FROM ml_experiments r WHERE r.project = "));
    select
        .bind(project)
        .push(" AND r.lifecycle_stage IN ")
        .bind_list(stages(asked.view_type.as_ref())?.iter().copied());
    filter.compile(&ENTITY, &mut select)?;
    select.push(" ORDER BY ");
    let last = "r.creation_time DESC, r.experiment_id DESC";
    order(&ENTITY, &asked.order_by, last, dialect, &mut select)?;
    select.push(" LIMIT ").bind(page.limit + 1).push(" OFFSET ").bind(page.offset);
    Ok(select)
}

pub(crate) async fn search(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Search>,
) -> Result<Json<Value>> {
    tracking.ensure_default(&scope.project).await?;
    let page = Page::new(request.page_token.as_deref(), request.max_results, 1000, 50_000)?;
    let select = select(&scope.project, &request, &page, tracking.database().dialect())?;
    let rows = select.all(tracking.database().read()).await?;
    let mut found = rows
        .iter()
        .map(|row| Experiment::read(row, &tracking, &scope))
        .collect::<Result<Vec<_>>>()?;
    let next = page.cut(&mut found);
    attach_tags(&tracking, &scope, &mut found).await?;
    Ok(Json(with_next(json!({ "experiments": found }), next)))
}
