//! `dais data`: what versions of datasets hold, and their names.

mod download;
mod share;
mod show;

use std::process::ExitCode;

use anyhow::{Result, bail};
use reqwest::Method;
use serde_json::{Value, json};

use super::upload::encode;
use crate::cli::{DataAction, DataFile, DataPreview, Format, Target};
use crate::client::{self, Connection};
use crate::language::say;
use crate::output::{Table, print};

/// Entries of one answer.
const PAGE: usize = 1000;
/// Seconds that one request waits for a profile.
const WAIT: u32 = 30;

pub async fn run(target: &Target, action: DataAction) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let base = |dataset: &str| format!("/data/p/{}/datasets/{}", target.project, word(dataset));
    match action {
        DataAction::List => share::list(target, &connection).await?,
        DataAction::Share(asked) => share::share(target, &connection, &asked).await?,
        DataAction::Versions { dataset } => {
            let found: Value = connection.get(&format!("{}/versions", base(&dataset))).await?;
            let versions = &found["versions"];
            print(target.output, versions, || show::versions(versions))?;
        }
        DataAction::Diff(asked) => {
            let (from, to) = (word(&asked.from), word(&asked.to));
            let address = format!("{}/diff?from={from}&to={to}&limit={PAGE}", base(&asked.dataset));
            let found = diff(&connection, &address).await?;
            print(target.output, &found, || show::diff(&found))?;
            if target.output == Format::Table {
                println!("{}", show::summary(&found["summary"]));
            }
        }
        DataAction::Preview(DataPreview { of, rows }) => {
            let address = format!("{}?limit={rows}", address(&base(&of.dataset), "preview", &of));
            let found: Value = connection.get(&address).await?;
            match target.output {
                Format::Table => println!("{}", show::preview(&found)?),
                format => print(format, &found["content"], Table::default)?,
            }
        }
        DataAction::Profile(of) => {
            let address = address(&base(&of.dataset), "profile", &of);
            let found = profile(&connection, &address).await?;
            print(target.output, &found, || show::profile(&found))?;
        }
        DataAction::Tag { dataset, tag, version } => {
            let address = format!("{}/tags/{}", base(&dataset), word(&tag));
            let request = connection.request(Method::PUT, &address);
            client::send(request.json(&json!({"version": version}))).await?;
            println!("{dataset} {tag} → {version}");
        }
        DataAction::Untag { dataset, tag } => {
            let address = format!("{}/tags/{}", base(&dataset), word(&tag));
            client::send(connection.request(Method::DELETE, &address)).await?;
            println!("{} {dataset} {tag}", say("removed", "已移除"));
        }
        DataAction::Download(asked) => {
            download::run(&connection, &base(&asked.dataset), &asked).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One word as a part of an address: its slashes do not stay.
fn word(text: &str) -> String {
    encode(text).replace('/', "%2F")
}

fn address(base: &str, what: &str, of: &DataFile) -> String {
    format!("{base}/versions/{}/{what}/{}", word(&of.version), encode(&of.file))
}

/// All pages.
async fn diff(connection: &Connection, address: &str) -> Result<Value> {
    let mut all: Value = connection.get(address).await?;
    while let Some(after) = all["next"].as_str().map(word) {
        let mut page: Value = connection.get(&format!("{address}&after={after}")).await?;
        let (more, next) = (page["entries"].take(), page["next"].take());
        if let (Some(known), Value::Array(more)) = (all["entries"].as_array_mut(), more) {
            known.extend(more);
        }
        all["next"] = next;
    }
    Ok(all)
}

/// Asks for it, and waits until it is made.
async fn profile(connection: &Connection, address: &str) -> Result<Value> {
    let mut found: Value = client::answer(connection.request(Method::POST, address)).await?;
    loop {
        match found["state"].as_str() {
            Some("ready") => return Ok(found["profile"].take()),
            Some("failed" | "none") => {
                let reason = found["message"].as_str().unwrap_or("it was cancelled");
                bail!("{}: {reason}", say("no profile was made", "没有生成概况"));
            }
            _ => {
                eprintln!("{}", say("still reading …", "仍在读取 …"));
                found = connection.get(&format!("{address}?wait={WAIT}")).await?;
            }
        }
    }
}
