//! A notebook's Jupyter server, asked as the gateway asks it.
//!
//! Source: the REST API of Jupyter Server 2 (`/api/kernels`, `/api/terminals`,
//! `/api/contents`).

use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use dais_controllers::notebook::Door;
use dais_controllers::seams::{JupyterServers, Kernels, SeamError};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use reqwest::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::platform::peers::{Connector, Peers};

/// A server that computes in its main thread answers late.
const PATIENCE: Duration = Duration::from_secs(10);
/// An answer over this is not one of Jupyter's.
const LARGEST: usize = 160 << 20;

#[derive(Debug, Error)]
pub enum Error {
    #[error("{0:?} is no address")]
    Address(String),
    #[error("there is no {0:?} in the notebook")]
    NotFound(String),
    #[error("Jupyter answered {0}")]
    Refused(StatusCode),
    #[error("Jupyter's answer is over {} MiB", LARGEST >> 20)]
    TooLarge,
    #[error("Jupyter did not answer")]
    Http(#[from] hyper_util::client::legacy::Error),
    #[error("Jupyter did not answer in {} s", PATIENCE.as_secs())]
    Late(#[from] tokio::time::error::Elapsed),
    #[error("Jupyter broke off its answer")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("Jupyter's answer is not understood")]
    Answer(#[from] serde_json::Error),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Asks servers that are their projects' own.
#[derive(Clone)]
pub struct Jupyter(pub Peers);

/// One server, and what it knows us by.
pub struct Server {
    client: Client<Connector, Empty<Bytes>>,
    base: Url,
    authorization: String,
}

#[derive(Deserialize)]
struct Kernel {
    execution_state: String,
    last_activity: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Terminal {
    last_activity: Option<Timestamp>,
}

/// What a path in the notebook's home holds.
#[derive(Debug, Deserialize)]
pub struct Contents {
    pub name: String,
    pub path: String,
    #[serde(rename = "type")]
    pub kind: Kind,
    pub size: Option<u64>,
    pub last_modified: Option<Timestamp>,
    /// Entries of a folder, or a file's bytes in base64.
    #[serde(default)]
    pub content: Option<Content>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Directory,
    File,
    Notebook,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Content {
    Entries(Vec<Contents>),
    Text(String),
}

impl Jupyter {
    /// `url` is without a slash at its end.
    ///
    /// # Errors
    /// When `url` is none.
    pub fn server(&self, Door { project, url, secret }: &Door) -> Result<Server> {
        let base = Url::parse(url).map_err(|_| Error::Address(url.clone()))?;
        if base.cannot_be_a_base() {
            return Err(Error::Address(url.clone()));
        }
        let authorization = format!("token {secret}");
        let client = Client::builder(TokioExecutor::new()).build(self.0.connector(project));
        Ok(Server { client, base, authorization })
    }
}

impl Server {
    async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        let shown = path.get(2..).unwrap_or_default().join("/");
        url.query_pairs_mut().extend_pairs(query);
        let request = Request::get(url.as_str())
            .header("authorization", &self.authorization)
            .body(Empty::new())
            .map_err(|_| Error::Address(shown.clone()))?;
        let answer = tokio::time::timeout(PATIENCE, self.client.request(request)).await??;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(Error::NotFound(shown)),
            status => return Err(Error::Refused(status)),
        }
        let body = Limited::new(answer.into_body(), LARGEST).collect();
        let body = tokio::time::timeout(PATIENCE, body).await?;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => Error::TooLarge,
            false => Error::Broken(error),
        })?;
        Ok(serde_json::from_slice(&body.to_bytes())?)
    }

    async fn kernels(&self) -> Result<Kernels> {
        let kernels: Vec<Kernel> = self.get(&["api", "kernels"], &[]).await?;
        // An extension, which may be switched off.
        let terminals: Vec<Terminal> = match self.get(&["api", "terminals"], &[]).await {
            Err(Error::NotFound(_) | Error::Refused(_)) => Vec::new(),
            terminals => terminals?,
        };
        let busy = kernels.iter().filter(|kernel| kernel.execution_state == "busy").count();
        let of_kernels = kernels.iter().filter_map(|kernel| kernel.last_activity);
        let of_terminals = terminals.iter().filter_map(|terminal| terminal.last_activity);
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        Ok(Kernels {
            running: count(kernels.len()),
            busy: count(busy),
            last_activity: of_kernels.chain(of_terminals).max(),
        })
    }

    /// The entries of a folder of the home; an empty path is the home itself.
    ///
    /// # Errors
    /// When it is not there, or Jupyter does not answer.
    pub async fn folder(&self, path: &str) -> Result<Vec<Contents>> {
        let query = [("content", "1"), ("type", "directory")];
        match self.contents(path, &query).await?.content {
            Some(Content::Entries(entries)) => Ok(entries),
            _ => Err(Error::NotFound(path.to_owned())),
        }
    }

    /// The bytes of a file, in base64; of a notebook, its JSON.
    ///
    /// # Errors
    /// When it is not there, or Jupyter does not answer.
    pub async fn file(&self, path: &str) -> Result<String> {
        let query = [("content", "1"), ("type", "file"), ("format", "base64")];
        match self.contents(path, &query).await?.content {
            Some(Content::Text(text)) => Ok(text),
            _ => Err(Error::NotFound(path.to_owned())),
        }
    }

    async fn contents(&self, path: &str, query: &[(&str, &str)]) -> Result<Contents> {
        let names = path.split('/').filter(|name| !name.is_empty());
        let segments: Vec<&str> = ["api", "contents"].into_iter().chain(names).collect();
        self.get(&segments, query).await
    }
}

#[async_trait]
impl JupyterServers for Jupyter {
    async fn kernels(&self, door: &Door) -> std::result::Result<Kernels, SeamError> {
        let failed = |error: Error| SeamError(error.to_string());
        let server = self.server(door).map_err(failed)?;
        server.kernels().await.map_err(failed)
    }
}
