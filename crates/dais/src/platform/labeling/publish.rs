//! `POST /labeling/p/{project}/{work}/publish`: finished work as a dataset's next version.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use dais_data::{Data, Origin};
use dais_labeling::{Error, Format, Labeling, May, Only, Scope};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wanted {
    /// The dataset, whose object must exist.
    dataset: String,
    format: Format,
    /// What is final by the policy when absent.
    only: Option<Only>,
}

/// Whether the caller may add versions to datasets.
#[derive(Clone, Copy)]
pub struct WritesData(pub bool);

pub async fn publish(
    State((labeling, data)): State<(Labeling, Data)>,
    scope: Scope,
    Extension(WritesData(writes)): Extension<WritesData>,
    Path(work): Path<String>,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Response {
    let wanted = match wanted {
        Ok(Json(wanted)) => wanted,
        Err(rejection) => {
            return Error::Invalid {
                field: "body".to_owned(),
                problem: rejection.body_text(),
                hint: "send {\"dataset\": …, \"format\": …}".to_owned(),
            }
            .into_response();
        }
    };
    if scope.may < May::Review || !writes {
        let action = "publish: it takes the right to review and to update datasets";
        return Error::Forbidden { user: scope.user, action }.into_response();
    }
    let origin = Origin { kind: "LabelingProject".to_owned(), name: work.clone() };
    let work = labeling.work(&scope.project, &work);
    let written = async {
        let only = match wanted.only {
            Some(only) => only,
            None => Only::final_under(&work.spec().await?.policy),
        };
        work.export(wanted.format, only).await
    };
    let written = match written.await {
        Ok(written) => written,
        Err(error) => return error.into_response(),
    };
    let by = dais_data::Scope { project: scope.project, user: scope.user, write: true };
    match data.add_version(&by, (&wanted.dataset, Some(origin)), written.files).await {
        Ok((version, made)) => {
            let code = if made { StatusCode::CREATED } else { StatusCode::OK };
            (code, Json(json!({"version": version, "lost": written.lost}))).into_response()
        }
        Err(error) => error.into_response(),
    }
}
