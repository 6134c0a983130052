//! The whole state as one tar stream, taken while the platform runs.
//!
//! The databases are copied first, each in itself consistent; then the files that
//! they refer to, which are immutable once they are referred to. So a file may be
//! in the backup that no row names, and never the reverse.
//! Not in it: what is made anew (environments, telemetry, running containers).

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use dais_identity::Caller;
use http::{StatusCode, header};
use serde_json::json;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio_util::io::{ReaderStream, SyncIoBridge};

use super::datadir::DataDir;
use super::parts::Parts;

/// Databases in the backup: path below the data directory.
pub const OBJECTS: &str = "kube/objects.db";
pub const RELATIONS: [&str; 7] = [
    "relations/identity.db",
    "relations/tracking.db",
    "relations/data.db",
    "relations/buckets.db",
    "relations/ledger.db",
    "relations/labeling.db",
    "relations/outcomes.db",
];
/// Folders and files that are copied as they are.
const COPIED: [&str; 3] = ["version", "keys", "files"];
/// How far the archive may run ahead of the one who reads it.
const AHEAD: usize = 256 << 10;

struct Source {
    store: dais_store::Store,
    data_dir: DataDir,
}

/// `GET /api/backup`, for administrators.
pub fn router(parts: &Parts, data_dir: &DataDir) -> Router {
    let source = Source { store: parts.store.clone(), data_dir: data_dir.clone() };
    Router::new().route("/api/backup", get(download)).with_state(Arc::new(source))
}

async fn download(State(source): State<Arc<Source>>, request: Request) -> Response {
    let admin = request.extensions().get::<Caller>().is_some_and(Caller::is_admin);
    if !admin {
        let error = json!({"error": {
            "reason": "a backup holds everything, keys included",
            "hint": "ask an administrator of the platform",
        }});
        return (StatusCode::FORBIDDEN, Json(error)).into_response();
    }
    match snapshot(&source).await {
        Ok(databases) => stream(source, databases),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "backup failed");
            let error = json!({"error": {"reason": format!("{error:#}"), "hint": "see the platform's log"}});
            (StatusCode::INTERNAL_SERVER_ERROR, Json(error)).into_response()
        }
    }
}

/// Consistent copies of all databases, in a folder that goes with the answer.
async fn snapshot(source: &Source) -> Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("backup-")
        .tempdir_in(source.data_dir.root())
        .context("making a folder for the copies")?;
    let to = |name: &str| -> Result<PathBuf> {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(folder.path()))
            .context("making a folder for the copies")?;
        Ok(path)
    };
    source.store.backup(&to(OBJECTS)?).await.context("copying the objects")?;
    for name in RELATIONS {
        copy_database(&source.data_dir.file(name), &to(name)?)
            .await
            .with_context(|| format!("copying {name}"))?;
    }
    Ok(folder)
}

/// A consistent copy of a SQLite database that is in use.
async fn copy_database(from: &Path, to: &Path) -> Result<()> {
    let options = SqliteConnectOptions::new().filename(from).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let to = to.to_str().context("the data directory's name is no UTF-8")?;
    sqlx::query("VACUUM INTO ?").bind(to).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

fn stream(source: Arc<Source>, databases: tempfile::TempDir) -> Response {
    let (reader, writer) = tokio::io::duplex(AHEAD);
    let root = source.data_dir.root().to_owned();
    let writer = SyncIoBridge::new(writer);
    tokio::task::spawn_blocking(move || {
        // The reader sees a broken archive when this fails, and `restore` refuses it.
        if let Err(error) = archive(writer, &root, databases.path()) {
            tracing::error!(error = format!("{error:#}"), "backup broken off");
        }
    });
    let headers = [(header::CONTENT_TYPE, "application/x-tar")];
    (headers, Body::from_stream(ReaderStream::new(reader))).into_response()
}

fn archive(writer: impl Write, root: &Path, databases: &Path) -> Result<()> {
    let mut archive = tar::Builder::new(writer);
    archive.follow_symlinks(false);
    for name in [OBJECTS].iter().chain(&RELATIONS) {
        archive
            .append_path_with_name(databases.join(name), name)
            .with_context(|| format!("adding {name}"))?;
    }
    for name in COPIED {
        let path = root.join(name);
        if path.is_dir() {
            archive.append_dir_all(name, &path).with_context(|| format!("adding {name}"))?;
        } else if path.exists() {
            archive.append_path_with_name(&path, name).with_context(|| format!("adding {name}"))?;
        }
    }
    // The last entry: without it an archive is not whole.
    let mut header = tar::Header::new_gnu();
    header.set_size(0);
    header.set_mode(0o600);
    archive.append_data(&mut header, END, std::io::empty()).context("ending the archive")?;
    archive.into_inner().context("ending the archive")?.flush().context("ending the archive")
}

/// Name of the last entry of a whole archive.
pub const END: &str = "end-of-backup";
