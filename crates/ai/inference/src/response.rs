//! Writing an inference response: JSON, with the outputs that are wanted raw
//! after it.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header;
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::model::Model;
use crate::request::{HEADER_LENGTH, Wanted};
use crate::tensor::{Data, Tensor};

#[derive(Serialize)]
struct Answer<'a> {
    model_name: &'a str,
    model_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    outputs: Vec<Output>,
}

#[derive(Serialize)]
struct Output {
    name: String,
    datatype: &'static str,
    shape: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
}

/// What the request asked about the answer.
pub(crate) struct Asked {
    pub id: Option<String>,
    pub wanted: Vec<Wanted>,
    pub binary_outputs: bool,
}

impl Asked {
    /// Refuses outputs that the model does not have, before anything computes.
    pub fn check(&self, model: &Model) -> Result<()> {
        let names = model.specification().output_names();
        match self.wanted.iter().find(|wanted| !names.contains(&wanted.name.as_str())) {
            Some(unknown) => Err(Error::request(format!(
                "the model has no output '{}'; its outputs are {names:?}",
                unknown.name
            ))),
            None => Ok(()),
        }
    }

    pub fn answer(self, model: &Model, tensors: Vec<Tensor>) -> Result<Response> {
        let mut raw = Vec::new();
        let mut outputs = Vec::new();
        for Tensor { name, shape, data } in tensors {
            let wanted = self.wanted.iter().find(|wanted| wanted.name == name);
            if wanted.is_none() && !self.wanted.is_empty() {
                continue;
            }
            let datatype = data.datatype().name();
            let binary = wanted.and_then(|wanted| wanted.binary).unwrap_or(self.binary_outputs);
            let (parameters, data) = match binary {
                true => {
                    let bytes = data.to_bytes();
                    let size = bytes.len();
                    raw.extend(bytes);
                    (Some(json!({ "binary_data_size": size })), None)
                }
                false => (None, Some(data)),
            };
            outputs.push(Output { name, datatype, shape, parameters, data });
        }
        let answer = Answer {
            model_name: model.name(),
            model_version: model.version(),
            id: self.id,
            outputs,
        };
        let mut bytes =
            serde_json::to_vec(&answer).map_err(|error| Error::Engine(error.to_string()))?;
        if raw.is_empty() {
            return Ok(
                ([(header::CONTENT_TYPE, "application/json")], Body::from(bytes)).into_response()
            );
        }
        let length = bytes.len().to_string();
        bytes.extend(raw);
        let headers = [
            (header::CONTENT_TYPE.as_str(), "application/octet-stream".to_owned()),
            (HEADER_LENGTH, length),
        ];
        Ok((headers, Body::from(bytes)).into_response())
    }
}
