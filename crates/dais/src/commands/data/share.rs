//! Datasets of this project and those that others share with it; and who may read one.

use anyhow::{Context, Result};
use dais_api::Dataset;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::cli::{DataShare, Target};
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};

fn api(target: &Target, connection: &Connection) -> Result<Api<Dataset>> {
    Ok(Api::namespaced(connection.kube(&target.project)?, &target.project))
}

pub async fn list(target: &Target, connection: &Connection) -> Result<()> {
    let all = api(target, connection)?;
    let mut own = all.list(&ListParams::default()).await.context("listing datasets")?.items;
    own.sort_by_key(ResourceExt::name_any);
    let path = format!("/api/datasets/{}/shared", target.project);
    let shared: Value = connection.get(&path).await.context("listing what is shared")?;
    let whole = json!({"datasets": own, "shared": shared["datasets"]});
    print(target.output, &whole, || {
        let empty = say(
            "no datasets yet: `dais upload` makes one",
            "还没有数据集：用 `dais upload` 可以创建一个",
        );
        let mut table = Table::new(&["NAME", "LATEST", "FILES", "BYTES", "SHARED"], empty);
        for dataset in &own {
            let newest = dataset.status.iter().flat_map(|status| status.versions.first()).next();
            table.row(vec![
                dataset.name_any(),
                newest.map(|one| one.name.clone()).unwrap_or_default(),
                newest.map(|one| one.files.to_string()).unwrap_or_default(),
                newest.map(|one| one.bytes.to_string()).unwrap_or_default(),
                dataset.spec.shared_with.join(", "),
            ]);
        }
        for one in shared["datasets"].as_array().into_iter().flatten() {
            let newest = &one["versions"][0];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let number = |value: &Value| value.as_i64().map(|n| n.to_string()).unwrap_or_default();
            table.row(vec![
                text(&one["name"]),
                text(&newest["name"]),
                number(&newest["files"]),
                number(&newest["bytes"]),
                say("by its project", "由其项目共享").to_owned(),
            ]);
        }
        table
    })
}

/// Read and written with its version, so that what another adds meanwhile is not lost.
pub async fn share(target: &Target, connection: &Connection, asked: &DataShare) -> Result<()> {
    let DataShare { dataset: name, with, not_with } = asked;
    let all = api(target, connection)?;
    let dataset = all.get(name).await.with_context(|| format!("reading dataset {name:?}"))?;
    let mut projects = dataset.spec.shared_with.clone();
    projects.retain(|project| !not_with.contains(project) && !with.contains(project));
    projects.extend(with.iter().cloned());
    projects.sort();
    projects.dedup();
    let patch = json!({
        "metadata": {"resourceVersion": dataset.resource_version()},
        "spec": {"sharedWith": projects},
    });
    all.patch(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .with_context(|| format!("changing dataset {name:?}"))?;
    match projects.is_empty() {
        true => println!("{name} {}", say("is this project's alone", "仅供本项目使用")),
        false => println!("{name} {} {}", say("is shared with", "已共享给"), projects.join(", ")),
    }
    Ok(())
}
