//! Copies of requests for a second backend, whose answers are compared and dropped.
//!
//! A copy is sent once the main answer was begun, by a task of its own: nobody waits
//! for it. Few are under way at a time, and what would be more is not copied.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use dais_api::traffic::ShadowCount;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header,
};

use crate::compare::Terms;
use crate::live::Live;
use crate::policy::{Shadow, is_drawn};
use crate::table::{Backend, Engaged};
use crate::tee::{Kept, Tee};
use crate::upstream::{Failure, Pool};

/// Bytes of a request that is copied, and of answers that are compared.
pub const MOST: usize = 1 << 20;
/// Copies of one policy that are under way: with all bodies at their largest, 192 MiB.
const SLOTS: usize = 64;
/// A shadow that takes longer has failed; a model behind it may be slower than the main
/// one and still be compared.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bodies that are longer are compared where they keep no request waiting.
const SMALL: usize = 16 * 1024;
/// Differences a minute that are told.
const TOLD: u32 = 20;
const MINUTE: Duration = Duration::from_secs(60);

const SHADOW: HeaderName = HeaderName::from_static("x-dais-shadow");
/// What lets a caller in somewhere: no business of a copy.
const CREDENTIALS: [HeaderName; 5] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-api-key"),
];

/// How the copies of one policy went.
#[derive(Debug, Default)]
pub struct Comparisons {
    copied: AtomicI64,
    same: AtomicI64,
    different: AtomicI64,
    failed: AtomicI64,
    dropped: AtomicI64,
    under_way: AtomicUsize,
    told: Mutex<Option<(Instant, u32)>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Same,
    /// With a pointer to the first difference.
    Different(String),
    /// Another class of status, or no answer.
    Failed(Option<StatusCode>),
    /// Too long, or nobody read the main one to its end.
    NotCompared,
}

impl Comparisons {
    pub fn counts(&self) -> ShadowCount {
        let read = |counter: &AtomicI64| counter.load(Ordering::Relaxed);
        ShadowCount {
            copied: read(&self.copied),
            same: read(&self.same),
            different: read(&self.different),
            failed: read(&self.failed),
            dropped: read(&self.dropped),
        }
    }

    fn count(&self, verdict: &Verdict) {
        let counter = match verdict {
            Verdict::Same => &self.same,
            Verdict::Different(_) => &self.different,
            Verdict::Failed(_) => &self.failed,
            Verdict::NotCompared => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether one more difference may be told this minute.
    fn may_tell(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = told.get_or_insert_with(|| (Instant::now(), 0));
        if since.elapsed() >= MINUTE {
            (*since, *count) = (Instant::now(), 0);
        }
        *count += 1;
        *count <= TOLD
    }
}

/// One of the copies under way.
struct Slot(Arc<Live>);

impl Slot {
    fn of(live: &Arc<Live>) -> Option<Self> {
        let shadow = &live.shadow;
        if shadow.under_way.fetch_add(1, Ordering::Relaxed) >= SLOTS {
            shadow.under_way.fetch_sub(1, Ordering::Relaxed);
            shadow.dropped.fetch_add(1, Ordering::Relaxed);
            live.stir();
            return None;
        }
        Some(Self(live.clone()))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.shadow.under_way.fetch_sub(1, Ordering::Relaxed);
        self.0.stir();
    }
}

/// A request that was drawn, without its body.
pub struct Draft {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    backend: Arc<Backend>,
    terms: Arc<Terms>,
}

impl Draft {
    /// The head of a copy, when chance wants one of `request` as the backend gets it.
    pub fn of(shadow: &Shadow, request: &Request<Body>) -> Option<Self> {
        let is_long = http_body::Body::size_hint(request.body()).lower() > MOST as u64;
        if is_long || request.headers().contains_key(header::UPGRADE) || !is_drawn(shadow.percent) {
            return None;
        }
        let mut headers = request.headers().clone();
        for name in CREDENTIALS {
            headers.remove(name);
        }
        headers.insert(SHADOW, HeaderValue::from_static("true"));
        Some(Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers,
            backend: shadow.backend.clone(),
            terms: shadow.terms.clone(),
        })
    }

    /// A copy that may be sent; `None` when as many as may be are under way.
    pub fn take_slot(self, live: &Arc<Live>) -> Option<Copy> {
        Slot::of(live).map(|slot| Copy { draft: self, slot })
    }
}

pub struct Copy {
    draft: Draft,
    slot: Slot,
}

/// The main request and its answer, as they pass.
pub struct Main {
    pub request_id: String,
    pub request: Kept,
    pub status: StatusCode,
    pub response: Kept,
}

impl Copy {
    /// Sends the copy, waits for both answers and counts how they compare.
    pub async fn run(self, pool: Pool, main: Main) {
        let Self { draft, slot } = self;
        let Some(body) = main.request.whole().await else { return };
        let (live, terms) = (slot.0.clone(), draft.terms.clone());
        live.shadow.copied.fetch_add(1, Ordering::Relaxed);
        live.stir();
        let answer = tokio::time::timeout(PATIENCE, draft.ask(&pool, body)).await;
        let verdict = match answer.ok().flatten() {
            None => Verdict::Failed(None),
            Some(answer) if class(answer.status()) != class(main.status) => {
                Verdict::Failed(Some(answer.status()))
            }
            Some(answer) => match (read(answer).await, main.response.whole().await) {
                (None, _) | (_, None) => Verdict::NotCompared,
                (Some(theirs), Some(ours)) => compare(terms, ours, theirs).await,
            },
        };
        live.shadow.count(&verdict);
        tell(&live.shadow, &verdict, &main);
    }
}

impl Draft {
    async fn ask(self, pool: &Pool, body: Bytes) -> Option<Response<Body>> {
        let Self { method, uri, headers, backend, .. } = self;
        let mut request = Request::new(Body::from(body));
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) =
            (method, uri, headers);
        for Engaged { endpoint, engagement } in backend.in_turn() {
            match pool.send(endpoint, request).await {
                Ok(answer) => {
                    let engagement = engagement.clone();
                    return Some(answer.map(|body| Tee::body(body, None, engagement)));
                }
                Err(Failure::Unreachable(unsent, _)) => request = *unsent,
                Err(Failure::Broken(error)) => {
                    tracing::debug!(%error, endpoint = %endpoint.address, "shadow failed");
                    return None;
                }
            }
        }
        None
    }
}

fn class(status: StatusCode) -> u16 {
    status.as_u16() / 100
}

async fn read(answer: Response<Body>) -> Option<Bytes> {
    let read = axum::body::to_bytes(answer.into_body(), MOST);
    tokio::time::timeout(PATIENCE, read).await.ok()?.ok()
}

async fn compare(terms: Arc<Terms>, ours: Bytes, theirs: Bytes) -> Verdict {
    let is_small = ours.len() + theirs.len() <= SMALL;
    let work = move || match terms.difference(&ours, &theirs) {
        None => Verdict::Same,
        Some(pointer) => Verdict::Different(pointer),
    };
    if is_small {
        return work();
    }
    tokio::task::spawn_blocking(work).await.unwrap_or(Verdict::NotCompared)
}

fn tell(shadow: &Comparisons, verdict: &Verdict, main: &Main) {
    let Main { request_id, status, .. } = main;
    match verdict {
        Verdict::Different(pointer) if shadow.may_tell() => {
            tracing::info!(request_id, %status, pointer, "shadow answered differently");
        }
        Verdict::Failed(theirs) if shadow.may_tell() => {
            let theirs = theirs.map(|status| status.as_u16());
            tracing::info!(request_id, %status, shadow_status = theirs, "shadow failed");
        }
        _ => {}
    }
}
