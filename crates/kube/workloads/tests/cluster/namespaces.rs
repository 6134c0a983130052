//! Namespaces come with what they need and go with what they hold; quotas tell
//! what they use.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ResourceQuota, ServiceAccount};
use kube::Api;
use serde_json::json;

use crate::world::{World, eventually, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_namespace_gets_an_account_and_an_authority() {
    let world = World::empty().await;
    let is_there =
        |map: &ConfigMap| map.data.as_ref().is_some_and(|data| data["ca.crt"] == "the authority");
    let first = until::<ConfigMap>(&world, "kube-root-ca.crt", "the authority", is_there).await;
    world
        .api::<ConfigMap>()
        .delete("kube-root-ca.crt", &Default::default())
        .await
        .expect("deleted");
    world.api::<ServiceAccount>().delete("default", &Default::default()).await.expect("deleted");
    until::<ConfigMap>(&world, "kube-root-ca.crt", "another", |map| {
        map.metadata.uid != first.metadata.uid
    })
    .await;
    until::<ServiceAccount>(&world, "default", "another account", |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_says_what_holds_it_and_goes() {
    let world = World::empty().await;
    world.make::<ConfigMap>(json!({"metadata": {"name": "free"}})).await;
    world
        .make::<ConfigMap>(
            json!({"metadata": {"name": "held", "finalizers": ["example.com/hold"]}}),
        )
        .await;
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    namespaces.delete("a", &Default::default()).await.expect("deleted");
    eventually("the conditions", || async {
        let namespace = namespaces.get_opt("a").await?;
        let conditions =
            namespace.and_then(|n| n.status).and_then(|s| s.conditions).unwrap_or_default();
        let remaining = conditions.into_iter().find(|c| c.type_ == "NamespaceContentRemaining");
        let said = remaining.and_then(|c| c.message);
        Ok::<_, kube::Error>(said.filter(|said| {
            said == "Some resources are remaining: configmaps. has 1 resource instances"
        }))
    })
    .await;
    world.patch::<ConfigMap>("held", json!({"metadata": {"finalizers": null}})).await;
    eventually("the namespace to be gone", || async {
        Ok::<_, kube::Error>(namespaces.get_opt("a").await?.is_none().then_some(()))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_tells_what_is_used() {
    let world = World::empty().await;
    world
        .make::<ResourceQuota>(json!({"metadata": {"name": "q"}, "spec": {"hard": {"pods": "2", "requests.cpu": "1", "configmaps": "3"}}}))
        .await;
    let used = |quota: &ResourceQuota, name: &str| {
        let used = quota.status.as_ref().and_then(|status| status.used.as_ref());
        used.and_then(|used| used.get(name)).map(|quantity| quantity.0.clone())
    };
    until::<ResourceQuota>(&world, "q", "the authority to count", |q| {
        used(q, "configmaps").as_deref() == Some("1")
    })
    .await;
    world
        .make::<k8s_openapi::api::core::v1::Pod>(
            json!({"metadata": {"name": "p"}, "spec": {"containers": [
            {"name": "c", "image": "host", "resources": {"requests": {"cpu": "600m"}}}]}}),
        )
        .await;
    until::<ResourceQuota>(&world, "q", "the pod to count", |q| {
        used(q, "requests.cpu").as_deref() == Some("600m")
            && used(q, "pods").as_deref() == Some("1")
    })
    .await;
    world
        .api::<k8s_openapi::api::core::v1::Pod>()
        .delete("p", &Default::default())
        .await
        .expect("deleted");
    until::<ResourceQuota>(&world, "q", "the pod to count no more", |q| {
        used(q, "pods").as_deref() == Some("0")
    })
    .await;
}
