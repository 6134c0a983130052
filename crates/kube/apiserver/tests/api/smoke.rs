//! The path that everybody takes: namespace, object, list, watch, patch, delete.

use futures::StreamExt;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchParams};
use kube::core::WatchEvent;
use serde_json::json;

use crate::rig::Rig;

pub fn of<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).expect("an object of the type")
}

#[tokio::test]
async fn an_object_lives_and_dies() {
    let rig = Rig::new().await;
    let client = rig.admin();
    let namespaces: Api<Namespace> = Api::all(client.clone());
    namespaces
        .create(&PostParams::default(), &of(json!({"metadata": {"name": "lab"}})))
        .await
        .expect("namespace");
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "lab");
    let made = maps
        .create(
            &PostParams::default(),
            &of(json!({"metadata": {"name": "a", "labels": {"x": "1"}}, "data": {"k": "v"}})),
        )
        .await
        .expect("create");
    assert!(made.metadata.uid.is_some());
    assert!(made.metadata.resource_version.is_some());

    let list = maps.list(&ListParams::default().labels("x=1")).await.expect("list");
    assert_eq!(list.items.len(), 1);
    assert!(maps.list(&ListParams::default().labels("x=2")).await.expect("list").items.is_empty());
    assert!(maps.get_opt("nosuch").await.expect("a 404 is no error").is_none());

    let version = list.metadata.resource_version.expect("lists have a version");
    let mut events = maps.watch(&WatchParams::default(), &version).await.expect("watch").boxed();
    let patched = maps
        .patch("a", &PatchParams::default(), &Patch::Merge(json!({"data": {"k": "w"}})))
        .await
        .expect("patch");
    assert_eq!(patched.data.expect("data")["k"], "w");
    maps.delete("a", &DeleteParams::default()).await.expect("delete");
    assert!(
        matches!(events.next().await, Some(Ok(WatchEvent::Modified(map))) if map.data.as_ref().is_some_and(|data| data["k"] == "w"))
    );
    assert!(matches!(events.next().await, Some(Ok(WatchEvent::Deleted(_)))));
    assert!(maps.get_opt("a").await.expect("get").is_none());
}

#[tokio::test]
async fn apply_makes_and_changes() {
    let rig = Rig::new().await;
    let maps: Api<ConfigMap> = Api::namespaced(rig.admin(), "default");
    let apply = |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": value}});
    let params = PatchParams::apply("tester").force();
    let first = maps.patch("a", &params, &Patch::Apply(apply("1"))).await.expect("apply creates");
    let same = maps.patch("a", &params, &Patch::Apply(apply("1"))).await.expect("apply again");
    assert_eq!(
        first.metadata.resource_version, same.metadata.resource_version,
        "nothing changed, nothing is written"
    );
    let second = maps.patch("a", &params, &Patch::Apply(apply("2"))).await.expect("apply changes");
    assert_ne!(first.metadata.resource_version, second.metadata.resource_version);
}

#[tokio::test]
async fn a_pod_has_its_defaults_and_can_be_bound() {
    let rig = Rig::new().await;
    let pods: Api<Pod> = Api::namespaced(rig.admin(), "default");
    let pod = of(
        json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "host"}]}}),
    );
    let made = pods.create(&PostParams::default(), &pod).await.expect("create");
    let spec = made.spec.expect("spec");
    assert_eq!(spec.restart_policy.as_deref(), Some("Always"));
    assert_eq!(made.status.expect("status").phase.as_deref(), Some("Pending"));
    let binding: k8s_openapi::api::core::v1::Binding =
        of(json!({"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}}));
    let _: k8s_openapi::apimachinery::pkg::apis::meta::v1::Status = pods
        .create_subresource("binding", "p", &PostParams::default(), &binding)
        .await
        .expect("bind");
    let status = json!({"status": {"phase": "Running"}});
    pods.patch_status("p", &PatchParams::default(), &Patch::Merge(status)).await.expect("status");
    let now = pods.get("p").await.expect("get");
    assert_eq!(now.spec.expect("spec").node_name.as_deref(), Some("n"));
    assert_eq!(now.status.expect("status").phase.as_deref(), Some("Running"));
}

#[tokio::test]
async fn a_definition_is_served_as_soon_as_it_is_established() {
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
    let rig = Rig::new().await;
    let client = rig.admin();
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    definitions.create(&PostParams::default(), &of(definition())).await.expect("create");
    let established = kube::runtime::wait::await_condition(
        definitions,
        "cars.example.com",
        kube::runtime::conditions::is_crd_established(),
    );
    tokio::time::timeout(std::time::Duration::from_secs(10), established)
        .await
        .expect("in time")
        .expect("established");
    let kind = kube::api::ApiResource::from_gvk(&kube::api::GroupVersionKind::gvk(
        "example.com",
        "v1",
        "Car",
    ));
    let cars: Api<kube::api::DynamicObject> = Api::namespaced_with(client, "default", &kind);
    let car = of(
        json!({"apiVersion": "example.com/v1", "kind": "Car", "metadata": {"name": "a"}, "spec": {}}),
    );
    let made = cars.create(&PostParams::default(), &car).await.expect("create");
    assert_eq!(made.data["spec"]["wheels"], 4, "the default is filled in");
    let car = of(
        json!({"apiVersion": "example.com/v1", "kind": "Car", "metadata": {"name": "b"}, "spec": {"wheels": 1.0}}),
    );
    cars.create(&PostParams::default(), &car).await.expect("create");
    let read = cars.get("b").await.expect("get");
    assert_eq!(read.data["spec"]["wheels"], json!(1), "a whole number is an integer");
    let status = json!({"status": {"phase": "Driving"}});
    let now = cars
        .patch_status("a", &PatchParams::default(), &Patch::Merge(status))
        .await
        .expect("status");
    assert_eq!(now.data["status"]["phase"], "Driving");
}

fn definition() -> serde_json::Value {
    json!({
        "metadata": {"name": "cars.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"plural": "cars", "kind": "Car"},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "properties": {"wheels": {"type": "integer", "default": 4}}},
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}
                }}}
            }]
        }
    })
}

#[tokio::test]
async fn an_event_of_one_group_is_read_in_the_other() {
    use k8s_openapi::api::core::v1::Event as CoreEvent;
    use k8s_openapi::api::events::v1::Event;
    let rig = Rig::new().await;
    let written: Api<Event> = Api::namespaced(rig.admin(), "default");
    let event = of(json!({
        "metadata": {"name": "one"}, "eventTime": "2026-01-02T03:04:05.000000Z", "type": "Normal",
        "reason": "Told", "note": "it was told", "action": "Tell", "reportingController": "tester",
        "reportingInstance": "tester-0",
        "regarding": {"kind": "ConfigMap", "name": "a", "namespace": "default"}
    }));
    written.create(&PostParams::default(), &event).await.expect("create");
    let read: Api<CoreEvent> = Api::namespaced(rig.admin(), "default");
    let about = ListParams::default().fields("involvedObject.name=a,reason=Told");
    let found = read.list(&about).await.expect("list").items.remove(0);
    assert_eq!(found.message.as_deref(), Some("it was told"));
    assert_eq!(found.reporting_component.as_deref(), Some("tester"));
    let change = Patch::Merge(json!({"message": "it was told again"}));
    read.patch("one", &PatchParams::default(), &change).await.expect("patch");
    let again = written.get("one").await.expect("get");
    assert_eq!(again.note.as_deref(), Some("it was told again"));
    assert_eq!(again.regarding.and_then(|object| object.name).as_deref(), Some("a"));

    let path = "/apis/events.k8s.io/v1/namespaces/default/events";
    let as_table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let request = http::Request::get(path).header("accept", as_table).body(Vec::new()).unwrap();
    let table: serde_json::Value = rig.admin().request(request).await.expect("table");
    let cells = table["rows"][0]["cells"].as_array().expect("cells");
    for shown in ["configmap/a", "tester", "it was told again"] {
        assert!(cells.contains(&json!(shown)), "{shown} in {cells:?}");
    }
}
