//! Watch: the events of a resource as a stream of JSON lines.
//!
//! ```text
//! store's watch ──▶ decode once per revision ──▶ selector ──▶ shape ──▶ line
//! ```
//!
//! A watch without a version begins with what is there, as ADDED. A failure
//! after the beginning is an ERROR event, since the status line is long gone.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use dais_schema::FieldError;
use dais_store::{Error as StoreError, Event, ListOptions, Revision, Watch};
use futures::{StreamExt, stream};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::list;
use crate::http::handle::Call;
use crate::http::negotiate::Shape;
use crate::http::respond::{self, Answer};
use crate::registry::Resource;
use crate::select::Selector;
use crate::server::Server;
use crate::status::Failure;
use crate::storage::Entry;
use crate::table;

/// How often an idle watch says how far it has come. Kubernetes does so about
/// once a minute.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

/// How long a watch lasts when the client does not say: Kubernetes takes half an
/// hour to an hour at random.
const LIFETIME: (u64, u64) = (1800, 3600);

pub(crate) async fn watch(call: &Call) -> Result<Answer, Failure> {
    let mut selector = Selector::parse(&call.query, &call.resource)?;
    if !call.path.name.is_empty() {
        selector = selector.and_name(&call.path.name);
    }
    let lifetime = lifetime(call)?;
    let initial = initial_events(call)?;
    let revision = list::version(call, "resourceVersion").map_err(|_| list::unparsable(call))?;
    let feed = Feed {
        server: call.server.clone(),
        resource: call.resource.clone(),
        selector,
        shape: call.accept.shape,
        include: table::Include::parse(call.query.get("includeObject")),
        bookmarks: call.query.flag("allowWatchBookmarks"),
        prefix: call.resource.scope_prefix(call.namespace()),
        head: None,
    };
    let stream = open(feed, revision, initial).await;
    let deadline = Instant::now() + lifetime;
    let body = Body::from_stream(
        stream
            .take_until(tokio::time::sleep_until(deadline))
            .map(Ok::<_, std::convert::Infallible>),
    );
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    Ok(Answer::ready(response))
}

fn lifetime(call: &Call) -> Result<Duration, Failure> {
    let asked = call
        .query
        .integer("timeoutSeconds")?
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0);
    let seconds = asked.unwrap_or_else(|| rand::random_range(LIFETIME.0..LIFETIME.1));
    Ok(Duration::from_secs(seconds))
}

/// How a watch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Initial {
    /// What is there, unless a version says from where.
    ByVersion,
    /// What is there, and a bookmark at its end.
    Announced,
    /// Nothing, whatever the version.
    Skipped,
}

fn initial_events(call: &Call) -> Result<Initial, Failure> {
    let given = call.query.get("sendInitialEvents").filter(|text| !text.is_empty());
    let matching = call.query.get("resourceVersionMatch").filter(|text| !text.is_empty());
    let continued = call.query.get("continue").is_some_and(|text| !text.is_empty());
    let field = "resourceVersionMatch";
    let mut errors = Vec::new();
    match (given, matching) {
        (None, Some(_)) => {
            let why =
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            errors.push(FieldError::forbidden(field, why));
        }
        (Some(_), matching) => {
            if matching != Some("NotOlderThan") {
                errors.push(FieldError::forbidden(
                    field,
                    "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
                ));
            }
            if let Some(other) = matching.filter(|text| *text != "NotOlderThan") {
                errors.push(FieldError::unsupported(field, &Value::from(other), &["NotOlderThan"]));
            }
            if continued {
                errors.push(FieldError::forbidden(
                    field,
                    "resourceVersionMatch is forbidden when continue is provided",
                ));
            }
        }
        (None, None) => {}
    }
    if !errors.is_empty() {
        return Err(Failure::invalid_options("ListOptions", &errors));
    }
    Ok(match given {
        None => Initial::ByVersion,
        Some("false" | "0") => Initial::Skipped,
        Some(_) => Initial::Announced,
    })
}

/// What a stream needs to turn events into lines.
struct Feed {
    server: Arc<Server>,
    resource: Arc<Resource>,
    selector: Selector,
    shape: Shape,
    include: table::Include,
    bookmarks: bool,
    prefix: String,
    /// The version of the last line, so that a bookmark says something new.
    head: Option<Revision>,
}

/// The whole stream. A watch from the future must not keep its client waiting for
/// the status line: its beginning is left to the stream.
async fn open(
    feed: Feed,
    revision: Option<Revision>,
    initial: Initial,
) -> stream::BoxStream<'static, Bytes> {
    let reached = revision.unwrap_or_default() <= feed.server.objects.store().revision();
    let whole = async move {
        match begin(&feed, revision, initial).await {
            Ok((lines, watch)) => stream::iter(lines).chain(live(feed, watch)).boxed(),
            Err(failure) => {
                stream::iter([line("ERROR", failure.to_value().to_string().as_bytes())]).boxed()
            }
        }
    };
    if reached { whole.await } else { stream::once(whole).flatten().boxed() }
}

async fn begin(
    feed: &Feed,
    revision: Option<Revision>,
    initial: Initial,
) -> Result<(Vec<Bytes>, Watch), Failure> {
    let store = feed.server.objects.store();
    let from_now = initial == Initial::Announced
        || initial == Initial::ByVersion && revision.unwrap_or_default() == 0;
    if let Some(revision) = revision.filter(|_| initial == Initial::Announced) {
        wait(feed, revision).await?;
    }
    if from_now {
        let listed =
            feed.server.objects.list(&feed.resource, &feed.prefix, ListOptions::default()).await?;
        let matching = listed
            .entries
            .iter()
            .filter(|entry| feed.selector.matches(&feed.resource, &entry.object));
        let mut lines: Vec<Bytes> = Vec::new();
        for entry in matching {
            let first = lines.is_empty();
            lines.push(feed.event("ADDED", entry, first));
        }
        if initial == Initial::Announced && feed.bookmarks {
            lines.push(feed.bookmark(listed.revision, true));
        }
        return Ok((lines, store.watch(&feed.prefix, listed.revision)?));
    }
    let after = revision.filter(|revision| *revision > 0).unwrap_or_else(|| store.revision());
    // A watch from the future waits for that future: what happens before it is not told.
    while store.revision() < after {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    match store.watch(&feed.prefix, after) {
        Ok(watch) => Ok((Vec::new(), watch)),
        Err(StoreError::Compacted { oldest }) => Err(too_old(after, oldest)),
        Err(other) => Err(other.into()),
    }
}

async fn wait(feed: &Feed, revision: Revision) -> Result<(), Failure> {
    let store = feed.server.objects.store();
    let deadline = Instant::now() + Duration::from_secs(3);
    while store.revision() < revision {
        if Instant::now() >= deadline {
            return Err(Failure::too_new(revision, store.revision()));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn too_old(asked: Revision, oldest: Revision) -> Failure {
    Failure::expired(format!("too old resource version: {asked} ({oldest})"))
}

/// The events after the beginning, and bookmarks while nothing happens.
fn live(feed: Feed, watch: Watch) -> impl futures::Stream<Item = Bytes> + Send {
    let timer = tokio::time::interval_at(Instant::now() + BOOKMARK_EVERY, BOOKMARK_EVERY);
    stream::unfold(Some((feed, watch, timer)), |state| async move {
        let (mut feed, mut watch, mut timer) = state?;
        loop {
            tokio::select! {
                biased;
                next = watch.next() => match next {
                    None => return None,
                    Some(Err(error)) => return Some((feed.failed(error), None)),
                    Some(Ok(event)) => match feed.line(&event) {
                        Ok(None) => {}
                        Ok(Some(line)) => {
                            feed.head = Some(event.revision);
                            return Some((line, Some((feed, watch, timer))));
                        }
                        Err(failure) => return Some((line("ERROR", failure.to_value().to_string().as_bytes()), None)),
                    },
                },
                _ = timer.tick(), if feed.bookmarks => {
                    let line = feed.bookmark(watch.position(), false);
                    return Some((line, Some((feed, watch, timer))));
                }
            }
        }
    })
}

impl Feed {
    /// The line for an event, if the watcher is to see it.
    fn line(&self, event: &Event) -> Result<Option<Bytes>, Failure> {
        let objects = &self.server.objects;
        let now = match &event.value {
            Some(value) => Some(objects.decode(&self.resource, value, event.revision)?),
            None => None,
        };
        let now_matches =
            now.as_ref().filter(|entry| self.selector.matches(&self.resource, &entry.object));
        // What was there before is only looked at where it decides something.
        let before = match (&event.previous, &now_matches) {
            (Some(previous), _) if now.is_none() || !self.selector.is_everything() => {
                Some(objects.entry(&self.resource, previous)?)
            }
            _ => None,
        };
        let matched_before =
            before.as_ref().filter(|entry| self.selector.matches(&self.resource, &entry.object));
        Ok(match (now_matches, matched_before) {
            (Some(entry), None) if event.previous.is_none() || before.is_some() => {
                Some(self.event("ADDED", entry, false))
            }
            (Some(entry), _) => Some(self.event("MODIFIED", entry, false)),
            (None, Some(entry)) => {
                let mut last = entry.object.clone();
                crate::object::set_resource_version(&mut last, event.revision);
                Some(self.event("DELETED", &Arc::new(Entry::new(event.revision, last)), false))
            }
            (None, None) => None,
        })
    }

    fn event(&self, kind: &str, entry: &Arc<Entry>, first: bool) -> Bytes {
        match self.shape {
            Shape::Object => line(kind, &entry.json()),
            Shape::Metadata | Shape::MetadataList => {
                line(kind, respond::partial(&entry.object).to_string().as_bytes())
            }
            Shape::Table => {
                let metadata = json!({"resourceVersion": entry.revision.to_string()});
                let rows = std::slice::from_ref(&entry.object);
                let mut table = table::render(&self.resource, rows, self.include, metadata);
                if !first && self.head.is_some() {
                    table["columnDefinitions"] = Value::Null;
                }
                line(kind, table.to_string().as_bytes())
            }
        }
    }

    fn bookmark(&self, revision: Revision, end_of_initial: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if end_of_initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = match self.shape {
            Shape::Object => {
                json!({"kind": self.resource.kind, "apiVersion": self.resource.api_version(), "metadata": metadata})
            }
            Shape::Metadata | Shape::MetadataList => {
                respond::partial(&json!({"metadata": metadata}))
            }
            Shape::Table => {
                let object = json!({"kind": self.resource.kind, "apiVersion": self.resource.api_version(), "metadata": metadata});
                let metadata = json!({"resourceVersion": revision.to_string()});
                table::render(&self.resource, &[object], self.include, metadata)
            }
        };
        line("BOOKMARK", object.to_string().as_bytes())
    }

    fn failed(&self, error: StoreError) -> Bytes {
        let failure = match error {
            StoreError::Compacted { oldest } => too_old(self.head.unwrap_or_default(), oldest),
            other => other.into(),
        };
        line("ERROR", failure.to_value().to_string().as_bytes())
    }
}

/// `{"type":"ADDED","object":…}` and a line break.
fn line(kind: &str, object: &[u8]) -> Bytes {
    let mut line = Vec::with_capacity(object.len() + 40);
    line.extend_from_slice(b"{\"type\":\"");
    line.extend_from_slice(kind.as_bytes());
    line.extend_from_slice(b"\",\"object\":");
    line.extend_from_slice(object);
    line.extend_from_slice(b"}\n");
    Bytes::from(line)
}
