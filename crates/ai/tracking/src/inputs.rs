//! What a run read and made: datasets and logged models.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::cells::Cells;
use crate::entity::{DONE, Done, Pair};
use crate::error::Result;
use crate::input::{Input, Required, int, list};
use crate::run_data::RunInfo;
use crate::scope::{Editor, Scope};
use crate::statement::statement;
use crate::{Error, Tracking, limits, runs};

#[derive(Deserialize, Serialize)]
pub(crate) struct DatasetInput {
    #[serde(default, deserialize_with = "list")]
    tags: Vec<Pair>,
    dataset: Dataset,
}

#[derive(Deserialize, Serialize)]
struct Dataset {
    #[serde(default)]
    name: String,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    source_type: String,
    #[serde(default)]
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
}

impl DatasetInput {
    pub const COLUMNS: &'static str =
        "name, digest, source_type, source, schema_json, profile, tags";

    /// From a row whose columns from `at` on are [`DatasetInput::COLUMNS`].
    pub fn read(row: &dyn Cells, at: usize) -> Result<DatasetInput> {
        let tags = row.text(at + 6)?;
        Ok(DatasetInput {
            tags: serde_json::from_str(&tags).unwrap_or_default(),
            dataset: Dataset {
                name: row.text(at)?,
                digest: row.text(at + 1)?,
                source_type: row.text(at + 2)?,
                source: row.text(at + 3)?,
                schema: row.optional_text(at + 4)?,
                profile: row.optional_text(at + 5)?,
            },
        })
    }

    fn check(&self, path: &str) -> Result<()> {
        let Dataset { name, digest, source_type, source, schema, profile } = &self.dataset;
        for (field, value) in
            [("name", name), ("digest", digest), ("source_type", source_type), ("source", source)]
        {
            if value.is_empty() {
                return Err(Error::missing(&format!("{path}.dataset.{field}")));
            }
        }
        limits::length(&format!("{path}.dataset.name"), name, 500)?;
        limits::length(&format!("{path}.dataset.digest"), digest, 36)?;
        limits::length(&format!("{path}.dataset.source_type"), source_type, limits::KEY)?;
        limits::length(&format!("{path}.dataset.source"), source, 65_535)?;
        limits::length(
            &format!("{path}.dataset.schema"),
            schema.as_deref().unwrap_or(""),
            1_048_575,
        )?;
        limits::length(
            &format!("{path}.dataset.profile"),
            profile.as_deref().unwrap_or(""),
            16_777_215,
        )?;
        limits::count("input tags", self.tags.len(), limits::TAGS_PER_BATCH)?;
        for tag in &self.tags {
            limits::length(&format!("{path}.tags.key"), &tag.key, 255)?;
            limits::length(&format!("{path}.tags.value"), &tag.value, 500)?;
        }
        Ok(())
    }

    fn context(&self) -> Option<String> {
        self.tags.iter().find(|tag| tag.key == "mlflow.data.context").map(|tag| tag.value.clone())
    }
}

#[derive(Deserialize)]
struct Model {
    model_id: Option<String>,
    #[serde(default, deserialize_with = "int")]
    step: Option<i64>,
}

#[derive(Deserialize)]
pub(crate) struct Log {
    run_id: Option<String>,
    #[serde(default, deserialize_with = "list")]
    datasets: Vec<DatasetInput>,
    #[serde(default, deserialize_with = "list")]
    models: Vec<Model>,
}

pub(crate) async fn log_inputs(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Log>,
) -> Result<Json<Done>> {
    limits::count("datasets", request.datasets.len(), 1000)?;
    for (index, dataset) in request.datasets.iter().enumerate() {
        dataset.check(&format!("datasets[{index}]"))?;
    }
    store(&tracking, &scope, request, "input").await
}

pub(crate) async fn log_outputs(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Input(request): Input<Log>,
) -> Result<Json<Done>> {
    store(&tracking, &scope, Log { datasets: Vec::new(), ..request }, "output").await
}

async fn store(
    tracking: &Tracking,
    scope: &Scope,
    log: Log,
    direction: &str,
) -> Result<Json<Done>> {
    limits::count("models", log.models.len(), 1000)?;
    let run_id = log.run_id.required("run_id")?;
    let mut transaction = tracking.database().begin().await?;
    let run =
        RunInfo::read(&runs::find(&mut *transaction, scope, &run_id).await?, tracking, scope)?;
    runs::refuse_deleted(&run)?;
    for input in log.datasets {
        let tags = serde_json::to_string(&input.tags).unwrap_or_else(|_| "[]".into());
        let context = input.context();
        let Dataset { name, digest, source_type, source, schema, profile } = input.dataset;
        statement!(
            "INSERT INTO ml_run_datasets (run, name, digest, context, source_type, source, schema_json, profile, tags) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (run, name, digest) \
             DO UPDATE SET context = excluded.context, tags = excluded.tags",
            run.seq,
            name,
            digest,
            context,
            source_type,
            source,
            schema,
            profile,
            tags
        )
        .execute(&mut *transaction)
        .await?;
    }
    for (index, model) in log.models.into_iter().enumerate() {
        let model_id = model.model_id.required(&format!("models[{index}].model_id"))?;
        limits::length(&format!("models[{index}].model_id"), &model_id, limits::KEY)?;
        statement!(
            "INSERT INTO ml_run_models (run, direction, model_id, step) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (run, direction, model_id) DO UPDATE SET step = excluded.step",
            run.seq,
            direction,
            model_id,
            model.step.unwrap_or(0)
        )
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(DONE)
}
