//! A command in a running container, from the platform's side.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use dais_streaming::{Stream, Wanted};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::process::Child;

use super::descriptor::Descriptor;
use crate::host::Host;
use crate::pods::start::words;
use crate::shim::ExecSpec;
use crate::shim::record::{self, AttemptDir, Durable, RunState};

/// What the shim is told, in a file that goes with this.
pub(crate) struct Order(PathBuf);

impl Order {
    /// # Errors
    /// Words: the container does not run, the file could not be written.
    pub(crate) fn write(
        dir: &AttemptDir,
        argv: Vec<String>,
        terminal: bool,
    ) -> Result<Order, String> {
        let text = |error: crate::error::Error| words(&error);
        let state = record::read::<RunState>(&dir.state(), "a container's state").map_err(text)?;
        let state = state.ok_or("the container has not started")?;
        let spec = ExecSpec { container: dir.spec(), process: state.process, argv, terminal };
        let file = dir.0.join(format!("exec-{}.json", uuid::Uuid::new_v4().simple()));
        record::write(&file, &spec, Durable::Processes).map_err(text)?;
        Ok(Order(file))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Order {
    fn drop(&mut self) {
        // The attempt's directory may be gone, and the file with it.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A command at work.
pub(super) struct Process {
    /// The shim that waits for it, and ends with its code.
    pub(super) shim: Child,
    pub(super) input: Option<Arc<Descriptor>>,
    pub(super) outputs: Vec<(Stream, Arc<Descriptor>)>,
    /// The same as input and output.
    pub(super) terminal: Option<Arc<Descriptor>>,
    /// Kept until the command has ended.
    pub(super) order: Order,
}

impl Process {
    /// # Errors
    /// Words: why it could not be started.
    pub(super) async fn start(
        host: &Host,
        dir: &AttemptDir,
        argv: Vec<String>,
        wanted: Wanted,
    ) -> Result<Process, String> {
        let order = Order::write(dir, argv, wanted.terminal)?;
        let started = if wanted.terminal {
            in_terminal(host, order).await
        } else {
            with_pipes(host, order, wanted)
        };
        started.map_err(|error| format!("start the command: {error}"))
    }
}

fn with_pipes(host: &Host, order: Order, wanted: Wanted) -> io::Result<Process> {
    let mut command = host.shims.command();
    command.arg("exec").arg(order.path());
    let mut input = None;
    if wanted.stdin {
        let (theirs, ours) = pipe()?;
        command.stdin(theirs);
        input = Some(Arc::new(Descriptor::new(ours)?));
    }
    let mut outputs = Vec::new();
    let (ours, theirs) = pipe()?;
    command.stdout(theirs);
    outputs.push((Stream::Stdout, Arc::new(Descriptor::new(ours)?)));
    let (ours, theirs) = pipe()?;
    command.stderr(theirs);
    outputs.push((Stream::Stderr, Arc::new(Descriptor::new(ours)?)));
    let shim = command.spawn()?;
    Ok(Process { shim, input, outputs, terminal: None, order })
}

/// Its reading and its writing end.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?)
}

async fn in_terminal(host: &Host, order: Order) -> io::Result<Process> {
    let (ours, theirs) = UnixStream::pair()?;
    let theirs: OwnedFd = theirs.into_std()?.into();
    rustix::io::ioctl_fionbio(&theirs, false)?;
    let mut command = host.shims.command();
    command.arg("exec").arg(order.path());
    command.stdin(theirs).stdout(Stdio::null()).stderr(Stdio::piped());
    let shim = command.spawn()?;
    // The shim's end of the socket is its alone, so that its death is seen.
    drop(command);
    let Some(master) = receive(&ours).await? else {
        let said = shim.wait_with_output().await?;
        return Err(io::Error::other(String::from_utf8_lossy(&said.stderr).trim().to_owned()));
    };
    let terminal = Arc::new(Descriptor::new(master)?);
    Ok(Process {
        shim,
        input: Some(terminal.clone()),
        outputs: vec![(Stream::Stdout, terminal.clone())],
        terminal: Some(terminal),
        order,
    })
}

/// The descriptor that the other side sends; `None` when it ends without.
async fn receive(socket: &UnixStream) -> io::Result<Option<OwnedFd>> {
    let receive = || {
        let mut byte = [0];
        let mut buffers = [io::IoSliceMut::new(&mut byte)];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC;
        rustix::net::recvmsg(socket, &mut buffers, &mut control, flags)?;
        let descriptors = control.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        });
        Ok(descriptors.flatten().next())
    };
    socket.async_io(Interest::READABLE, receive).await
}
