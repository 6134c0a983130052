//! `dais algorithm diff`: two versions side by side.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use dais_controllers::changes;
use serde::Serialize;
use serde_json::Value;

use super::Version;
use crate::cli::{Format, Target};
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};

#[derive(Serialize)]
struct Difference {
    /// Lines of the spec.
    spec: Vec<String>,
    /// Files of the code: `added`, `removed` or `changed`.
    files: BTreeMap<String, &'static str>,
}

pub async fn run(
    target: &Target,
    connection: &Connection,
    (versions, from, to): (&[Version], &str, &str),
) -> Result<()> {
    let spec = |name: &str| {
        let newest = versions.first().map_or("none", |newest| newest.name.as_str());
        let found = versions.iter().find(|version| version.name == name);
        found
            .map(|version| &version.release.spec)
            .with_context(|| format!("there is no version {name:?}; the newest is {newest}"))
    };
    let (old, new) = (spec(from)?, spec(to)?);
    let (before, after) =
        tokio::try_join!(files(target, connection, old), files(target, connection, new))?;
    let mut files = BTreeMap::new();
    for (path, digest) in &after {
        match before.get(path) {
            None => drop(files.insert(path.clone(), "added")),
            Some(known) if known != digest => drop(files.insert(path.clone(), "changed")),
            Some(_) => {}
        }
    }
    let removed = before.into_keys().filter(|path| !after.contains_key(path));
    files.extend(removed.map(|path| (path, "removed")));
    let found = Difference { spec: changes::between(old, new), files };
    if target.output != Format::Table {
        return print(target.output, &found, Table::default);
    }
    if found.spec.is_empty() {
        println!("{}", say("they are the same", "两个版本相同"));
    }
    for line in &found.spec {
        println!("{line}");
    }
    for (path, what) in &found.files {
        println!("{what}: {path}");
    }
    Ok(())
}

/// The files of a version's code with their digests.
async fn files(
    target: &Target,
    connection: &Connection,
    spec: &Value,
) -> Result<BTreeMap<String, String>> {
    let Some(bundle) = spec["code"]["bundle"].as_str() else { return Ok(BTreeMap::new()) };
    let path = format!("/data/p/{}/code/{bundle}", target.project);
    let told: Value = connection.get(&path).await.context("listing the code")?;
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let files = told["files"].as_array().into_iter().flatten();
    Ok(files.map(|file| (text(file, "path"), text(file, "digest"))).collect())
}
