use serde_json::{Value, json};

use crate::server::on_both;

#[tokio::test]
async fn versions_count_up_and_lead_back_to_their_run() {
    on_both(|server| async move {
        let run = server.run("0").await;
        server.ok("POST", "registered-models/create", json!({ "name": "digits", "description": "d", "tags": [{ "key": "a", "value": "b" }] })).await;
        let root = server.ok("GET", &format!("runs/get?run_id={run}"), Value::Null).await["run"]["info"]["artifact_uri"].clone();
        let source = format!("{}/model", root.as_str().expect("an address"));
        for expected in ["1", "2"] {
            let made = server.ok("POST", "model-versions/create", json!({ "name": "digits", "source": source, "run_id": run })).await;
            assert_eq!(made["model_version"]["version"], expected);
            assert_eq!(made["model_version"]["run_id"], json!(run));
            assert_eq!(made["model_version"]["source"], json!(source));
        }
        server.ok("DELETE", "model-versions/delete", json!({ "name": "digits", "version": "2" })).await;
        let made = server.ok("POST", "model-versions/create", json!({ "name": "digits", "source": format!("runs:/{run}/model") })).await;
        assert_eq!(made["model_version"]["version"], "3", "numbers are not used twice");
        let uri = server.ok("GET", "model-versions/get-download-uri?name=digits&version=3", Value::Null).await;
        assert_eq!(uri["artifact_uri"], json!(source));
        let filter = format!("model-versions/search?filter=run_id%3D%27{run}%27&order_by=version_number%20ASC");
        let found = server.ok("GET", &filter, Value::Null).await;
        let versions: Vec<&Value> = found["model_versions"].as_array().expect("versions").iter().map(|v| &v["version"]).collect();
        assert_eq!(versions, ["1", "3"]);
    })
    .await;
}

#[tokio::test]
async fn aliases_stages_tags_and_names() {
    on_both(|server| async move {
        server.ok("POST", "registered-models/create", json!({ "name": "m" })).await;
        for _ in 0..2 {
            server.ok("POST", "model-versions/create", json!({ "name": "m", "source": "s3://b/m" })).await;
        }
        server.ok("POST", "registered-models/alias", json!({ "name": "m", "alias": "champion", "version": "1" })).await;
        server.ok("POST", "model-versions/set-tag", json!({ "name": "m", "version": 1, "key": "k", "value": "v" })).await;
        server.ok("POST", "registered-models/rename", json!({ "name": "m", "new_name": "n" })).await;
        let found = server.ok("GET", "registered-models/alias?name=n&alias=champion", Value::Null).await;
        assert_eq!(found["model_version"]["version"], "1");
        assert_eq!(found["model_version"]["aliases"], json!(["champion"]));
        assert_eq!(found["model_version"]["tags"], json!([{ "key": "k", "value": "v" }]));
        assert_eq!(server.call("GET", "registered-models/get?name=m", Value::Null).await.0, 404);
        for version in ["1", "2"] {
            let body = json!({ "name": "n", "version": version, "stage": "production", "archive_existing_versions": true });
            server.ok("POST", "model-versions/transition-stage", body).await;
        }
        let latest = server.ok("POST", "registered-models/get-latest-versions", json!({ "name": "n", "stages": ["Production"] })).await;
        assert_eq!(latest["model_versions"][0]["version"], "2");
        assert_eq!(latest["model_versions"].as_array().map(Vec::len), Some(1));
        server.ok("DELETE", "registered-models/alias", json!({ "name": "n", "alias": "champion" })).await;
        assert_eq!(server.call("GET", "registered-models/alias?name=n&alias=champion", Value::Null).await.0, 404);
        let found = server.ok("GET", "registered-models/search?filter=name%20ILIKE%20%27N%25%27", Value::Null).await;
        assert_eq!(found["registered_models"][0]["name"], "n");
        server.ok("DELETE", "registered-models/delete", json!({ "name": "n" })).await;
        let found = server.ok("GET", "model-versions/search", Value::Null).await;
        assert_eq!(found["model_versions"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn sources_on_the_server_are_refused() {
    on_both(|server| async move {
        server.ok("POST", "registered-models/create", json!({ "name": "m" })).await;
        for source in [
            "/etc/passwd",
            "file:///etc",
            "FILE:/etc",
            "artifacts:../x",
            "http://h/../x",
            "s3://b/%2e%2e/x",
            "c:/x",
        ] {
            let (status, answer) = server
                .call("POST", "model-versions/create", json!({ "name": "m", "source": source }))
                .await;
            assert_eq!(
                (status, &answer["error_code"]),
                (400, &json!("INVALID_PARAMETER_VALUE")),
                "{source}: {answer}"
            );
            let body = json!({ "name": source, "artifact_location": source });
            let (status, _) = server.call("POST", "experiments/create", body).await;
            assert_eq!(status, 400, "{source}");
        }
    })
    .await;
}
