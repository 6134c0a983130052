//! A local file on its way to an upload: when the connection breaks, what arrived stays, and
//! the rest is sent.

use std::io::SeekFrom;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use reqwest::{Body, Method, Response, StatusCode};
use serde::Deserialize;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::{Sending, encode};
use crate::client;
use crate::language::say;

/// Smaller files are sent anew.
const LARGE: u64 = 8 << 20;
/// What is waited between tries that brought nothing further.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// What an upload has, as the platform tells it.
#[derive(Deserialize)]
struct Content {
    files: Vec<Whole>,
    partial: Vec<Beginning>,
}

#[derive(Deserialize)]
struct Whole {
    path: String,
    size: u64,
}

#[derive(Deserialize)]
struct Beginning {
    path: String,
    received: u64,
    size: u64,
}

impl Content {
    /// How many bytes of a file are there.
    fn received(&self, name: &str, size: u64) -> u64 {
        if self.files.iter().any(|file| file.path == name && file.size == size) {
            return size;
        }
        let begun = self.partial.iter().find(|file| file.path == name && file.size == size);
        begun.map_or(0, |file| file.received)
    }
}

impl Sending {
    /// Sends a file of this computer; a connection that breaks is not the end.
    pub async fn put_local(&self, path: &Path, name: &str) -> Result<()> {
        let reading = || format!("reading {}", path.display());
        let size = tokio::fs::metadata(path).await.with_context(reading)?.len();
        if size < LARGE {
            let file = File::open(path).await.with_context(reading)?;
            return self.put(name, Body::wrap_stream(ReaderStream::new(file))).await;
        }
        let (mut first, mut pauses) = (0, PAUSES.iter());
        loop {
            let answer = self.put_rest(path, name, (first, size)).await?;
            let error = match answer {
                // More had arrived than was known when this began.
                Ok(answer) if answer.status() == StatusCode::CONFLICT => {
                    anyhow!("the platform has another part of it")
                }
                Ok(answer) => {
                    let answer = client::checked(answer).await;
                    return answer.map(drop).with_context(|| format!("uploading {name}"));
                }
                Err(error) => error.into(),
            };
            // Where that cannot be told now, the next try finds out.
            let received = self.content().await.map_or(first, |known| known.received(name, size));
            if received == size {
                return Ok(());
            }
            if received > first {
                pauses = PAUSES.iter();
            } else {
                let Some(pause) = pauses.next() else {
                    return Err(error.context(format!("uploading {name}")));
                };
                tokio::time::sleep(*pause).await;
            }
            first = received;
            let broke = say("the connection broke; going on at byte", "连接中断，从该字节继续");
            eprintln!("{broke} {first} / {size}");
        }
    }

    async fn put_rest(
        &self,
        path: &Path,
        name: &str,
        (first, size): (u64, u64),
    ) -> Result<reqwest::Result<Response>> {
        // Opened anew: what the try before still reads would move a place that both share.
        let mut file = File::open(path).await.context("reading the file")?;
        file.seek(SeekFrom::Start(first)).await.context("reading the file")?;
        let address = format!("{}/files/{}", self.address, encode(name));
        let request = self.connection.request(Method::PUT, &address);
        let body = Body::wrap_stream(ReaderStream::new(file.take(size - first)));
        let range = format!("bytes {first}-{}/{size}", size - 1);
        Ok(request.header("content-range", range).body(body).send().await)
    }

    async fn content(&self) -> Result<Content> {
        self.connection.get(&self.address).await
    }
}
