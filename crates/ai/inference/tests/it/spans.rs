//! What a request leaves in its caller's trace.

use dais_inference::Attribute;
use serde_json::{Value, json};

use crate::server::Server;

const TRACE: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;

async fn ask(server: &Server, inputs: Value, flags: &str) -> u16 {
    let parent = format!("00-{TRACE:032x}-b7ad6b7169203331-{flags}");
    let request = server.http.post(format!("{}/v2/models/m/infer", server.base));
    let request = request.header("traceparent", parent).body(json!({"inputs": inputs}).to_string());
    request.send().await.expect("answers").status().as_u16()
}

fn inputs() -> Value {
    json!([
        { "name": "k", "shape": [1], "datatype": "INT64", "data": [21] },
        { "name": "x", "shape": [3, 2], "datatype": "FP32", "data": [1, 0, 0, 1, 0.5, 0.25] },
    ])
}

#[tokio::test]
async fn an_inference_continues_its_callers_trace_and_says_where_the_time_went() {
    let server = Server::weigh().await;
    assert_eq!(ask(&server, inputs(), "01").await, 200);
    let spans = server.spans.all().remove(0);
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["POST /v2/models/{model}/infer", "decode", "queue", "compute", "encode"]);
    let (request, parts) = spans.split_first().expect("five spans");
    assert_eq!(request.trace_id, TRACE.to_be_bytes());
    assert_eq!(request.parent, Some([0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31]));
    assert!(request.attributes.contains(&("model.name", Attribute::Text("m".to_owned()))));
    assert!(request.attributes.contains(&("http.response.status_code", Attribute::Number(200))));
    for part in parts {
        assert_eq!((part.parent, part.trace_id), (Some(request.span_id), request.trace_id));
        assert!(part.start >= request.start);
        assert!(part.start + part.duration <= request.start + request.duration);
    }
}

#[tokio::test]
async fn what_nobody_records_leaves_nothing_and_a_refusal_is_no_failure() {
    let server = Server::weigh().await;
    assert_eq!(ask(&server, inputs(), "00").await, 200);
    assert!(server.spans.all().remove(0).is_empty());
    assert_eq!(ask(&server, json!([]), "01").await, 400);
    let refused = server.spans.all().remove(1);
    assert_eq!(refused[0].error, None);
    assert!(refused[0].attributes.contains(&("http.response.status_code", Attribute::Number(400))));
    server.get("/v2/health/ready").await;
    assert_eq!(server.spans.all().len(), 2, "probes are not traced");
}
