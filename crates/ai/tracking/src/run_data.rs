//! Runs as answers: their rows, and everything that was logged to them, read
//! for many runs at once.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::Tracking;
use crate::cells::Cells;
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
    pub fn read(row: &dyn Cells, tracking: &Tracking, scope: &Scope) -> Result<RunInfo> {
        let run_id = row.text(1)?;
        Ok(RunInfo {
            seq: row.int(0)?,
            run_uuid: run_id.clone(),
            run_id,
            experiment_id: row.int(2)?.to_string(),
            run_name: row.text(3)?,
            user_id: row.text(4)?,
            status: row.text(5)?,
            start_time: row.optional_int(6)?,
            end_time: row.optional_int(7)?,
            lifecycle_stage: row.text(8)?,
            artifact_uri: tracking.locations().public(&scope.project, &row.text(9)?),
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

/// One row of what was logged to a run.
enum Part {
    Metric(Metric),
    Param(Pair),
    Tag(Pair),
    Dataset(DatasetInput),
    Model { direction: String, id: String, step: i64 },
}

/// Whose the row in the first column is, and what the others hold.
type ReadPart = fn(&dyn Cells) -> Result<Part>;

const READS: [(&str, &str, ReadPart); 5] = [
    (metric::COLUMNS, "ml_latest", |row| Metric::read(row, 1).map(Part::Metric)),
    ("key, value", "ml_run_params", |row| Pair::read(row, 1).map(Part::Param)),
    ("key, value", "ml_run_tags", |row| Pair::read(row, 1).map(Part::Tag)),
    (DatasetInput::COLUMNS, "ml_run_datasets", |row| DatasetInput::read(row, 1).map(Part::Dataset)),
    ("direction, model_id, step", "ml_run_models", |row| {
        Ok(Part::Model { direction: row.text(1)?, id: row.text(2)?, step: row.int(3)? })
    }),
];

/// The protocol's `Run` for each, in the same order.
pub(crate) async fn complete(tracking: &Tracking, infos: Vec<RunInfo>) -> Result<Vec<Run>> {
    let database = tracking.database();
    let mut data: HashMap<i64, Data> = HashMap::with_capacity(infos.len());
    let runs: Vec<i64> = infos.iter().map(|info| info.seq).collect();
    for some in runs.chunks(AT_ONCE) {
        for (columns, table, read) in READS {
            let sql = format!("SELECT run, {columns} FROM {table} WHERE run IN ");
            let mut select = Statement::bulk(&sql, database.dialect());
            select.bind_list(some.iter().copied()).push(" ORDER BY 1, 2, 3");
            for (run, part) in
                database.rows(select, move |row| Ok((row.int(0)?, read(row)?))).await?
            {
                data.entry(run).or_default().add(part);
            }
        }
    }
    Ok(infos
        .into_iter()
        .map(|info| data.remove(&info.seq).unwrap_or_default().with(info))
        .collect())
}

impl Data {
    fn add(&mut self, part: Part) {
        match part {
            Part::Metric(metric) => self.metrics.push(metric),
            Part::Param(param) => self.params.push(param),
            Part::Tag(tag) => self.tags.push(tag),
            Part::Dataset(dataset) => self.datasets.push(dataset),
            Part::Model { direction, id, .. } if direction == "input" => {
                self.models_in.push(json!({ "model_id": id }));
            }
            Part::Model { id, step, .. } => {
                self.models_out.push(json!({ "model_id": id, "step": step }));
            }
        }
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
