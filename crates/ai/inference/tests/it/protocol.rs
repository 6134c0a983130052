use serde_json::{Value, json};

use crate::server::Server;

fn request() -> Value {
    json!({ "id": "7", "inputs": [
        { "name": "k", "shape": [1], "datatype": "INT64", "data": [21] },
        { "name": "x", "shape": [3, 2], "datatype": "FP32", "data": [[1, 0], [0, 1], [0.5, 0.25]] },
    ] })
}

#[tokio::test]
async fn metadata_says_what_goes_in_and_out_and_what_runs_it() {
    let server = Server::weigh().await;
    for path in [
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/m/ready",
        "/v2/models/m/versions/3/ready",
    ] {
        assert_eq!(server.get(path).await.0, 200, "{path}");
    }
    for path in ["/v2/models/m", "/v2/models/m/versions/3"] {
        let (status, text) = server.get(path).await;
        let metadata: Value = serde_json::from_str(&text).expect("json");
        assert_eq!(
            (status, &metadata["platform"], &metadata["versions"]),
            (200, &json!("onnx_tract"), &json!(["3"]))
        );
        assert_eq!(
            metadata["inputs"][0],
            json!({ "name": "x", "datatype": "FP32", "shape": [-1, 2] })
        );
        assert_eq!(
            metadata["outputs"][1],
            json!({ "name": "z", "datatype": "INT64", "shape": [1] })
        );
    }
    for path in
        ["/v2/models/other", "/v2/models/m/versions/4", "/v2/models/other/ready", "/nowhere"]
    {
        let (status, text) = server.get(path).await;
        assert_eq!(status, 404, "{path}");
        assert!(serde_json::from_str::<Value>(&text).expect("json")["error"].is_string());
    }
}

#[tokio::test]
async fn answers_come_as_json_for_any_batch() {
    let server = Server::weigh().await;
    let (status, answer) = server.infer(request().to_string()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        answer,
        json!({ "model_name": "m", "model_version": "3", "id": "7", "outputs": [
            { "name": "y", "datatype": "FP32", "shape": [3, 1], "data": [1.0, 2.0, 1.0] },
            { "name": "z", "datatype": "INT64", "shape": [1], "data": [42] },
        ] })
    );
    let mut only = request();
    only["outputs"] = json!([{ "name": "z" }]);
    only["inputs"][1] = json!({ "name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 1] });
    let (_, answer) = server.infer(only.to_string()).await;
    assert_eq!(
        answer["outputs"],
        json!([{ "name": "z", "datatype": "INT64", "shape": [1], "data": [42] }])
    );
}

#[tokio::test]
async fn binary_tensors_go_both_ways() {
    let server = Server::weigh().await;
    let json = json!({
        "inputs": [
            { "name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": { "binary_data_size": 8 } },
            { "name": "k", "shape": [1], "datatype": "INT64", "parameters": { "binary_data_size": 8 } },
        ],
        "outputs": [{ "name": "y", "parameters": { "binary_data": true } }, { "name": "z" }],
    })
    .to_string();
    let raw = [1_f32.to_le_bytes(), 2_f32.to_le_bytes()].concat();
    let body = [json.as_bytes(), &raw, &5_i64.to_le_bytes()].concat();
    let request =
        server.http.post(format!("{}/v2/models/m/versions/3/infer", server.base)).body(body);
    let answer = request
        .header("Inference-Header-Content-Length", json.len())
        .send()
        .await
        .expect("answers");
    assert_eq!(answer.status(), 200);
    let length: usize = answer.headers()["inference-header-content-length"]
        .to_str()
        .expect("text")
        .parse()
        .expect("a number");
    let bytes = answer.bytes().await.expect("bytes");
    let shown: Value = serde_json::from_slice(&bytes[..length]).expect("json");
    assert_eq!(shown["outputs"][0]["parameters"], json!({ "binary_data_size": 4 }));
    assert_eq!(shown["outputs"][1]["data"], json!([10]));
    assert_eq!(bytes[length..], 5_f32.to_le_bytes());
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_counted() {
    let server = Server::weigh().await;
    let with = |index: usize, key: &str, value: Value| {
        let mut changed = request();
        changed["inputs"][index][key] = value;
        changed.to_string()
    };
    let mut unknown = request();
    unknown["outputs"] = json!([{ "name": "q" }]);
    let mut lone = request();
    lone["inputs"].as_array_mut().expect("a list").pop();
    for (body, words) in [
        (with(1, "name", json!("y")), "no input 'y'; its inputs are [\"x\", \"k\"]"),
        (with(1, "datatype", json!("FP64")), "'x': expected the datatype FP32, got FP64"),
        (with(1, "shape", json!([2, 3])), "nested as [3, 2]"),
        (with(1, "data", json!([1, 2])), "has 6 elements, but 2"),
        (with(0, "data", json!([1.5])), "element 0 is 1.5, which is no INT64"),
        (with(0, "shape", json!([1, 1])), "'k': expected the shape [1], got [1, 1]"),
        (lone.to_string(), "'x' is missing: expected FP32 [-1, 2]"),
        (unknown.to_string(), "no output 'q'; its outputs are [\"y\", \"z\"]"),
        ("not json".into(), "invalid"),
        (String::new(), "invalid"),
    ] {
        let (status, answer) = server.infer(body).await;
        assert_eq!(status, 400, "{words}: {answer}");
        assert!(
            answer["error"].as_str().is_some_and(|error| error.contains(words)),
            "{words}: {answer}"
        );
    }
    server.infer(request().to_string()).await;
    let (_, metrics) = server.get("/metrics").await;
    for line in [
        "nv_inference_request_success{model=\"m\",version=\"3\"} 1",
        "nv_inference_request_failure{model=\"m\",version=\"3\",reason=\"REJECTED\"} 10",
        "nv_inference_count{model=\"m\",version=\"3\"} 1",
        "inference_request_duration_seconds_count{model=\"m\",version=\"3\"} 1",
        "inference_request_duration_seconds_bucket{model=\"m\",version=\"3\",le=\"+Inf\"} 1",
        "inference_model_info{model=\"m\",version=\"3\",engine=\"tract\",engine_version=\"0.23\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} in\n{metrics}");
    }
}

#[tokio::test]
async fn too_many_at_once_are_turned_away_and_the_rest_answered() {
    let server = Server::weigh().await;
    // Rows enough that computing outlasts the arrival of the others.
    let rows = 20_000;
    let body = json!({ "inputs": [
        { "name": "k", "shape": [1], "datatype": "INT64", "data": [1] },
        { "name": "x", "shape": [rows, 2], "datatype": "FP32", "data": vec![1; rows * 2] },
    ], "outputs": [{ "name": "z" }] })
    .to_string();
    let all = futures_of(400, || server.infer(body.clone())).await;
    let answered = all.iter().filter(|(status, _)| *status == 200).count();
    let refused = all.iter().filter(|(status, _)| *status == 503).count();
    assert_eq!(answered + refused, 400);
    assert!(answered >= 1);
    let (_, metrics) = server.get("/metrics").await;
    assert!(metrics.contains(&format!("reason=\"OVERLOADED\"}} {refused}")), "{metrics}");
    assert!(
        metrics.contains("nv_inference_pending_request_count{model=\"m\",version=\"3\"} 0"),
        "{metrics}"
    );
}

async fn futures_of<F: Future>(count: usize, make: impl Fn() -> F) -> Vec<F::Output> {
    futures::future::join_all((0..count).map(|_| make())).await
}
