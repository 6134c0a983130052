//! Models as people make them in Python, each asked of both engines over HTTP,
//! the answers compared with those of the PyPI package `onnxruntime`.

use std::path::{Path, PathBuf};
use std::process::Command;

use dais_inference::Choice;
use serde_json::{Value, json};

use crate::server::{Server, load};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/models.py");

/// `DAIS_TEST_PYTHON` is a Python with `onnx`, `onnxruntime`, `scikit-learn`
/// and `skl2onnx`; without it the test is skipped, except where `CI=true`.
fn python() -> Option<String> {
    let python = std::env::var("DAIS_TEST_PYTHON").ok().filter(|path| !path.is_empty());
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(python.is_some() || !ci, "DAIS_TEST_PYTHON must be set where CI=true");
    if python.is_none() {
        eprintln!("skipped: DAIS_TEST_PYTHON is not set");
    }
    python
}

/// The directory of the environment that `…/bin/python` belongs to.
fn environment(python: &str) -> PathBuf {
    Path::new(python).parent().and_then(Path::parent).expect("…/bin/python").to_owned()
}

fn same(expected: &Value, given: &Value) -> bool {
    match (expected, given) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() <= 1e-4 * (1.0 + a.abs())
        }
        (a, b) => a == b,
    }
}

#[tokio::test]
async fn both_engines_answer_as_onnxruntime_does() {
    let Some(python) = python() else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let made = Command::new(&python)
        .arg(SCRIPT)
        .arg(directory.path())
        .output()
        .expect("DAIS_TEST_PYTHON runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let cases = std::fs::read_to_string(directory.path().join("cases.json"))
        .expect("the script wrote cases");
    let cases: Vec<Value> = serde_json::from_str(&cases).expect("json");
    assert!(cases.len() >= 8);
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        let file = directory.path().join(name).with_extension("onnx");
        for (engine, choice) in [("tract", Choice::Tract), ("onnxruntime", Choice::Auto)] {
            if engine == "tract" && case["tract"] == json!(false) {
                let refused = load(&file, choice, None).err().expect("is beyond tract").to_string();
                assert!(refused.contains("onnxruntime"), "{name}: {refused}");
                continue;
            }
            let model = load(&file, choice, Some(environment(&python)))
                .unwrap_or_else(|error| panic!("{name} {engine}: {error}"));
            assert_eq!(model.engine(), engine, "{name}");
            let server = Server::start(model).await;
            for request in case["requests"].as_array().expect("requests") {
                let (status, answer) = server.infer(request["body"].to_string()).await;
                assert_eq!(status, 200, "{name} {engine}: {answer}");
                let expected = request["outputs"].as_array().expect("outputs");
                for (expected, given) in
                    expected.iter().zip(answer["outputs"].as_array().expect("outputs"))
                {
                    for key in ["name", "datatype", "shape", "data"] {
                        assert!(
                            same(&expected[key], &given[key]),
                            "{name} {engine} {key}:\n{expected}\n{given}"
                        );
                    }
                }
                assert_eq!(
                    answer["outputs"].as_array().map(Vec::len),
                    Some(expected.len()),
                    "{name} {engine}"
                );
            }
            if let Some(classes) = case.get("classes") {
                let (_, metadata) = server.get("/v2/models/m").await;
                assert!(metadata.contains(&classes.to_string()), "{name}: {metadata}");
            }
        }
    }
}
