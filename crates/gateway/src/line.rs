//! A TCP connection that others than its owner may ask how it is.
//!
//! Whoever speaks HTTP over it owns it; meanwhile a waiting request may hear that its
//! caller hung up, and a parked connection may be asked whether it is still open.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::net::{RecvFlags, Shutdown};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// What is read and written. The reading half stays with the owner, because only its
/// own `poll_read` saves the system call that finds nothing more to read.
pub struct Wire {
    reading: OwnedReadHalf,
    line: Line,
}

/// How the connection is, for as long as anybody wants to know.
#[derive(Clone)]
pub struct Line(Arc<OwnedWriteHalf>);

impl Wire {
    pub fn new(stream: TcpStream) -> Self {
        let (reading, writing) = stream.into_split();
        Self { reading, line: Line(Arc::new(writing)) }
    }

    pub fn line(&self) -> Line {
        self.line.clone()
    }
}

impl Line {
    fn stream(&self) -> &TcpStream {
        (*self.0).as_ref()
    }

    /// Returns when the other side has closed, although nothing of what it sent before
    /// may have been read. Elsewhere than on Linux nobody hears it before they read.
    pub async fn hung_up(&self) {
        // Nobody asked the kernel for urgent data, so what ends this is the close alone.
        #[cfg(target_os = "linux")]
        let ended = self.stream().ready(tokio::io::Interest::PRIORITY).await.is_ok();
        #[cfg(not(target_os = "linux"))]
        let ended = false;
        if !ended {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the other side has neither closed nor said anything. Asks the kernel: the
    /// runtime hears of a close only when it next looks for events.
    pub fn is_quiet(&self) -> bool {
        let mut byte = [0];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        matches!(rustix::net::recv(self.stream(), &mut byte, flags), Err(Errno::AGAIN))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reading).poll_read(context, buffer)
    }
}

impl Wire {
    fn write(
        &self,
        context: &mut Context<'_>,
        mut write: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let stream = self.line.stream();
        loop {
            ready!(stream.poll_write_ready(context))?;
            match write(stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |stream| stream.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = rustix::net::shutdown(self.line.stream(), Shutdown::Write);
        Poll::Ready(ended.map_err(io::Error::from))
    }
}
