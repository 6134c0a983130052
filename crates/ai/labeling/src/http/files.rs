//! Tasks that come in and finished work that goes out.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Asked, Desk};
use super::now;
use crate::finished::Only;
use crate::formats::{self, Format, Unsigned};
use crate::scope::May;
use crate::{Error, Result, Written};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Importing {
    format: Format,
    /// What answers count as that come without an annotator.
    #[serde(default)]
    unsigned: Counting,
    /// Who gave them, where they count as answers.
    annotator: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Counting {
    #[default]
    Prediction,
    Gold,
    Answer,
}

pub(super) async fn import(
    desk: Desk,
    Asked(asked): Asked<Importing>,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>> {
    desk.scope.must(May::Manage, "import tasks")?;
    let bytes = bytes.map_err(|rejection| {
        Error::invalid("body", rejection.body_text(), "send a smaller file, or several")
    })?;
    let unsigned = match (asked.unsigned, asked.annotator) {
        (Counting::Prediction, None) => Unsigned::Prediction,
        (Counting::Gold, None) => Unsigned::Gold,
        (Counting::Answer, Some(annotator)) => Unsigned::AnswerOf(annotator),
        (Counting::Answer, None) => {
            let hint = "name whose answers they are";
            return Err(Error::invalid("annotator", "is missing", hint));
        }
        (_, Some(_)) => {
            let hint = "leave it out, or say unsigned=answer";
            return Err(Error::invalid("annotator", "is of answers", hint));
        }
    };
    let config = desk.work.spec().await?.config;
    let reading = tokio::task::spawn_blocking(move || {
        let files = match asked.format {
            Format::Yolo => formats::unpack(&bytes)?,
            _ => vec![("file".to_owned(), bytes.into())],
        };
        formats::read(asked.format, &config, &unsigned, &files)
    });
    let read =
        reading.await.map_err(|source| Error::Write { what: "tasks", source: source.into() })??;
    let taken = desk.work.import(&desk.scope.user, &read.tasks, now(), |_| ()).await?;
    Ok(Json(json!({ "new": taken.new, "known": taken.known, "lost": read.lost })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exporting {
    format: Format,
    /// Without it, what counts by the project's policy.
    only: Option<Only>,
}

async fn written(desk: &Desk, asked: &Exporting) -> Result<Written> {
    desk.scope.must(May::Review, "export everybody's answers")?;
    let only = match asked.only {
        Some(only) => only,
        None => Only::final_under(&desk.work.spec().await?.policy),
    };
    desk.work.export(asked.format, only).await
}

pub(super) async fn export(desk: Desk, Asked(asked): Asked<Exporting>) -> Result<Response> {
    let mut files = written(&desk, &asked).await?.files;
    let (name, bytes, type_) = match (files.pop(), files.is_empty()) {
        (Some((name, bytes)), true) => (name, bytes, asked.format.content_type()),
        (last, _) => {
            files.extend(last);
            ("export.zip".to_owned(), formats::pack(&files)?, "application/zip")
        }
    };
    let disposition = format!("attachment; filename=\"{name}\"");
    Ok(([(CONTENT_TYPE, type_.to_owned()), (CONTENT_DISPOSITION, disposition)], bytes)
        .into_response())
}

pub(super) async fn report(desk: Desk, Asked(asked): Asked<Exporting>) -> Result<Json<Value>> {
    let Written { files, lost } = written(&desk, &asked).await?;
    let sizes = files.iter().map(|(path, bytes)| json!({ "path": path, "bytes": bytes.len() }));
    Ok(Json(json!({ "files": sizes.collect::<Value>(), "lost": lost })))
}
