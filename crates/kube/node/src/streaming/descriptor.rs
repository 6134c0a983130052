//! An end of a pipe or a terminal, read and written without blocking.

use std::io;
use std::os::fd::OwnedFd;

use bytes::Bytes;
use tokio::io::unix::AsyncFd;

use crate::runtime;

/// Bytes read at once.
const PIECE: usize = 32 * 1024;

pub(super) struct Descriptor(AsyncFd<OwnedFd>);

impl Descriptor {
    pub(super) fn new(fd: OwnedFd) -> io::Result<Descriptor> {
        rustix::io::ioctl_fionbio(&fd, true)?;
        Ok(Descriptor(runtime::watched(fd)?))
    }

    /// The next piece; `None` at the end. A terminal that nobody else holds any more ends
    /// with an error of its own.
    pub(super) async fn read(&self) -> Option<Bytes> {
        loop {
            let mut ready = self.0.readable().await.ok()?;
            match ready.try_io(|fd| read(fd.get_ref())) {
                Ok(Ok(bytes)) if !bytes.is_empty() => return Some(bytes),
                Ok(_) => return None,
                Err(_not_ready) => {}
            }
        }
    }

    /// What is there now; `None` when there is nothing, or never will be.
    pub(super) fn read_now(&self) -> Option<Bytes> {
        read(self.0.get_ref()).ok().filter(|bytes| !bytes.is_empty())
    }

    pub(super) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let mut ready = self.0.writable().await?;
            match ready.try_io(|fd| Ok(rustix::io::write(fd.get_ref(), bytes)?)) {
                Ok(written) => bytes = &bytes[written?..],
                Err(_not_ready) => {}
            }
        }
        Ok(())
    }

    /// Of a terminal.
    pub(super) fn resize(&self, columns: u16, rows: u16) {
        let size =
            rustix::termios::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        if let Err(error) = rustix::termios::tcsetwinsize(self.0.get_ref(), size) {
            tracing::debug!(%error, "terminal not resized");
        }
    }
}

fn read(fd: &OwnedFd) -> io::Result<Bytes> {
    let mut buffer = vec![0; PIECE];
    let length = rustix::io::read(fd, &mut buffer[..])?;
    buffer.truncate(length);
    Ok(buffer.into())
}
