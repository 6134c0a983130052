use serde_json::{Value, json};

use crate::server::on_both;

fn paths(answer: &Value) -> Vec<(&str, &str)> {
    let entries = answer["entries"].as_array().expect("entries");
    entries
        .iter()
        .map(|entry| {
            (entry["kind"].as_str().expect("a kind"), entry["path"].as_str().expect("a path"))
        })
        .collect()
}

#[tokio::test]
async fn pages_of_a_difference_tell_each_path_once() {
    on_both(|server| async move {
        let old = [("gone 数.csv", "1"), ("kept", "2"), ("moved/old", "three"), ("edited", "4")];
        let new = [("fresh", "12"), ("kept", "2"), ("moved/new", "three"), ("edited", "456")];
        server.version("d", &old).await;
        server.version("d", &new).await;
        let (status, all) = server.call("GET", "datasets/d/diff?from=v1&to=v2", "").await;
        assert_eq!(status, 200, "{all}");
        let wanted = [
            ("changed", "edited"),
            ("added", "fresh"),
            ("removed", "gone 数.csv"),
            ("renamed", "moved/new"),
        ];
        assert_eq!(paths(&all), wanted);
        assert_eq!(all["next"], Value::Null);
        assert_eq!(all["entries"][0]["before"]["size"], 1);
        assert_eq!(all["entries"][0]["after"]["size"], 3);
        assert_eq!(all["entries"][3]["before"]["path"], "moved/old");
        let sum = |files, before, after| json!({ "files": files, "bytesBefore": before, "bytesAfter": after });
        assert_eq!(
            all["summary"],
            json!({
                "added": sum(1, 0, 2), "removed": sum(1, 1, 0), "changed": sum(1, 1, 3),
                "renamed": sum(1, 5, 5), "unchanged": sum(1, 1, 1),
            })
        );

        let (mut after, mut found) = (String::new(), Vec::new());
        loop {
            let address = format!("datasets/d/diff?from=v1&to=latest&limit=3&after={after}");
            let (_, page) = server.call("GET", &address, "").await;
            found.extend(paths(&page).into_iter().map(|(_, path)| path.to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            after = next.to_owned();
        }
        assert_eq!(found, wanted.map(|(_, path)| path));
        let (_, some) =
            server.call("GET", "datasets/d/diff?from=v1&to=v2&kind=renamed&search=old", "").await;
        assert_eq!(paths(&some), [("renamed", "moved/new")]);
        for bad in ["", "from=v1", "from=v1&to=v2&limit=0", "from=v1&to=v2&kind=odd"] {
            let (status, answer) =
                server.call("GET", &format!("datasets/d/diff?{bad}"), "").await;
            assert_eq!((status, &answer["code"]), (400, &json!("invalid")), "{bad}");
        }
    })
    .await;
}
