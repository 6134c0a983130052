//! Input that nobody means well with ends in a 4xx with words.

use dais_apiserver::UserInfo;
use http::Request;
use serde_json::json;

use crate::rig::Rig;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A few lines of YAML that are ten to the tenth items when every alias is followed.
fn doubling() -> String {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(",");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    text
}

async fn post(rig: &Rig, media: &str, body: Vec<u8>) -> crate::rig::Answered {
    let request = Request::post(MAPS).header("content-type", media).extension(UserInfo::admin());
    rig.read(request.body(axum::body::Body::from(body)).expect("a request")).await
}

#[tokio::test]
async fn bodies() {
    let rig = Rig::new().await;
    let deep = |open: &str, close: &str| {
        format!("{{\"data\":{}1{}}}", open.repeat(100_000), close.repeat(100_000)).into_bytes()
    };
    for (media, body, code) in [
        ("application/json", b"{".to_vec(), 400),
        ("application/json", b"[]".to_vec(), 400),
        ("application/json", b"null".to_vec(), 400),
        ("application/json", b"\xff\xfe".to_vec(), 400),
        ("application/json", deep("[", "]"), 400),
        ("application/json", deep("{\"a\":", "}"), 400),
        ("application/yaml", b"a: [".to_vec(), 400),
        ("application/yaml", "[".repeat(100_000).into_bytes(), 400),
        ("application/yaml", doubling().into_bytes(), 400),
        ("application/json", vec![b' '; 3 * 1024 * 1024 + 1], 413),
        ("application/vnd.kubernetes.protobuf", b"k8s\0".to_vec(), 415),
        ("text/plain", b"{}".to_vec(), 415),
        (
            "application/json",
            json!({"metadata": {"name": "a", "labels": "x"}}).to_string().into_bytes(),
            400,
        ),
        (
            "application/json",
            json!({"metadata": {"name": "../../etc"}}).to_string().into_bytes(),
            422,
        ),
        ("application/json", json!({"metadata": {"name": "A_b"}}).to_string().into_bytes(), 422),
        (
            "application/json",
            json!({"metadata": {"name": "a", "namespace": "other"}}).to_string().into_bytes(),
            400,
        ),
    ] {
        let shown: String = String::from_utf8_lossy(&body).chars().take(40).collect();
        let answer = post(&rig, media, body).await;
        assert_eq!(answer.code, code, "{media} {shown}: {}", String::from_utf8_lossy(&answer.body));
        assert!(!answer.message().is_empty(), "{media} {shown} says why");
    }
}

#[tokio::test]
async fn addresses_and_options() {
    let rig = Rig::new().await;
    let admin = UserInfo::admin();
    for path in [
        "?labelSelector=%28",
        "?labelSelector=a%20in",
        "?fieldSelector=x",
        "?continue=nonsense",
        "?limit=x",
        "?resourceVersion=abc",
        "?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIvLi4vLi4vIn0",
        "?watch=1&timeoutSeconds=x",
        "?labelSelector=%FF%FE",
        "/%2e%2e",
        "/a%2fb",
    ] {
        let answer = rig.ask(&admin, "GET", &format!("{MAPS}{path}"), None).await;
        assert!((400..500).contains(&answer.code), "{path}: {}", answer.code);
        assert!(!answer.message().is_empty(), "{path} says why");
    }
    assert_eq!(
        rig.ask(
            &admin,
            "POST",
            &format!("{MAPS}?dryRun=Some"),
            Some(&json!({"metadata": {"name": "a"}}))
        )
        .await
        .code,
        422
    );
}

#[tokio::test]
async fn patches() {
    let rig = Rig::new().await;
    let admin = UserInfo::admin();
    rig.ask(&admin, "POST", MAPS, Some(&json!({"metadata": {"name": "a"}, "data": {"k": "v"}})))
        .await;
    for (media, body, code) in [
        ("application/json-patch+json", "{}", 400),
        ("application/json-patch+json", r#"[{"op":"remove","path":"/nosuch"}]"#, 422),
        ("application/json-patch+json", r#"[{"op":"replace","path":"","value":7}]"#, 422),
        ("application/merge-patch+json", "[1]", 400),
        ("application/merge-patch+json", r#"{"metadata":{"name":"b"}}"#, 400),
        ("application/merge-patch+json", r#"{"kind":"Secret"}"#, 422),
        ("application/merge-patch+json", r#"{"data":[]}"#, 422),
        ("application/apply-patch+yaml", "x", 400),
        ("application/json", "{}", 415),
    ] {
        let request = Request::patch(format!("{MAPS}/a?fieldManager=m"))
            .header("content-type", media)
            .extension(admin.clone());
        let answer = rig.read(request.body(axum::body::Body::from(body)).expect("a request")).await;
        assert_eq!(answer.code, code, "{media} {body}: {}", String::from_utf8_lossy(&answer.body));
    }
}
