//! `dais upload`: files become the next version of a dataset, all or none.

mod resuming;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use dais_api::{Dataset, DatasetSpec};
use kube::Api;
use kube::api::PostParams;
use reqwest::{Body, Method};
use serde_json::{Value, json};
use walkdir::WalkDir;

use crate::cli::{Target, Upload};
use crate::client::{self, Connection};
use crate::language::say;
use crate::output::{Table, print};

pub async fn run(target: &Target, args: Upload) -> Result<ExitCode> {
    if let Some((bucket, prefix)) = objects(&args.paths)? {
        let connection = Connection::open(target)?;
        ensure_dataset(&connection, target, &args.dataset).await?;
        let body = json!({"dataset": args.dataset, "bucket": bucket, "prefix": prefix});
        let address = format!("/buckets/p/{}/import", target.project);
        let made: Value = connection.post(&address, &body).await?;
        print(target.output, &made, || table(&made))?;
        return Ok(ExitCode::SUCCESS);
    }
    let files = files(&args.paths)?;
    let connection = Connection::open(target)?;
    ensure_dataset(&connection, target, &args.dataset).await?;
    let sending = Sending::begin(&connection, target).await?;
    let count = files.len();
    for (at, (path, name)) in files.into_iter().enumerate() {
        eprintln!("[{}/{count}] {name}", at + 1);
        sending.put_local(&path, &name).await?;
    }
    sending.commit(target, &args.dataset).await
}

/// Files on their way to the platform, which become a version all together.
pub struct Sending {
    connection: Connection,
    /// Of the upload.
    address: String,
}

impl Sending {
    pub async fn begin(connection: &Connection, target: &Target) -> Result<Self> {
        let uploads = format!("/data/p/{}/uploads", target.project);
        let begun: Value =
            connection.post(&uploads, &json!({})).await.context("beginning the upload")?;
        let upload = begun["upload"].as_str().context("the platform named no upload")?;
        Ok(Self { connection: connection.clone(), address: format!("{uploads}/{upload}") })
    }

    pub async fn put(&self, name: &str, body: Body) -> Result<()> {
        let address = format!("{}/files/{}", self.address, encode(name));
        let sent = client::send(self.connection.request(Method::PUT, &address).body(body)).await;
        sent.with_context(|| format!("uploading {name}"))?;
        Ok(())
    }

    /// Makes what was sent the next version of a dataset, and says which.
    pub async fn commit(self, target: &Target, dataset: &str) -> Result<ExitCode> {
        let commit = format!("{}/commit", self.address);
        let mut body = json!({"dataset": dataset});
        if let Ok(job) = std::env::var("DAIS_JOB") {
            body["origin"] = json!({"kind": "TrainingJob", "name": job});
        }
        let made: Value = self.connection.post(&commit, &body).await?;
        print(target.output, &made, || table(&made))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn table(made: &Value) -> Table {
    let mut table = Table::new(&["DATASET", "VERSION", "FILES", "BYTES"], "");
    let text = |key: &str| made[key].as_str().unwrap_or_default().to_owned();
    let number = |key: &str| made[key].to_string();
    table.row(vec![text("dataset"), text("version"), number("files"), number("bytes")]);
    table
}

/// A dataset that is not there yet is made. A pod's account may add versions and
/// no more: for it, the dataset must be there.
pub async fn ensure_dataset(connection: &Connection, target: &Target, name: &str) -> Result<()> {
    let api = Api::<Dataset>::namespaced(connection.kube(&target.project)?, &target.project);
    if api.get_opt(name).await.context("looking for the dataset")?.is_some() {
        return Ok(());
    }
    let dataset = Dataset::new(name, DatasetSpec::default());
    match api.create(&PostParams::default(), &dataset).await {
        Ok(_) => {
            eprintln!("{} {name}", say("made dataset", "已创建数据集"));
            Ok(())
        }
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => Err(error).with_context(|| format!("making dataset {name}")),
    }
}

/// Bucket and prefix of `s3://bucket/prefix`.
fn objects(paths: &[PathBuf]) -> Result<Option<(String, String)>> {
    let named: Vec<&str> =
        paths.iter().filter_map(|path| path.to_str()?.strip_prefix("s3://")).collect();
    match named.as_slice() {
        [] => Ok(None),
        [one] if paths.len() == 1 => {
            let (bucket, prefix) = one.split_once('/').unwrap_or((one, ""));
            Ok(Some((bucket.to_owned(), prefix.to_owned())))
        }
        _ => bail!(
            "{}",
            say(
                "give one s3://bucket/prefix alone, or files and folders",
                "请单独给出一个 s3://桶/前缀，或给出文件与目录"
            )
        ),
    }
}

/// Each file with its name inside the version.
fn files(paths: &[PathBuf]) -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    for path in paths {
        let root =
            if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new("")) };
        for entry in WalkDir::new(path).sort_by_file_name().follow_links(true) {
            let entry = entry.with_context(|| format!("reading {}", path.display()))?;
            if !entry.file_type().is_file() {
                continue;
            }
            let name = entry.path().strip_prefix(root).unwrap_or(entry.path());
            let name = name.to_str().with_context(|| format!("{} is no UTF-8", name.display()))?;
            files.push((entry.path().to_owned(), name.to_owned()));
        }
    }
    if files.is_empty() {
        bail!("{}", say("there is no file to upload", "没有可上传的文件"));
    }
    Ok(files)
}

/// A path as part of an address; its slashes stay.
pub fn encode(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    path.bytes().fold(String::new(), |mut encoded, byte| {
        if plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_alone() {
        let named = |paths: &[&str]| objects(&paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        let pair = |bucket: &str, prefix: &str| Some((bucket.to_owned(), prefix.to_owned()));
        assert_eq!(named(&["./digits"]).unwrap(), None);
        assert_eq!(named(&["s3://raw/a/b"]).unwrap(), pair("raw", "a/b"));
        assert_eq!(named(&["s3://raw"]).unwrap(), pair("raw", ""));
        assert!(named(&["s3://raw", "./digits"]).is_err());
    }

    #[test]
    fn names_are_relative_to_what_was_given() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a b")).unwrap();
        std::fs::write(folder.path().join("a b/数.csv"), "1").unwrap();
        let found = files(&[folder.path().to_owned()]).unwrap();
        assert_eq!(found[0].1, "a b/数.csv");
        assert_eq!(encode(&found[0].1), "a%20b/%E6%95%B0.csv");
        assert!(files(&[]).is_err());
    }
}
