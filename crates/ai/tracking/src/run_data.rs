//! Runs as answers: their rows, and everything that was logged to them, read
//! for many runs at once.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::Tracking;
use crate::entity::Pair;
use crate::error::Result;
use crate::inputs::DatasetInput;
use crate::metric::{self, Metric};
use crate::scope::Scope;
use crate::statement::Statement;

#[derive(Serialize)]
pub(crate) struct RunInfo {
    #[serde(skip)]
    pub seq: i64,
    pub run_id: String,
    pub run_uuid: String,
    pub run_name: String,
    pub experiment_id: String,
    pub user_id: String,
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<i64>,
    pub artifact_uri: String,
    pub lifecycle_stage: String,
}

/// Of `ml_runs r`, as [`RunInfo::read`] reads them.
pub(crate) const COLUMNS: &str = "r.seq, r.run_id, r.experiment_id, r.name, r.user_id, r.status, r.start_time, \
    r.end_time, r.lifecycle_stage, r.artifact_uri";

impl RunInfo {
    pub fn read(row: &AnyRow, tracking: &Tracking, scope: &Scope) -> Result<RunInfo> {
        let run_id: String = row.try_get(1)?;
        Ok(RunInfo {
            seq: row.try_get(0)?,
            run_uuid: run_id.clone(),
            run_id,
            experiment_id: row.try_get::<i64, _>(2)?.to_string(),
            run_name: row.try_get(3)?,
            user_id: row.try_get(4)?,
            status: row.try_get(5)?,
            start_time: row.try_get(6)?,
            end_time: row.try_get(7)?,
            lifecycle_stage: row.try_get(8)?,
            artifact_uri: tracking
                .locations()
                .public(&scope.project, &row.try_get::<String, _>(9)?),
        })
    }
}

/// The protocol's `Run`.
#[derive(Serialize)]
pub(crate) struct Run {
    info: RunInfo,
    data: Logged,
    inputs: Inputs,
    outputs: Outputs,
}

#[derive(Serialize)]
struct Logged {
    metrics: Vec<Metric>,
    params: Vec<Pair>,
    tags: Vec<Pair>,
}

#[derive(Serialize)]
struct Inputs {
    dataset_inputs: Vec<DatasetInput>,
    model_inputs: Vec<Value>,
}

#[derive(Serialize)]
struct Outputs {
    model_outputs: Vec<Value>,
}

#[derive(Default)]
struct Data {
    metrics: Vec<Metric>,
    params: Vec<Pair>,
    tags: Vec<Pair>,
    datasets: Vec<DatasetInput>,
    models_in: Vec<Value>,
    models_out: Vec<Value>,
}

/// Below PostgreSQL's and SQLite's limits on the values of one statement.
const AT_ONCE: usize = 500;

/// The protocol's `Run` for each, in the same order.
pub(crate) async fn complete(tracking: &Tracking, infos: Vec<RunInfo>) -> Result<Vec<Run>> {
    let mut data: HashMap<i64, Data> = HashMap::new();
    let runs: Vec<i64> = infos.iter().map(|info| info.seq).collect();
    for some in runs.chunks(AT_ONCE) {
        let reads = [
            format!("SELECT run, {} FROM ml_latest WHERE run IN ", metric::COLUMNS),
            "SELECT run, key, value FROM ml_run_params WHERE run IN ".to_owned(),
            "SELECT run, key, value FROM ml_run_tags WHERE run IN ".to_owned(),
            format!("SELECT run, {} FROM ml_run_datasets WHERE run IN ", DatasetInput::COLUMNS),
            "SELECT run, direction, model_id, step FROM ml_run_models WHERE run IN ".to_owned(),
        ];
        for (what, sql) in reads.into_iter().enumerate() {
            let mut select = Statement::new(sql);
            select.bind_list(some.iter().copied()).push(" ORDER BY 1, 2, 3");
            for row in select.all(tracking.database().read()).await? {
                let of_run = data.entry(row.try_get(0)?).or_default();
                match what {
                    0 => of_run.metrics.push(Metric::read(&row, 1)?),
                    1 => of_run.params.push(Pair::read(&row, 1)?),
                    2 => of_run.tags.push(Pair::read(&row, 1)?),
                    3 => of_run.datasets.push(DatasetInput::read(&row, 1)?),
                    _ => of_run.add_model(&row)?,
                }
            }
        }
    }
    Ok(infos
        .into_iter()
        .map(|info| data.remove(&info.seq).unwrap_or_default().with(info))
        .collect())
}

impl Data {
    fn add_model(&mut self, row: &AnyRow) -> Result<()> {
        let (direction, model_id): (String, String) = (row.try_get(1)?, row.try_get(2)?);
        if direction == "input" {
            self.models_in.push(json!({ "model_id": model_id }));
        } else {
            self.models_out
                .push(json!({ "model_id": model_id, "step": row.try_get::<i64, _>(3)? }));
        }
        Ok(())
    }

    fn with(self, info: RunInfo) -> Run {
        let Data { metrics, params, tags, datasets, models_in, models_out } = self;
        Run {
            info,
            data: Logged { metrics, params, tags },
            inputs: Inputs { dataset_inputs: datasets, model_inputs: models_in },
            outputs: Outputs { model_outputs: models_out },
        }
    }
}
