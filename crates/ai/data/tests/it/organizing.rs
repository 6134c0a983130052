//! Tags, descriptions, search and retention.

use dais_data::Limits;
use serde_json::{Value, json};

use crate::server::{SQLITE, Server, on_both};

/// The texts under `name` of all elements of a list.
fn texts<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    let elements = list.as_array().expect("a list").iter();
    elements.map(|element| element[name].as_str().expect("a text")).collect()
}

async fn four_versions(server: &Server) {
    for content in ["1", "22", "333", "4444"] {
        server.version("d", &[("same", "x"), ("f", content)]).await;
    }
}

#[tokio::test]
async fn a_tag_names_a_version_until_it_is_moved() {
    on_both(|server| async move {
        four_versions(&server).await;
        let set = |tag: &'static str, body: &'static str| {
            let server = &server;
            async move { server.call("PUT", &format!("datasets/d/tags/{tag}"), body).await }
        };
        let (status, tagged) = set("黄金 1", r#"{"version":"latest"}"#).await;
        assert_eq!((status, tagged), (200, json!({ "tag": "黄金 1", "version": "v4" })));
        set("it's", r#"{"version":"v2"}"#).await;
        let (_, shown) = server.call("GET", "datasets/d/versions/黄金 1", "").await;
        assert_eq!(shown["version"]["name"], "v4");
        set("黄金 1", r#"{"version":"v2"}"#).await;
        let (_, all) = server.call("GET", "datasets/d/versions", "").await;
        assert_eq!(all["versions"][1]["tags"], json!(["it's", "黄金 1"]));
        assert_eq!(all["versions"][3]["tags"], json!([]));
        let (_, listed) = server.call("GET", "datasets/d/tags", "").await;
        assert_eq!(texts(&listed["tags"], "version"), ["v2", "v2"]);
        for (tag, body, expected) in [
            ("v7", r#"{"version":"v1"}"#, 400),
            ("latest", r#"{"version":"v1"}"#, 400),
            ("new", r#"{"version":"v9"}"#, 404),
            ("new", "{}", 400),
        ] {
            assert_eq!(set(tag, body).await.0, expected, "{tag} {body}");
        }
        assert_eq!(server.call("DELETE", "datasets/d/tags/it's", "").await.0, 204);
        assert_eq!(server.call("DELETE", "datasets/d/tags/it's", "").await.0, 404);
        assert_eq!(server.call("GET", "datasets/d/versions/it's", "").await.0, 404);

        let body = json!({ "description": "第一版，\"raw\"" }).to_string();
        let (status, said) = server.call("PATCH", "datasets/d/versions/v1", body).await;
        assert_eq!((status, &said["version"]["description"]), (200, &json!("第一版，\"raw\"")));
        let long = json!({ "description": "x".repeat(20_000) }).to_string();
        assert_eq!(server.call("PATCH", "datasets/d/versions/v1", long).await.0, 400);
        let (_, shown) = server.call("GET", "datasets/d/versions/v1", "").await;
        assert_eq!(shown["version"]["description"], "第一版，\"raw\"");
        for (method, path) in [
            ("PUT", "datasets/d/tags/a"),
            ("DELETE", "datasets/d/tags/a"),
            ("PATCH", "datasets/d/versions/v1"),
            ("POST", "datasets/d/retention/plan"),
            ("POST", "datasets/d/retention/apply"),
            ("PUT", "datasets/d/retention"),
            ("DELETE", "datasets/d/retention"),
        ] {
            let request =
                server.request(method, &format!("team/{path}")).header("x-read-only", "1");
            assert_eq!(request.send().await.expect("answers").status(), 403, "{method} {path}");
        }
        server.data.forget("team", "d").await.expect("forgets");
        server.version("d", &[("f", "new")]).await;
        let (_, listed) = server.call("GET", "datasets/d/tags", "").await;
        assert_eq!(listed, json!({ "tags": [] }));
    })
    .await;
}

#[tokio::test]
async fn old_versions_go_as_the_plan_showed() {
    on_both(|server| async move {
        four_versions(&server).await;
        // The same content under another name is not freed.
        server.version("other", &[("copy", "22")]).await;
        server.call("PUT", "datasets/d/tags/gold", r#"{"version":"v1"}"#).await;
        let rule = json!({ "keepLast": 1 });
        let plan = || server.call("POST", "datasets/d/retention/plan", rule.to_string());
        let (status, first) = plan().await;
        assert_eq!(status, 200, "{first}");
        assert_eq!(
            first["keep"],
            json!([{ "version": "v4", "why": "last" }, { "version": "v1", "why": "tagged" }])
        );
        assert_eq!(texts(&first["remove"], "name"), ["v3", "v2"]);
        assert_eq!((&first["freedFiles"], &first["freedBytes"]), (&json!(1), &json!(3)));
        let apply = |plan: &Value| {
            let body = json!({ "rule": rule, "plan": plan["plan"] }).to_string();
            server.call("POST", "datasets/d/retention/apply", body)
        };
        // Something happened since: nothing goes.
        server.call("PUT", "datasets/d/tags/silver", r#"{"version":"v2"}"#).await;
        let (status, answer) = apply(&first).await;
        assert_eq!((status, &answer["code"]), (409, &json!("changed")), "{answer}");
        assert_eq!(server.data.versions("team", "d").await.expect("lists").len(), 4);
        let mut heard = server.data.subscribe();
        let (_, second) = plan().await;
        let (status, done) = apply(&second).await;
        assert_eq!((status, texts(&done["removed"], "name")), (200, vec!["v3"]));
        let event = heard.recv().await.expect("an event");
        assert_eq!((event.dataset.as_str(), event.version.name.as_str()), ("d", "v4"));
        let left = server.data.versions("team", "d").await.expect("lists");
        assert_eq!(left.iter().map(|v| v.name.as_str()).collect::<Vec<_>>(), ["v1", "v2", "v4"]);
        for path in
            ["d/versions/v1/files/same", "d/versions/v2/files/f", "other/versions/v1/files/copy"]
        {
            assert_eq!(server.call("GET", &format!("datasets/{path}"), "").await.0, 200, "{path}");
        }
        assert_eq!(server.call("GET", "datasets/d/versions/v3", "").await.0, 404);
        let (_, next) = server.version("d", &[("f", "55555")]).await;
        assert_eq!(next["version"], "v5");
        for body in ["{}", r#"{"keepLast":0}"#, r#"{"keepLast":1,"keepAll":true}"#] {
            let (status, answer) = server.call("POST", "datasets/d/retention/plan", body).await;
            assert_eq!(status, 400, "{body}: {answer}");
        }
        let foreign = server.request("POST", "other/datasets/d/retention/plan");
        let foreign = foreign.header("content-type", "application/json").body(rule.to_string());
        assert_eq!(foreign.send().await.expect("answers").status(), 404);
    })
    .await;
}

#[tokio::test]
async fn a_rule_that_stays_is_applied_again() {
    let server = Server::start(SQLITE, Limits::default()).await;
    four_versions(&server).await;
    let rule = json!({ "keepLast": 2, "keepTagged": false });
    let (_, plan) = server.call("POST", "datasets/d/retention/plan", rule.to_string()).await;
    let unseen = json!({ "rule": rule, "plan": "unseen" }).to_string();
    assert_eq!(server.call("PUT", "datasets/d/retention", unseen).await.0, 409);
    let none = json!({ "standing": null });
    assert_eq!(server.call("GET", "datasets/d/retention", "").await, (200, none.clone()));
    let body = json!({ "rule": rule, "plan": plan["plan"] }).to_string();
    let (status, set) = server.call("PUT", "datasets/d/retention", body).await;
    assert_eq!((status, texts(&set["removed"], "name")), (200, vec!["v2", "v1"]), "{set}");
    let (_, shown) = server.call("GET", "datasets/d/retention", "").await;
    assert_eq!((&shown["standing"]["rule"], &shown["standing"]["setBy"]), (&rule, &json!("ada")));
    server.version("d", &[("f", "55555")]).await;
    assert_eq!(server.data.versions("team", "d").await.expect("lists").len(), 3);
    // The collector's first round is at the start.
    let next = Server::start_in(SQLITE, Limits::default(), server.directory.clone()).await;
    for _ in 0..500 {
        let left = next.data.versions("team", "d").await.expect("lists");
        if left.iter().map(|version| version.name.as_str()).eq(["v4", "v5"]) {
            next.data.forget("team", "d").await.expect("forgets");
            let shown = next.call("GET", "datasets/d/retention", "").await;
            assert_eq!(shown, (200, none), "the rule goes with the dataset");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the rule was not applied");
}

#[tokio::test]
async fn names_tags_descriptions_and_paths_are_found() {
    on_both(|server| async move {
        server.version("digits", &[("train/Cat 1.png", "1"), ("train/dog.png", "2")]).await;
        server.version("digits", &[("train/cat 2.png", "3")]).await;
        server.version("cats", &[("readme", "4"), ("x/CAT", "5")]).await;
        server.call("PUT", "datasets/digits/tags/Cat-free", r#"{"version":"v1"}"#).await;
        let body = json!({ "description": "all of the CATs 猫" }).to_string();
        server.call("PATCH", "datasets/cats/versions/v1", body).await;
        let (status, found) = server.call("GET", "search?q=cat", "").await;
        assert_eq!(status, 200, "{found}");
        assert_eq!(texts(&found["datasets"]["items"], "dataset"), ["cats"]);
        assert_eq!(texts(&found["versions"]["items"], "dataset"), ["cats", "digits"]);
        assert_eq!(texts(&found["files"]["items"], "path"), ["x/CAT", "train/cat 2.png"]);
        let (_, found) = server.call("GET", "search?q=猫", "").await;
        assert_eq!(found["versions"]["items"][0]["version"]["name"], "v1");

        let (mut after, mut all) = (String::new(), Vec::new());
        loop {
            let address = format!("search?q=CAT&in=files&versions=all&limit=1&after={after}");
            let (status, page) = server.call("GET", &address, "").await;
            assert_eq!(status, 200, "{page}");
            for item in page["files"]["items"].as_array().expect("items") {
                all.push(format!("{} {} {}", item["dataset"], item["version"], item["path"]));
            }
            let Some(next) = page["files"]["next"].as_str() else { break };
            after = next.to_owned();
        }
        assert_eq!(
            all,
            [
                r#""cats" "v1" "x/CAT""#,
                r#""digits" "v2" "train/cat 2.png""#,
                r#""digits" "v1" "train/Cat 1.png""#,
            ]
        );
        let (_, page) = server.call("GET", "search?q=cat&in=versions&limit=1", "").await;
        let next = page["versions"]["next"].as_str().expect("more");
        let address = format!("search?q=cat&in=versions&after={next}");
        let (_, page) = server.call("GET", &address, "").await;
        assert_eq!(texts(&page["versions"]["items"], "dataset"), ["digits"]);
        for bad in [
            "",
            "q=",
            "q=a&in=odd",
            "q=a&after=x",
            "q=a&in=files&after=x",
            "q=a&limit=0",
            "q=a&versions=odd",
        ] {
            assert_eq!(server.call("GET", &format!("search?{bad}"), "").await.0, 400, "{bad}");
        }
        let foreign = server.request("GET", "other/search?q=cat").send().await.expect("answers");
        let foreign: Value = foreign.json().await.expect("json");
        assert_eq!(foreign["files"]["items"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn a_database_of_the_first_format_is_brought_up_to_date() {
    let directory = std::sync::Arc::new(tempfile::tempdir().expect("a directory"));
    let url = format!("sqlite:{}/data.db?mode=rwc", directory.path().display());
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&url).await.expect("opens");
    let first = include_str!("../../migrations/0001_data.sql");
    for statement in first.split(';').filter(|statement| !statement.trim().is_empty()) {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await.expect("makes");
    }
    for statement in [
        "CREATE TABLE data_schema (version BIGINT NOT NULL PRIMARY KEY)",
        "INSERT INTO data_schema VALUES (1)",
        "INSERT INTO data_versions VALUES ('team', 'old', 1, 'sha256:0', 1, 2, 3, 'ada')",
    ] {
        sqlx::query(statement).execute(&pool).await.expect("fills");
    }
    pool.close().await;
    let server = Server::start_in(SQLITE, Limits::default(), directory).await;
    let (status, all) = server.call("GET", "datasets/old/versions", "").await;
    assert_eq!((status, &all["versions"][0]["description"]), (200, &json!("")), "{all}");
}
