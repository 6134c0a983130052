//! `dais drain`: returns when the gateway has nothing under way to this pod. Runs inside
//! a pod that is about to end, before its program is asked to (a `preStop` hook), so that
//! what it has begun is answered. How long that may take, the pod's grace period says.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::client;

/// Others than the gateway reach a pod through its Service, and nobody counts their
/// requests: for those that are on their way while the pod leaves it.
const LINGER: Duration = Duration::from_secs(1);

pub async fn run() -> Result<ExitCode> {
    // Whatever became of the question, nobody is sent away sooner.
    let (drained, ()) = tokio::join!(drained(), tokio::time::sleep(LINGER));
    drained?;
    Ok(ExitCode::SUCCESS)
}

async fn drained() -> Result<()> {
    let variable = |name: &str| {
        std::env::var(name).with_context(|| format!("{name} is not set; pods get it from dais"))
    };
    let (url, project) = (variable("DAIS_URL")?, variable("DAIS_PROJECT")?);
    let (address, token) = (variable("POD_IP")?, variable("MLFLOW_TRACKING_TOKEN")?);
    let question = format!("{}/api/drained/{project}/{address}", url.trim_end_matches('/'));
    let asked = reqwest::Client::new().get(question).bearer_auth(token);
    client::send(asked).await.context("asking the gateway what is under way to this pod")?;
    Ok(())
}
