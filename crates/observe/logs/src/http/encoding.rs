//! Compressed bodies: log shippers send gzip.

use std::io::Read;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flate2::read::MultiGzDecoder;
use serde_json::json;

use super::MAX_BODY;

/// Unpacks the body, to no more than an unpacked one may have.
pub async fn unpacked(mut request: Request, next: Next) -> Response {
    let Some(encoding) = request.headers_mut().remove(header::CONTENT_ENCODING) else {
        return next.run(request).await;
    };
    match encoding.as_bytes() {
        b"identity" => next.run(request).await,
        b"gzip" => {
            let (parts, body) = request.into_parts();
            let unpacked = match to_bytes(body, MAX_BODY).await {
                Ok(packed) => unpack(&packed),
                Err(error) => Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, error.to_string())),
            };
            match unpacked {
                Ok(unpacked) => {
                    let mut request = Request::from_parts(parts, Body::from(unpacked));
                    request.headers_mut().remove(header::CONTENT_LENGTH);
                    next.run(request).await
                }
                Err(refusal) => refusal.into_response(),
            }
        }
        other => {
            let name = String::from_utf8_lossy(other);
            let reason = format!("content-encoding [{name}] is not supported; send gzip or none");
            Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason).into_response()
        }
    }
}

/// A body that cannot be unpacked, and why.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Refusal(status, reason) = self;
        let cause = json!({"type": "content_encoding_exception", "reason": reason});
        let body = json!({"error": cause, "status": status.as_u16()});
        (status, axum::Json(body)).into_response()
    }
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut unpacked = Vec::new();
    let limit = MAX_BODY as u64 + 1;
    match MultiGzDecoder::new(packed).take(limit).read_to_end(&mut unpacked) {
        Err(error) => {
            Err(Refusal(StatusCode::BAD_REQUEST, format!("the body is not gzip: {error}")))
        }
        Ok(_) if unpacked.len() > MAX_BODY => Err(Refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the unpacked body is larger than {MAX_BODY} bytes"),
        )),
        Ok(_) => Ok(unpacked),
    }
}
