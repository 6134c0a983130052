//! `dais approve`, `dais reject`, `dais withdraw`: what becomes of a request.

use std::process::ExitCode;
use std::slice;

use anyhow::Result;
use serde_json::{Value, json};

use super::approvals;
use crate::cli::{Decide, Format, Target, Withdraw};
use crate::client::Connection;
use crate::language::say;
use crate::output::print;

pub async fn approve(target: &Target, args: &Decide) -> Result<ExitCode> {
    let decided = decide(target, args.id, "approve", Some(&args.reason)).await?;
    tell(target, &decided, say("approved", "已批准"))
}

pub async fn reject(target: &Target, args: &Decide) -> Result<ExitCode> {
    let decided = decide(target, args.id, "reject", Some(&args.reason)).await?;
    tell(target, &decided, say("rejected", "已驳回"))
}

pub async fn withdraw(target: &Target, args: &Withdraw) -> Result<ExitCode> {
    let decided = decide(target, args.id, "withdraw", args.reason.as_deref()).await?;
    tell(target, &decided, say("withdrawn", "已撤回"))
}

async fn decide(target: &Target, id: u64, verb: &str, reason: Option<&str>) -> Result<Value> {
    let connection = Connection::open(target)?;
    let path = format!("{}/{id}/{verb}", approvals::address(&target.project));
    let answer: Value = connection.post(&path, &json!({ "reason": reason })).await?;
    Ok(answer["model_approval"].clone())
}

fn tell(target: &Target, decided: &Value, word: &str) -> Result<ExitCode> {
    if target.output != Format::Table {
        print(target.output, decided, || approvals::table(slice::from_ref(decided)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = |key: &str| decided[key].as_str().unwrap_or("∅");
    let points = say("points to version", "现指向版本");
    let (name, alias, now) = (text("name"), text("alias"), text("current_version"));
    println!("{word} {}: {name}@{alias} {points} {now}", decided["id"]);
    Ok(ExitCode::SUCCESS)
}
