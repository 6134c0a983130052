//! Searching runs over experiments.

use axum::Json;
use axum::extract::State;
use dais_relations::Dialect;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Tracking;
use crate::entity::{Page, stages};
use crate::error::Result;
use crate::experiments::number;
use crate::input::{Input, int, texts};
use crate::run_data::{COLUMNS, Run, RunInfo, complete};
use crate::scope::Scope;
use crate::search::{Entity, Filter, Kind, Table, metric_of, order};
use crate::statement::Statement;

#[derive(Deserialize)]
pub(crate) struct Search {
    #[serde(default, deserialize_with = "texts")]
    experiment_ids: Vec<String>,
    filter: Option<String>,
    run_view_type: Option<Value>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
    #[serde(default, deserialize_with = "texts")]
    order_by: Vec<String>,
    page_token: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Found {
    runs: Vec<Run>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

const ENTITY: Entity = Entity {
    attributes: &[
        (&["run_id"], "r.run_id", Kind::Text),
        (&["run_name", "run name", "Run name", "Run Name"], "r.name", Kind::Text),
        (&["status"], "r.status", Kind::Text),
        (&["user_id"], "r.user_id", Kind::Text),
        (&["artifact_uri"], "r.artifact_uri", Kind::Text),
        (&["start_time", "created", "Created"], "r.start_time", Kind::Number),
        (&["end_time"], "r.end_time", Kind::Number),
        (&["experiment_id"], "r.experiment_id", Kind::Number),
    ],
    tags: Some(Table { name: "ml_run_tags", on: "t.run = r.seq" }),
    params: Some(Table { name: "ml_run_params", on: "t.run = r.seq" }),
    metrics: Some(Table { name: "ml_latest", on: "t.run = r.seq" }),
    datasets: Some(Table { name: "ml_run_datasets", on: "t.run = r.seq" }),
};

/// The side tables of a row `o` of `ml_ranks`: looked at before its run is.
const RANKED: &str = "t.run = o.run";

pub(crate) async fn search(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Search>,
) -> Result<Json<Found>> {
    let page = Page::new(request.page_token.as_deref(), request.max_results, 1000, 50_000)?;
    let filter = Filter::parse(request.filter.as_deref())?;
    // An experiment that is not there has no runs.
    let experiments: Vec<i64> =
        request.experiment_ids.iter().filter_map(|id| number(id).ok()).collect();
    if experiments.is_empty() {
        return Ok(Json(Found { runs: Vec::new(), next_page_token: None }));
    }
    if experiments.len() > 10_000 {
        return Err(crate::Error::invalid("'experiment_ids' has more than 10000 entries"));
    }
    let asked = Asked {
        project: &scope.project,
        experiments: &experiments,
        stages: stages(request.run_view_type.as_ref())?,
        filter: &filter,
        order_by: &request.order_by,
        page: &page,
    };
    let dialect = tracking.database().dialect();
    let mut found = None;
    if let Some((select, complete)) = asked.among_ranked(dialect)? {
        let some = infos(&tracking, &scope, select).await?;
        found = (complete || some.len() as i64 > page.limit).then_some(some);
    }
    let mut found = match found {
        Some(found) => found,
        None => infos(&tracking, &scope, asked.among_all(dialect)?).await?,
    };
    let next = page.cut(&mut found);
    let runs = complete(&tracking, found).await?;
    Ok(Json(Found { runs, next_page_token: next }))
}

async fn infos(tracking: &Tracking, scope: &Scope, select: Statement) -> Result<Vec<RunInfo>> {
    let (by, of) = (tracking.clone(), scope.clone());
    tracking.database().rows(select, move |row| RunInfo::read(row, &by, &of)).await
}

/// Ties are broken so.
const LAST: &str = "r.start_time DESC, r.run_id";

/// Up to so many, the best of a metric are taken from the front of `ml_ranks`; deeper
/// pages would read it from its beginning each time and sort what they found again.
const DEEPEST: i64 = 10_000;

struct Asked<'a> {
    project: &'a str,
    experiments: &'a [i64],
    stages: &'a [&'static str],
    filter: &'a Filter,
    order_by: &'a [String],
    page: &'a Page,
}

impl Asked<'_> {
    fn conditions(&self, to: &mut Statement) {
        to.push("r.project = ").bind(self.project);
        to.push(" AND r.experiment_id IN ").bind_list(self.experiments.iter().copied());
        to.push(" AND r.lifecycle_stage IN ").bind_list(self.stages.iter().copied());
    }

    fn finish(&self, dialect: Dialect, to: &mut Statement) -> Result<()> {
        self.filter.compile(&ENTITY, to)?;
        to.push(" ORDER BY ");
        order(&ENTITY, self.order_by, LAST, dialect, to)?;
        to.push(" LIMIT ").bind(self.page.limit + 1).push(" OFFSET ").bind(self.page.offset);
        Ok(())
    }

    /// Sorts all runs that pass.
    fn among_all(&self, dialect: Dialect) -> Result<Statement> {
        let mut select = Statement::new(format!("SELECT {COLUMNS} FROM ml_runs r WHERE "));
        self.conditions(&mut select);
        self.finish(dialect, &mut select)?;
        Ok(select)
    }

    /// The same for one experiment by a metric, among the first of `ml_ranks` and the runs
    /// that are not in it yet: none but those that have a number for the metric. So what is
    /// found is the answer if it fills the page, or if (the second value) the filter passes
    /// no others.
    fn among_ranked(&self, dialect: Dialect) -> Result<Option<(Statement, bool)>> {
        let most = self.page.offset + self.page.limit + 1;
        let ([experiment], Some((first, rest))) = (self.experiments, self.order_by.split_first())
        else {
            return Ok(None);
        };
        let Some((key, direction)) = metric_of(first)? else { return Ok(None) };
        if most > DEEPEST {
            return Ok(None);
        }
        // A cross join keeps SQLite from beginning with the runs, and a plus from looking
        // through the experiment for the few of them that are outside.
        let (join, plus) = match dialect {
            Dialect::Sqlite => ("CROSS JOIN", "+"),
            Dialect::Postgres => ("JOIN", ""),
        };
        let mut select = Statement::new(format!(
            "SELECT {COLUMNS} FROM ml_runs r WHERE r.seq IN (SELECT * FROM (SELECT o.run FROM ml_ranks o \
             {join} ml_runs r ON r.seq = o.run WHERE o.project = "
        ));
        select.bind(self.project).push(" AND o.experiment_id = ").bind(*experiment);
        select.push(" AND o.key = ").bind(&key).push(" AND o.nan = 0");
        let complete = self.filter.compile_ranked(&ENTITY, RANKED, &key, &mut select)?;
        select.push(" AND r.lifecycle_stage IN ").bind_list(self.stages.iter().copied());
        select.push(" ORDER BY o.value").push(direction).push(", ");
        order(&ENTITY, rest, LAST, dialect, &mut select)?;
        select.push(" LIMIT ").bind(most);
        select.push(
            ") AS best UNION ALL SELECT r.seq FROM ml_runs r WHERE r.ranked = 0 AND r.project = ",
        );
        select.bind(self.project).push(" AND r.experiment_id = ").bind(*experiment);
        select.push(" AND EXISTS (SELECT 1 FROM ml_latest t WHERE t.run = r.seq AND t.key = ");
        select.bind(&key).push(" AND t.nan = 0)) AND ");
        select.push(plus);
        self.conditions(&mut select);
        self.finish(dialect, &mut select)?;
        Ok(Some((select, complete)))
    }
}

/// The rows of a page of an experiment's runs, newest first, and one more.
#[cfg(test)]
pub(crate) fn newest(experiment: i64, page: &Page, dialect: Dialect) -> Result<Statement> {
    let filter = Filter::parse(None)?;
    let (experiments, order_by) = ([experiment], []);
    let (stages, project) = (stages(None)?, "p");
    Asked { project, experiments: &experiments, stages, filter: &filter, order_by: &order_by, page }
        .among_all(dialect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Database;

    const ORDERS: [Option<&str>; 3] = [None, Some("metrics.m DESC"), Some("metrics.m")];

    /// How a database would find the runs of an experiment.
    async fn plan(database: &Database, order_by: Option<&str>, ranked: bool) -> String {
        let dialect = database.dialect();
        let order_by: Vec<String> = order_by.map(str::to_owned).into_iter().collect();
        let filter = Filter::parse(Some("metrics.m > 0.5 AND params.p = 'x'")).expect("a filter");
        let page = Page { offset: 0, limit: 100 };
        let asked = Asked {
            project: "p",
            experiments: &[1],
            stages: &["active"],
            filter: &filter,
            order_by: &order_by,
            page: &page,
        };
        let select = match ranked {
            true => asked.among_ranked(dialect).expect("SQL").expect("by a metric").0,
            false => asked.among_all(dialect).expect("SQL"),
        };
        let column = if dialect == Dialect::Sqlite { 3 } else { 0 };
        let select = select.explained(dialect);
        let steps = database.rows(select, move |row| row.text(column)).await.expect("a plan");
        steps.join("\n")
    }

    /// What is read grows with the page and not with the experiment.
    #[tokio::test]
    async fn the_first_page_is_walked_to_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}/t.db?mode=rwc", folder.path().display());
        let database = Database::open(&url).await.expect("opens");
        for order_by in ORDERS {
            let plan = plan(&database, order_by, order_by.is_some()).await;
            let walked = match order_by {
                None => "r USING INDEX ml_runs_by_experiment (project=? AND experiment_id=?)",
                Some(_) => {
                    "o USING PRIMARY KEY (project=? AND experiment_id=? AND key=? AND nan=? AND value>?)"
                }
            };
            assert!(plan.contains(walked), "{order_by:?}: {plan}");
            assert!(
                plan.contains("RIGHT PART OF ORDER BY") || plan.contains("LAST"),
                "{order_by:?}: {plan}"
            );
            let outside = "r USING INDEX ml_runs_unranked (project=? AND experiment_id=?)";
            assert_eq!(plan.contains(outside), order_by.is_some(), "{plan}");
            assert!(!plan.contains("SCAN r") && !plan.contains("SCAN t"), "{plan}");
        }
    }

    /// The same of PostgreSQL, which must have rows to choose by. In a database of its
    /// own, where `DAIS_TEST_POSTGRES` names a server.
    #[tokio::test]
    async fn postgres_walks_to_the_first_page_in_order_too() {
        let server = std::env::var("DAIS_TEST_POSTGRES").unwrap_or_default();
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!server.is_empty() || !ci, "DAIS_TEST_POSTGRES must be set where CI=true");
        let Some((before, _)) = server.rsplit_once('/') else { return };
        let name = format!("dais_test_{}", uuid::Uuid::new_v4().simple());
        let run = async |url: &str, sql: &str| {
            let pool = dais_relations::connect(url, 1, "").await.expect("connects");
            let sql = sqlx::AssertSqlSafe(sql.to_owned());
            sqlx::Executor::execute(&pool, sql).await.expect("SQL");
            pool.close().await;
        };
        run(&server, &format!("CREATE DATABASE {name}")).await;
        let url = format!("{before}/{name}");
        let database = Database::open(&url).await.expect("opens");
        run(
            &url,
            "INSERT INTO ml_runs SELECT n, 'p', 'r' || n, n % 2, 'n', 'u', 'FINISHED', n, n, 'active', \
             'a', 1 FROM generate_series(1, 20000) n;
             INSERT INTO ml_ranks SELECT 'p', n % 2, 'm', 0, n % 997, n FROM generate_series(1, 20000) n;
             INSERT INTO ml_latest SELECT n, 'm', 1, 1, n % 997, 0 FROM generate_series(1, 20000) n;
             INSERT INTO ml_run_params SELECT n, 'p', 'x' FROM generate_series(1, 20000) n;
             ANALYZE",
        )
        .await;
        for order_by in &ORDERS[1..] {
            let plan = plan(&database, *order_by, true).await;
            let walked = ["Incremental Sort", "ml_ranks_pkey", "ml_runs_unranked"];
            assert!(walked.iter().all(|step| plan.contains(step)), "{order_by:?}: {plan}");
            // What else the hundred found have in common it may look for as it likes.
            assert!(!plan.contains("Seq Scan on ml_runs"), "{order_by:?}: {plan}");
        }
        run(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
}
