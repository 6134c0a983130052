use serde_json::{Value, json};

use crate::server::{Server, on_both};

#[tokio::test]
async fn another_project_is_as_if_it_were_not_there() {
    on_both(|server| async move {
        for project in ["one", "two"] {
            let (status, answer) = server
                .call_in(project, "POST", "experiments/create", json!({ "name": "same" }))
                .await;
            assert_eq!(
                (status, &answer["experiment_id"]),
                (200, &json!("1")),
                "each project counts from its own start"
            );
            let (status, _) = server
                .call_in(project, "POST", "registered-models/create", json!({ "name": "same" }))
                .await;
            assert_eq!(status, 200);
        }
        let (_, made) =
            server.call_in("one", "POST", "runs/create", json!({ "experiment_id": "1" })).await;
        let run = made["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
        let (_, made) =
            server.call_in("one", "POST", "logged-models", json!({ "experiment_id": "1" })).await;
        let model = made["model"]["info"]["model_id"].as_str().expect("an id").to_owned();
        let metric = json!({ "run_id": run, "key": "k", "value": 1, "timestamp": 1 });
        let source = json!({ "name": "same", "source": format!("runs:/{run}/model") });
        let of_model = json!({ "name": "same", "source": format!("models:/{model}") });
        for (method, path, body) in [
            ("GET", format!("runs/get?run_id={run}"), Value::Null),
            ("POST", "runs/log-metric".into(), metric.clone()),
            ("POST", "runs/delete".into(), json!({ "run_id": run })),
            ("POST", "runs/update".into(), json!({ "run_id": run, "status": "FAILED" })),
            ("POST", "runs/set-tag".into(), json!({ "run_id": run, "key": "k", "value": "v" })),
            ("POST", "runs/delete-tag".into(), json!({ "run_id": run, "key": "mlflow.runName" })),
            ("POST", "runs/log-inputs".into(), json!({ "run_id": run })),
            ("POST", "runs/outputs".into(), json!({ "run_id": run })),
            ("GET", format!("metrics/get-history?run_id={run}&metric_key=k"), Value::Null),
            ("GET", format!("metrics/get-history-bulk?run_id={run}&metric_key=k"), Value::Null),
            ("GET", format!("artifacts/list?run_id={run}"), Value::Null),
            ("GET", format!("logged-models/{model}"), Value::Null),
            ("DELETE", format!("logged-models/{model}"), Value::Null),
            ("PATCH", format!("logged-models/{model}/tags"), json!({ "tags": [] })),
            ("POST", "model-versions/create".into(), source.clone()),
            ("POST", "model-versions/create".into(), of_model.clone()),
        ] {
            let (status, answer) = server.call_in("two", method, &path, body).await;
            assert_eq!(
                (status, &answer["error_code"]),
                (404, &json!("RESOURCE_DOES_NOT_EXIST")),
                "{method} {path}: {answer}"
            );
        }
        assert_eq!(server.call_in("one", "POST", "runs/log-metric", metric).await.0, 200);
        assert_eq!(server.call_in("one", "POST", "model-versions/create", source).await.0, 200);
        let (_, found) = server
            .call_in("two", "POST", "runs/search", json!({ "experiment_ids": ["0", "1"] }))
            .await;
        assert_eq!(found["runs"], json!([]));
        let (_, found) = server.call_in("two", "GET", "model-versions/search", Value::Null).await;
        assert_eq!(found["model_versions"], json!([]));
        files_are_apart(&server).await;
    })
    .await;
}

async fn files_are_apart(server: &Server) {
    let path = "mlflow-artifacts/artifacts/1/x/artifacts/secret.txt";
    let put = server
        .request("PUT", &format!("/mlflow/p/one/api/2.0/{path}"))
        .body("s")
        .send()
        .await
        .expect("answers");
    assert_eq!(put.status(), 200);
    let get = |project: &str| {
        server.request("GET", &format!("/mlflow/p/{project}/api/2.0/{path}")).send()
    };
    assert_eq!(get("one").await.expect("answers").status(), 200);
    assert_eq!(get("two").await.expect("answers").status(), 404);
    let tricks =
        ["..%2fone%2f1%2fx%2fartifacts%2fsecret.txt", "%2e%2e/one/1/x/artifacts/secret.txt"];
    for trick in tricks {
        let address = format!("/mlflow/p/two/api/2.0/mlflow-artifacts/artifacts/{trick}");
        let status = server.request("GET", &address).send().await.expect("answers").status();
        assert!(status == 400 || status == 404, "{trick}: {status}");
    }
}

#[tokio::test]
async fn readers_cannot_write() {
    let server = Server::start("sqlite:{dir}/tracking.db").await;
    let run = server.run("0").await;
    for (method, path) in [
        ("POST", "mlflow/experiments/create"),
        ("POST", "mlflow/experiments/update"),
        ("POST", "mlflow/experiments/delete"),
        ("POST", "mlflow/experiments/restore"),
        ("POST", "mlflow/experiments/set-experiment-tag"),
        ("POST", "mlflow/experiments/delete-experiment-tag"),
        ("POST", "mlflow/runs/create"),
        ("POST", "mlflow/runs/update"),
        ("POST", "mlflow/runs/delete"),
        ("POST", "mlflow/runs/restore"),
        ("POST", "mlflow/runs/log-batch"),
        ("POST", "mlflow/runs/log-metric"),
        ("POST", "mlflow/runs/log-parameter"),
        ("POST", "mlflow/runs/set-tag"),
        ("POST", "mlflow/runs/delete-tag"),
        ("POST", "mlflow/runs/log-model"),
        ("POST", "mlflow/runs/log-inputs"),
        ("POST", "mlflow/runs/outputs"),
        ("POST", "mlflow/logged-models"),
        ("PATCH", "mlflow/logged-models/m-1"),
        ("DELETE", "mlflow/logged-models/m-1"),
        ("PATCH", "mlflow/logged-models/m-1/tags"),
        ("DELETE", "mlflow/logged-models/m-1/tags/k"),
        ("POST", "mlflow/logged-models/m-1/params"),
        ("POST", "mlflow/registered-models/create"),
        ("POST", "mlflow/registered-models/rename"),
        ("PATCH", "mlflow/registered-models/update"),
        ("DELETE", "mlflow/registered-models/delete"),
        ("POST", "mlflow/registered-models/set-tag"),
        ("DELETE", "mlflow/registered-models/delete-tag"),
        ("POST", "mlflow/registered-models/alias"),
        ("DELETE", "mlflow/registered-models/alias"),
        ("POST", "mlflow/model-versions/create"),
        ("PATCH", "mlflow/model-versions/update"),
        ("DELETE", "mlflow/model-versions/delete"),
        ("POST", "mlflow/model-versions/transition-stage"),
        ("POST", "mlflow/model-versions/set-tag"),
        ("DELETE", "mlflow/model-versions/delete-tag"),
        ("POST", "dais/model-approvals"),
        ("PUT", "mlflow-artifacts/artifacts/a"),
        ("DELETE", "mlflow-artifacts/artifacts/a"),
    ] {
        let request =
            server.request(method, &format!("/mlflow/api/2.0/{path}")).header("x-read-only", "1");
        let answer = request.body("{}").send().await.expect("answers");
        assert_eq!(answer.status(), 403, "{method} {path}");
    }
    let read = server
        .request("GET", &format!("/mlflow/api/2.0/mlflow/runs/get?run_id={run}"))
        .header("x-read-only", "1");
    assert_eq!(read.send().await.expect("answers").status(), 200);
}
