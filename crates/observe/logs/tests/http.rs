//! The HTTP surface in process: shapes, scopes, aggregations, live tail.

#![allow(clippy::unwrap_used)]

#[path = "support/server.rs"]
mod server;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use dais_logs::{Scope, otlp_router, router};
use futures::StreamExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use server::Server;
use tower::ServiceExt;

#[tokio::test]
async fn pages_by_search_after_and_counts_everything() {
    let server = Server::new();
    server.fill().await;
    let mut body = json!({"size": 5, "sort": [{"@timestamp": {"order": "desc", "format": "strict_date_optional_time_nanos"}}, "_seq_no"]});
    let mut seen = Vec::new();
    loop {
        let answer = server.search(&Scope::all(), body.clone()).await;
        assert_eq!(answer["hits"]["total"], json!({"value": 12, "relation": "eq"}));
        let hits = answer["hits"]["hits"].as_array().unwrap().clone();
        let Some(last) = hits.last() else { break };
        assert!(last["sort"][0].as_str().unwrap().starts_with("2026-11-24T10:"));
        body["search_after"] = last["sort"].clone();
        seen.extend(hits.iter().map(|hit| hit["_source"]["fields"]["n"].as_u64().unwrap()));
    }
    assert_eq!(seen, (0..12).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn aggregations_filters_and_highlights() {
    let server = Server::new();
    server.fill().await;
    let body = json!({
        "size": 1, "query": {"match": {"message": "line"}}, "highlight": {"fields": {"message": {}}}, "_source": ["message"],
        "aggs": {
            "apps": {"terms": {"field": "app"}, "aggs": {"most": {"max": {"field": "fields.n"}}}},
            "over_time": {"date_histogram": {"field": "@timestamp", "fixed_interval": "5m", "min_doc_count": 0}},
        },
    });
    let answer = server.search(&Scope::all(), body).await;
    let hit = &answer["hits"]["hits"][0];
    assert_eq!(hit["highlight"]["message"][0], "<em>line</em> 11");
    assert_eq!(hit["_source"], json!({"message": "line 11"}));
    let apps = answer["aggregations"]["apps"]["buckets"].as_array().unwrap();
    assert_eq!(
        (&apps[0]["key"], &apps[0]["doc_count"], &apps[0]["most"]["value"]),
        (&json!("digits"), &json!(8), &json!(11.0))
    );
    let buckets = answer["aggregations"]["over_time"]["buckets"].as_array().unwrap();
    let counts: Vec<u64> =
        buckets.iter().map(|bucket| bucket["doc_count"].as_u64().unwrap()).collect();
    assert_eq!(counts, [5, 5, 2]);
    assert_eq!(buckets[0]["key"].as_f64(), Some(1_795_514_400_000.0));
}

#[tokio::test]
async fn a_scope_narrows_everything() {
    let server = Server::new();
    server.fill().await;
    let red = Scope::only(["red"]);
    for query in [
        json!({"match_all": {}}),
        json!({"bool": {"should": [{"term": {"namespace": "blue"}}, {"match_all": {}}], "minimum_should_match": 0}}),
        json!({"query_string": {"query": "namespace:blue OR *"}}),
    ] {
        let body = json!({"query": query, "size": 100, "aggs": {"namespaces": {"terms": {"field": "namespace"}}}});
        let answer = server.search(&red, body).await;
        assert_eq!(answer["hits"]["total"]["value"], 8, "{query}");
        assert!(!answer.to_string().contains("blue"), "{query}");
    }
    let (_, counted) = server.call(&red, "GET", "/_count", "").await;
    assert_eq!(counted["count"], 8);
    let (_, mapping) = server.call(&red, "GET", "/_mapping", "").await;
    assert!(
        mapping.to_string().contains("date_nanos")
            && !mapping.to_string().contains("secret_of_blue")
    );
    let (_, indices) = server.call(&red, "GET", "/_cat/indices?format=json", "").await;
    assert_eq!(indices[0]["docs.count"], "8");
    // Without the extension a request sees nothing at all.
    let request = Request::get("/_count").body(Body::empty()).unwrap();
    let response = router(server.logs.clone()).oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["count"], 0);
    // And one may not write into a namespace that one may not read.
    let lines = "{\"index\":{\"_index\":\"logs\"}}\n{\"message\":\"x\",\"namespace\":\"blue\"}\n{\"index\":{}}\n{\"message\":\"y\",\"namespace\":\"red\"}\n";
    let (_, answer) = server.call(&red, "POST", "/logs/_bulk", lines).await;
    assert_eq!(
        (&answer["items"][0]["index"]["status"], &answer["items"][1]["index"]["status"]),
        (&json!(403), &json!(201))
    );
}

#[tokio::test]
async fn an_index_that_is_named_and_not_there_is_missed_as_elasticsearch_misses_it() {
    let server = Server::new();
    server.fill().await;
    let all = Scope::all();
    for (path, missed) in [
        ("/logs/_search", None),
        ("/none/_search", Some("none")),
        ("/logs,none/_search", Some("none")),
        ("/none/_search?scroll=1m", Some("none")),
        ("/none/_search?ignore_unavailable=false", Some("none")),
        ("/none/_count", Some("none")),
        ("/none/_pit?keep_alive=1m", Some("none")),
        ("/none*/_search?allow_no_indices=false", Some("none*")),
        ("/none/_search?ignore_unavailable=true", None),
        ("/logs,none/_search?ignore_unavailable", None),
        ("/none/_count?ignore_unavailable=true", None),
        ("/none/_pit?keep_alive=1m&ignore_unavailable=true", None),
        ("/none*/_search", None),
        ("/none*/_count", None),
        ("/*,-none/_search", None),
        ("/_all/_search?allow_no_indices=false", None),
    ] {
        let (status, answer) = server.call(&all, "POST", path, "{}").await;
        let Some(missed) = missed else {
            assert_eq!(status, StatusCode::OK, "{path}: {answer}");
            continue;
        };
        let reason = format!("no such index [{missed}]");
        let cause = json!({"type": "index_not_found_exception", "reason": reason, "index": missed});
        let mut error = cause.clone();
        error["root_cause"] = json!([cause]);
        assert_eq!(
            (status, answer),
            (StatusCode::NOT_FOUND, json!({"error": error, "status": 404})),
            "{path}"
        );
    }
    let searches = [
        r#"{"index":"none"}"#,
        r#"{"index":"none","ignore_unavailable":true}"#,
        r#"{"index":["logs","none"]}"#,
        r#"{"index":"none*","allow_no_indices":"false"}"#,
        "{}",
    ];
    let searches: String = searches.iter().map(|header| format!("{header}\n{{}}\n")).collect();
    let (_, answer) = server.call(&all, "POST", "/logs/_msearch", searches).await;
    let statuses: Vec<&Value> =
        answer["responses"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, [404, 200, 404, 404, 200]);
    // Taken in and not yet searchable: there is such an index, and nothing is found in it.
    let line = "{\"index\":{\"_index\":\"fresh\"}}\n{\"message\":\"m\",\"namespace\":\"red\"}\n";
    server.call(&all, "POST", "/_bulk", line).await;
    assert_eq!(server.call(&all, "POST", "/fresh/_search", "{}").await.0, StatusCode::OK);
}

#[tokio::test]
async fn bad_requests_are_named() {
    let server = Server::new();
    let all = Scope::all();
    for (path, body, kind, word) in [
        ("/_search", json!({"query": {"fuzzy": {}}}).to_string(), "parsing_exception", "fuzzy"),
        (
            "/_search",
            json!({"size": 20_000}).to_string(),
            "illegal_argument_exception",
            "search_after",
        ),
        ("/_search", json!({"sizes": 1}).to_string(), "parsing_exception", "sizes"),
        (
            "/_search",
            json!({"aggs": {"x": {"geo_grid": {"field": "y"}}}}).to_string(),
            "parsing_exception",
            "geo_grid",
        ),
        (
            "/_search",
            json!({"aggs": {"x": {"terms": {"field": "message"}}}}).to_string(),
            "illegal_argument_exception",
            "message",
        ),
        (
            "/_search",
            json!({"sort": [{"@timestamp": "down"}]}).to_string(),
            "parsing_exception",
            "down",
        ),
        (
            "/_search",
            json!({"sort": ["@timestamp"], "search_after": [1, 2]}).to_string(),
            "illegal_argument_exception",
            "search_after",
        ),
        ("/_search", "{".to_owned(), "x_content_parse_exception", "body"),
        ("/_bulk", "{\"frob\":{}}\n{}\n".to_owned(), "illegal_argument_exception", "frob"),
        ("/_bulk", String::new(), "illegal_argument_exception", "body"),
        ("/_search?sise=1", String::new(), "illegal_argument_exception", "sise"),
        ("/_search", json!({"min_score": 1}).to_string(), "parsing_exception", "min_score"),
        (
            "/_search",
            json!({"query": {"match": {"message": {"query": "x", "fuzziness": 2}}}}).to_string(),
            "parsing_exception",
            "fuzziness",
        ),
        (
            "/_search",
            json!({"query": {"query_string": {"query": "eror~1"}}}).to_string(),
            "parsing_exception",
            "eror~1",
        ),
        (
            "/_search",
            json!({"aggs": {"x": {"terms": {"field": "app", "min_doc_count": 0}}}}).to_string(),
            "illegal_argument_exception",
            "min_doc_count",
        ),
        (
            "/_search",
            json!({"aggs": {"x": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1w"}}}})
                .to_string(),
            "parsing_exception",
            "fixed_interval",
        ),
        (
            "/_search",
            json!({"aggs": {"x": {"global": {}}}}).to_string(),
            "parsing_exception",
            "global",
        ),
        (
            "/_msearch",
            "{\"indexx\": 1}\n{}\n".to_owned(),
            "illegal_argument_exception",
            "indexx",
        ),
    ] {
        let (status, answer) = server.call(&all, "POST", path, body.clone()).await;
        assert_eq!(
            (status, answer["error"]["type"].as_str()),
            (StatusCode::BAD_REQUEST, Some(kind)),
            "{body}: {answer}"
        );
        assert!(answer["error"]["reason"].as_str().unwrap().contains(word), "{body}: {answer}");
    }
    let (status, _) = server.call(&all, "GET", "/_unknown/thing", "").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_tail_shows_history_then_new_lines_before_their_commit() {
    let server = Server::new();
    server.fill().await;
    let request = Request::get("/_tail?lines=2&app=digits").body(Body::empty()).unwrap();
    let response = server.router(Scope::only(["red"])).oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    let bulk = |namespace: &str, message: &str| {
        format!(
            "{{\"index\":{{\"_index\":\"logs\"}}}}\n{}\n",
            json!({"message": message, "app": "digits", "namespace": namespace})
        )
    };
    server
        .call(&Scope::all(), "POST", "/_bulk", bulk("blue", "hidden") + &bulk("red", "fresh"))
        .await;
    let mut seen = String::new();
    while !seen.contains("fresh") {
        seen += &String::from_utf8_lossy(&stream.next().await.unwrap().unwrap());
    }
    let lines: Vec<&str> = seen.lines().filter(|line| line.starts_with("data:")).collect();
    assert_eq!(lines.len(), 3, "{seen}");
    assert!(
        lines[0].contains("line 10") && lines[1].contains("line 11") && lines[2].contains("fresh"),
        "{seen}"
    );
    assert!(!seen.contains("hidden"));
}

#[tokio::test]
async fn otlp_records_become_lines() {
    let server = Server::new();
    let body = json!({"resourceLogs": [{
        "resource": {"attributes": [
            {"key": "k8s.namespace.name", "value": {"stringValue": "red"}}, {"key": "service.name", "value": {"stringValue": "digits"}},
        ]},
        "scopeLogs": [{"logRecords": [{
            "timeUnixNano": "1795514400000000000", "severityNumber": 17, "body": {"stringValue": "it failed"},
            "traceId": "5b8efff798038103d269b633813fc60c", "attributes": [{"key": "step", "value": {"intValue": "3"}}],
        }]}],
    }]});
    let post = |scope: Scope| {
        let request = Request::post("/v1/logs")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        otlp_router(server.logs.clone()).layer(axum::Extension(scope)).oneshot(request)
    };
    assert_eq!(post(Scope::only(["blue"])).await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(post(Scope::only(["red"])).await.unwrap().status(), StatusCode::OK);
    server.logs.flush().await.unwrap();
    let query = json!({"query": {"bool": {"filter": [
        {"term": {"app": "digits"}}, {"term": {"severity": "error"}}, {"term": {"fields.step": 3}},
        {"term": {"trace_id": "5b8efff798038103d269b633813fc60c"}}, {"match": {"message": "failed"}},
    ]}}});
    assert_eq!(server.search(&Scope::all(), query).await["hits"]["total"]["value"], 1);
}
