//! `/exec/{namespace}/{pod}/{container}?command=…&input=1&output=1&error=1&tty=1`.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dais_streaming::{Client, End, Output, Stream, Wanted};
use tokio::sync::{mpsc, watch};

use super::descriptor::Descriptor;
use super::process::Process;
use crate::host::Host;
use crate::pods::registry::Refusal;
use crate::shim::record::AttemptDir;

/// A command whose client hung up has so long to end before it is killed.
const GRACE: Duration = Duration::from_secs(10);

pub(super) async fn exec(
    State(host): State<Arc<Host>>,
    Path((namespace, pod, container)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let (wanted, argv) = super::asked(request.uri().query().unwrap_or_default());
    if argv.is_empty() {
        let words = "you must specify at least one command for the container";
        return (StatusCode::BAD_REQUEST, words).into_response();
    }
    let dir = match running(&host, &namespace, &pod, &container) {
        Ok(dir) => dir,
        Err(refusal) => return refusal.into_response(),
    };
    dais_streaming::command(request, wanted, async move |client| {
        match Process::start(&host, &dir, argv, wanted).await {
            Ok(process) => carry(process, client, wanted).await,
            Err(words) => End::Failed(words),
        }
    })
    .await
}

/// The attempt that runs now.
fn running(
    host: &Host,
    namespace: &str,
    pod: &str,
    container: &str,
) -> Result<AttemptDir, Refusal> {
    let found = host.find(namespace, pod, container)?;
    if !found.entry.running {
        let words = format!(
            "container {container:?} of pod {pod:?} does not run now (hint: its log says why)"
        );
        return Err((StatusCode::BAD_REQUEST, words));
    }
    Ok(host.dirs.attempt(&found.names.uid, container, found.entry.attempt))
}

/// Carries bytes both ways until the command ends or its client hangs up.
async fn carry(process: Process, client: Client, wanted: Wanted) -> End {
    let Process { mut shim, input, outputs, terminal, order: _order } = process;
    let Client { input: typed, output, sizes } = client;
    let ended = {
        let typing = type_in(input, typed);
        let writing = futures::future::join_all(
            outputs.iter().map(|(stream, from)| write_out(*stream, from, &output, wanted)),
        );
        let resizing = resize(terminal.as_deref(), sizes);
        let pumps = async {
            tokio::join!(typing, writing, resizing);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = shim.wait() => Some(ended),
            () = pumps => None,
            () = output.gone() => None,
        }
    };
    let Some(ended) = ended else {
        drop((outputs, terminal));
        if let Some(pid) = shim.id().and_then(|pid| rustix::process::Pid::from_raw(pid as i32)) {
            // It has ended by itself where this fails.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        // Whatever is left then is killed with the shim, which goes with its handle.
        let _ = tokio::time::timeout(GRACE, shim.wait()).await;
        return End::Failed("the client hung up".to_owned());
    };
    for (stream, from) in &outputs {
        while let Some(bytes) = from.read_now() {
            put(*stream, bytes, &output, wanted).await;
        }
    }
    match ended {
        Ok(status) => End::Exited(code(status)),
        Err(error) => End::Failed(format!("wait for the command: {error}")),
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// Returns, and closes the command's input, when the client has said all.
async fn type_in(input: Option<Arc<Descriptor>>, typed: Option<mpsc::Receiver<Bytes>>) {
    let (Some(input), Some(mut typed)) = (input, typed) else { return };
    while let Some(bytes) = typed.recv().await {
        if input.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn write_out(stream: Stream, from: &Descriptor, output: &Output, wanted: Wanted) {
    // Room first: what was read would be lost if the command ended while it waits.
    while let Some(room) = output.room().await {
        let Some(bytes) = from.read().await else { return };
        if is_wanted(stream, wanted) {
            room.fill(stream, bytes);
        }
    }
}

async fn put(stream: Stream, bytes: Bytes, output: &Output, wanted: Wanted) {
    if is_wanted(stream, wanted)
        && let Some(room) = output.room().await
    {
        room.fill(stream, bytes);
    }
}

fn is_wanted(stream: Stream, wanted: Wanted) -> bool {
    match stream {
        Stream::Stdout => wanted.stdout,
        Stream::Stderr => wanted.stderr,
    }
}

async fn resize(terminal: Option<&Descriptor>, mut sizes: watch::Receiver<dais_streaming::Size>) {
    let Some(terminal) = terminal else { return };
    // What was told before the terminal was there counts too.
    sizes.mark_changed();
    while sizes.changed().await.is_ok() {
        let size = *sizes.borrow_and_update();
        if size.width > 0 && size.height > 0 {
            terminal.resize(size.width, size.height);
        }
    }
}
