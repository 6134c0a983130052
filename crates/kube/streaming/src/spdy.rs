//! A SPDY/3.1 connection whose client opens the streams.
//!
//! One task reads frames and hands their bytes to streams, one writes what streams send.
//! A stream that nobody reads stops the whole connection after a few pieces: these clients
//! know no other flow control.

mod frame;
mod headers;

use std::collections::HashMap;
use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

use self::frame::{Frame, Head, REFUSED};
use self::headers::Headers;

/// Streams of one connection at a time.
const MOST_STREAMS: usize = 512;
/// Frames that wait to be read or written.
const WAITING: usize = 16;

/// A connection; dropping it ends what is read from it.
pub(crate) struct Connection {
    opened: mpsc::Receiver<Stream>,
}

/// A stream that the client opened.
pub(crate) struct Stream {
    headers: Headers,
    received: mpsc::Receiver<Bytes>,
    sender: Sender,
}

/// The writing side of a stream.
#[derive(Clone)]
pub(crate) struct Sender {
    id: u32,
    frames: mpsc::Sender<Frame>,
}

impl Connection {
    pub(crate) fn serve(io: impl AsyncRead + AsyncWrite + Send + 'static) -> Connection {
        let (read, write) = tokio::io::split(io);
        let (frames, to_write) = mpsc::channel(WAITING);
        let (open, opened) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            if let Err(error) = write_frames(write, to_write).await {
                tracing::debug!(%error, "a SPDY connection was not written to");
            }
        });
        tokio::spawn(async move {
            let closed = open.clone();
            let reader = Reader {
                input: BufReader::new(read),
                headers: headers::Reader::default(),
                streams: HashMap::new(),
                open,
                frames,
            };
            let ended = tokio::select! {
                ended = reader.run() => ended,
                () = closed.closed() => Ok(()),
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a SPDY connection ended");
            }
        });
        Connection { opened }
    }

    /// The next stream that the client opens; none: the connection is over.
    pub(crate) async fn accept(&mut self) -> Option<Stream> {
        self.opened.recv().await
    }
}

impl Stream {
    /// The value of a header; names are lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// What comes next; none: the client has closed its side.
    pub(crate) async fn receive(&mut self) -> Option<Bytes> {
        self.received.recv().await
    }

    /// What comes, as a queue.
    pub(crate) fn received(&mut self) -> &mut mpsc::Receiver<Bytes> {
        &mut self.received
    }

    pub(crate) fn sender(&self) -> Sender {
        self.sender.clone()
    }
}

impl Sender {
    /// Whether there is a connection still.
    pub(crate) async fn send(&self, bytes: Bytes) -> bool {
        let frame = Frame::Data { stream: self.id, bytes, last: false };
        self.frames.send(frame).await.is_ok()
    }

    /// Closes this side of the stream.
    pub(crate) async fn finish(&self) {
        let frame = Frame::Data { stream: self.id, bytes: Bytes::new(), last: true };
        // A connection that is gone needs no closing.
        let _ = self.frames.send(frame).await;
    }
}

async fn write_frames(
    mut output: impl AsyncWrite + Unpin,
    mut frames: mpsc::Receiver<Frame>,
) -> io::Result<()> {
    let mut headers = headers::Writer::default();
    while let Some(frame) = frames.recv().await {
        for piece in frame.encode(&mut headers)? {
            output.write_all(&piece).await?;
        }
        output.flush().await?;
    }
    output.shutdown().await
}

struct Reader<R> {
    input: BufReader<R>,
    headers: headers::Reader,
    streams: HashMap<u32, mpsc::Sender<Bytes>>,
    open: mpsc::Sender<Stream>,
    frames: mpsc::Sender<Frame>,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    async fn run(mut self) -> io::Result<()> {
        while let Some(head) = frame::head(&mut self.input).await? {
            match head {
                Head::Data { stream, last, length } => self.data(stream, last, length).await?,
                Head::Control { kind, flags, length } => {
                    let body = frame::body(&mut self.input, length).await?;
                    if !self.control(kind, flags, &body).await? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    async fn data(&mut self, stream: u32, last: bool, length: usize) -> io::Result<()> {
        let mut left = length;
        while left > 0 {
            let mut piece = vec![0; left.min(frame::PIECE)];
            self.input.read_exact(&mut piece).await?;
            left -= piece.len();
            let gone = match self.streams.get(&stream) {
                Some(queue) => queue.send(Bytes::from(piece)).await.is_err(),
                None => false,
            };
            if gone {
                self.streams.remove(&stream);
            }
        }
        if last {
            self.streams.remove(&stream);
        }
        Ok(())
    }

    /// Whether the connection goes on.
    async fn control(&mut self, kind: u16, flags: u8, body: &[u8]) -> io::Result<bool> {
        match kind {
            frame::SYN_STREAM => {
                let (id, block) = frame::opening(body)?;
                let headers = self.headers.read(block)?;
                return self.opened(id, flags & frame::FIN != 0, headers).await;
            }
            frame::HEADERS | frame::SYN_REPLY => {
                // Unwanted, but the compression of what follows depends on it.
                self.headers.read(body.get(4..).unwrap_or_default())?;
            }
            frame::RST_STREAM => {
                self.streams.remove(&frame::stream_id(body)?);
            }
            frame::PING => {
                let id = frame::number(body)?;
                return Ok(self.frames.send(Frame::Ping(id)).await.is_ok());
            }
            frame::GOAWAY => return Ok(false),
            _ => {}
        }
        Ok(true)
    }

    async fn opened(&mut self, id: u32, last: bool, headers: Headers) -> io::Result<bool> {
        if self.streams.len() >= MOST_STREAMS || self.streams.contains_key(&id) {
            return Ok(self.frames.send(Frame::Reset { stream: id, code: REFUSED }).await.is_ok());
        }
        let (queue, received) = mpsc::channel(WAITING);
        if !last {
            self.streams.insert(id, queue);
        }
        let sender = Sender { id, frames: self.frames.clone() };
        // Answered first: what the stream's owner sends must not come before.
        let answered = self.frames.send(Frame::Reply { stream: id }).await.is_ok();
        let taken = self.open.send(Stream { headers, received, sender }).await.is_ok();
        Ok(answered && taken)
    }
}

#[cfg(test)]
mod tests;
