//! A version's files on this machine.

use std::path::{Component, Path};

use anyhow::{Context, Result, bail};
use futures::TryStreamExt;
use reqwest::Method;
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use super::word;
use crate::cli::DataDownload;
use crate::client::{self, Connection};
use crate::commands::upload::encode;

/// Names that this ends with are not whole yet.
const PART: &str = ".dais-part";

pub async fn run(connection: &Connection, base: &str, asked: &DataDownload) -> Result<()> {
    let version = format!("{base}/versions/{}", word(&asked.version));
    let found: Value = connection.get(&version).await?;
    // A name may move while files come: the rest is of the same version.
    let version = format!("{base}/versions/{}", found["name"].as_str().unwrap_or_default());
    let files: Vec<&str> = found["files"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|file| file["path"].as_str())
        .collect();
    for (at, path) in files.iter().enumerate() {
        eprintln!("[{}/{}] {path}", at + 1, files.len());
        let to = asked.folder.join(inside(path)?);
        let folder = to.parent().unwrap_or(&asked.folder);
        tokio::fs::create_dir_all(folder)
            .await
            .with_context(|| format!("making {}", folder.display()))?;
        let address = format!("{version}/files/{}", encode(path));
        let answer = client::send(connection.request(Method::GET, &address)).await?;
        write(answer, &to).await.with_context(|| format!("writing {}", to.display()))?;
    }
    Ok(())
}

async fn write(answer: reqwest::Response, to: &Path) -> Result<()> {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(PART);
    let part = to.with_file_name(name);
    let mut file = tokio::fs::File::create(&part).await?;
    let mut content = answer.bytes_stream();
    while let Some(bytes) = content.try_next().await? {
        file.write_all(&bytes).await?;
    }
    file.flush().await?;
    Ok(tokio::fs::rename(&part, to).await?)
}

/// # Errors
/// For a path that leaves the folder: the platform gives none.
fn inside(path: &str) -> Result<&Path> {
    let path = Path::new(path);
    match path.components().all(|part| matches!(part, Component::Normal(_))) {
        true => Ok(path),
        false => bail!("{} is no path inside a version", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_folder() {
        assert!(inside("a/数 b.csv").is_ok());
        for path in ["../a", "/etc/passwd", "a/../../b"] {
            assert!(inside(path).is_err(), "{path}");
        }
    }
}
