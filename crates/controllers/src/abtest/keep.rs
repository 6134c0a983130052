//! Removing what belongs to tests that are gone: for exposures that were still on their
//! way when their test was deleted, and for tests deleted while nobody looked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dais_api::ABTest;
use kube::ResourceExt;
use kube::api::{Api, ListParams};

use crate::context::Context;
use crate::error::{Error, Result};

const EVERY: Duration = Duration::from_secs(3600);

pub(super) async fn sweep(context: Arc<Context>) {
    loop {
        if let Err(error) = remove_left_over(&context).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "old tests not removed");
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn remove_left_over(context: &Context) -> Result<()> {
    // In this order: a test is there before it counts anything.
    let counted = context.outcomes.tests().await.map_err(Error::seam("listing what is counted"))?;
    let tests = Api::<ABTest>::all(context.client.clone()).list(&ListParams::default()).await;
    let tests = tests.map_err(Error::kube("listing the tests"))?;
    let known: BTreeSet<String> = tests.items.iter().filter_map(ResourceExt::uid).collect();
    for uid in counted.iter().filter(|uid| !known.contains(*uid)) {
        let forgotten = context.outcomes.forget(uid).await;
        forgotten.map_err(Error::seam("removing what a deleted test counted"))?;
    }
    Ok(())
}
