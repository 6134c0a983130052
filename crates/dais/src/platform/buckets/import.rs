//! `POST /buckets/p/{project}/import`: objects become a dataset's next version, all of
//! them as they are at one moment, or none.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use dais_buckets::{Buckets, Error};
use dais_data::{Data, Linked, Origin};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::Asking;
use super::people::refuse;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The dataset, whose object must exist.
    dataset: String,
    bucket: String,
    /// A folder, or one object; the whole bucket when empty.
    #[serde(default)]
    prefix: String,
}

pub async fn import(
    State((buckets, data)): State<(Buckets, Data)>,
    Extension(asking): Extension<Asking>,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Response {
    let Wanted { dataset, bucket, prefix } = match wanted {
        Ok(Json(wanted)) => wanted,
        Err(error) => {
            let hint = "send {\"dataset\": …, \"bucket\": …, \"prefix\": …}";
            return refuse(StatusCode::BAD_REQUEST, "body", &error.body_text(), hint);
        }
    };
    let found = match buckets.linkable(&asking.project, &bucket, &prefix).await {
        Ok(found) => found,
        Err(error @ (Error::NoBucket(_) | Error::NoObject(_))) => {
            let hint = "`aws s3 ls` lists what there is";
            return refuse(StatusCode::NOT_FOUND, "bucket", &error.to_string(), hint);
        }
        Err(error) => {
            tracing::error!(%error, "objects not listed");
            let hint = "the platform's log says why; try again when that is mended";
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "", &error.to_string(), hint);
        }
    };
    let files = found
        .into_iter()
        .map(|file| Linked { path: file.path, digest: file.digest, size: file.size, at: file.at })
        .collect();
    let Asking { project, caller, writes_data: write, .. } = asking;
    let name = if prefix.is_empty() { bucket } else { format!("{bucket}/{prefix}") };
    let origin = Origin { kind: "Bucket".to_owned(), name };
    let scope = dais_data::Scope { project, user: caller.user, write };
    match data.add_linked(&scope, (&dataset, Some(origin)), files).await {
        Ok((version, created)) => {
            let code = if created { StatusCode::CREATED } else { StatusCode::OK };
            let answer = json!({
                "dataset": dataset, "version": version.name, "digest": version.digest,
                "files": version.files, "bytes": version.bytes, "created": created,
            });
            (code, Json(answer)).into_response()
        }
        Err(error) => error.into_response(),
    }
}
