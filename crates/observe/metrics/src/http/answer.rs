//! Answers and errors in Prometheus's JSON.

use axum::Json;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::labels::Labels;
use crate::promql::{Answer, Data};
use crate::sample::{Sample, Series};

pub fn success(data: Value) -> Json<Value> {
    Json(json!({"status": "success", "data": data}))
}

pub fn answered(answer: Answer) -> Json<Value> {
    let (kind, result) = match answer.data {
        Data::Scalar(sample) => ("scalar", point(sample)),
        Data::Text(time, text) => ("string", json!([seconds(time), text])),
        Data::Vector(vector) => {
            let entry = |(labels, sample): (Labels, Sample)| json!({"metric": metric(&labels), "value": point(sample)});
            ("vector", vector.into_iter().map(entry).collect())
        }
        Data::Matrix(matrix) => {
            let entry = |series: Series| {
                let values: Vec<Value> = series.samples.into_iter().map(point).collect();
                json!({"metric": metric(&series.labels), "values": values})
            };
            ("matrix", matrix.into_iter().map(entry).collect())
        }
    };
    let mut body = json!({"status": "success", "data": {"resultType": kind, "result": result}});
    if !answer.annotations.warnings.is_empty() {
        body["warnings"] = json!(answer.annotations.warnings);
    }
    if !answer.annotations.infos.is_empty() {
        body["infos"] = json!(answer.annotations.infos);
    }
    Json(body)
}

pub fn metric(labels: &Labels) -> Value {
    let pairs = labels.iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
    Value::Object(pairs.collect::<Map<_, _>>())
}

fn point(sample: Sample) -> Value {
    json!([seconds(sample.time), number(sample.value)])
}

/// Seconds with up to three decimals.
fn seconds(milliseconds: i64) -> Value {
    if milliseconds % 1000 == 0 {
        json!(milliseconds / 1000)
    } else {
        json!(milliseconds as f64 / 1000.0)
    }
}

/// Values travel as text, since JSON has neither NaN nor infinity.
fn number(value: f64) -> String {
    let size = value.abs();
    if value.is_finite() && size != 0.0 && !(1e-6..1e21).contains(&size) {
        return format!("{value:e}");
    }
    crate::promql::format_number(value)
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, kind) = match &self {
            Error::BadData(_) | Error::Text { .. } | Error::Scrape(_) => {
                (StatusCode::BAD_REQUEST, "bad_data")
            }
            Error::Execution(text) if text.contains("timed out") => {
                (StatusCode::SERVICE_UNAVAILABLE, "timeout")
            }
            Error::Execution(_) => (StatusCode::UNPROCESSABLE_ENTITY, "execution"),
            Error::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Error::Unreachable(_) => (StatusCode::BAD_GATEWAY, "unavailable"),
            Error::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Error::Closed | Error::Busy { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Error::Store { .. } | Error::Damaged { .. } => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal")
            }
        };
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "metrics request failed");
        }
        let mut body = json!({"status": "error", "errorType": kind, "error": self.to_string()});
        if let Error::Unreachable(_) = &self {
            body["hint"] = "an administrator can look at `dais status`, --prometheus-url and --prometheus-token-file".into();
        }
        (status, Json(body)).into_response()
    }
}

pub async fn no_route(uri: Uri) -> Error {
    Error::NotFound(format!("{} is no route of the Prometheus API that is served here", uri.path()))
}
