//! `dais predict`: one request of the Open Inference Protocol v2.

use std::io::Read;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::cli::{Predict, Target};
use crate::client::{self, Connection};

pub async fn run(target: &Target, args: Predict) -> Result<ExitCode> {
    let text = if args.request == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("reading standard input")?;
        text
    } else {
        std::fs::read_to_string(&args.request)
            .with_context(|| format!("reading {}", args.request))?
    };
    let body: Value = serde_json::from_str(&text).context("the request is no JSON")?;
    let connection = Connection::open(target)?;
    let path = format!("/api/predict/{}/{}", target.project, args.service);
    let answer: Value =
        client::answer(connection.request(reqwest::Method::POST, &path).json(&body)).await?;
    println!("{}", serde_json::to_string_pretty(&answer).context("writing the answer")?);
    Ok(ExitCode::SUCCESS)
}
