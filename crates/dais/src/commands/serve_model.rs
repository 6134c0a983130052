//! `dais serve-model`: fetches one model version and serves it. Runs inside a pod.

mod spans;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use dais_api::ModelReference;
use dais_api::reference::ModelVersion;
use dais_inference::SpanSink;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::cli::ServeModel;
use crate::client;
use spans::Spans;

/// The tracking server and the token for it, as every pod gets them.
struct Registry {
    uri: String,
    token: String,
    http: reqwest::Client,
}

pub async fn run(args: ServeModel) -> Result<ExitCode> {
    let model: ModelReference = args.model.parse()?;
    let ModelVersion::Number(version) = &model.version else {
        bail!("{model}: a model server is given a version's number, not an alias");
    };
    let registry = Registry::from_env()?;
    let folder = tempfile::tempdir().context("making a folder for the model")?;
    let path = registry.fetch(&model.name, version, folder.path()).await?;
    let listener = bind(args.listen).await?;
    println!("serving {model} at http://{}", args.listen);
    let spans = Spans::from_env(&registry.token);
    let delivery = spans.clone().map(|spans| tokio::spawn(spans.deliver()));
    let config = dais_inference::ServerConfig {
        model_name: model.name.clone(),
        model_version: version.clone(),
        path,
        listener,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        runtime_library: args.environment.as_deref().and_then(runtime_library),
        spans: spans.clone().map(|spans| Arc::new(spans) as Arc<dyn SpanSink>),
    };
    let served = dais_inference::serve(config).await.context("serving the model");
    if let (Some(spans), Some(delivery)) = (spans, delivery) {
        delivery.abort();
        spans.flush().await;
    }
    served?;
    Ok(ExitCode::SUCCESS)
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// ONNX Runtime's library in a Python environment that has the package.
fn runtime_library(environment: &Path) -> Option<PathBuf> {
    let lib = environment.join("venv/lib");
    let pythons = std::fs::read_dir(lib).ok()?.flatten();
    pythons
        .map(|python| python.path().join("site-packages/onnxruntime/capi"))
        .filter_map(|capi| std::fs::read_dir(capi).ok())
        .flat_map(Iterator::flatten)
        .map(|entry| entry.path())
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("libonnxruntime.so")
        })
}

impl Registry {
    fn from_env() -> Result<Self> {
        let variable = |name: &str| {
            std::env::var(name).with_context(|| format!("{name} is not set; pods get it from dais"))
        };
        Ok(Self {
            uri: variable("MLFLOW_TRACKING_URI")?,
            token: variable("MLFLOW_TRACKING_TOKEN")?,
            http: reqwest::Client::new(),
        })
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let address = format!("{}/api/2.0/{path}", self.uri.trim_end_matches('/'));
        client::answer(self.http.get(address).bearer_auth(&self.token)).await
    }

    /// The ONNX file of a version, and what lies beside it.
    async fn fetch(&self, name: &str, version: &str, into: &Path) -> Result<PathBuf> {
        let query = [("name", name), ("version", version)];
        let query = url_query(&query);
        let found = self
            .get(&format!("mlflow/model-versions/get-download-uri?{query}"))
            .await
            .with_context(|| format!("asking where models:/{name}/{version} is"))?;
        let root = found["artifact_uri"].as_str().context("the version has no files")?.to_owned();
        let names = self.list(&root, "").await.context("listing the model's files")?;
        let wanted: Vec<&String> = names.iter().filter(|name| is_wanted(name)).collect();
        for name in &wanted {
            self.download(&root, name, into).await?;
        }
        let model = wanted.into_iter().find(|name| name.ends_with(".onnx"));
        match model {
            Some(model) => Ok(into.join(model)),
            None => bail!(
                "models:/{name}/{version} is not ONNX: among its files {names:?} none ends in \
                 .onnx; register it with mlflow.onnx.log_model, or serve it with a command"
            ),
        }
    }

    /// Names of all files below `root`. Artifact roots are addresses that end in
    /// a path of the artifact service, which lists one folder at a time.
    async fn list(&self, root: &str, folder: &str) -> Result<Vec<String>> {
        let (service, base) = split_root(root)?;
        let at = join(&base, folder);
        let address = format!("{service}?{}", url_query(&[("path", at.as_str())]));
        let answer: Value = client::answer(self.http.get(address).bearer_auth(&self.token)).await?;
        let mut names = Vec::new();
        for file in answer["files"].as_array().into_iter().flatten() {
            let path = file["path"].as_str().unwrap_or_default();
            let name = join(folder, path.rsplit('/').next().unwrap_or(path));
            if file["is_dir"].as_bool().unwrap_or(false) {
                names.extend(Box::pin(self.list(root, &name)).await?);
            } else {
                names.push(name);
            }
        }
        Ok(names)
    }

    async fn download(&self, root: &str, name: &str, into: &Path) -> Result<()> {
        let address = format!("{}/{name}", root.trim_end_matches('/'));
        let request = self.http.get(&address).bearer_auth(&self.token);
        let mut response =
            client::send(request).await.with_context(|| format!("downloading {name}"))?;
        let path = into.join(name);
        if let Some(parent) = path.parent() {
            tokio::fs::create_dir_all(parent).await.context("making the model's folder")?;
        }
        let mut file = tokio::fs::File::create(&path).await.context("writing the model")?;
        while let Some(chunk) = response.chunk().await.context("downloading the model")? {
            tokio::io::AsyncWriteExt::write_all(&mut file, &chunk)
                .await
                .context("writing the model")?;
        }
        tokio::io::AsyncWriteExt::flush(&mut file).await.context("writing the model")
    }
}

/// Weights beside the graph carry other endings; documentation is not needed.
fn is_wanted(name: &str) -> bool {
    let in_subfolder_of_examples = name.contains("input_example") || name.contains("metadata/");
    !in_subfolder_of_examples
}

/// `…/mlflow-artifacts/artifacts/<path>` → the listing service and `<path>`.
fn split_root(root: &str) -> Result<(String, String)> {
    const MARK: &str = "/mlflow-artifacts/artifacts";
    let at = root.find(MARK).with_context(|| {
        format!("the model's files are at {root}, which is no artifact service of dais")
    })?;
    let (service, path) = root.split_at(at + MARK.len());
    Ok((service.to_owned(), path.trim_matches('/').to_owned()))
}

fn join(folder: &str, name: &str) -> String {
    match (folder.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => folder.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

fn url_query(pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    query.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_split_at_the_artifact_service() {
        let root = "http://h:1/mlflow/p/a/api/2.0/mlflow-artifacts/artifacts/0/r1/artifacts/model";
        let (service, path) = split_root(root).unwrap();
        assert_eq!(service, "http://h:1/mlflow/p/a/api/2.0/mlflow-artifacts/artifacts");
        assert_eq!(path, "0/r1/artifacts/model");
        assert!(split_root("s3://bucket/x").is_err());
        assert_eq!(url_query(&[("name", "a b&c")]), "name=a+b%26c");
    }
}
