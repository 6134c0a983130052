//! `GET /containerLogs/{namespace}/{pod}/{container}`.

use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use jiff::Timestamp;
use serde::Deserialize;

use super::read::{self, Entry, Reader};
use crate::host::Host;
use crate::pods::registry::{Found, Refusal};

/// Between looks for more, while following.
pub(crate) const LOOK: Duration = Duration::from_millis(50);
/// Bytes in a piece of the answer.
const PIECE: usize = 32 * 1024;

/// The parameters of Kubernetes' PodLogOptions.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Options {
    #[serde(deserialize_with = "flag")]
    follow: bool,
    #[serde(deserialize_with = "flag")]
    previous: bool,
    #[serde(deserialize_with = "flag")]
    timestamps: bool,
    tail_lines: Option<usize>,
    since_seconds: Option<u64>,
    since_time: Option<Timestamp>,
    limit_bytes: Option<usize>,
}

/// `true`, `1`, or nothing after the name.
fn flag<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(matches!(text.as_str(), "true" | "1" | ""))
}

pub(crate) async fn container_logs(
    State(host): State<Arc<Host>>,
    Path((namespace, pod, container)): Path<(String, String, String)>,
    Query(options): Query<Options>,
) -> Response {
    match open(&host, &namespace, &pod, &container, options) {
        Ok(log) => {
            let body = Body::from_stream(stream::unfold(log, |mut log| async move {
                log.piece().await.map(|piece| (piece, log))
            }));
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
        }
        Err((status, message)) => (status, message).into_response(),
    }
}

fn open(
    host: &Arc<Host>,
    namespace: &str,
    pod: &str,
    container: &str,
    options: Options,
) -> Result<Log, Refusal> {
    let Found { names, entry } = host.find(namespace, pod, container)?;
    let attempt = match options.previous {
        false => entry.attempt,
        true => entry.attempt.checked_sub(1).ok_or_else(|| {
            let words =
                format!("previous terminated container {container:?} in pod {pod:?} not found");
            (StatusCode::BAD_REQUEST, words)
        })?,
    };
    if !entry.began && !options.previous {
        let words = format!(
            "container {container:?} in pod {pod:?} is waiting to start: ContainerCreating"
        );
        return Err((StatusCode::BAD_REQUEST, words));
    }
    let path = host.dirs.log(&names, container, attempt);
    let failed = |error: io::Error| {
        (StatusCode::INTERNAL_SERVER_ERROR, format!("read {}: {error}", path.display()))
    };
    let (ready, reader) = match options.tail_lines {
        Some(count) => read::tail(&path, count).map_err(failed)?,
        None => (Vec::new(), Reader::new(&path)),
    };
    let since = options.since_time.or_else(|| {
        let back = Duration::from_secs(options.since_seconds?);
        Timestamp::now().checked_sub(back).ok()
    });
    let source =
        Source { host: host.clone(), uid: names.uid, container: container.to_owned(), attempt };
    Ok(Log {
        source,
        ready: ready.into_iter().collect(),
        reader,
        since,
        options,
        sent: 0,
        over: false,
        goes_on: false,
    })
}

/// Which attempt is read.
pub(crate) struct Source {
    pub(crate) host: Arc<Host>,
    pub(crate) uid: String,
    pub(crate) container: String,
    pub(crate) attempt: u32,
}

impl Source {
    /// Whether more may come.
    pub(crate) fn runs(&self) -> bool {
        let registry = self.host.registry.read().unwrap_or_else(PoisonError::into_inner);
        let containers =
            registry.get(&self.uid).map(|entry| entry.containers.as_slice()).unwrap_or_default();
        containers.iter().any(|entry| {
            entry.name == self.container && entry.attempt == self.attempt && entry.running
        })
    }
}

struct Log {
    source: Source,
    ready: std::collections::VecDeque<Entry>,
    reader: Reader,
    since: Option<Timestamp>,
    options: Options,
    sent: usize,
    over: bool,
    /// The last entry was a piece: the next goes on with its line.
    goes_on: bool,
}

impl Log {
    /// The next piece of the answer; none: it is whole.
    async fn piece(&mut self) -> Option<io::Result<Bytes>> {
        while !self.over {
            // Asked before reading: what a container wrote before it ended is read.
            let runs = self.options.follow && self.source.runs();
            match self.gather() {
                Ok(piece) if !piece.is_empty() => return Some(Ok(self.limit(piece))),
                Ok(_) if runs => tokio::time::sleep(LOOK).await,
                Ok(_) => self.over = true,
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }

    fn gather(&mut self) -> io::Result<Vec<u8>> {
        let mut piece = Vec::new();
        while piece.len() < PIECE {
            let entry = match self.ready.pop_front() {
                Some(entry) => Some(entry),
                None => self.reader.next()?,
            };
            let Some(entry) = entry else { break };
            if self.since.is_some_and(|since| entry.timestamp().is_some_and(|time| time < since)) {
                continue;
            }
            if self.options.timestamps && !self.goes_on {
                piece.extend_from_slice(entry.time.as_bytes());
                piece.push(b' ');
            }
            piece.extend_from_slice(&entry.message);
            if entry.full {
                piece.push(b'\n');
            }
            self.goes_on = !entry.full;
        }
        Ok(piece)
    }

    fn limit(&mut self, mut piece: Vec<u8>) -> Bytes {
        if let Some(limit) = self.options.limit_bytes {
            piece.truncate(limit.saturating_sub(self.sent));
            self.sent += piece.len();
            self.over = self.sent >= limit;
        }
        piece.into()
    }
}
