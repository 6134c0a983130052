//! `dais algorithm create`: code, and what is said of it, become an Algorithm or the next
//! version of one.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use dais_api::conditions::{self, READY};
use dais_api::{Algorithm, AlgorithmInput, AlgorithmOutputs, AlgorithmSpec, CodeBundle};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use serde_json::{Map, Value, json};

use super::git;
use crate::cli::{AlgorithmCreate, Target};
use crate::client::Connection;
use crate::commands::pack;
use crate::commands::run::upload;
use crate::language::say;

/// Beside the code: what options do not say.
const DECLARED: &str = "algorithm.yaml";
const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

pub async fn run(
    target: &Target,
    connection: &Connection,
    all: &Api<Algorithm>,
    args: AlgorithmCreate,
) -> Result<()> {
    let checkout = args.git.as_deref().map(|url| git::fetch(url, &args)).transpose()?;
    let folder = checkout.as_ref().map_or(args.code.as_path(), |checkout| &checkout.path);
    let known = all.get_opt(&args.name).await.context("looking for the algorithm")?;
    let mut spec = spec(folder, &args, known.as_ref())?;
    dais_controllers::algorithm::check(&spec.parameters).map_err(anyhow::Error::msg)?;
    spec.source = checkout.as_ref().map(|checkout| checkout.source.clone());
    let bundle = upload(connection, target, pack::folder(folder)?).await?;
    spec.code = Some(CodeBundle { bundle });
    let annotations: BTreeMap<String, String> =
        args.why.iter().map(|why| (CHANGE_CAUSE.to_owned(), why.clone())).collect();
    let made = match known {
        None => {
            let mut algorithm = Algorithm::new(&args.name, spec);
            algorithm.metadata.annotations = Some(annotations);
            all.create(&PostParams::default(), &algorithm).await.context("making the algorithm")?
        }
        Some(known) => {
            let change = json!({"metadata": {"annotations": annotations}, "spec": patch(&known.spec, &spec)?});
            all.patch(&args.name, &PatchParams::default(), &Patch::Merge(change))
                .await
                .context("changing the algorithm")?
        }
    };
    let version = settled(all, &args.name, made.metadata.generation).await?;
    println!("{}@{version}", args.name);
    Ok(())
}

/// From the file beside the code, else from what is there; options come before both.
fn spec(folder: &Path, args: &AlgorithmCreate, known: Option<&Algorithm>) -> Result<AlgorithmSpec> {
    let mut spec = match declared(&folder.join(DECLARED))? {
        Some(declared) => AlgorithmSpec {
            deprecated: known.map(|known| known.spec.deprecated.clone()).unwrap_or_default(),
            shared_with: known.map(|known| known.spec.shared_with.clone()).unwrap_or_default(),
            ..declared
        },
        None => known.map(|known| known.spec.clone()).unwrap_or_default(),
    };
    if !args.command.is_empty() {
        spec.command = args.command.clone();
    }
    if spec.command.is_empty() {
        bail!("give the entry point after --, for example: -- python train.py");
    }
    spec.title = args.title.clone().or(spec.title);
    spec.description = args.description.clone().or(spec.description);
    spec.environment = args.environment.clone().or(spec.environment);
    if let Some(file) = &args.parameters {
        spec.parameters = schema(file)?;
    }
    if !args.input.is_empty() {
        let named = |name: &String| AlgorithmInput { name: name.clone(), ..Default::default() };
        spec.inputs = args.input.iter().map(named).collect();
    }
    if let Some(model) = &args.model {
        let outputs = spec.outputs.take().unwrap_or_default();
        spec.outputs = Some(AlgorithmOutputs { model: Some(model.clone()), ..outputs });
    }
    let wanted = [("cpu", &args.cpu), ("memory", &args.memory)];
    let limits: BTreeMap<String, Quantity> = wanted
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Quantity(value.clone()?))))
        .collect();
    if !limits.is_empty() {
        spec.resources =
            Some(ResourceRequirements { limits: Some(limits), ..ResourceRequirements::default() });
    }
    Ok(spec)
}

/// The spec of an Algorithm, alone or in a whole object, beside others or not.
fn declared(file: &Path) -> Result<Option<AlgorithmSpec>> {
    if !file.exists() {
        return Ok(None);
    }
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {shown}"))?;
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text)
        .with_context(|| format!("{shown} is neither YAML nor JSON"))?;
    let whole = documents.iter().find(|one| one["kind"] == "Algorithm");
    let spec = whole.map(|one| &one["spec"]).or(documents.first());
    let spec = spec.with_context(|| format!("{shown} is empty"))?;
    serde_json::from_value(spec.clone())
        .map(Some)
        .with_context(|| format!("{shown} is no spec of an Algorithm"))
}

fn schema(file: &Path) -> Result<Map<String, Value>> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {shown}"))?;
    serde_saphyr::from_str(&text)
        .with_context(|| format!("--parameters: {shown} is no JSON Schema"))
}

/// What a merge has to say for `wanted` to be there, and nothing of what it leaves out.
fn patch(known: &AlgorithmSpec, wanted: &AlgorithmSpec) -> Result<Value> {
    let (known, wanted) = (serde_json::to_value(known)?, serde_json::to_value(wanted)?);
    Ok(merge(&known, &wanted))
}

fn merge(known: &Value, wanted: &Value) -> Value {
    let (Some(old), Some(new)) = (known.as_object(), wanted.as_object()) else {
        return wanted.clone();
    };
    let gone = old.keys().filter(|key| !new.contains_key(*key));
    let mut patch: Map<String, Value> = gone.map(|key| (key.clone(), Value::Null)).collect();
    for (key, value) in new {
        patch.insert(key.clone(), old.get(key).map_or(value.clone(), |old| merge(old, value)));
    }
    Value::Object(patch)
}

/// Waits until the platform has looked at it; the version that it is now.
async fn settled(all: &Api<Algorithm>, name: &str, generation: Option<i64>) -> Result<String> {
    let only = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut changes = watcher(all.clone(), only).default_backoff().touched_objects().boxed();
    while let Some(algorithm) = changes.try_next().await.context("watching the algorithm")? {
        if algorithm.metadata.deletion_timestamp.is_some() {
            bail!("the algorithm was deleted");
        }
        let status = algorithm.status.unwrap_or_default();
        if status.observed_generation < generation {
            continue;
        }
        if let Some(ready) =
            conditions::find(&status.conditions, READY).filter(|r| r.status != "True")
        {
            bail!("{}: {}", say("it was not made a version", "未能生成版本"), ready.message);
        }
        return status.latest.context("it has no version");
    }
    bail!("the platform ended the watch; `dais algorithm versions {name}` says how it stands")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_takes_away_what_is_not_there_any_more() {
        let known = json!({"a": {"x": 1, "y": 2}, "b": [1], "c": "c"});
        let wanted = json!({"a": {"x": 3}, "b": [2]});
        let patch = merge(&known, &wanted);
        assert_eq!(patch, json!({"a": {"x": 3, "y": null}, "b": [2], "c": null}));
    }
}
