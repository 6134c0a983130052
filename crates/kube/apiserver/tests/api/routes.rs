//! Every served route and verb is in a table, and is denied to somebody without
//! rights. A new route without a row fails, and so does a row without a route.

use std::collections::BTreeSet;

use dais_apiserver::UserInfo;
use serde_json::{Value, json};

use crate::rig::Rig;

/// Group version, resource, verbs.
const TABLE: &str = include_str!("routes.txt");

fn rows(text: &str) -> BTreeSet<String> {
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

async fn served(rig: &Rig) -> Vec<(String, Value)> {
    let admin = UserInfo::admin();
    let mut all = Vec::new();
    let groups = rig.ask(&admin, "GET", "/apis", None).await.json();
    let mut versions = vec!["/api/v1".to_owned()];
    for group in groups["groups"].as_array().expect("groups") {
        let list = group["versions"].as_array().expect("versions");
        versions.extend(
            list.iter().map(|one| format!("/apis/{}", one["groupVersion"].as_str().expect("text"))),
        );
    }
    for path in versions {
        let list = rig.ask(&admin, "GET", &path, None).await.json();
        all.extend(
            list["resources"]
                .as_array()
                .expect("resources")
                .iter()
                .map(|one| (path.clone(), one.clone())),
        );
    }
    all
}

#[tokio::test]
async fn every_served_route_has_a_row() {
    let rig = Rig::new().await;
    let found: BTreeSet<String> = served(&rig)
        .await
        .iter()
        .map(|(path, resource)| {
            let verbs: Vec<&str> = resource["verbs"]
                .as_array()
                .expect("verbs")
                .iter()
                .filter_map(Value::as_str)
                .collect();
            format!("{path} {} {}", resource["name"].as_str().expect("a name"), verbs.join(","))
        })
        .collect();
    let table = rows(TABLE);
    let missing: Vec<&String> = found.difference(&table).collect();
    let stale: Vec<&String> = table.difference(&found).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "served without a row: {missing:#?}\nrows without a route: {stale:#?}"
    );
}

#[tokio::test]
async fn every_row_is_denied_to_somebody_without_rights() {
    let rig = Rig::new().await;
    let nobody = UserInfo::new::<String>("nobody", []);
    let mut asked = 0;
    for row in rows(TABLE) {
        let mut parts = row.split(' ');
        let (base, resource, verbs) = (
            parts.next().expect("path"),
            parts.next().expect("resource"),
            parts.next().expect("verbs"),
        );
        let (plural, sub) = resource.split_once('/').unwrap_or((resource, ""));
        for verb in verbs.split(',') {
            // What everybody who is signed in may do.
            if plural.starts_with("selfsubject") {
                continue;
            }
            for place in ["", "/namespaces/default"] {
                let collection = matches!(verb, "create" | "list" | "watch" | "deletecollection")
                    && sub.is_empty();
                let name = if collection { "" } else { "/some" };
                let sub = if sub.is_empty() { String::new() } else { format!("/{sub}") };
                let query = if verb == "watch" { "?watch=1&timeoutSeconds=1" } else { "" };
                let method = match verb {
                    "create" => "POST",
                    "update" => "PUT",
                    "patch" => "PATCH",
                    "delete" | "deletecollection" => "DELETE",
                    _ => "GET",
                };
                let path = format!("{base}{place}/{plural}{name}{sub}{query}");
                let answer = rig.ask(&nobody, method, &path, Some(&json!({}))).await;
                assert_eq!(
                    answer.code,
                    403,
                    "{method} {path}: {}",
                    String::from_utf8_lossy(&answer.body)
                );
                // An upgraded connection does something, whichever method asks for it.
                let connects = resource.starts_with("pods/")
                    && ["/attach", "/exec", "/portforward"]
                        .iter()
                        .any(|sub| resource.ends_with(sub));
                let verb = if connects { "create" } else { verb };
                assert!(
                    answer.message().contains(&format!("cannot {verb} resource \"{resource}\"")),
                    "{}",
                    answer.message()
                );
                asked += 1;
            }
        }
    }
    assert!(asked > 500, "the table is walked: {asked}");
}

#[tokio::test]
async fn other_paths_are_for_those_who_may() {
    let rig = Rig::new().await;
    let anonymous = UserInfo::anonymous();
    let nobody = UserInfo::new::<String>("nobody", []);
    for (path, for_anonymous, for_nobody) in [
        ("/healthz", 200, 200),
        ("/version", 200, 200),
        ("/api", 403, 200),
        ("/apis", 403, 200),
        ("/apis/apps/v1", 403, 200),
        ("/openapi/v2", 403, 200),
        ("/openapi/v3", 403, 200),
        ("/", 403, 403),
        ("/metrics", 403, 403),
        ("/nosuch", 403, 403),
    ] {
        assert_eq!(
            rig.ask(&anonymous, "GET", path, None).await.code,
            for_anonymous,
            "{path} as anonymous"
        );
        assert_eq!(rig.ask(&nobody, "GET", path, None).await.code, for_nobody, "{path} as nobody");
    }
}
