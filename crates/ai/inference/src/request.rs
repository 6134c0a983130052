//! Reading an inference request: JSON, and after it, where the header
//! `Inference-Header-Content-Length` says how long the JSON is, raw tensors
//! (the protocol's binary data extension).

use axum::body::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::data::Nested;
use crate::datatype::Datatype;
use crate::error::{Error, Result};
use crate::tensor::{Data, Tensor, elements};

pub(crate) const HEADER_LENGTH: &str = "inference-header-content-length";
const BINARY_SIZE: &str = "binary_data_size";

/// A request as sent, its tensors whole but not yet checked against the model.
#[derive(Debug)]
pub(crate) struct Request {
    pub id: Option<String>,
    pub inputs: Vec<Tensor>,
    pub wanted: Vec<Wanted>,
    /// Outputs go out raw unless one says otherwise.
    pub binary_outputs: bool,
}

#[derive(Debug)]
pub(crate) struct Wanted {
    pub name: String,
    pub binary: Option<bool>,
}

#[derive(Deserialize)]
struct Body {
    id: Option<String>,
    #[serde(default)]
    parameters: Map<String, Value>,
    inputs: Vec<Input>,
    #[serde(default)]
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
struct Input {
    name: String,
    shape: Vec<i64>,
    datatype: String,
    #[serde(default)]
    parameters: Map<String, Value>,
    data: Option<Nested>,
}

#[derive(Deserialize)]
struct Output {
    name: String,
    #[serde(default)]
    parameters: Map<String, Value>,
}

fn flag(parameters: &Map<String, Value>, key: &str) -> Result<Option<bool>> {
    match parameters.get(key) {
        None => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(other) => {
            Err(Error::request(format!("the parameter '{key}' must be true or false, got {other}")))
        }
    }
}

impl Request {
    pub fn read(headers: &HeaderMap, body: &Bytes) -> Result<Request> {
        let (json, mut raw) = split(headers, body)?;
        let axum::Json(body) = axum::Json::<Body>::from_bytes(json).map_err(|rejection| {
            Error::request(format!("the request is invalid: {}", rejection.body_text()))
        })?;
        let inputs = body
            .inputs
            .into_iter()
            .map(|input| input.read(&mut raw))
            .collect::<Result<Vec<_>>>()?;
        if !raw.is_empty() {
            return Err(Error::request(format!(
                "{} bytes follow the last input's binary data",
                raw.len()
            )));
        }
        let wanted = body.outputs.into_iter().map(|output| {
            Ok(Wanted { binary: flag(&output.parameters, "binary_data")?, name: output.name })
        });
        Ok(Request {
            id: body.id,
            inputs,
            wanted: wanted.collect::<Result<_>>()?,
            binary_outputs: flag(&body.parameters, "binary_data_output")?.unwrap_or(false),
        })
    }
}

fn split<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<(&'a [u8], &'a [u8])> {
    let Some(length) = headers.get(HEADER_LENGTH) else { return Ok((body, &[])) };
    let length = length.to_str().ok().and_then(|text| text.parse::<usize>().ok());
    length.and_then(|length| body.split_at_checked(length)).ok_or_else(|| {
        Error::request(format!(
            "the header {HEADER_LENGTH} must be a number of at most {} (the body's bytes)",
            body.len()
        ))
    })
}

impl Input {
    /// Takes this input's raw data off the front of what remains.
    fn read(self, raw: &mut &[u8]) -> Result<Tensor> {
        let Input { name, shape, datatype, parameters, data } = self;
        let wrong = |problem: String| Error::request(format!("input '{name}': {problem}"));
        let kind = Datatype::named(&datatype)
            .ok_or_else(|| wrong(format!("the datatype '{datatype}' is unknown")))?;
        let lengths: Option<Vec<usize>> =
            shape.iter().map(|length| usize::try_from(*length).ok()).collect();
        let lengths =
            lengths.ok_or_else(|| wrong(format!("the shape {shape:?} has a negative length")))?;
        let expected = elements(&lengths)?;
        let data = match (data, parameters.get(BINARY_SIZE)) {
            (Some(_), Some(_)) => {
                return Err(wrong(format!("it has both 'data' and '{BINARY_SIZE}'")));
            }
            (None, None) => return Err(wrong("it has no 'data'".into())),
            (Some(nested), None) => {
                if nested.shape.len() > 1 && nested.shape != lengths {
                    return Err(wrong(format!(
                        "'data' is nested as {:?}, but 'shape' says {lengths:?}",
                        nested.shape
                    )));
                }
                Data::from_scalars(kind, nested.scalars).map_err(wrong)?
            }
            (None, Some(size)) => {
                let size = size.as_u64().and_then(|size| usize::try_from(size).ok());
                let taken = size.and_then(|size| raw.split_at_checked(size));
                let (own, rest) = taken.ok_or_else(|| {
                    wrong(format!("'{BINARY_SIZE}' is no size of what follows the JSON"))
                })?;
                *raw = rest;
                Data::from_bytes(kind, own).map_err(wrong)?
            }
        };
        if data.len() != expected {
            return Err(wrong(format!(
                "the shape {lengths:?} has {expected} elements, but {} were given",
                data.len()
            )));
        }
        Ok(Tensor { name, shape: lengths, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, raw: &[u8]) -> Result<Request> {
        let mut headers = HeaderMap::new();
        if !raw.is_empty() {
            headers.insert(HEADER_LENGTH, json.len().into());
        }
        Request::read(&headers, &Bytes::from([json.as_bytes(), raw].concat()))
    }

    #[test]
    fn binary_inputs_follow_each_other() {
        let json = r#"{"inputs": [
            {"name": "a", "shape": [2], "datatype": "FP32", "parameters": {"binary_data_size": 8}},
            {"name": "b", "shape": [1], "datatype": "INT8", "data": [7]},
            {"name": "c", "shape": [1], "datatype": "UINT8", "parameters": {"binary_data_size": 1}}]}"#;
        let request = read(json, &[0, 0, 128, 63, 0, 0, 0, 64, 9]).expect("reads");
        assert_eq!(request.inputs[0].data, Data::Fp32(vec![1.0, 2.0]));
        assert_eq!(request.inputs[2].data, Data::Uint8(vec![9]));
        assert!(read(json, &[0; 8]).is_err() && read(json, &[0; 10]).is_err());
    }

    #[test]
    fn what_is_wrong_is_said_with_the_input() {
        for (input, words) in [
            (
                r#""shape": [2], "datatype": "FP32", "data": [1]"#,
                "[2] has 2 elements, but 1 were given",
            ),
            (r#""shape": [1, 2], "datatype": "FP32", "data": [[1], [2]]"#, "nested as [2, 1]"),
            (r#""shape": [-1], "datatype": "FP32", "data": [1]"#, "negative"),
            (r#""shape": [1], "datatype": "FLOAT", "data": [1]"#, "'FLOAT' is unknown"),
            (r#""shape": [1], "datatype": "FP32""#, "no 'data'"),
            (r#""shape": [1], "datatype": "FP32", "data": ["x"]"#, "element 0 is \"x\""),
            (r#""shape": [9223372036854775807, 9], "datatype": "FP32", "data": [1]"#, "too many"),
            (r#""shape": [1], "datatype": "FP32", "data": [[1, [2]]]"#, "ragged"),
        ] {
            let error = read(&format!(r#"{{"inputs": [{{"name": "x", {input}}}]}}"#), &[])
                .expect_err(words)
                .to_string();
            assert!(error.contains(words), "{error}");
        }
        for json in ["", "[]", "{}", "null", r#"{"inputs": 1}"#, r#"{"inputs": [{}]}"#] {
            assert!(matches!(read(json, &[]), Err(Error::Request(_))), "{json}");
        }
    }
}
