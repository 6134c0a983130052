//! `/attach/{namespace}/{pod}/{container}?output=1&error=1`: what a container prints from
//! now on. Containers have no standard input here, so nothing can be typed.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dais_streaming::{Client, End, Stream, Wanted};

use crate::host::Host;
use crate::logs::{LOOK, Reader, Source, tail};
use crate::pods::registry::{Found, Refusal};

pub(super) async fn attach(
    State(host): State<Arc<Host>>,
    Path((namespace, pod, container)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let (wanted, _) = super::asked(request.uri().query().unwrap_or_default());
    match open(&host, (&namespace, &pod, &container), wanted) {
        Ok((source, reader)) => {
            dais_streaming::command(request, wanted, move |client| {
                follow(source, reader, wanted, client)
            })
            .await
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn open(
    host: &Arc<Host>,
    (namespace, pod, container): (&str, &str, &str),
    wanted: Wanted,
) -> Result<(Source, Reader), Refusal> {
    let Found { names, entry } = host.find(namespace, pod, container)?;
    let refuse = |words: String| (StatusCode::BAD_REQUEST, words);
    if !entry.running {
        let words = format!("container {container:?} of pod {pod:?} does not run now");
        return Err(refuse(words));
    }
    if wanted.stdin || wanted.terminal {
        let words = "containers of this node have neither standard input nor a terminal to \
                     attach to (hint: kubectl exec -it starts a shell with both)";
        return Err(refuse(words.to_owned()));
    }
    let path = host.dirs.log(&names, container, entry.attempt);
    let (_, reader) = tail(&path, 0).map_err(|error| {
        (StatusCode::INTERNAL_SERVER_ERROR, format!("read {}: {error}", path.display()))
    })?;
    let source = Source {
        host: host.clone(),
        uid: names.uid,
        container: container.to_owned(),
        attempt: entry.attempt,
    };
    Ok((source, reader))
}

async fn follow(source: Source, mut reader: Reader, wanted: Wanted, client: Client) -> End {
    loop {
        // Asked before reading: what a container wrote before it ended is read.
        let runs = source.runs();
        loop {
            let entry = match reader.next() {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(error) => return End::Failed(format!("read the log: {error}")),
            };
            let (stream, is_wanted) = match entry.is_error {
                true => (Stream::Stderr, wanted.stderr),
                false => (Stream::Stdout, wanted.stdout),
            };
            let mut bytes = entry.message;
            if entry.full {
                bytes.push(b'\n');
            }
            let Some(room) = client.output.room().await else {
                return End::Failed("the client hung up".to_owned());
            };
            if is_wanted {
                room.fill(stream, Bytes::from(bytes));
            }
        }
        if !runs {
            return End::Exited(0);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = client.output.gone() => return End::Failed("the client hung up".to_owned()),
        }
    }
}
