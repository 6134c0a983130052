//! Reading request bodies: size, media type, JSON or YAML, unknown fields.

use axum::body::Body;
use bytes::Bytes;
use dais_schema::strict::{self, Decoded};
use dais_schema::{Schema, protobuf};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, Limited};

use super::query::FieldValidation;
use super::yaml;
use crate::status::Failure;

/// The most that a body may have, as in Kubernetes.
pub const LIMIT: usize = 3 * 1024 * 1024;

const ACCEPTED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// The whole body.
///
/// # Errors
/// 413 above the limit, 400 where the client broke off.
pub async fn read(body: Body) -> Result<Bytes, Failure> {
    match Limited::new(body, LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Failure::too_large(LIMIT))
        }
        Err(error) => Err(Failure::bad_request(format!("the body could not be read: {error}"))),
    }
}

/// The media type of the body without parameters; empty where none was given.
pub fn media_type(headers: &HeaderMap) -> String {
    let header =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Parses a body by its media type.
///
/// # Errors
/// 415 for a type that is not read, 400 for text that is not of its type.
pub fn decode(
    headers: &HeaderMap,
    body: &[u8],
    schema: Option<&Schema>,
) -> Result<Decoded, Failure> {
    match media_type(headers).as_str() {
        "" | "application/json" => decode_json(body, schema),
        "application/yaml" => {
            let value = yaml::parse(body)?;
            let problems =
                schema.map(|schema| strict::unknown_fields(schema, &value)).unwrap_or_default();
            Ok(Decoded { value, problems })
        }
        "application/vnd.kubernetes.protobuf" => {
            let value = protobuf::decode(body).map_err(protobuf_refused)?;
            let problems =
                schema.map(|schema| strict::unknown_fields(schema, &value)).unwrap_or_default();
            Ok(Decoded { value, problems })
        }
        _ => Err(Failure::unsupported_media_type(ACCEPTED)),
    }
}

fn decode_json(body: &[u8], schema: Option<&Schema>) -> Result<Decoded, Failure> {
    strict::decode_json(body, schema)
        .map_err(|error| Failure::new(error.code(), error.reason(), error.to_string()))
}

fn protobuf_refused(error: protobuf::Error) -> Failure {
    match error {
        protobuf::Error::Unknown { .. } | protobuf::Error::Encoding(_) => {
            Failure::unsupported_media_type(&format!(
                "application/json, application/yaml ({error})"
            ))
        }
        _ => Failure::bad_request(error.to_string()),
    }
}

/// Turns the problems of a body into warnings, or into the 400 of strict validation.
pub fn judge(
    problems: Vec<String>,
    validation: FieldValidation,
    what: &str,
) -> Result<Vec<String>, Failure> {
    match validation {
        FieldValidation::Ignore => Ok(Vec::new()),
        FieldValidation::Warn => Ok(problems),
        FieldValidation::Strict if problems.is_empty() => Ok(problems),
        FieldValidation::Strict => Err(Failure::bad_request(format!(
            "{what}strict decoding error: {}",
            problems.join(", ")
        ))),
    }
}
