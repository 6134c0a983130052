//! A body on its way, and what is kept of it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::Notify;

/// The first bytes of a body and how many there were in all. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Kept(Arc<Keeping>);

#[derive(Debug, Default)]
struct Keeping {
    limit: usize,
    state: Mutex<State>,
    ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    size: u64,
    end: End,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    #[default]
    NotYet,
    Whole,
    /// It broke, or nobody wanted the rest.
    Broken,
}

impl Kept {
    /// Keeps `limit` bytes of a body.
    pub fn up_to(limit: usize) -> Self {
        Self(Arc::new(Keeping { limit, ..Keeping::default() }))
    }

    /// The whole body once it has ended; `None` when it broke or is longer than what is
    /// kept. For one who waits.
    pub async fn whole(&self) -> Option<Bytes> {
        loop {
            let ended = self.0.ended.notified();
            {
                let state = self.lock();
                match state.end {
                    End::NotYet => {}
                    End::Broken => return None,
                    End::Whole => {
                        let is_all = state.bytes.len() as u64 == state.size;
                        return is_all.then(|| Bytes::copy_from_slice(&state.bytes));
                    }
                }
            }
            ended.await;
        }
    }

    /// What there is: the bytes that are kept, how many passed, and whether that is all.
    pub fn so_far(&self) -> (Vec<u8>, u64, End) {
        let state = self.lock();
        (state.bytes.clone(), state.size, state.end)
    }

    fn passed(&self, chunk: &[u8]) {
        let mut state = self.lock();
        let room = self.0.limit - state.bytes.len();
        state.bytes.extend_from_slice(&chunk[..room.min(chunk.len())]);
        state.size += chunk.len() as u64;
    }

    fn end(&self, end: End) {
        let mut state = self.lock();
        if state.end == End::NotYet {
            state.end = end;
            self.0.ended.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes a body on as it comes. `until` is dropped when the body has ended or nobody
/// wants it any more.
pub struct Tee<T> {
    body: Body,
    kept: Option<Kept>,
    _until: T,
}

impl<T: Send + Unpin + 'static> Tee<T> {
    pub fn body(body: Body, kept: Option<Kept>, until: T) -> Body {
        Body::new(Self { body, kept, _until: until })
    }
}

impl<T: Unpin> HttpBody for Tee<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(kept) = &self.kept {
            match &frame {
                Some(Ok(frame)) => {
                    if let Some(chunk) = frame.data_ref() {
                        kept.passed(chunk);
                    }
                }
                Some(Err(_)) => kept.end(End::Broken),
                None => kept.end(End::Whole),
            }
            if self.body.is_end_stream() {
                kept.end(End::Whole);
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<T> Drop for Tee<T> {
    fn drop(&mut self) {
        if let Some(kept) = &self.kept {
            kept.end(if self.body.is_end_stream() { End::Whole } else { End::Broken });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_passes_and_its_beginning_is_kept() {
        let kept = Kept::up_to(4);
        let body = Tee::body(Body::from("abcdef"), Some(kept.clone()), ());
        assert_eq!(&axum::body::to_bytes(body, 10).await.unwrap()[..], b"abcdef");
        assert_eq!(kept.so_far(), (b"abcd".to_vec(), 6, End::Whole));
        assert_eq!(kept.whole().await, None, "not all of it is there");

        let kept = Kept::up_to(4);
        let body = Tee::body(Body::from("abc"), Some(kept.clone()), ());
        let whole = kept.clone();
        let waiting = tokio::spawn(async move { whole.whole().await });
        axum::body::to_bytes(body, 10).await.unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), "abc");

        let kept = Kept::up_to(4);
        drop(Tee::body(Body::from("abc"), Some(kept.clone()), ()));
        assert_eq!(kept.whole().await, None, "nobody read it");
        let kept = Kept::up_to(4);
        drop(Tee::body(Body::empty(), Some(kept.clone()), ()));
        assert_eq!(kept.whole().await.unwrap(), "");
    }
}
