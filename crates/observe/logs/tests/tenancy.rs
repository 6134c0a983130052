//! Every way out that a tenant might try. The lines of `blue`, their count, their
//! fields and their index name are nobody's business who may see `red` alone.

#![allow(clippy::unwrap_used)]

#[path = "support/server.rs"]
mod server;

use axum::http::StatusCode;
use dais_logs::Scope;
use serde_json::{Value, json};
use server::Server;

/// Words that only lines of `blue` hold.
const SECRETS: [&str; 5] = ["blue", "secret_of_blue", "hidden-index", "token-7c1", "web"];

async fn filled() -> Server {
    let server = Server::new();
    server.fill().await;
    let line = json!({"message": "the token-7c1 of blue", "namespace": "blue", "app": "web", "fields": {"secret_of_blue": 7}});
    let body = format!("{{\"index\":{{\"_index\":\"hidden-index\",\"_id\":\"b-1\"}}}}\n{line}\n");
    let (_, answer) = server.call(&Scope::all(), "POST", "/_bulk?refresh=true", body).await;
    assert_eq!(answer["errors"], false);
    server
}

fn assert_nothing_of_blue(answer: &Value, asked: &str) {
    let text = answer.to_string();
    for secret in SECRETS {
        // What the caller wrote itself may come back, in an error for example.
        assert!(asked.contains(secret) || !text.contains(secret), "{asked} told {secret}: {text}");
    }
}

#[tokio::test]
async fn no_query_finds_a_foreign_line() {
    let server = filled().await;
    let red = Scope::only(["red"]);
    let filter = |query: Value| json!({"aggs": {"x": {"filter": query, "aggs": {"y": {"terms": {"field": "namespace"}}}}}});
    for (body, most) in [
        (json!({"query": {"match_all": {}}}), 8),
        (
            json!({"query": {"bool": {"should": [{"term": {"namespace": "blue"}}, {"match_all": {}}], "minimum_should_match": 0}}}),
            8,
        ),
        (json!({"query": {"bool": {"should": [{"term": {"namespace": "blue"}}]}}}), 0),
        (json!({"query": {"bool": {"must_not": [{"term": {"namespace": "red"}}]}}}), 0),
        (json!({"query": {"query_string": {"query": "namespace:blue OR *"}}}), 8),
        (json!({"query": {"query_string": {"query": ") OR (*:*"}}}), 0),
        (json!({"query": {"query_string": {"query": "NOT namespace:red"}}}), 0),
        (json!({"query": {"query_string": {"query": "token*", "fields": ["*"]}}}), 0),
        (
            json!({"query": {"simple_query_string": {"query": "token | blue", "fields": ["namespace", "message"]}}}),
            0,
        ),
        (json!({"query": {"terms": {"namespace": ["blue", "*"]}}}), 0),
        (json!({"query": {"wildcard": {"namespace": "*"}}}), 8),
        (json!({"query": {"regexp": {"namespace": "b.*"}}}), 0),
        (json!({"query": {"prefix": {"namespace.keyword": "bl"}}}), 0),
        (json!({"query": {"exists": {"field": "fields.secret_of_blue"}}}), 0),
        (json!({"query": {"ids": {"values": ["b-1"]}}}), 0),
        (json!({"query": {"term": {"_index": "hidden-index"}}}), 0),
        (json!({"query": {"range": {"namespace": {"gte": "a", "lt": "c"}}}}), 0),
        (
            json!({"query": {"constant_score": {"filter": {"match_all": {}}}}, "post_filter": {"term": {"namespace": "blue"}}}),
            0,
        ),
        (json!({"size": 100, "sort": [{"namespace": "asc"}], "search_after": ["a"]}), 8),
        (json!({"size": 100, "fields": ["*"], "_source": false}), 8),
        (
            json!({"highlight": {"fields": {"*": {}}, "highlight_query": {"match": {"message": "token"}}}}),
            8,
        ),
        (json!({"aggs": {"x": {"terms": {"field": "namespace"}}}}), 8),
        (json!({"aggs": {"x": {"terms": {"field": "app"}}}}), 8),
        (json!({"aggs": {"x": {"terms": {"field": "_index"}}}}), 8),
        (json!({"aggs": {"x": {"terms": {"field": "fields.secret_of_blue"}}}}), 8),
        (json!({"aggs": {"x": {"cardinality": {"field": "namespace"}}}}), 8),
        (json!({"aggs": {"x": {"max": {"field": "fields.secret_of_blue"}}}}), 8),
        (
            json!({"aggs": {"x": {"filters": {"filters": {"all": {"match_all": {}}}}, "aggs": {"y": {"terms": {"field": "app"}}}}}}),
            8,
        ),
        (filter(json!({"bool": {"must_not": [{"term": {"namespace": "red"}}]}})), 8),
        (filter(json!({"term": {"namespace": "blue"}})), 8),
    ] {
        let (_, answer) = server.call(&red, "POST", "/_search", body.to_string()).await;
        let total = answer["hits"]["total"]["value"].as_u64().unwrap_or(0);
        assert!(total <= most, "{body}: {answer}");
        assert_nothing_of_blue(&answer, &body.to_string());
        let aggregation = &answer["aggregations"]["x"];
        assert!(aggregation["value"].as_f64().unwrap_or(1.0) <= 1.0, "{body}: {answer}");
        if body["aggs"]["x"].get("filter").is_some() {
            assert_eq!(aggregation["doc_count"], 0, "{body}: {answer}");
        }
        if let Some(query) = body.get("query").filter(|_| body.get("post_filter").is_none()) {
            let counting = json!({"query": query}).to_string();
            let (_, counted) = server.call(&red, "POST", "/_count", counting).await;
            assert!(counted["count"].as_u64().unwrap_or(0) <= most, "{body}: {counted}");
        }
    }
}

#[tokio::test]
async fn no_address_tells_of_a_foreign_line() {
    let server = filled().await;
    let red = Scope::only(["red"]);
    for path in [
        "/_search?q=namespace:blue",
        "/hidden-index/_search",
        "/*/_search?size=100",
        "/hidden*,-logs/_search",
        "/hidden-index/_count",
        "/_mapping",
        "/hidden-index/_mapping",
        "/_field_caps?fields=*",
        "/_cat/indices?format=json",
        "/_cat/indices/hidden*?format=json",
        "/_cat/count/hidden-index?format=json",
        "/_resolve/index/*",
        "/hidden-index",
        "/*",
        "/hidden-index/_doc/b-1",
        "/logs/_doc/b-1",
    ] {
        let (status, answer) = server.call(&red, "GET", path, "").await;
        assert_nothing_of_blue(&answer, path);
        let is_named = ["/hidden-index/_search", "/hidden-index/_count", "/hidden-index"];
        if path.ends_with("/b-1") || is_named.contains(&path) {
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    let body = "{\"index\":\"hidden-index\"}\n{}\n{\"index\":[\"*\"]}\n{\"size\":100}\n";
    let (_, answer) = server.call(&red, "POST", "/_msearch", body).await;
    assert_eq!(answer["responses"][0]["status"], 404);
    assert_eq!(answer["responses"][1]["hits"]["total"]["value"], 8);
    assert_nothing_of_blue(&answer, body);
}

#[tokio::test]
async fn an_index_of_others_is_told_as_one_that_never_was() {
    let server = filled().await;
    let (red, blue) = (Scope::only(["red"]), Scope::only(["blue"]));
    for (method, path, body) in [
        ("GET", "/INDEX", ""),
        ("POST", "/INDEX/_search", "{}"),
        ("POST", "/logs,INDEX/_search", "{}"),
        ("POST", "/INDEX/_search?scroll=1m", "{}"),
        ("POST", "/INDEX/_search?ignore_unavailable=true", "{}"),
        ("POST", "/INDEX*/_search?allow_no_indices=false", "{}"),
        ("POST", "/INDEX/_count", ""),
        ("POST", "/INDEX/_pit?keep_alive=1m", ""),
        ("POST", "/_msearch", "{\"index\":\"INDEX\"}\n{}\n"),
    ] {
        let mut told = Vec::new();
        for index in ["hidden-index", "never-indexx"] {
            let (path, body) = (path.replace("INDEX", index), body.replace("INDEX", index));
            let (status, mut answer) = server.call(&red, method, &path, body).await;
            answer["took"] = Value::Null;
            told.push((status, answer.to_string().replace(index, "INDEX")));
        }
        assert_eq!(told[0], told[1], "{path}");
        let (path, body) =
            (path.replace("INDEX", "hidden-index"), body.replace("INDEX", "hidden-index"));
        let (status, answer) = server.call(&blue, method, &path, body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
    }
}

#[tokio::test]
async fn points_in_time_and_scrolls_of_others_are_unknown() {
    let server = filled().await;
    let (red, blue) = (Scope::only(["red"]), Scope::only(["blue"]));
    let (_, pit) = server.call(&blue, "POST", "/_all/_pit?keep_alive=1m", "").await;
    let (_, scroll) = server.call(&blue, "POST", "/_search?scroll=1m&size=1", "").await;
    let (pit, scroll) = (pit["id"].as_str().unwrap(), scroll["_scroll_id"].as_str().unwrap());
    let search = |id: &str| json!({"pit": {"id": id}}).to_string();
    let next = |id: &str| json!({"scroll_id": id}).to_string();
    let mut answers = Vec::new();
    for (pit, scroll) in [(pit, scroll), ("0123", "0123"), (scroll, pit)] {
        let mut told = Vec::new();
        for (method, path, body) in [
            ("POST", "/_search", search(pit)),
            ("POST", "/_search/scroll", next(scroll)),
            ("DELETE", "/_pit", json!({"id": pit}).to_string()),
            ("DELETE", "/_search/scroll", next(scroll)),
            ("DELETE", "/_search/scroll/_all", String::new()),
        ] {
            let (status, answer) = server.call(&red, method, path, body).await;
            let answer = answer.to_string().replace(pit, "ID").replace(scroll, "ID");
            told.push((status, answer));
        }
        assert_eq!(told[0].0, StatusCode::NOT_FOUND);
        answers.push(told);
    }
    assert_eq!(answers[0], answers[1], "another's id is told from one that never was");
    assert_eq!(answers[1], answers[2]);
    // They are still there for whom they belong to.
    let (status, answer) = server.call(&blue, "POST", "/_search", search(pit)).await;
    assert_eq!((status, &answer["hits"]["total"]["value"]), (StatusCode::OK, &json!(5)));
    assert_eq!(server.call(&blue, "POST", "/_search/scroll", next(scroll)).await.0, StatusCode::OK);
}

#[tokio::test]
async fn nobody_writes_over_a_foreign_line() {
    let server = filled().await;
    let red = Scope::only(["red"]);
    let line = |namespace: Value| {
        let document = json!({"message": "mine", "namespace": namespace});
        format!("{{\"index\":{{\"_index\":\"hidden-index\",\"_id\":\"b-1\"}}}}\n{document}\n")
    };
    for namespace in [json!("blue"), json!(["red", "blue"]), json!({"a": "red"}), json!(null)] {
        let (_, answer) = server.call(&red, "POST", "/_bulk?refresh=true", line(namespace)).await;
        assert_eq!(answer["items"][0]["index"]["status"], 403, "{answer}");
    }
    let (_, answer) = server.call(&red, "POST", "/_bulk?refresh=true", line(json!("red"))).await;
    assert_eq!(answer["errors"], false);
    let blue = Scope::only(["blue"]);
    let (status, answer) = server.call(&blue, "GET", "/hidden-index/_doc/b-1", "").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["_source"]["message"], "the token-7c1 of blue");
    let (_, answer) = server.call(&red, "GET", "/hidden-index/_doc/b-1", "").await;
    assert_eq!(answer["_source"]["message"], "mine");
}
