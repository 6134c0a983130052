//! What the portal and the command line do with notebooks beyond their objects: see what is
//! in one, and take code out of it for a job.
//!
//! | `/notebooks/p/<project>/<name>` | |
//! |---|---|
//! | `GET /files?path=` | a folder of its home: `{path, entries: [{name, path, kind, bytes, modified}]}` |
//! | `POST /code {path}` | makes a bundle of the file's folder; answers what a job needs |

mod jupyter;

use axum::body::Body;
use axum::extract::{Extension, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dais_api::{DatasetInput, Notebook};
use dais_controllers::notebook::door;
use dais_data::Data;
use http::{Request, StatusCode};
use kube::{Api, Client};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower::ServiceExt;

pub use jupyter::Jupyter;
use jupyter::{Contents, Error, Kind, Server};

use crate::commands::LEFT_OUT;

/// A bundle over this is data: it belongs into a dataset.
const LARGEST: usize = 100 << 20;
/// Files of a bundle. Each is a request.
const MOST_FILES: usize = 2_000;

/// Whose notebooks: decided before a request comes here.
#[derive(Clone, Debug)]
pub struct Scope {
    pub project: String,
    pub user: String,
}

#[derive(Clone)]
struct Shared {
    client: Client,
    jupyter: Jupyter,
    code: Router,
}

pub fn router(client: Client, jupyter: Jupyter, data: &Data) -> Router {
    let code = dais_data::router(data.clone());
    Router::new()
        .route("/{name}/files", get(files))
        .route("/{name}/code", post(code_of))
        .with_state(Shared { client, jupyter, code })
}

/// Why not: what a person can change.
struct Refusal {
    status: StatusCode,
    field: &'static str,
    reason: String,
    hint: &'static str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, field, reason, hint } = self;
        let error = json!({"error": {"field": field, "reason": reason, "hint": hint}});
        (status, Json(error)).into_response()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, hint) = match &error {
            Error::NotFound(_) => {
                (StatusCode::NOT_FOUND, "paths are as JupyterLab shows them, from the home folder")
            }
            _ => (StatusCode::BAD_GATEWAY, "the notebook's log says more; try again"),
        };
        let mut reason = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(next) = cause {
            reason = format!("{reason}: {next}");
            cause = next.source();
        }
        Self { status, field: "path", reason, hint }
    }
}

fn unknown(error: &kube::Error) -> Refusal {
    tracing::error!(%error, "notebook not read");
    let (status, reason) = (StatusCode::SERVICE_UNAVAILABLE, "the notebook could not be read");
    let hint = "the platform's log says why; try again when that is mended";
    Refusal { status, field: "", reason: reason.to_owned(), hint }
}

impl Shared {
    /// The notebook, and its server where it is awake.
    async fn open(&self, project: &str, name: &str) -> Result<(Notebook, Server), Refusal> {
        let notebooks = Api::<Notebook>::namespaced(self.client.clone(), project);
        let found = notebooks.get_opt(name).await.map_err(|error| unknown(&error))?;
        let Some(notebook) = found else {
            let reason = format!("no Notebook {name:?} in project {project:?}");
            let hint = "`dais get notebooks` lists them";
            return Err(Refusal { status: StatusCode::NOT_FOUND, field: "name", reason, hint });
        };
        let opened = door(&notebook, &self.client).await.map_err(|error| unknown(&error))?;
        let Some(door) = opened else {
            let reason = format!("notebook {name:?} is not awake");
            let hint = "open it in the browser, or start it with `dais notebook start`";
            return Err(Refusal { status: StatusCode::CONFLICT, field: "name", reason, hint });
        };
        let server = self.jupyter.server(&door)?;
        Ok((notebook, server))
    }
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    path: String,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    path: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
}

impl From<Contents> for Entry {
    fn from(contents: Contents) -> Self {
        let kind = match contents.kind {
            Kind::Directory => "folder",
            Kind::File => "file",
            Kind::Notebook => "notebook",
        };
        let modified = contents.last_modified.map(|time| time.to_string());
        let Contents { name, path, size: bytes, .. } = contents;
        Self { name, path, kind, bytes, modified }
    }
}

async fn files(
    State(shared): State<Shared>,
    Extension(scope): Extension<Scope>,
    Path(name): Path<String>,
    Query(Place { path }): Query<Place>,
) -> Result<Json<Value>, Refusal> {
    let path = clean(&path)?;
    let (_, server) = shared.open(&scope.project, &name).await?;
    let mut entries: Vec<Entry> =
        server.folder(&path).await?.into_iter().map(Entry::from).collect();
    // Folders first, then by name.
    entries.sort_by(|a, b| (a.kind != "folder", &a.name).cmp(&(b.kind != "folder", &b.name)));
    Ok(Json(json!({"path": path, "entries": entries})))
}

/// A path inside the home, without what leads out of it.
fn clean(path: &str) -> Result<String, Refusal> {
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    let is_bad = |name: &&str| *name == "." || *name == ".." || name.contains(['\0', '\\']);
    if path.len() > 4096 || names.iter().any(is_bad) {
        return Err(Refusal {
            status: StatusCode::BAD_REQUEST,
            field: "path",
            reason: format!("{path:?} is no path inside the home folder"),
            hint: "write it as JupyterLab shows it, for example work/train.ipynb",
        });
    }
    Ok(names.join("/"))
}

/// What a job needs to run a file of a notebook.
#[derive(Serialize)]
struct Code {
    bundle: String,
    command: Vec<String>,
    environment: Option<String>,
    datasets: Vec<DatasetInput>,
}

async fn code_of(
    State(shared): State<Shared>,
    Extension(scope): Extension<Scope>,
    Path(name): Path<String>,
    Json(Place { path }): Json<Place>,
) -> Result<Response, Refusal> {
    let path = clean(&path)?;
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
    let Some(command) = crate::commands::command_of(file) else {
        return Err(Refusal {
            status: StatusCode::BAD_REQUEST,
            field: "path",
            reason: format!("{path:?} is no notebook (.ipynb) and no script (.py, .sh)"),
            hint: "name the file that the job is to run",
        });
    };
    let (notebook, server) = shared.open(&scope.project, &name).await?;
    let archive = pack(&server, folder, file).await?;
    let bundle = match shared.store(&scope, archive).await? {
        Ok(bundle) => bundle,
        Err(refused) => return Ok(refused),
    };
    let status = notebook.status.unwrap_or_default();
    let as_mounted = |mut input: DatasetInput| {
        input.version = status.datasets.get(&input.name).cloned().or(input.version);
        input
    };
    let datasets = notebook.spec.datasets.into_iter().map(as_mounted).collect();
    let code = Code { bundle, command, environment: status.environment, datasets };
    Ok((StatusCode::CREATED, Json(code)).into_response())
}

impl Shared {
    /// The digest of the stored bundle, or the store's own refusal.
    async fn store(
        &self,
        scope: &Scope,
        archive: Vec<u8>,
    ) -> Result<Result<String, Response>, Refusal> {
        let Scope { project, user } = scope.clone();
        let mut request = Request::new(Body::from(archive));
        *request.method_mut() = http::Method::PUT;
        *request.uri_mut() = http::Uri::from_static("/code");
        request.extensions_mut().insert(dais_data::Scope { project, user, write: true });
        let response = match self.code.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        if !response.status().is_success() {
            return Ok(Err(response));
        }
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap_or_default();
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(Ok(answer["digest"].as_str().unwrap_or_default().to_owned()))
    }
}

/// The file's folder with all below it, as a tar archive.
async fn pack(server: &Server, root: &str, wanted: &str) -> Result<Vec<u8>, Refusal> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut open = vec![root.to_owned()];
    let (mut files, mut bytes, mut found) = (0, 0, false);
    while let Some(folder) = open.pop() {
        let mut entries = server.folder(&folder).await?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        for entry in entries {
            let name = entry.path.strip_prefix(root).unwrap_or(&entry.path).trim_start_matches('/');
            if entry.kind == Kind::Directory {
                if !LEFT_OUT.contains(&entry.name.as_str()) {
                    open.push(entry.path);
                }
                continue;
            }
            let announced = entry.size.and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
            if files == MOST_FILES || bytes + announced > LARGEST {
                return Err(too_much(root));
            }
            let content = server.file(&entry.path).await?;
            let content: String = content.split_ascii_whitespace().collect();
            let content = STANDARD.decode(content).map_err(|_| unreadable(&entry.path))?;
            (files, bytes, found) = (files + 1, bytes + content.len(), found || name == wanted);
            if bytes > LARGEST {
                return Err(too_much(root));
            }
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(if name.ends_with(".sh") { 0o755 } else { 0o644 });
            let added = archive.append_data(&mut header, name, content.as_slice());
            added.map_err(|_| unreadable(&entry.path))?;
        }
    }
    if !found {
        let path = format!("{root}/{wanted}");
        return Err(Error::NotFound(path.trim_start_matches('/').to_owned()).into());
    }
    archive.into_inner().map_err(|_| unreadable(root))
}

fn too_much(root: &str) -> Refusal {
    let place = if root.is_empty() { "the home folder" } else { root };
    Refusal {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        field: "path",
        reason: format!("{place} holds over {MOST_FILES} files or {} MiB", LARGEST >> 20),
        hint: "put the program into a folder of its own, and data into a dataset",
    }
}

fn unreadable(path: &str) -> Refusal {
    Refusal {
        status: StatusCode::BAD_GATEWAY,
        field: "path",
        reason: format!("{path:?} could not be packed"),
        hint: "rename it, or leave it out of the program's folder",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_the_home() {
        assert_eq!(clean("/work//a b.ipynb").ok().as_deref(), Some("work/a b.ipynb"));
        assert_eq!(clean("").ok().as_deref(), Some(""));
        for bad in ["..", "a/../../b", "./a", "a\\b", "a\0"] {
            assert_eq!(clean(bad).err().map(|refused| refused.field), Some("path"), "{bad:?}");
        }
    }
}
