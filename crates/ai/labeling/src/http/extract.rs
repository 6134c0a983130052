//! What handlers take from a request, refused with words.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::scope::Scope;
use crate::{Error, Labeling, Result, Work};

/// The labelling project that the address names, and who asks.
pub(super) struct Desk {
    pub work: Work,
    pub scope: Scope,
}

/// An address may carry parts that others own (`{project}`), hence structs.
#[derive(Deserialize)]
struct OfWork {
    work: String,
}

#[derive(Deserialize)]
struct OfTask {
    task: String,
}

async fn path<T: DeserializeOwned + Send>(parts: &mut Parts) -> Result<T> {
    let path = Path::<T>::from_request_parts(parts, &()).await;
    path.map(|Path(path)| path).map_err(|rejection| {
        Error::invalid("address", rejection.body_text(), "write it as the portal's links do")
    })
}

impl FromRequestParts<Labeling> for Desk {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, labeling: &Labeling) -> Result<Self> {
        let scope = Scope::from_request_parts(parts, labeling).await?;
        let of: OfWork = path(parts).await?;
        Ok(Self { work: labeling.work(&scope.project, &of.work), scope })
    }
}

/// The number of a task in the address.
pub(super) struct TaskNumber(pub i64);

impl FromRequestParts<Labeling> for TaskNumber {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &Labeling) -> Result<Self> {
        let of: OfTask = path(parts).await?;
        let number = of.task.parse();
        number.map(Self).map_err(|_| Error::not_found("task", crate::config::shown(&of.task)))
    }
}

/// The part of the address behind `?`.
pub(super) struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Labeling> for Asked<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, labeling: &Labeling) -> Result<Self> {
        let asked = Query::<T>::from_request_parts(parts, labeling).await;
        asked.map(|Query(asked)| Self(asked)).map_err(|rejection| {
            Error::invalid("query", rejection.body_text(), "leave it out, or write a valid value")
        })
    }
}

/// A JSON body, whatever its content type.
pub(super) struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Labeling> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, labeling: &Labeling) -> Result<Self> {
        let bytes = axum::body::Bytes::from_request(request, labeling).await;
        let bytes = bytes.map_err(|rejection| {
            Error::invalid("body", rejection.body_text(), "send less, and all of it")
        })?;
        let read = Json::<T>::from_bytes(&bytes);
        read.map(|Json(body)| Self(body)).map_err(|rejection| {
            Error::invalid("body", rejection.body_text(), "send the JSON that this address takes")
        })
    }
}
