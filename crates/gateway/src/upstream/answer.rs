//! The body of an answer, which moves the connection that it comes from.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use super::link::{Link, drive};
use super::{Peer, Pool};

/// With its end the connection goes back to the pool.
pub struct Answer {
    pub body: Incoming,
    pub link: Option<Box<Link>>,
    pub to: Peer,
    pub pool: Pool,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_pending()
            && let Some(link) = &mut self.link
        {
            drive(&mut link.connection, context);
            frame = Pin::new(&mut self.body).poll_frame(context);
        }
        let has_ended = match &frame {
            Poll::Pending => false,
            Poll::Ready(Some(Ok(_))) => self.body.is_end_stream(),
            Poll::Ready(None | Some(Err(_))) => true,
        };
        if has_ended && let Some(mut link) = self.link.take() {
            drive(&mut link.connection, context);
            if link.connection.is_some() && link.sender.is_ready() {
                self.pool.put(self.to.clone(), link);
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
