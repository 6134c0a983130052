//! Writes into routes' statuses what became of their paths.

use std::time::Duration;

use dais_api::routing::{HTTPRoute, HttpRouteStatus};
use futures::{StreamExt, stream};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::table::Table;

/// Statuses that are written at a time.
const TOGETHER: usize = 16;
/// What a write may take before the others go on without it.
const WRITE: Duration = Duration::from_secs(5);

/// A status that is to be written.
#[derive(Clone, Debug)]
pub struct Due {
    namespace: String,
    name: String,
    status: HttpRouteStatus,
}

/// What the routes of a table do not say yet.
pub fn due(table: &Table) -> Vec<Due> {
    let hearings = table.hearings().iter();
    let due = hearings.filter_map(|(route, hearing)| {
        let namespace = route.namespace().unwrap_or_default();
        Some(Due { namespace, name: route.name_any(), status: hearing.status(route)? })
    });
    due.collect()
}

/// Writes what is due, for as long as somebody says so. What could not be written is due
/// again with the next table.
pub async fn tell(client: Client, mut due: watch::Receiver<Vec<Due>>) {
    while due.changed().await.is_ok() {
        let now = due.borrow_and_update().clone();
        let writes = stream::iter(now).map(|due| write(&client, due));
        writes.buffer_unordered(TOGETHER).for_each(std::future::ready).await;
    }
}

async fn write(client: &Client, due: Due) {
    let Due { namespace, name, status } = due;
    let routes = Api::<HTTPRoute>::namespaced(client.clone(), &namespace);
    let patch = Patch::Merge(json!({"status": status}));
    let params = PatchParams::default();
    match timeout(WRITE, routes.patch_status(&name, &params, &patch)).await {
        Ok(Ok(_)) => {}
        Ok(Err(kube::Error::Api(gone))) if gone.code == 404 => {}
        Ok(Err(error)) => {
            tracing::warn!(%error, %namespace, route = %name, "route not told what became of it");
        }
        Err(_) => tracing::warn!(%namespace, route = %name, "route not told in time"),
    }
}
