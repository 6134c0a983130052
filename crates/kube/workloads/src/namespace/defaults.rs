//! What each namespace has: the ServiceAccount `default`, and the authority that
//! signed the API server's certificate. Both are made again when somebody deletes
//! them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ServiceAccount};
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, ResourceExt};

use crate::context::Context;
use crate::crew::is_namespace_terminating;
use crate::error::{Attempt, Result, is_already_exists};
use crate::feeds::ROOT_CA;

const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

/// Makes what is missing, and mends the ConfigMap.
pub async fn provide(namespace: &Namespace, context: &Context) -> Result<()> {
    let name = namespace.name_any();
    let feeds = &context.feeds;
    if feeds.service_accounts.get(Some(&name), "default").is_none() {
        let api: Api<ServiceAccount> = Api::namespaced(context.client.clone(), &name);
        let account =
            ServiceAccount { metadata: metadata("default", &name), ..ServiceAccount::default() };
        settled(api.create(&PostParams::default(), &account).await, &name)?;
    }
    let wanted = root_ca(&name, &context.config.root_ca);
    let api: Api<ConfigMap> = Api::namespaced(context.client.clone(), &name);
    match feeds.config_maps.get(Some(&name), ROOT_CA) {
        None => settled(api.create(&PostParams::default(), &wanted).await, &name),
        Some(existing) if existing.data != wanted.data => {
            let mut next = (*existing).clone();
            next.data = wanted.data;
            api.replace(ROOT_CA, &PostParams::default(), &next)
                .await
                .map(drop)
                .attempt("mend the root CA of namespace", name)
        }
        Some(_) => Ok(()),
    }
}

/// Somebody else was faster, or the namespace goes: both are fine.
fn settled<T>(result: kube::Result<T>, namespace: &str) -> Result<()> {
    match result {
        Err(error) if is_already_exists(&error) || is_namespace_terminating(&error) => Ok(()),
        other => other.map(drop).attempt("provide for namespace", namespace),
    }
}

fn metadata(name: &str, namespace: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(namespace.to_owned()),
        ..ObjectMeta::default()
    }
}

fn root_ca(namespace: &str, pem: &str) -> ConfigMap {
    let mut metadata = metadata(ROOT_CA, namespace);
    metadata.annotations =
        Some(BTreeMap::from([("kubernetes.io/description".to_owned(), DESCRIPTION.to_owned())]));
    ConfigMap {
        metadata,
        data: Some(BTreeMap::from([("ca.crt".to_owned(), pem.to_owned())])),
        ..ConfigMap::default()
    }
}
