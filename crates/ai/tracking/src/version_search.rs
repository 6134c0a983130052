//! Searching model versions: by name, by run, by logged model, by tag.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Tracking;
use crate::entity::Page;
use crate::error::Result;
use crate::experiments::with_next;
use crate::input::{Input, int, texts};
use crate::scope::Scope;
use crate::search::{Entity, Filter, Kind, Table, order};
use crate::statement::Statement;
use crate::versions::{COLUMNS, Version};

#[derive(Deserialize)]
pub(crate) struct Search {
    filter: Option<String>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
    #[serde(default, deserialize_with = "texts")]
    order_by: Vec<String>,
    page_token: Option<String>,
}

const TAGS: Table = Table {
    name: "ml_version_tags",
    on: "t.project = r.project AND t.name = r.name AND t.version = r.version",
};

const ENTITY: Entity = Entity {
    attributes: &[
        (&["name"], "r.name", Kind::Text),
        (&["run_id"], "r.run_id", Kind::Text),
        (&["model_id"], "r.model_id", Kind::Text),
        (&["source_path", "source"], "r.source", Kind::Text),
        (&["version_number", "version"], "r.version", Kind::Number),
        (&["creation_timestamp"], "r.creation_timestamp", Kind::Number),
        (&["last_updated_timestamp"], "r.last_updated_timestamp", Kind::Number),
    ],
    tags: Some(TAGS),
    params: None,
    metrics: None,
    datasets: None,
};

pub(crate) async fn search(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Search>,
) -> Result<Json<Value>> {
    let page = Page::new(request.page_token.as_deref(), request.max_results, 10_000, 200_000)?;
    let mut filter = Filter::parse(request.filter.as_deref())?;
    let mut select =
        Statement::new(format!("SELECT {COLUMNS} FROM ml_versions r WHERE r.project = "));
    select.bind(&scope.project);
    filter.models_or_prompts(&TAGS, &mut select);
    filter.compile(&ENTITY, &mut select)?;
    let dialect = tracking.database().dialect();
    let last =
        format!("r.last_updated_timestamp DESC, r.name{}, r.version DESC", dialect.byte_order());
    select.push(" ORDER BY ");
    order(&ENTITY, &request.order_by, &last, dialect, &mut select)?;
    select.push(" LIMIT ").bind(page.limit + 1).push(" OFFSET ").bind(page.offset);
    let mut rows = select.all(tracking.database().read()).await?;
    let next = page.cut(&mut rows);
    let mut versions = Vec::with_capacity(rows.len());
    for row in &rows {
        versions.push(Version::read(row, &tracking, &scope).await?);
    }
    Ok(Json(with_next(json!({ "model_versions": versions }), next)))
}
