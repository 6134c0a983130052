//! `dais get`: objects as the server's own table draws them.

use std::process::ExitCode;

use anyhow::{Context, Result};
use http::Request;
use kube::core::{ApiResource, DynamicObject};
use kube::{Api, Client};
use serde_json::Value;

use super::resources;
use crate::cli::{Format, Get, Target};
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};

/// The server draws the columns: meta.k8s.io/v1 Table.
const AS_TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

pub async fn run(target: &Target, args: Get) -> Result<ExitCode> {
    let client = Connection::open(target)?.kube(&target.project)?;
    let (resource, capabilities) = resources::find(&client, &args.kind).await?;
    let in_project = resources::is_namespaced(&capabilities) && !args.all_projects;
    let project = in_project.then_some(target.project.as_str());
    if matches!(target.output, Format::Table | Format::Csv) {
        let path = path(&resource, project, args.name.as_deref());
        let table = table(&client, &path, args.all_projects).await?;
        match target.output {
            Format::Csv => print!("{}", table.csv()),
            _ => print!("{}", table.draw()),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let api: Api<DynamicObject> = match project {
        Some(project) => Api::namespaced_with(client, project, &resource),
        None => Api::all_with(client, &resource),
    };
    let value = match &args.name {
        Some(name) => serde_json::to_value(api.get(name).await?),
        None => serde_json::to_value(api.list(&Default::default()).await?.items),
    };
    let mut value = value.context("writing the objects")?;
    if (resource.group.as_str(), resource.kind.as_str()) == ("", "Secret") {
        match &mut value {
            Value::Array(secrets) => secrets.iter_mut().for_each(hide),
            secret => hide(secret),
        }
    }
    print(target.output, &value, Table::default)?;
    Ok(ExitCode::SUCCESS)
}

/// In place of a Secret's values: no command shows them. It is no base64, so that it is
/// refused should somebody apply what was printed.
const HIDDEN: &str = "****";
/// Where `kubectl apply` keeps the whole object, values and all.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn hide(secret: &mut Value) {
    for values in ["data", "stringData"] {
        let values = secret.get_mut(values).and_then(Value::as_object_mut);
        values.into_iter().flat_map(|values| values.values_mut()).for_each(|v| *v = HIDDEN.into());
    }
    let annotations = secret.pointer_mut("/metadata/annotations");
    if let Some(copy) = annotations.and_then(|annotations| annotations.get_mut(LAST_APPLIED)) {
        *copy = HIDDEN.into();
    }
}

fn path(resource: &ApiResource, project: Option<&str>, name: Option<&str>) -> String {
    let mut path = match resource.group.as_str() {
        "" => format!("/api/{}", resource.version),
        group => format!("/apis/{group}/{}", resource.version),
    };
    if let Some(project) = project {
        path.push_str(&format!("/namespaces/{project}"));
    }
    path.push_str(&format!("/{}", resource.plural));
    if let Some(name) = name {
        path.push_str(&format!("/{name}"));
    }
    path
}

async fn table(client: &Client, path: &str, all_projects: bool) -> Result<Table> {
    let request = Request::get(path)
        .header("accept", AS_TABLE)
        .body(Vec::new())
        .context("the name cannot be part of an address")?;
    let answer: Value = client.request(request).await?;
    let columns = answer["columnDefinitions"].as_array().cloned().unwrap_or_default();
    // Priority 0 is what fits on a screen; the rest is for -o yaml.
    let shown: Vec<usize> = (0..columns.len())
        .filter(|&at| columns[at]["priority"].as_i64().unwrap_or(0) == 0)
        .collect();
    let mut head: Vec<String> =
        shown.iter().map(|&at| text(&columns[at]["name"]).to_uppercase()).collect();
    if all_projects {
        head.insert(0, "PROJECT".to_owned());
    }
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let mut table = Table::new(&head, say("nothing here yet", "这里还没有内容"));
    for row in answer["rows"].as_array().into_iter().flatten() {
        let mut cells: Vec<String> = shown.iter().map(|&at| text(&row["cells"][at])).collect();
        if all_projects {
            cells.insert(0, text(&row["object"]["metadata"]["namespace"]));
        }
        table.row(cells);
    }
    Ok(table)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_has_keys_and_no_values() {
        let mut secret = json!({
            "metadata": {"name": "db", "annotations": {LAST_APPLIED: "hunter2", "team": "risk"}},
            "data": {"url": "aHVudGVyMg=="}, "stringData": {"user": "hunter2"}, "type": "Opaque"
        });
        hide(&mut secret);
        let hidden = json!({
            "metadata": {"name": "db", "annotations": {LAST_APPLIED: "****", "team": "risk"}},
            "data": {"url": "****"}, "stringData": {"user": "****"}, "type": "Opaque"
        });
        assert_eq!(secret, hidden);
        let mut empty = json!({"metadata": {"name": "db"}});
        hide(&mut empty);
        assert_eq!(empty, json!({"metadata": {"name": "db"}}));
    }
}
