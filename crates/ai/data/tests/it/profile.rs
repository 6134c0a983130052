use std::fmt::Write;

use dais_data::Limits;
use serde_json::{Value, json};

use crate::preview::with;
use crate::server::{SQLITE, Server, on_both};

/// Has it made and waits for its end.
async fn profile(server: &Server, file: &str) -> Value {
    let address = format!("datasets/d/versions/v1/profile/{file}");
    let (status, begun) = server.call("POST", &address, "").await;
    assert!(status == 202 || status == 200, "{begun}");
    let (_, made) = server.call("GET", &format!("{address}?wait=30"), "").await;
    made
}

fn column<'a>(made: &'a Value, name: &str) -> &'a Value {
    let columns = made["profile"]["columns"].as_array().expect("columns");
    columns.iter().find(|column| column["name"] == name).expect("the column")
}

#[tokio::test]
async fn every_kind_of_column_is_told() {
    let mut text = "id,amount,when,ok,城市,nothing,mixed\n".to_owned();
    for at in 0..1000 {
        let city = if at % 4 == 0 { "北京" } else { "上海" };
        let amount = if at % 10 == 0 { String::new() } else { format!("{}.5", at % 100) };
        let day = at % 28 + 1;
        let mixed = if at == 500 { "oops".to_owned() } else { at.to_string() };
        writeln!(text, "{at},{amount},2026-01-{day:02},{},{city},NA,{mixed}", at % 2 == 0)
            .expect("writes");
    }
    text.push_str("1,2\n");
    on_both(|server| {
        let text = text.clone();
        async move {
            server.version("d", &[("表.csv", &text), ("twin.csv", &text)]).await;
            let made = profile(&server, "表.csv").await;
            assert_eq!(made["state"], "ready", "{made}");
            let profile = &made["profile"];
            assert_eq!((&profile["rows"], &profile["badRows"]), (&json!(1001), &json!(1)));
            assert_eq!(profile["problems"][0]["line"], 1002);
            let id = column(&made, "id");
            assert_eq!(
                (&id["type"], &id["distinct"], &id["missing"]),
                (&json!("integer"), &json!(1000), &json!(0))
            );
            let numbers = &id["numbers"];
            assert_eq!(
                (&numbers["min"], &numbers["max"], &numbers["mean"]),
                (&json!(0.0), &json!(999.0), &json!(499.5))
            );
            assert_eq!(numbers["quantiles"]["p50"], 499.0);
            let counted: u64 = numbers["histogram"]
                .as_array()
                .expect("bins")
                .iter()
                .map(|bin| bin["count"].as_u64().expect("a count"))
                .sum();
            assert_eq!(counted, 1000);
            let amount = column(&made, "amount");
            assert_eq!(
                (&amount["type"], &amount["missing"], &amount["distinct"]),
                (&json!("number"), &json!(100), &json!(90))
            );
            let when = column(&made, "when");
            assert_eq!((&when["type"], &when["distinct"]), (&json!("timestamp"), &json!(28)));
            assert_eq!(when["times"]["min"], 1_767_225_600_000.0);
            assert_eq!(column(&made, "ok")["type"], "boolean");
            let city = column(&made, "城市");
            assert_eq!(city["type"], "text");
            assert_eq!(
                city["top"]["values"],
                json!([{ "value": "上海", "count": 750 }, { "value": "北京", "count": 250 }])
            );
            assert_eq!(city["lengths"], json!({ "min": 2, "max": 2 }));
            let nothing = column(&made, "nothing");
            assert_eq!((&nothing["type"], &nothing["missing"]), (&json!("empty"), &json!(1000)));
            let mixed = column(&made, "mixed");
            assert_eq!(
                (&mixed["type"], &mixed["kinds"]["integer"], &mixed["kinds"]["text"]),
                (&json!("text"), &json!(999), &json!(1))
            );
            // The same content has the same profile, made once; another project's has none.
            let (status, twin) =
                server.call("POST", "datasets/d/versions/v1/profile/twin.csv", "").await;
            assert_eq!((status, &twin["profile"]), (200, profile));
            let other = server.request("GET", "other/datasets/d/versions/v1/profile/twin.csv");
            assert_eq!(other.send().await.expect("answers").status(), 404);
            let foreign =
                |method: &str, path: &str| server.request(method, &format!("other/{path}"));
            let begun = foreign("POST", "uploads").send().await.expect("answers");
            let begun: Value = begun.json().await.expect("json");
            let upload = begun["upload"].as_str().expect("an id");
            let put = foreign("PUT", &format!("uploads/{upload}/files/t.csv")).body(text.clone());
            assert_eq!(put.send().await.expect("answers").status(), 200);
            let commit = foreign("POST", &format!("uploads/{upload}/commit"));
            let commit = commit.json(&json!({ "dataset": "d" })).send().await;
            assert_eq!(commit.expect("answers").status(), 201);
            let own = foreign("GET", "datasets/d/versions/v1/profile/t.csv").send().await;
            let own: Value = own.expect("answers").json().await.expect("json");
            assert_eq!(own, json!({ "state": "none" }));
            // It goes with the content.
            server.data.forget("team", "d").await.expect("forgets");
            server.version("d", &[("表.csv", &text)]).await;
            let (_, gone) = server.call("GET", "datasets/d/versions/v1/profile/表.csv", "").await;
            assert_eq!(gone, json!({ "state": "none" }));
        }
    })
    .await;
}

#[tokio::test]
async fn typed_formats_keep_their_types() {
    let path = format!("{}/tests/it/parquet/snappy.parquet", env!("CARGO_MANIFEST_DIR"));
    let parquet = std::fs::read(path).expect("reads");
    let lines =
        "{\"code\":\"1\",\"at\":\"2026-01-01T00:00:00Z\"}\nbad\n{\"code\":\"2\",\"n\":1.5}\n";
    let server = with(&[("a.parquet", &parquet), ("a.jsonl", lines.as_bytes())]).await;
    let made = profile(&server, "a.parquet").await;
    let types = |made: &Value| -> Vec<String> {
        let columns = made["profile"]["columns"].as_array().expect("columns").iter();
        columns.map(|column| column["type"].as_str().expect("a type").to_owned()).collect()
    };
    assert_eq!(
        types(&made),
        ["integer", "number", "timestamp", "boolean", "text", "text", "number"]
    );
    assert_eq!(column(&made, "分数")["missing"], 1);
    let made = profile(&server, "a.jsonl").await;
    assert_eq!(types(&made), ["text", "timestamp", "number"]);
    assert_eq!(
        (&made["profile"]["badRows"], &column(&made, "n")["missing"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn what_cannot_be_profiled_says_why() {
    let server =
        with(&[("a.txt", b"x"), ("b.parquet", b"PAR1 no footer PAR1"), ("c.csv", b"1,2\n3,4\n")])
            .await;
    let (status, answer) = server.call("POST", "datasets/d/versions/v1/profile/a.txt", "").await;
    assert!(status == 400 && answer.to_string().contains("no table"), "{answer}");
    let failed = profile(&server, "b.parquet").await;
    assert_eq!(
        (&failed["state"], &failed["code"]),
        (&json!("failed"), &json!("invalid")),
        "{failed}"
    );
    server.damage(b"1,2\n3,4\n");
    let failed = profile(&server, "c.csv").await;
    assert_eq!(
        (&failed["state"], &failed["code"]),
        (&json!("failed"), &json!("damaged")),
        "{failed}"
    );
    for method in ["POST", "DELETE"] {
        let address = "team/datasets/d/versions/v1/profile/c.csv";
        let answer = server.request(method, address).header("x-read-only", "1").send().await;
        assert_eq!(answer.expect("answers").status(), 403, "{method}");
    }
}

#[tokio::test]
async fn one_that_waits_can_be_cancelled_and_a_restart_starts_anew() {
    let limits = Limits { profiles_at_once: 0, ..Limits::default() };
    let server = Server::start(SQLITE, limits).await;
    server.version("d", &[("a.csv", "x,y\n1,2\n")]).await;
    let address = "datasets/d/versions/v1/profile/a.csv";
    let waiting = json!({ "state": "waiting" });
    assert_eq!(server.call("POST", address, "").await, (202, waiting.clone()));
    assert_eq!(server.call("POST", address, "").await, (202, waiting.clone()));
    assert_eq!(server.call("GET", address, "").await, (200, waiting));
    assert_eq!(server.call("DELETE", address, "").await.0, 204);
    let none = json!({ "state": "none" });
    assert_eq!(server.call("GET", address, "").await, (200, none.clone()));
    server.call("POST", address, "").await;
    let next = Server::start_in(SQLITE, Limits::default(), server.directory.clone()).await;
    assert_eq!(next.call("GET", address, "").await, (200, none));
    assert_eq!(profile(&next, "a.csv").await["profile"]["rows"], 1);
}
