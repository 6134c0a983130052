//! Finding a kind by any of the names that people use for it.

use anyhow::{Context, Result, bail};
use kube::Client;
use kube::core::ApiResource;
use kube::discovery::{ApiCapabilities, Discovery, Scope, verbs};

/// The resource called `name`: plural, singular kind in any case, or short name.
pub async fn find(client: &Client, name: &str) -> Result<(ApiResource, ApiCapabilities)> {
    let discovery =
        Discovery::new(client.clone()).run().await.context("asking which kinds there are")?;
    let wanted = name.to_ascii_lowercase();
    let mut known = Vec::new();
    for group in discovery.groups_alphabetical() {
        for (resource, capabilities) in group.recommended_resources() {
            if !capabilities.supports_operation(verbs::LIST) {
                continue;
            }
            let kind = resource.kind.to_ascii_lowercase();
            let short = short_names(&kind).contains(&wanted.as_str());
            if resource.plural == wanted || kind == wanted || short {
                return Ok((resource, capabilities));
            }
            known.push(resource.plural);
        }
    }
    bail!("no kind is called {name:?}; there are: {}", known.join(", "))
}

pub fn is_namespaced(capabilities: &ApiCapabilities) -> bool {
    capabilities.scope == Scope::Namespaced
}

/// Short names as kubectl knows them; discovery of the client leaves them out.
fn short_names(kind: &str) -> &'static [&'static str] {
    match kind {
        "abtest" => &["ab"],
        "algorithm" => &["algo"],
        "application" => &["app"],
        "sweep" => &["sw"],
        "trainingjob" => &["tj"],
        "environment" => &["env"],
        "dataset" => &["ds"],
        "inferenceservice" => &["isvc"],
        "labelingproject" => &["lp"],
        "notebook" => &["nb"],
        "pod" => &["po"],
        "service" => &["svc"],
        "namespace" => &["ns"],
        "deployment" => &["deploy"],
        "configmap" => &["cm"],
        "event" => &["ev"],
        "node" => &["no"],
        _ => &[],
    }
}
