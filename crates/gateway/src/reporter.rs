//! Writes what policies counted into their statuses.
//!
//! ```text
//! a request ─▶ Live ─▶ bell ─▶ report ─▶ account: changed? due? ─▶ status
//!                                ▲                                  │
//!                                └── a second later, while any is busy ◀┘
//! ```
//!
//! Guarantees: a request that begins to wait is reported at once; otherwise a status is
//! written at most once a second, only when it changed, and the last time when its
//! concurrency is back at zero. Nothing is written for routes without traffic, but for
//! those that another run of the gateway left in the middle of it.

mod account;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dais_api::{TrafficPolicy, TrafficPolicyStatus};
use futures::{StreamExt, stream};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;
use tokio::time::{Instant, sleep_until, timeout};

use crate::gateway::Gateway;
use crate::policy::{Policy, PolicyKey};
use account::Account;

/// Between two statuses of a policy.
const EVERY: Duration = Duration::from_secs(1);
/// Between two of a policy for which requests begin to wait again and again.
const URGENT: Duration = Duration::from_millis(100);
/// Statuses that are written at a time.
const TOGETHER: usize = 16;
/// What a write may take before the others go on without it.
const WRITE: Duration = Duration::from_secs(5);

/// Reports for as long as it is polled; one for each gateway, beside [`crate::watch`].
pub async fn report(client: Client, gateway: Gateway) {
    let mut accounts = HashMap::<PolicyKey, Account>::new();
    let mut next = None;
    loop {
        tokio::select! {
            () = gateway.bell() => {}
            () = at(next) => {}
        }
        let due = settle(&gateway, &mut accounts);
        let writes = due.into_iter().map(|(policy, status)| write(&client, policy, status));
        let mut written = stream::iter(writes).buffer_unordered(TOGETHER);
        while let Some((key, status)) = written.next().await {
            if let (Some(account), Some(status)) = (accounts.get_mut(&key), status) {
                account.written(status);
            }
        }
        next = accounts.values().filter_map(Account::next).min();
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Brings the accounts up to now and says what is to be written.
fn settle(
    gateway: &Gateway,
    accounts: &mut HashMap<PolicyKey, Account>,
) -> Vec<(Arc<Policy>, TrafficPolicyStatus)> {
    let table = gateway.table();
    let mut due = Vec::new();
    let mut known = 0;
    for governed in table.governed() {
        known += 1;
        let key = &governed.policy.key;
        let is_known = accounts.contains_key(key);
        if !is_known && !governed.policy.live.is_stirred() {
            continue;
        }
        let account = accounts.entry(key.clone()).or_default();
        if let Some(status) = account.settle(governed, gateway.epoch()) {
            due.push((governed.policy.clone(), status));
        }
    }
    if accounts.len() > known {
        accounts.retain(|key, _| table.governed().any(|governed| governed.policy.key == *key));
    }
    due
}

/// The status, once there is nothing more to write of it: also where its policy is gone
/// or somebody else wrote, since the next one says all anew.
async fn write(
    client: &Client,
    policy: Arc<Policy>,
    status: TrafficPolicyStatus,
) -> (PolicyKey, Option<TrafficPolicyStatus>) {
    let PolicyKey { namespace, name, .. } = &policy.key;
    let policies = Api::<TrafficPolicy>::namespaced(client.clone(), namespace);
    let patch = Patch::Merge(json!({"status": merged(&status)}));
    let params = PatchParams::default();
    let answer = timeout(WRITE, policies.patch_status(name, &params, &patch)).await;
    let is_settled = match answer {
        Ok(Ok(_)) => true,
        Ok(Err(kube::Error::Api(refused))) if matches!(refused.code, 404 | 409) => true,
        Ok(Err(error)) => {
            tracing::warn!(%error, %namespace, policy = %name, "traffic not reported");
            false
        }
        Err(_) => {
            tracing::warn!(%namespace, policy = %name, "traffic not reported in time");
            false
        }
    };
    (policy.key.clone(), is_settled.then_some(status))
}

/// With nulls for what is not there any more, as a merge patch wants it (RFC 7396).
fn merged(status: &TrafficPolicyStatus) -> serde_json::Value {
    let TrafficPolicyStatus { epoch, concurrency, held, last_request, backends, shadow } = status;
    json!({
        "epoch": epoch,
        "concurrency": concurrency,
        "held": held,
        "lastRequest": last_request,
        "backends": backends,
        "shadow": shadow,
    })
}
