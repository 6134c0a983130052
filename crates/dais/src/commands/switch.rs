//! `dais suspend`, `resume`, `stop`: what is to become of something that runs.

use std::fmt::Debug;
use std::process::ExitCode;

use anyhow::{Context, Result};
use dais_api::{Sweep, TrainingJob};
use k8s_openapi::NamespaceResourceScope;
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cli::{Switched, SwitchedKind, Target};
use crate::client::Connection;
use crate::language::say;

pub async fn suspend(target: &Target, args: &Switched) -> Result<ExitCode> {
    let done =
        say("is being suspended; `dais resume` lets it go on", "正在挂起；`dais resume` 可恢复");
    switch(target, args, json!({"spec": {"suspend": true}}), done).await
}

pub async fn resume(target: &Target, args: &Switched) -> Result<ExitCode> {
    let done = say("goes on", "将继续运行");
    switch(target, args, json!({"spec": {"suspend": false}}), done).await
}

pub async fn stop(target: &Target, args: &Switched) -> Result<ExitCode> {
    let done = say("is being stopped for good", "正在终止");
    switch(target, args, json!({"spec": {"stop": true}}), done).await
}

async fn switch(target: &Target, args: &Switched, change: Value, done: &str) -> Result<ExitCode> {
    match args.kind {
        SwitchedKind::Job => apply::<TrainingJob>(target, &args.name, change).await?,
        SwitchedKind::Sweep => apply::<Sweep>(target, &args.name, change).await?,
    }
    println!("{} {done}", args.name);
    Ok(ExitCode::SUCCESS)
}

async fn apply<K>(target: &Target, name: &str, change: Value) -> Result<()>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned,
{
    let client = Connection::open(target)?.kube(&target.project)?;
    let api = Api::<K>::namespaced(client, &target.project);
    let change = Patch::Merge(change);
    let changed = api.patch(name, &PatchParams::default(), &change).await;
    changed.map(drop).with_context(|| format!("changing {} {name}", K::kind(&())))
}
