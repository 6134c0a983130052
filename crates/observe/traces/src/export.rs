//! Spans on to another collector, over OTLP/HTTP: what comes in here goes there too.
//!
//! Guarantees: spans are sent again until the collector takes them; while it takes none
//! and the queue is full, whoever brings spans is told to try again. What waits is in
//! memory: the death of this program loses at most the queue.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{Url, header};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::error::{Error, Result};
use crate::external::{address, http, words};
use crate::otlp::request;
use crate::span::Span;

/// Spans that wait at most, some 30 MB.
const WAITING: usize = 65_536;
/// Spans that go in one request: some hundred kilobytes.
const TOGETHER: usize = 2048;
const TIMEOUT: Duration = Duration::from_secs(30);
/// Between attempts: at first, and at most.
const RETRY: Duration = Duration::from_millis(500);
const MAX_RETRY: Duration = Duration::from_secs(10);

/// The way there. Cheap to clone; ends when the last clone goes.
#[derive(Clone)]
pub struct Exporter {
    queue: UnboundedSender<Vec<Span>>,
    waiting: Arc<AtomicUsize>,
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exporter")
    }
}

impl Exporter {
    /// `url` is what stands before `/v1/traces`. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Setting`] when the address is none.
    pub fn start(url: &str, token: Option<String>) -> Result<Exporter> {
        let mut url = address(url)?;
        url.path_segments_mut()
            .map_err(|()| Error::Setting("the address has no path".into()))?
            .pop_if_empty()
            .extend(["v1", "traces"]);
        let client = http(TIMEOUT)?;
        let (queue, spans) = unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let sender = Sender { client, url, token, waiting: waiting.clone() };
        tokio::spawn(sender.run(spans));
        Ok(Exporter { queue, waiting })
    }

    /// Takes spans, all of them or none. Never blocks.
    ///
    /// # Errors
    /// [`Error::Behind`] when too many wait for the collector.
    pub fn offer(&self, spans: Vec<Span>) -> Result<()> {
        let count = spans.len();
        if self.waiting.fetch_add(count, Ordering::Relaxed) >= WAITING {
            self.waiting.fetch_sub(count, Ordering::Relaxed);
            return Err(Error::Behind);
        }
        self.queue.send(spans).map_err(|_| Error::Closed)
    }
}

struct Sender {
    client: reqwest::Client,
    url: Url,
    token: Option<String>,
    waiting: Arc<AtomicUsize>,
}

impl Sender {
    async fn run(self, mut queue: UnboundedReceiver<Vec<Span>>) {
        while let Some(mut spans) = queue.recv().await {
            while spans.len() < TOGETHER
                && let Ok(more) = queue.try_recv()
            {
                spans.extend(more);
            }
            self.send(&spans).await;
            self.waiting.fetch_sub(spans.len(), Ordering::Relaxed);
        }
    }

    async fn send(&self, spans: &[Span]) {
        let body: bytes::Bytes = request(spans).into();
        let mut pause = RETRY;
        let mut is_told = false;
        while let Err(reason) = self.attempt(body.clone()).await {
            let Some(reason) = reason else {
                tracing::error!(spans = spans.len(), "the trace collector refuses spans; dropped");
                return;
            };
            if !is_told {
                tracing::warn!(%reason, "the trace collector takes no spans; they wait");
                is_told = true;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_RETRY);
        }
        if is_told {
            tracing::info!("the trace collector takes spans again");
        }
    }

    /// `Err(None)` is never, `Err(Some)` is not now, and why.
    async fn attempt(&self, body: bytes::Bytes) -> std::result::Result<(), Option<String>> {
        let request = self.client.post(self.url.clone());
        let request = request.header(header::CONTENT_TYPE, "application/x-protobuf").body(body);
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.send().await;
        let answer = answer.map_err(|error| Some(words(&error.without_url())))?;
        match answer.status().as_u16() {
            200..=299 => Ok(()),
            // What OTLP calls a request that no repetition mends.
            400 | 413 | 422 => Err(None),
            status => Err(Some(format!("it answered {status}"))),
        }
    }
}
