//! Quota, limits, pod security, addresses, the creator's annotation.

use dais_apiserver::UserInfo;
use serde_json::{Value, json};

use crate::rig::Rig;

fn pod(name: &str, spec: Value) -> Value {
    let mut whole = json!({"containers": [{"name": "c", "image": "host"}]});
    if let (Some(map), Value::Object(more)) = (whole.as_object_mut(), spec) {
        map.extend(more);
    }
    json!({"metadata": {"name": name}, "spec": whole})
}

/// `ann` may make anything in the namespace `lab`.
async fn lab() -> Rig {
    let rig = Rig::new().await;
    let admin = UserInfo::admin();
    rig.ask(&admin, "POST", "/api/v1/namespaces", Some(&json!({"metadata": {"name": "lab"}})))
        .await;
    let binding = json!({
        "metadata": {"name": "ann"}, "roleRef": {"kind": "ClusterRole", "name": "admin"}, "subjects": [{"kind": "User", "name": "ann"}]
    });
    let path = "/apis/rbac.authorization.k8s.io/v1/namespaces/lab/rolebindings";
    assert_eq!(rig.ask(&admin, "POST", path, Some(&binding)).await.code, 201);
    rig
}

fn ann() -> UserInfo {
    UserInfo::new::<String>("ann", [])
}

#[tokio::test]
async fn the_host_is_out_of_reach() {
    let rig = lab().await;
    for (spec, words) in [
        (
            json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
            "hostPath volumes (volume \"v\")",
        ),
        (json!({"hostPID": true}), "host namespaces (hostPID=true)"),
        (
            json!({"containers": [{"name": "c", "image": "host", "securityContext": {"privileged": true}}]}),
            "privileged (container \"c\"",
        ),
    ] {
        let answer = rig
            .ask(&ann(), "POST", "/api/v1/namespaces/lab/pods", Some(&pod("p", spec.clone())))
            .await;
        assert_eq!(answer.code, 403);
        assert!(
            answer.message().contains("violates PodSecurity \"baseline:latest\""),
            "{}",
            answer.message()
        );
        assert!(answer.message().contains(words), "{}", answer.message());
        // A controller that makes pods for others is no back door.
        let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": pod("p", spec)["spec"]});
        let deployment = json!({"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}});
        assert_eq!(
            rig.ask(&ann(), "POST", "/apis/apps/v1/namespaces/lab/deployments", Some(&deployment))
                .await
                .code,
            403
        );
    }
    let path = json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]});
    assert_eq!(
        rig.ask(
            &UserInfo::admin(),
            "POST",
            "/api/v1/namespaces/lab/pods",
            Some(&pod("own", path.clone()))
        )
        .await
        .code,
        201
    );
    let label =
        json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}});
    assert_eq!(
        rig.ask(&ann(), "PATCH", "/api/v1/namespaces/lab", Some(&label)).await.code,
        403,
        "nobody frees themselves"
    );
    rig.ask(&UserInfo::admin(), "PATCH", "/api/v1/namespaces/lab", Some(&label)).await;
    assert_eq!(
        rig.ask(&ann(), "POST", "/api/v1/namespaces/lab/pods", Some(&pod("p", path))).await.code,
        201
    );
}

#[tokio::test]
async fn quota_holds_and_is_told() {
    let rig = lab().await;
    let admin = UserInfo::admin();
    let hard = json!({"pods": "2", "requests.nvidia.com/gpu": "1", "count/configmaps": "1"});
    let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": hard}});
    assert_eq!(
        rig.ask(&admin, "POST", "/api/v1/namespaces/lab/resourcequotas", Some(&quota)).await.code,
        201
    );
    let pods = "/api/v1/namespaces/lab/pods";
    let gpu = json!({"containers": [{"name": "c", "image": "host", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]});
    assert_eq!(rig.ask(&ann(), "POST", pods, Some(&pod("a", gpu.clone()))).await.code, 201);
    let refused = rig.ask(&ann(), "POST", pods, Some(&pod("b", gpu))).await;
    assert_eq!(refused.code, 403);
    let words = "exceeded quota: q, requested: requests.nvidia.com/gpu=1, used: requests.nvidia.com/gpu=1, limited: requests.nvidia.com/gpu=1";
    assert!(refused.message().ends_with(words), "{}", refused.message());
    assert_eq!(rig.ask(&ann(), "POST", pods, Some(&pod("b", json!({})))).await.code, 201);
    assert_eq!(rig.ask(&ann(), "POST", pods, Some(&pod("c", json!({})))).await.code, 403);
    let used = async || {
        rig.ask(&admin, "GET", "/api/v1/namespaces/lab/resourcequotas/q", None).await.json()["status"]["used"]["pods"].clone()
    };
    until(async || used().await == "2").await;
    rig.ask(&ann(), "DELETE", &format!("{pods}/b"), None).await;
    until(async || used().await == "1").await;
    assert_eq!(
        rig.ask(&ann(), "POST", pods, Some(&pod("c", json!({})))).await.code,
        201,
        "what is given back can be had again"
    );
}

async fn until(reached: impl AsyncFn() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while !reached().await {
        assert!(std::time::Instant::now() < deadline, "not within ten seconds");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn two_creates_at_once_cannot_share_the_last_place() {
    let rig = std::sync::Arc::new(lab().await);
    let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": {"configmaps": "5"}}});
    rig.ask(&UserInfo::admin(), "POST", "/api/v1/namespaces/lab/resourcequotas", Some(&quota))
        .await;
    let tries = (0..20).map(|number| {
        let rig = rig.clone();
        async move {
            let map = json!({"metadata": {"name": format!("m{number}")}});
            rig.ask(&ann(), "POST", "/api/v1/namespaces/lab/configmaps", Some(&map)).await.code
        }
    });
    let codes = futures::future::join_all(tries).await;
    assert_eq!(codes.iter().filter(|code| **code == 201).count(), 5, "{codes:?}");
}

#[tokio::test]
async fn services_get_addresses_of_their_own() {
    let rig = lab().await;
    let service = |name: &str| json!({"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], "type": "NodePort"}});
    let path = "/api/v1/namespaces/lab/services";
    let one = rig.ask(&ann(), "POST", path, Some(&service("one"))).await.json();
    let two = rig.ask(&ann(), "POST", path, Some(&service("two"))).await.json();
    let address = one["spec"]["clusterIP"].as_str().expect("an address");
    assert!(address.starts_with("127."), "{address}");
    assert_ne!(one["spec"]["clusterIP"], two["spec"]["clusterIP"]);
    assert_ne!(one["spec"]["ports"][0]["nodePort"], two["spec"]["ports"][0]["nodePort"]);
    let changed = rig
        .ask(
            &ann(),
            "PATCH",
            &format!("{path}/one"),
            Some(&json!({"metadata": {"labels": {"x": "y"}}})),
        )
        .await
        .json();
    assert_eq!(changed["spec"], one["spec"], "an update keeps addresses and ports");
}

#[tokio::test]
async fn who_made_an_object_cannot_be_changed() {
    let rig = Rig::with(|config| config.authors.creator = Some("example.com/creator".into())).await;
    let admin = UserInfo::admin();
    let binding = json!({
        "metadata": {"name": "ann"}, "roleRef": {"kind": "ClusterRole", "name": "edit"}, "subjects": [{"kind": "User", "name": "ann"}]
    });
    rig.ask(
        &admin,
        "POST",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
        Some(&binding),
    )
    .await;
    let path = "/api/v1/namespaces/default/configmaps";
    let forged = json!({"metadata": {"name": "a", "annotations": {"example.com/creator": "bob"}}});
    let creator = |object: Value| object["metadata"]["annotations"]["example.com/creator"].clone();
    assert_eq!(creator(rig.ask(&ann(), "POST", path, Some(&forged)).await.json()), "ann");
    assert_eq!(
        creator(rig.ask(&ann(), "PATCH", &format!("{path}/a"), Some(&forged)).await.json()),
        "ann"
    );
    let without = json!({"metadata": {"annotations": null}});
    assert_eq!(
        creator(rig.ask(&ann(), "PATCH", &format!("{path}/a"), Some(&without)).await.json()),
        "ann"
    );
    let for_bob = json!({"metadata": {"name": "b", "annotations": {"example.com/creator": "bob"}}});
    assert_eq!(
        creator(rig.ask(&admin, "POST", path, Some(&for_bob)).await.json()),
        "bob",
        "a controller may name whom it acts for"
    );
}

#[tokio::test]
async fn who_changed_a_spec_is_noted() {
    let rig = Rig::with(|config| config.authors.changer = Some("example.com/changer".into())).await;
    let admin = UserInfo::admin();
    let binding = json!({
        "metadata": {"name": "ann"}, "roleRef": {"kind": "ClusterRole", "name": "edit"}, "subjects": [{"kind": "User", "name": "ann"}]
    });
    let bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
    rig.ask(&admin, "POST", bindings, Some(&binding)).await;
    let (path, forged) =
        ("/api/v1/namespaces/default/services", json!({"example.com/changer": "bob"}));
    let changer = |object: Value| object["metadata"]["annotations"]["example.com/changer"].clone();
    let made = json!({"metadata": {"name": "a", "annotations": forged}, "spec": {"ports": [{"port": 80}]}});
    assert_eq!(changer(rig.ask(&ann(), "POST", path, Some(&made)).await.json()), Value::Null);
    let one = format!("{path}/a");
    let label = json!({"metadata": {"labels": {"x": "y"}, "annotations": forged}});
    assert_eq!(changer(rig.ask(&ann(), "PATCH", &one, Some(&label)).await.json()), Value::Null);
    let spec = json!({"metadata": {"annotations": forged}, "spec": {"selector": {"app": "x"}}});
    assert_eq!(changer(rig.ask(&ann(), "PATCH", &one, Some(&spec)).await.json()), "ann");
    let without = json!({"metadata": {"annotations": null}});
    assert_eq!(changer(rig.ask(&ann(), "PATCH", &one, Some(&without)).await.json()), "ann");
    let again = json!({"spec": {"selector": {"app": "z"}}});
    let by_controller = rig.ask(&admin, "PATCH", &one, Some(&again)).await.json();
    assert_eq!(changer(by_controller), "ann", "a controller says itself whose change it is");
}
