//! What an older program left is there for a newer one.

use serde_json::json;

use crate::server::{Server, on_each_empty};

const RUN: &str = "0123456789abcdef0123456789abcdef";

/// The first version kept points by key; now what is logged together lies together.
#[tokio::test]
async fn points_of_the_first_schema_are_carried_over() {
    on_each_empty(async |url| {
        write_first_schema(&url).await;
        let server = Server::start(&url).await;
        let history = format!("metrics/get-history?run_id={RUN}&metric_key=loss");
        let found = server.ok("GET", &history, json!(null)).await;
        let points = found["metrics"].as_array().expect("points").iter();
        let points: Vec<_> = points.map(|p| (p["step"].clone(), p["value"].clone())).collect();
        let kept = [(json!(1), json!(0.5)), (json!(2), json!(0.25)), (json!(3), json!("NaN"))];
        assert_eq!(points, kept);
        let found = server.ok("GET", &format!("runs/get?run_id={RUN}"), json!(null)).await;
        assert_eq!(found["run"]["data"]["metrics"].as_array().expect("metrics").len(), 2);
        let metric = json!({ "key": "loss", "value": 1.0, "timestamp": 40, "step": 4 });
        server.ok("POST", "runs/log-batch", json!({ "run_id": RUN, "metrics": [metric] })).await;
        let found = server.ok("GET", &history, json!(null)).await;
        assert_eq!(found["metrics"].as_array().expect("points").len(), 4);
    })
    .await;
}

async fn write_first_schema(url: &str) {
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(url).await.expect("opens");
    let commands = format!(
        "{};
         CREATE TABLE ml_schema (version BIGINT NOT NULL PRIMARY KEY);
         INSERT INTO ml_schema VALUES (1);
         INSERT INTO ml_runs VALUES (7, 'solo', '{RUN}', 0, 'n', 'ada', 'RUNNING', 1, NULL, 'active', 'a');
         INSERT INTO ml_points VALUES (7, 'loss', 2, 20, 0.25, 0), (7, 'loss', 1, 10, 0.5, 0),
             (7, 'loss', 3, 30, 0.0, 1), (7, 'other', 1, 10, 9.0, 0);
         INSERT INTO ml_latest VALUES (7, 'loss', 3, 30, 0.0, 1), (7, 'other', 1, 10, 9.0, 0)",
        include_str!("../../migrations/0001_tracking.sql")
    );
    for command in commands.split(';').filter(|command| !command.trim().is_empty()) {
        let command = sqlx::AssertSqlSafe(command.to_owned());
        sqlx::query(command).execute(&pool).await.expect("the first schema");
    }
    pool.close().await;
}
