use serde_json::{Value, json};

use crate::server::{Server, on_both};

fn ids(answer: &Value) -> Vec<&str> {
    let runs = answer["runs"].as_array().expect("runs");
    runs.iter().map(|run| run["info"]["run_id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn a_run_keeps_what_was_logged() {
    on_both(|server| async move {
        let experiment = server.experiment("digits").await;
        let run = server.run(&experiment).await;
        server
            .ok("POST", "runs/log-batch", json!({ "run_id": run,
                "metrics": [
                    { "key": "loss", "value": 2.0, "timestamp": 10, "step": 0 },
                    { "key": "loss", "value": 1.0, "timestamp": "20", "step": "1" },
                    { "key": "loss", "value": 1.5, "timestamp": 15, "step": 0 },
                    { "key": "nan", "value": "NaN", "timestamp": 1 },
                    { "key": "inf", "value": "-Infinity", "timestamp": 1 },
                ],
                "params": [{ "key": "depth", "value": "3" }],
                "tags": [{ "key": "team", "value": "a" }, { "key": "mlflow.runName", "value": "renamed" }] }))
            .await;
        // A retry changes nothing.
        for _ in 0..2 {
            server.ok("POST", "runs/log-metric", json!({ "run_id": run, "key": "loss", "value": 0.5, "timestamp": 30, "step": 2 })).await;
        }
        let answer = server.ok("GET", &format!("runs/get?run_id={run}"), Value::Null).await;
        assert_eq!(answer["run"]["info"]["run_name"], "renamed");
        assert_eq!(answer["run"]["info"]["user_id"], "ada");
        assert_eq!(answer["run"]["data"]["params"], json!([{ "key": "depth", "value": "3" }]));
        let metrics = answer["run"]["data"]["metrics"].as_array().expect("metrics");
        let value = |key: &str| metrics.iter().find(|m| m["key"] == key).map(|m| m["value"].clone());
        assert_eq!(value("loss"), Some(json!(0.5)));
        assert_eq!(value("nan"), Some(json!("NaN")));
        assert_eq!(value("inf"), Some(json!("-Infinity")));
        let history = server.ok("GET", &format!("metrics/get-history?run_id={run}&metric_key=loss"), Value::Null).await;
        let values: Vec<f64> = history["metrics"].as_array().expect("points").iter().filter_map(|m| m["value"].as_f64()).collect();
        assert_eq!(values, [2.0, 1.5, 1.0, 0.5]);
        let page = server
            .ok("GET", &format!("metrics/get-history?run_id={run}&metric_key=loss&max_results=3"), Value::Null)
            .await;
        assert_eq!(page["metrics"].as_array().map(Vec::len), Some(3));
        assert!(page["next_page_token"].is_string());
    })
    .await;
}

#[tokio::test]
async fn a_history_comes_page_by_page_and_each_point_once() {
    on_both(|server| async move {
        let run = server.run(&server.experiment("e").await).await;
        let point = |value: Value, step: i64| json!({ "key": "m", "value": value, "timestamp": 7, "step": step });
        let mut metrics: Vec<Value> = (-3..3).map(|step| point(json!(step), step)).collect();
        metrics.extend(["NaN", "Infinity", "-Infinity"].map(|value| point(json!(value), 1)));
        metrics.push(json!({ "key": "n", "value": 1, "timestamp": 7, "step": 1 }));
        server.ok("POST", "runs/log-batch", json!({ "run_id": run, "metrics": metrics })).await;
        let ask = |rest: String| format!("metrics/get-history?run_id={run}&metric_key=m&max_results={rest}");
        let whole = server.ok("GET", &ask("100".to_owned()), Value::Null).await;
        assert_eq!(whole["metrics"].as_array().map(Vec::len), Some(9));
        for size in [1, 2, 4, 9] {
            let (mut found, mut token) = (Vec::new(), String::new());
            loop {
                let page = server.ok("GET", &ask(format!("{size}&page_token={token}")), Value::Null).await;
                found.extend(page["metrics"].as_array().expect("points").clone());
                match page["next_page_token"].as_str() {
                    Some(next) => token = next.to_owned(),
                    None => break,
                }
            }
            assert_eq!(json!(found), whole["metrics"], "pages of {size}");
        }
        for bad in ["after-3", "1:2:3", "1:2:7ff8000000000000:0", "x:1:0:0", "1:1:0:0:0"] {
            let (status, answer) = server.call("GET", &ask(format!("1&page_token={bad}")), Value::Null).await;
            assert_eq!((status, &answer["error_code"]), (400, &json!("INVALID_PARAMETER_VALUE")), "{bad}: {answer}");
        }
    })
    .await;
}

#[tokio::test]
async fn params_do_not_change_and_a_refused_batch_stores_nothing() {
    on_both(|server| async move {
        let run = server.run(&server.experiment("e").await).await;
        server.ok("POST", "runs/log-parameter", json!({ "run_id": run, "key": "p", "value": "1" })).await;
        server.ok("POST", "runs/log-parameter", json!({ "run_id": run, "key": "p", "value": "1" })).await;
        let batch = json!({ "run_id": run, "params": [{ "key": "p", "value": "2" }], "tags": [{ "key": "t", "value": "x" }] });
        let (status, answer) = server.call("POST", "runs/log-batch", batch).await;
        assert_eq!((status, &answer["error_code"]), (400, &json!("INVALID_PARAMETER_VALUE")), "{answer}");
        let tags = server.ok("GET", &format!("runs/get?run_id={run}"), Value::Null).await;
        assert!(!tags["run"]["data"]["tags"].to_string().contains("\"t\""));
    })
    .await;
}

/// Four runs with known differences.
async fn four(server: &Server) -> (String, Vec<String>) {
    let experiment = server.experiment("searched").await;
    let mut runs = Vec::new();
    for (index, accuracy) in [0.1, 0.9, 0.5].into_iter().enumerate() {
        let run = server.run(&experiment).await;
        server
            .ok(
                "POST",
                "runs/log-batch",
                json!({ "run_id": run,
                "metrics": [{ "key": "val/acc", "value": accuracy, "timestamp": 1, "step": 0 }],
                "params": [{ "key": "depth", "value": index.to_string() }],
                "tags": [{ "key": "team x", "value": if index == 1 { "Blue" } else { "red" } }] }),
            )
            .await;
        runs.push(run);
    }
    runs.push(server.run(&experiment).await);
    (experiment, runs)
}

#[tokio::test]
async fn search_filters_orders_and_pages() {
    on_both(|server| async move {
        let (experiment, runs) = four(&server).await;
        let search = async |filter: &str| {
            let body = json!({ "experiment_ids": [experiment], "filter": filter, "order_by": ["metrics.`val/acc` DESC"] });
            let answer = server.ok("POST", "runs/search", body).await;
            ids(&answer).into_iter().map(|id| runs.iter().position(|run| run == id).expect("one of ours")).collect::<Vec<_>>()
        };
        assert_eq!(search("").await, [1, 2, 0, 3], "missing metrics come last");
        assert_eq!(search("metrics.`val/acc` > 0.2").await, [1, 2]);
        assert_eq!(search("params.depth = '0' AND metrics.\"val/acc\" <= 0.1").await, [0]);
        assert_eq!(search("tags.`team x` LIKE 'b%'").await, [0; 0], "LIKE knows case");
        assert_eq!(search("tags.`team x` ILIKE 'b%'").await, [1]);
        assert_eq!(search("tags.`team x` != 'red'").await, [1]);
        assert_eq!(search("params.depth IS NULL").await, [3]);
        assert_eq!(search("params.depth IS NOT NULL AND status = 'RUNNING'").await, [1, 2, 0]);
        assert_eq!(search(&format!("attributes.run_id IN ('{}')", runs[2])).await, [2]);
        assert_eq!(search("start_time < 1").await, [0; 0]);
        assert_eq!(search("start_time >= 1").await.len(), 4);
        assert_eq!(search("params.depth LIKE '\\'").await, [0; 0], "a backslash is only a backslash");

        let mut seen = Vec::new();
        let mut token = Value::Null;
        loop {
            let body = json!({ "experiment_ids": [experiment], "max_results": 3, "page_token": token });
            let answer = server.ok("POST", "runs/search", body).await;
            seen.extend(ids(&answer).into_iter().map(str::to_owned));
            token = answer["next_page_token"].clone();
            if token.is_null() {
                break;
            }
        }
        seen.sort();
        let mut all = runs.clone();
        all.sort();
        assert_eq!(seen, all);
    })
    .await;
}

#[tokio::test]
async fn deleted_runs_rest_until_restored() {
    on_both(|server| async move {
        let experiment = server.experiment("e").await;
        let run = server.run(&experiment).await;
        server.ok("POST", "runs/delete", json!({ "run_id": run })).await;
        let (status, _) = server
            .call("POST", "runs/set-tag", json!({ "run_id": run, "key": "k", "value": "v" }))
            .await;
        assert_eq!(status, 400);
        let body = |view: &str| json!({ "experiment_ids": [experiment], "run_view_type": view });
        assert_eq!(ids(&server.ok("POST", "runs/search", body("ACTIVE_ONLY")).await).len(), 0);
        assert_eq!(ids(&server.ok("POST", "runs/search", body("DELETED_ONLY")).await).len(), 1);
        server.ok("POST", "runs/restore", json!({ "run_id": run })).await;
        server.ok("POST", "runs/set-tag", json!({ "run_id": run, "key": "k", "value": "v" })).await;
        server
            .ok(
                "POST",
                "runs/update",
                json!({ "run_id": run, "status": "FINISHED", "end_time": 99 }),
            )
            .await;
        let answer = server.ok("GET", &format!("runs/get?run_id={run}"), Value::Null).await;
        assert_eq!(
            (&answer["run"]["info"]["status"], &answer["run"]["info"]["end_time"]),
            (&json!("FINISHED"), &json!(99))
        );
    })
    .await;
}

#[tokio::test]
async fn many_writers_at_once_lose_nothing() {
    on_both(|server| async move {
        let run = server.run(&server.experiment("e").await).await;
        let one = async |worker: i64| {
            for step in 0..10 {
                let metrics: Vec<Value> = (0..30)
                    .map(|n| json!({ "key": format!("m{n}"), "value": step, "timestamp": worker, "step": step }))
                    .collect();
                server.ok("POST", "runs/log-batch", json!({ "run_id": run, "metrics": metrics })).await;
            }
        };
        futures::future::join_all((0..8).map(one)).await;
        let history = server.ok("GET", &format!("metrics/get-history?run_id={run}&metric_key=m7"), Value::Null).await;
        assert_eq!(history["metrics"].as_array().map(Vec::len), Some(80));
        let thin = server
            .ok("GET", &format!("metrics/get-history-bulk-interval?run_ids={run}&metric_key=m7&max_results=9"), Value::Null)
            .await;
        let thin = thin["metrics"].as_array().expect("points").clone();
        assert!(thin.len() <= 10, "{}", thin.len());
        assert_eq!(thin.last().map(|m| m["step"].clone()), Some(json!(9)));
    })
    .await;
}
