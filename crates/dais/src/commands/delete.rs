//! `dais delete`: one object and what belongs to it.

use std::process::ExitCode;

use anyhow::{Context, Result};
use kube::Api;
use kube::api::DeleteParams;
use kube::core::DynamicObject;

use super::resources;
use crate::cli::{Delete, Target};
use crate::client::Connection;
use crate::language::say;

pub async fn run(target: &Target, args: Delete) -> Result<ExitCode> {
    let client = Connection::open(target)?.kube(&target.project)?;
    let (resource, capabilities) = resources::find(&client, &args.kind).await?;
    let api: Api<DynamicObject> = if resources::is_namespaced(&capabilities) {
        Api::namespaced_with(client, &target.project, &resource)
    } else {
        Api::all_with(client, &resource)
    };
    api.delete(&args.name, &DeleteParams::background())
        .await
        .with_context(|| format!("deleting {} {}", resource.kind, args.name))?;
    println!("{}/{} {}", resource.plural, args.name, say("is being deleted", "正在删除"));
    Ok(ExitCode::SUCCESS)
}
