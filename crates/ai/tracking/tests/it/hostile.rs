use serde_json::{Value, json};

use crate::server::on_both;

/// Every body below must be answered with a 4xx that names a reason.
#[tokio::test]
async fn hostile_requests_get_a_reason() {
    on_both(|server| async move {
        let run = server.run("0").await;
        server.ok("POST", "registered-models/create", json!({ "name": "m" })).await;
        let long = "x".repeat(7000);
        let metric = |key: &str, value: Value| json!({ "run_id": run, "key": key, "value": value, "timestamp": 1 });
        let many = |n: usize| (0..n).map(|i| json!({ "key": format!("k{i}"), "value": "1", "timestamp": 1 })).collect::<Vec<_>>();
        let search = |filter: &str| json!({ "experiment_ids": ["0"], "filter": filter });
        let cases = [
            ("runs/log-metric", metric("../x", json!(1)), "key"),
            ("runs/log-metric", metric("a\nb", json!(1)), "key"),
            ("runs/log-metric", metric("", json!(1)), "key"),
            ("runs/log-metric", metric(&"k".repeat(251), json!(1)), "250"),
            ("runs/log-metric", metric("k", json!("many")), "double"),
            ("runs/log-metric", metric("k", json!(true)), "double"),
            ("runs/log-metric", metric("k", Value::Null), "value"),
            ("runs/log-metric", json!({ "run_id": run, "key": "k", "value": 1, "timestamp": -1 }), "timestamp"),
            ("runs/log-metric", json!({ "run_id": run, "key": "k", "value": 1, "timestamp": 1e30 }), "integer"),
            ("runs/log-metric", json!({ "key": "k", "value": 1, "timestamp": 1 }), "run_id"),
            ("runs/log-metric", json!([]), "invalid"),
            ("runs/log-parameter", json!({ "run_id": run, "key": "k", "value": long }), "6000"),
            ("runs/set-tag", json!({ "run_id": run, "key": "k", "value": "y".repeat(8001) }), "8000"),
            ("runs/set-tag", json!({ "run_id": run, "key": "k", "value": "\u{0}" }), "U+0000"),
            ("runs/log-batch", json!({ "run_id": run, "metrics": many(1001) }), "1000 metrics"),
            ("runs/log-batch", json!({ "run_id": run, "params": many(101) }), "100 params"),
            ("runs/log-batch", json!({ "run_id": run, "metrics": many(990), "tags": many(11) }), "metrics, params, and tags"),
            ("runs/log-batch", json!({ "run_id": run, "metrics": [{ "key": "k", "value": 1 }] }), "metrics[0].timestamp"),
            ("runs/log-batch", json!({ "run_id": run, "params": [{ "key": "k", "value": "1" }, { "key": "k", "value": "2" }] }), "Duplicate"),
            ("runs/log-batch", json!({ "run_id": run, "metrics": 3 }), "metrics"),
            ("runs/create", json!({ "experiment_id": "77" }), "77"),
            ("runs/create", json!({ "experiment_id": "'; DROP TABLE ml_runs; --" }), "No Experiment"),
            ("runs/create", json!({ "experiment_id": "0", "tags": [{ "key": "../..", "value": "" }] }), "tags[0].key"),
            ("runs/update", json!({ "run_id": run, "status": "DANCING" }), "status"),
            ("runs/log-model", json!({ "run_id": run, "model_json": "{" }), "model_json"),
            ("runs/log-inputs", json!({ "run_id": run, "datasets": [{ "dataset": { "name": "n" } }] }), "datasets[0].dataset.digest"),
            ("runs/search", json!({ "experiment_ids": ["0"], "max_results": 0 }), "max_results"),
            ("runs/search", json!({ "experiment_ids": ["0"], "page_token": "'" }), "page token"),
            ("runs/search", json!({ "experiment_ids": ["0"], "order_by": ["a b c"] }), "one column"),
            ("runs/search", json!({ "experiment_ids": ["0"], "order_by": ["secret"] }), "secret"),
            ("runs/search", search("metrics.a = 'x'"), "numeric"),
            ("runs/search", search("metrics.a LIKE 'x'"), "comparator"),
            ("runs/search", search("params.a > 'x'"), "comparator"),
            ("runs/search", search("params.a = 1"), "quoted"),
            ("runs/search", search("status = 'a' OR 1 = 1"), "AND"),
            ("runs/search", search("run_id = 'a'; DROP TABLE ml_runs"), "filter"),
            ("runs/search", search("datasets.colour = 'a'"), "dataset key"),
            ("experiments/create", json!({ "name": "" }), "name"),
            ("experiments/create", json!({ "name": "n".repeat(501) }), "500"),
            ("experiments/create", json!({ "name": "Default" }), "already exists"),
            ("experiments/delete", json!({ "experiment_id": "0" }), "default"),
            ("registered-models/create", json!({ "name": "a/b" }), "name"),
            ("registered-models/create", json!({ "name": "m" }), "already exists"),
            ("registered-models/alias", json!({ "name": "m", "alias": "latest", "version": "1" }), "reserved"),
            ("registered-models/alias", json!({ "name": "m", "alias": "v3", "version": "1" }), "reserved"),
            ("registered-models/alias", json!({ "name": "m", "alias": "a b", "version": "1" }), "alias"),
            ("registered-models/alias", json!({ "name": "m", "alias": "a", "version": "x" }), "version"),
            ("model-versions/create", json!({ "name": "none", "source": "s3://b" }), "none"),
            ("model-versions/create", json!({ "name": "m" }), "source"),
            ("model-versions/transition-stage", json!({ "name": "m", "version": "1", "stage": "moon" }), "stage"),
            ("logged-models", json!({ "experiment_id": "0", "name": "a/b" }), "name"),
        ];
        for (path, body, words) in cases {
            let (status, answer) = server.call("POST", path, body.clone()).await;
            assert!((400..500).contains(&status), "{path} {body}: {status} {answer}");
            let message = answer["message"].as_str().unwrap_or_default();
            assert!(message.contains(words), "{path}: {message:?} does not say {words:?}");
            assert!(answer["error_code"].is_string());
        }
        for text in ["", "{", "\u{feff}", "null", "[[[[", "\"x\""] {
            let request = server.request("POST", "/mlflow/api/2.0/mlflow/runs/log-batch").body(text);
            assert_eq!(request.send().await.expect("answers").status(), 400, "{text:?}");
        }
        let (status, answer) = server.call("GET", "traces/none", Value::Null).await;
        assert_eq!((status, &answer["error_code"]), (404, &json!("ENDPOINT_NOT_FOUND")));
        let (status, answer) = server.call("GET", "runs/create", Value::Null).await;
        assert_eq!((status, answer["error_code"].is_string()), (405, true));
    })
    .await;
}
