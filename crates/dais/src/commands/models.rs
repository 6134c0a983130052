//! `dais models`: registered models and their versions.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;

use crate::cli::Target;
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};

pub async fn run(target: &Target) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let project = &target.project;
    let path = format!("/mlflow/p/{project}/api/2.0/mlflow/model-versions/search?max_results=1000");
    let answer: Value = connection.get(&path).await?;
    let versions = answer["model_versions"].as_array().cloned().unwrap_or_default();
    print(target.output, &versions, || table(&versions))?;
    Ok(ExitCode::SUCCESS)
}

fn table(versions: &[Value]) -> Table {
    let empty = say(
        "no models yet: a job registers one with mlflow.register_model",
        "还没有模型：任务可以用 mlflow.register_model 注册模型",
    );
    let mut table = Table::new(&["MODEL", "VERSION", "ALIASES", "RUN"], empty);
    for version in versions {
        let text = |key: &str| version[key].as_str().unwrap_or_default().to_owned();
        let aliases = version["aliases"].as_array().into_iter().flatten();
        let aliases: Vec<&str> = aliases.filter_map(Value::as_str).collect();
        table.row(vec![text("name"), text("version"), aliases.join(", "), text("run_id")]);
    }
    table
}
