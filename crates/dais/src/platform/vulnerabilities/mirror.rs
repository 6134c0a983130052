//! Advisories of a company's own mirror, copied into the data directory: what was fetched
//! once is there when the mirror is not.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use dais_advisories::Advisories;
use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderValue, StatusCode};
use tokio::fs;
use tokio::io::AsyncWriteExt;

/// osv.dev writes its archives anew some times a day.
const AGAIN: Duration = Duration::from_secs(3600);
/// After one that failed.
const RETRY: Duration = Duration::from_secs(60);
/// Bytes: what a reader takes.
const LARGEST: usize = 512 << 20;

/// Keeps `folder` as the mirror is, for as long as it is polled.
pub async fn follow(address: &str, folder: &Path) {
    let client = reqwest::Client::builder().connect_timeout(RETRY).read_timeout(RETRY).build();
    let client = match client {
        Ok(client) => client,
        Err(error) => return tracing::error!(%error, "advisories cannot be fetched"),
    };
    let mut had = None;
    loop {
        let wait = match fetch(&client, address, folder, had.as_ref()).await {
            Ok(tag) => {
                had = tag;
                AGAIN
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "advisories not fetched");
                RETRY
            }
        };
        tokio::time::sleep(wait).await;
    }
}

/// The archive's tag, by which the mirror tells whether it changed.
async fn fetch(
    client: &reqwest::Client,
    address: &str,
    folder: &Path,
    had: Option<&HeaderValue>,
) -> Result<Option<HeaderValue>> {
    let folder = folder.join("PyPI");
    let (archive, half) = (folder.join("all.zip"), folder.join("all.zip.partial"));
    let mut request = client.get(format!("{}/PyPI/all.zip", address.trim_end_matches('/')));
    if let Some(tag) = had.filter(|_| archive.exists()) {
        request = request.header(IF_NONE_MATCH, tag);
    }
    // An address may hold a password: errors are told without it.
    let asked = request.send().await.map_err(reqwest::Error::without_url);
    let mut response = asked.context("asking the mirror")?;
    if response.status() == StatusCode::NOT_MODIFIED {
        return Ok(had.cloned());
    }
    if !response.status().is_success() {
        bail!("the mirror answers {} to PyPI/all.zip", response.status());
    }
    fs::create_dir_all(&folder).await.context("making the folder of advisories")?;
    let mut file = fs::File::create(&half).await.context("writing advisories")?;
    let mut length = 0;
    while let Some(piece) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        length += piece.len();
        if length > LARGEST {
            bail!("the mirror's archive is larger than {} MiB", LARGEST >> 20);
        }
        file.write_all(&piece).await.context("writing advisories")?;
    }
    file.sync_all().await.context("writing advisories")?;
    let of = half.clone();
    let read = tokio::task::spawn_blocking(move || Advisories::read_archive(&of)).await;
    // What cannot be read does not take the place of what can.
    read.context("reading advisories")?.context("reading what the mirror sent")?;
    fs::rename(&half, &archive).await.context("writing advisories")?;
    Ok(response.headers().get(ETAG).cloned())
}
