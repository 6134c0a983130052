//! Waiting until an object is as it was asked to be, and saying why it is not yet.

use std::fmt::Debug;

use anyhow::{Context, Result, bail};
use dais_api::conditions::{self, READY, reason};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

use crate::language::say;

/// Reasons that waiting does not mend.
const HOPELESS: &[&str] = &[reason::INVALID, reason::MODEL_NOT_FOUND, reason::POD_REFUSED];

/// What a kind says of itself: the generation that it has seen, and its conditions.
pub type Said = (Option<i64>, Vec<Condition>);

pub async fn wait<K>(
    api: &Api<K>,
    name: &str,
    generation: Option<i64>,
    said: impl Fn(K) -> Said,
) -> Result<()>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let kind = K::kind(&());
    let only = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut changes = watcher(api.clone(), only).default_backoff().touched_objects().boxed();
    let mut last = String::new();
    while let Some(object) =
        changes.try_next().await.with_context(|| format!("watching {kind} {name}"))?
    {
        if object.meta().deletion_timestamp.is_some() {
            bail!("{kind} {name} was deleted");
        }
        let (observed, all) = said(object);
        let Some(ready) = conditions::find(&all, READY) else { continue };
        if observed < generation {
            continue;
        }
        if ready.status == "True" {
            return Ok(());
        }
        if HOPELESS.contains(&ready.reason.as_str()) {
            bail!("{}", ready.message);
        }
        if ready.message != last {
            eprintln!("{}: {}", say("not ready", "未就绪"), ready.message);
            last.clone_from(&ready.message);
        }
    }
    bail!("the platform ended the watch; `dais get {}` says how it stands", K::plural(&()))
}
