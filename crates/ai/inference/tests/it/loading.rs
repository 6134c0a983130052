use std::fs;

use dais_inference::Choice;
use tract_onnx::pb::{GraphProto, NodeProto, TypeProto, ValueInfoProto};

use crate::models::{FLOAT, model, node, value};
use crate::server::load;

/// The reason why these bytes are not served.
fn refusal(bytes: &[u8]) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("some.onnx");
    fs::write(&path, bytes).expect("writes");
    match load(&path, Choice::Tract, None) {
        Ok(_) => panic!("was loaded"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_no_onnx_says_so() {
    for bytes in [&b""[..], b"PK\x03\x04 a zip", b"\x80\x04\x95pickle", &[0xff; 64], b"{}"] {
        let error = refusal(bytes);
        assert!(error.contains("is not an ONNX model") && error.contains("Hint"), "{error}");
    }
}

#[test]
fn an_unknown_operator_and_a_map_are_named() {
    let graph = |node: NodeProto, output: ValueInfoProto| GraphProto {
        node: vec![node],
        input: vec![value("x", FLOAT, &[None, Some(2)])],
        output: vec![output],
        ..GraphProto::default()
    };
    let error = refusal(&model(graph(node("Frobnicate", &["x"], "y"), value("y", FLOAT, &[None]))));
    assert!(error.contains("Frobnicate") && error.contains("onnxruntime"), "{error}");
    // A type that is neither a tensor's nor absent.
    let r#type = Some(TypeProto::default());
    let map = ValueInfoProto { name: "y".into(), r#type, ..ValueInfoProto::default() };
    let error = refusal(&model(graph(node("Identity", &["x"], "y"), map)));
    assert!(error.contains("'y' is a sequence or a map") && error.contains("zipmap"), "{error}");
}

#[test]
fn onnx_runtime_that_is_not_there_is_a_clear_error() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("model.onnx"), crate::models::weigh()).expect("writes");
    let refused = load(directory.path(), Choice::OnnxRuntime, Some(directory.path().to_owned()));
    // ORT_DYLIB_PATH may be set where this runs.
    if let Err(error) = refused {
        assert!(error.to_string().contains("ORT_DYLIB_PATH"), "{error}");
    }
    assert!(load(directory.path(), Choice::Auto, None).is_ok());
}
