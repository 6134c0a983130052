//! `dais sign-in`: a link that signs a browser in once.

use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::cli::Target;
use crate::client::Connection;

pub async fn run(target: &Target) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let me: Value = connection.get("/api/session").await?;
    let user = me["user"].as_str().context("the platform did not say who this token is")?;
    let answer: Value = connection.post(&format!("/api/users/{user}/link"), &json!({})).await?;
    let path = answer["path"].as_str().context("the platform gave no link")?;
    println!("{}{path}", connection.url);
    Ok(ExitCode::SUCCESS)
}
