//! A registered model behind the gateway, and what a wrong request is told.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Platform, text};

/// A platform with the models of `register.py`; `None` where no Python with the
/// test packages is named.
fn with_models() -> Option<Platform> {
    let Ok(python) = std::env::var("DAIS_TEST_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "DAIS_TEST_PYTHON names no Python");
        println!("skipped: DAIS_TEST_PYTHON names no Python with mlflow");
        return None;
    };
    let platform = Platform::start();
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/register.py"))
        .env("MLFLOW_TRACKING_URI", format!("{}/mlflow/p/default", platform.url()))
        .env("MLFLOW_TRACKING_TOKEN", platform.token())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}\n{}", text(&output), platform.tail());
    Some(platform)
}

fn infer(platform: &Platform, token: &str, body: &Value) -> (u16, Value) {
    let address = format!("{}/serve/default/sum/v2/models/sum/infer", platform.serve_url());
    let response = platform.http.post(address).bearer_auth(token).json(body).send().unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().unwrap()).unwrap_or_default())
}

fn input(name: &str, shape: &[usize], datatype: &str, data: &Value) -> Value {
    json!({"inputs": [{"name": name, "shape": shape, "datatype": datatype, "data": data}]})
}

#[test]
fn a_model_is_served_and_wrong_requests_are_told_what_is_wrong() {
    let Some(platform) = with_models() else { return };
    platform.ok(&["deploy", "models:/sum/1", "--name", "sum"]);
    let token = platform.token();

    let rows = json!([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let (status, answer) = infer(&platform, &token, &input("x", &[2, 3], "FP32", &rows));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["outputs"][0]["data"], json!([6.0, 15.0]));

    for (wrong, said) in [
        (input("x", &[3, 2], "FP32", &rows), "shape"),
        (input("x", &[2, 4], "FP32", &rows), "8"),
        (input("z", &[2, 3], "FP32", &rows), "z"),
        (input("x", &[2, 3], "BYTES", &rows), "BYTES"),
        (json!({"inputs": "none"}), "inputs"),
        (json!({}), "inputs"),
    ] {
        let (status, answer) = infer(&platform, &token, &wrong);
        assert_eq!(status, 400, "{wrong}: {answer}");
        assert!(answer["error"].to_string().contains(said), "{wrong}: {answer}");
    }
    assert_eq!(infer(&platform, "", &json!({})).0, 401);
    assert_eq!(infer(&platform, "dais_wrong", &json!({})).0, 401);

    platform.until("the requests in the metrics", || {
        let query = "sum(dais_gateway_requests_total%7Bservice%3D%22sum%22%2Ccode%3D%22400%22%7D)";
        let answer = platform.get(&format!("/prometheus/api/v1/query?query={query}")).ok()?;
        let value = answer["data"]["result"][0]["value"][1].as_str()?.to_owned();
        (value == "6").then_some(())
    });
    platform.until("the requests' spans", || {
        let query = "service=gateway&limit=20&tags=%7B%22dais.app%22%3A%22sum%22%7D";
        let traces = platform.get(&format!("/jaeger/api/traces?{query}")).ok()?;
        (traces["data"].as_array()?.len() >= 7).then_some(())
    });
    platform.until("the model server's spans below the gateway's", || {
        let traces = platform.get("/jaeger/api/traces?service=sum&operation=compute").ok()?;
        let shown = traces["data"].as_array()?.first()?.to_string();
        let complete = ["gateway", "decode", "queue", "encode", "k8s.pod.name"];
        complete.iter().all(|word| shown.contains(word)).then_some(())
    });
    let map = platform.get("/jaeger/api/map").unwrap();
    assert_eq!(map["data"]["calls"][0]["parent"], "gateway", "{map}");
    assert_eq!(map["data"]["calls"][0]["child"], "sum", "{map}");
    platform.ok(&["delete", "inferenceservice", "sum"]);
    platform.until("the service to go", || {
        (infer(&platform, &token, &json!({})).0 == 404).then_some(())
    });
}

#[test]
fn a_file_that_is_no_model_never_serves_and_says_so() {
    let Some(platform) = with_models() else { return };
    platform.ok(&["deploy", "models:/broken/1", "--name", "broken", "--detach"]);
    let path = "/k8s/apis/dais.io/v1alpha1/namespaces/default/inferenceservices/broken";
    let message = platform.until("the service to say why", || {
        let service = platform.get(path).ok()?;
        let ready = service["status"]["conditions"].as_array()?.iter().find(|c| {
            c["type"] == "Ready" && c["message"].as_str().is_some_and(|m| m.contains("ONNX"))
        })?;
        assert_eq!(ready["status"], "False");
        ready["message"].as_str().map(str::to_owned)
    });
    assert!(message.contains("model.onnx"), "{message}");
}
