//! `dais apply`: server-side apply of every document in the given files.

use std::io::Read;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use kube::Api;
use kube::api::{Patch, PatchParams};
use kube::core::{DynamicObject, TypeMeta};
use serde_json::Value;

use super::resources;
use crate::cli::{Apply, Target};
use crate::client::Connection;
use crate::language::say;

/// Owner of the fields that people apply.
const OWNER: &str = "dais-cli";

pub async fn run(target: &Target, args: Apply) -> Result<ExitCode> {
    let client = Connection::open(target)?.kube(&target.project)?;
    for file in &args.file {
        for (at, value) in documents(file)?.into_iter().enumerate() {
            let object: DynamicObject = serde_json::from_value(value)
                .with_context(|| format!("{file}: document {} is no Kubernetes object", at + 1))?;
            apply(&client, target, object).await.with_context(|| file.clone())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn apply(client: &kube::Client, target: &Target, object: DynamicObject) -> Result<()> {
    let TypeMeta { kind, .. } = object.types.clone().context("apiVersion and kind are missing")?;
    let name = object.metadata.name.clone().context("metadata.name is missing")?;
    let (resource, capabilities) = resources::find(client, &kind).await?;
    let project = object.metadata.namespace.as_deref().unwrap_or(&target.project);
    let api: Api<DynamicObject> = if resources::is_namespaced(&capabilities) {
        Api::namespaced_with(client.clone(), project, &resource)
    } else {
        Api::all_with(client.clone(), &resource)
    };
    api.patch(&name, &PatchParams::apply(OWNER).force(), &Patch::Apply(&object))
        .await
        .with_context(|| format!("applying {kind} {name}"))?;
    println!("{}/{name} {}", resource.plural, say("applied", "已应用"));
    Ok(())
}

fn documents(file: &str) -> Result<Vec<Value>> {
    let text = if file == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("reading standard input")?;
        text
    } else {
        std::fs::read_to_string(file).with_context(|| format!("reading {file}"))?
    };
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text)
        .with_context(|| format!("{file} is neither YAML nor JSON"))?;
    let documents: Vec<Value> = documents.into_iter().filter(|value| !value.is_null()).collect();
    if documents.is_empty() {
        bail!("{file} holds no object");
    }
    Ok(documents)
}
