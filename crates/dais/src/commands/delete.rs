//! `dais delete`: one object and what belongs to it. Says what else goes, and asks where
//! somebody can answer.

use std::io::{BufRead, IsTerminal, Write, stdin, stdout};
use std::process::ExitCode;

use anyhow::{Context, Result};
use dais_api::deletion::{self, Sentence};
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
    let asks = !args.yes && stdin().is_terminal() && stdout().is_terminal();
    if asks {
        api.get_metadata(&args.name)
            .await
            .with_context(|| format!("looking for {} {}", resource.kind, args.name))?;
    }
    let said = consequences(&resource.kind);
    if asks && !is_wanted(&resource.plural, &args.name, &said)? {
        println!("{}", say("nothing was deleted", "未删除任何内容"));
        return Ok(ExitCode::FAILURE);
    }
    api.delete(&args.name, &DeleteParams::background())
        .await
        .with_context(|| format!("deleting {} {}", resource.kind, args.name))?;
    println!("{}/{} {}", resource.plural, args.name, say("is being deleted", "正在删除"));
    if !asks {
        print!("{said}");
    }
    Ok(ExitCode::SUCCESS)
}

/// A line for everything that goes, and for what stays.
fn consequences(kind: &str) -> String {
    let Some(said) = deletion::of(kind) else {
        return String::new();
    };
    let line = |sign: char| {
        move |(english, chinese): &Sentence| format!("  {sign} {}\n", say(english, chinese))
    };
    said.goes.iter().map(line('-')).chain(said.stays.iter().map(line('='))).collect()
}

fn is_wanted(plural: &str, name: &str, said: &str) -> Result<bool> {
    print!("{said}{} {plural}/{name}? [y/N] ", say("Delete", "删除"));
    stdout().flush().context("asking")?;
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer).context("reading the answer")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "是"))
}
