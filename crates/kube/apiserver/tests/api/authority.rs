//! Two people in two namespaces, roles, impersonation, escalation, audit.

use dais_apiserver::UserInfo;
use http::Request;
use serde_json::{Value, json};

use crate::rig::Rig;

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

fn user(name: &str) -> UserInfo {
    UserInfo::new::<String>(name, [])
}

/// `ann` edits `a`, `bob` edits `b`, and nothing else.
async fn two_projects() -> Rig {
    let rig = Rig::new().await;
    let admin = UserInfo::admin();
    for (namespace, name) in [("a", "ann"), ("b", "bob")] {
        let made = rig
            .ask(
                &admin,
                "POST",
                "/api/v1/namespaces",
                Some(&json!({"metadata": {"name": namespace}})),
            )
            .await;
        assert_eq!(made.code, 201);
        let binding = json!({
            "metadata": {"name": "editors"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
            "subjects": [{"kind": "User", "name": name}]
        });
        let bound = rig
            .ask(
                &admin,
                "POST",
                &format!("{RBAC}/namespaces/{namespace}/rolebindings"),
                Some(&binding),
            )
            .await;
        assert_eq!(bound.code, 201, "{}", bound.message());
    }
    rig
}

#[tokio::test]
async fn two_people_see_nothing_of_each_other() {
    let rig = two_projects().await;
    let (ann, bob) = (user("ann"), user("bob"));
    let map = json!({"metadata": {"name": "mine"}, "data": {"k": "v"}});
    for (person, own, other) in [(&ann, "a", "b"), (&bob, "b", "a")] {
        let at = |namespace: &str| format!("/api/v1/namespaces/{namespace}/configmaps");
        assert_eq!(rig.ask(person, "POST", &at(own), Some(&map)).await.code, 201);
        assert_eq!(
            rig.ask(person, "GET", &at(own), None).await.json()["items"].as_array().map(Vec::len),
            Some(1)
        );
        for (method, path) in [
            ("GET", at(other)),
            ("GET", format!("{}/mine", at(other))),
            ("POST", at(other)),
            ("DELETE", at(other)),
            ("DELETE", format!("{}/mine", at(other))),
            ("PATCH", format!("{}/mine", at(other))),
            ("GET", "/api/v1/configmaps".into()),
            ("GET", format!("{}?watch=1", at(other))),
            ("GET", format!("/api/v1/namespaces/{other}/secrets")),
            ("GET", format!("/api/v1/namespaces/{other}/pods/x/log")),
            ("GET", "/api/v1/namespaces".into()),
            ("GET", "/api/v1/nodes".into()),
            ("GET", format!("/api/v1/watch/namespaces/{other}/configmaps")),
        ] {
            let answer = rig.ask(person, method, &path, Some(&map)).await;
            assert_eq!(
                answer.code,
                403,
                "{} {method} {path}: {}",
                person.username,
                String::from_utf8_lossy(&answer.body)
            );
        }
    }
}

/// Rights in one namespace must not reach a cluster-wide resource through its path.
#[tokio::test]
async fn a_namespace_is_no_way_to_the_cluster() {
    let rig = two_projects().await;
    for path in ["namespaces", "namespaces/b", "namespaces?watch=1", "nodes", "persistentvolumes"] {
        let answer =
            rig.ask(&user("ann"), "GET", &format!("/api/v1/namespaces/a/{path}"), None).await;
        assert!(matches!(answer.code, 403 | 404), "{path}: {}", answer.code);
    }
    assert_eq!(rig.ask(&user("ann"), "GET", "/api/v1/namespaces/a", None).await.code, 200);
    assert_eq!(rig.ask(&user("ann"), "GET", "/api/v1/namespaces/b", None).await.code, 403);
}

#[tokio::test]
async fn a_right_is_gone_with_the_next_request() {
    let rig = two_projects().await;
    let path = "/api/v1/namespaces/a/configmaps";
    assert_eq!(rig.ask(&user("ann"), "GET", path, None).await.code, 200);
    let gone = rig
        .ask(
            &UserInfo::admin(),
            "DELETE",
            &format!("{RBAC}/namespaces/a/rolebindings/editors"),
            None,
        )
        .await;
    assert_eq!(gone.code, 200);
    assert_eq!(rig.ask(&user("ann"), "GET", path, None).await.code, 403);
}

#[tokio::test]
async fn nobody_gives_what_they_do_not_have() {
    let rig = two_projects().await;
    let admin = UserInfo::admin();
    let writer = json!({
        "metadata": {"name": "granter"},
        "rules": [{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["create", "get", "patch", "update"]}]
    });
    rig.ask(&admin, "POST", &format!("{RBAC}/namespaces/a/roles"), Some(&writer)).await;
    let bound = json!({
        "metadata": {"name": "granter"}, "roleRef": {"kind": "Role", "name": "granter"}, "subjects": [{"kind": "User", "name": "ann"}]
    });
    rig.ask(&admin, "POST", &format!("{RBAC}/namespaces/a/rolebindings"), Some(&bound)).await;
    let ann = user("ann");
    let roles = format!("{RBAC}/namespaces/a/roles");
    let bindings = format!("{RBAC}/namespaces/a/rolebindings");
    let role = |name: &str, resource: &str| json!({"metadata": {"name": name}, "rules": [{"apiGroups": [""], "resources": [resource], "verbs": ["get"]}]});
    assert_eq!(rig.ask(&ann, "POST", &roles, Some(&role("fine", "pods"))).await.code, 201);
    let refused = rig.ask(&ann, "POST", &roles, Some(&role("more", "nodes"))).await;
    assert_eq!(refused.code, 403);
    assert!(
        refused.message().contains("attempting to grant RBAC permissions not currently held"),
        "{}",
        refused.message()
    );
    let to_admin = json!({
        "metadata": {"name": "up"}, "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}, "subjects": [{"kind": "User", "name": "ann"}]
    });
    assert_eq!(rig.ask(&ann, "POST", &bindings, Some(&to_admin)).await.code, 403);
    let widen = json!({"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]});
    assert_eq!(rig.ask(&ann, "PATCH", &format!("{roles}/fine"), Some(&widen)).await.code, 403);
}

#[tokio::test]
async fn acting_as_somebody_else_is_a_right() {
    let rig = two_projects().await;
    let as_bob = |user: UserInfo| {
        Request::get("/api/v1/namespaces/b/configmaps")
            .header("impersonate-user", "bob")
            .extension(user)
            .body(axum::body::Body::empty())
            .expect("a request")
    };
    assert_eq!(rig.read(as_bob(UserInfo::admin())).await.code, 200);
    assert_eq!(rig.read(as_bob(user("ann"))).await.code, 403);
    let groups_alone = Request::get("/api/v1/namespaces")
        .header("impersonate-group", "system:masters")
        .extension(user("ann"))
        .body(axum::body::Body::empty())
        .expect("a request");
    assert_ne!(rig.read(groups_alone).await.code, 200);
}

#[tokio::test]
async fn reviews_answer_what_the_authorizer_would() {
    let rig = two_projects().await;
    let ask = |namespace: &str| json!({"spec": {"resourceAttributes": {"verb": "create", "resource": "configmaps", "namespace": namespace}}});
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    assert_eq!(
        rig.ask(&user("ann"), "POST", path, Some(&ask("a"))).await.json()["status"]["allowed"],
        true
    );
    assert_eq!(
        rig.ask(&user("ann"), "POST", path, Some(&ask("b"))).await.json()["status"]["allowed"],
        false
    );
    let about = json!({"spec": {"user": "bob", "resourceAttributes": {"verb": "get", "resource": "pods", "subresource": "log", "namespace": "b"}}});
    let review = rig
        .ask(
            &UserInfo::admin(),
            "POST",
            "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            Some(&about),
        )
        .await;
    assert_eq!(review.json()["status"]["allowed"], true);
}

#[tokio::test]
async fn every_write_leaves_a_record() {
    let rig = two_projects().await;
    rig.audit.0.lock().expect("kept").clear();
    let map = json!({"metadata": {"name": "m"}});
    rig.ask(&user("ann"), "POST", "/api/v1/namespaces/a/configmaps", Some(&map)).await;
    rig.ask(&user("ann"), "GET", "/api/v1/namespaces/a/configmaps/m", None).await;
    rig.ask(&user("ann"), "POST", "/api/v1/namespaces/b/configmaps", Some(&map)).await;
    rig.ask(&user("ann"), "DELETE", "/api/v1/namespaces/a/configmaps/m", None).await;
    let unchanged = json!({"metadata": {"labels": {}}});
    let path = "/api/v1/namespaces/a/configmaps/n";
    rig.ask(&user("ann"), "PATCH", path, Some(&unchanged)).await;

    // What is stored has its record in the same commit …
    let notes = rig.store.notes(10).await.expect("the store answers");
    let noted: Vec<Value> = notes
        .iter()
        .map(|note| serde_json::from_slice::<Value>(&note.text).expect("a record"))
        .filter(|note| note[0]["user"] == "ann")
        .map(|note| {
            let event = &note[0];
            let names = [1, 2].map(|side| note[side]["metadata"]["name"].clone());
            json!([event["verb"], event["namespace"], event["name"], event["code"], names])
        })
        .collect();
    let none = Value::Null;
    assert_eq!(
        noted,
        [
            json!(["create", "a", "m", 201, [none, "m"]]),
            json!(["delete", "a", "m", 200, ["m", none]]),
        ]
    );
    // … and what is not is told.
    let kept = rig.audit.0.lock().expect("kept");
    let seen: Vec<Value> = kept
        .iter()
        .map(|one| json!([one.user, one.verb, one.namespace, one.name, one.code]))
        .collect();
    let missing = json!(["ann", "patch", "a", "n", 404]);
    assert_eq!(seen, [json!(["ann", "create", "b", "", 403]), missing]);
}

/// A program of another version comes with other roles: those that it made before follow.
#[tokio::test]
async fn roles_that_come_along_are_brought_up_to_date() {
    let role = |name: &str, resources: &[&str]| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": [{"apiGroups": [""], "resources": resources, "verbs": ["get"]}]
        })
    };
    let before = ["ours", "kept"].map(|name| role(name, &["configmaps", "secrets"]));
    let first = Rig::with(|config| config.bootstrap = before.to_vec()).await;
    let admin = UserInfo::admin();
    let kept = json!({"metadata": {"annotations": {"rbac.authorization.kubernetes.io/autoupdate": "false"}}});
    first.ask(&admin, "PATCH", &format!("{RBAC}/clusterroles/kept"), Some(&kept)).await;
    let ann = json!({
        "metadata": {"name": "ann"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "ours"},
        "subjects": [{"kind": "User", "name": "ann"}]
    });
    first.ask(&admin, "POST", &format!("{RBAC}/clusterrolebindings"), Some(&ann)).await;
    let read = |rig: Rig, what: &'static str| async move {
        let path = format!("/api/v1/namespaces/default/{what}/none");
        (rig.ask(&user("ann"), "GET", &path, None).await.code, rig)
    };
    let (code, first) = read(first, "secrets").await;
    assert_eq!(code, 404, "allowed, and not there");

    let store = first.store.clone();
    let after = ["ours", "kept"].map(|name| role(name, &["configmaps"]));
    let second = Rig::with(|config| {
        config.store = store;
        config.bootstrap = after.to_vec();
    })
    .await;
    let (code, second) = read(second, "secrets").await;
    assert_eq!(code, 403);
    let (code, second) = read(second, "configmaps").await;
    assert_eq!(code, 404);
    let rules = async |name: &str| {
        let role = second.ask(&admin, "GET", &format!("{RBAC}/clusterroles/{name}"), None).await;
        role.json()["rules"][0]["resources"].clone()
    };
    assert_eq!(rules("kept").await, json!(["configmaps", "secrets"]));
    assert_eq!(rules("ours").await, json!(["configmaps"]));
}
