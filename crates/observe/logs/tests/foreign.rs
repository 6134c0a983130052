//! Another engine behind our routes: our own in that part, which speaks the same subset,
//! with everything that reaches it written down.

#![allow(clippy::unwrap_used)]

#[path = "support/engine.rs"]
mod engine;

use axum::http::StatusCode;
use dais_logs::Scope;
use engine::{Behind, Theirs};
use serde_json::{Value, json};

/// What a tenant tries in order to see the other's lines, or past the indices.
fn escapes() -> Vec<Value> {
    let query = |query: Value| json!({"query": query});
    let aggs = |aggs: Value| json!({"size": 0, "aggs": aggs});
    let any = json!({"match_all": {}});
    vec![
        query(any.clone()),
        query(
            json!({"bool": {"should": [{"term": {"namespace": "blue"}}, any], "minimum_should_match": 0}}),
        ),
        query(json!({"bool": {"must_not": [{"term": {"namespace": "red"}}]}})),
        query(json!({"query_string": {"query": "namespace:blue OR *"}})),
        query(json!({"query_string": {"query": ") OR (*:*"}})),
        query(json!({"query_string": {"query": "*", "fields": ["*"]}})),
        query(json!({"terms": {"namespace": ["blue"]}})),
        query(
            json!({"terms": {"namespace": {"index": "dais-logs-2026.11.24", "id": "1", "path": "namespace"}}}),
        ),
        query(json!({"wildcard": {"namespace": "*"}})),
        query(json!({"ids": {"values": ["b-1", "blue:b-1"]}})),
        query(json!({"script": {"script": "true"}})),
        query(json!({"script_score": {"query": any, "script": {"source": "1"}}})),
        query(json!({"function_score": {"query": any}})),
        query(
            json!({"more_like_this": {"fields": ["message"], "like": [{"_index": "dais-logs-2026.11.24", "_id": "blue:b-1"}]}}),
        ),
        query(json!({"percolate": {"field": "query", "document": {}}})),
        query(json!({"has_parent": {"parent_type": "x", "query": any}})),
        query(json!({"has_child": {"type": "x", "query": any}})),
        query(json!({"nested": {"path": "fields", "query": any}})),
        query(json!({"wrapper": {"query": "eyJtYXRjaF9hbGwiOnt9fQ=="}})),
        query(json!({"constant_score": {"filter": {"wrapper": {"query": ""}}}})),
        query(
            json!({"bool": {"filter": [{"bool": {"must": {"geo_shape": {"x": {"indexed_shape": {"id": "1", "index": "x"}}}}}}]}}),
        ),
        json!({"post_filter": {"term": {"namespace": "blue"}}}),
        json!({"post_filter": {"more_like_this": {"like": "x"}}}),
        aggs(json!({"a": {"global": {}, "aggs": {"n": {"terms": {"field": "namespace"}}}}})),
        aggs(json!({"a": {"terms": {"field": "namespace", "min_doc_count": 0}}})),
        aggs(json!({"a": {"terms": {"field": "namespace", "size": 1000}}})),
        aggs(json!({"a": {"significant_terms": {"field": "namespace", "background_filter": any}}})),
        aggs(json!({"a": {"filter": {"match_all": {}}, "aggs": {"b": {"global": {}}}}})),
        aggs(json!({"a": {"top_hits": {"size": 100}}})),
        aggs(json!({"a": {"scripted_metric": {"map_script": "state.x = 1"}}})),
        aggs(json!({"a": {"max": {"script": "1"}}})),
        aggs(json!({"a": {"terms": {"script": "doc['namespace'].value"}}})),
        aggs(json!({"a": {"composite": {"sources": []}}})),
        aggs(json!({"a": {"children": {"type": "x"}}})),
        aggs(json!({"a": {"filters": {"filters": [{"script": {"script": "true"}}]}}})),
        json!({"suggest": {"s": {"text": "blu", "term": {"field": "namespace"}}}}),
        json!({"runtime_mappings": {"namespace": {"type": "keyword", "script": "emit('red')"}}}),
        json!({"derived": {"namespace": {"type": "keyword", "script": "emit('red')"}}}),
        json!({"script_fields": {"x": {"script": "params._source"}}}),
        json!({"indices": ["payroll"], "query": any}),
        json!({"knn": {"field": "v", "query_vector": [1], "k": 5, "num_candidates": 5}}),
        json!({"retriever": {"standard": {"query": any}}}),
        json!({"rank": {"rrf": {}}}),
        json!({"collapse": {"field": "namespace", "inner_hits": {"name": "x"}}}),
        json!({"rescore": {"query": {"rescore_query": any}}}),
        json!({"slice": {"id": 0, "max": 2}}),
        json!({"ext": {"x": 1}}),
        json!({"explain": true, "profile": true, "stats": ["x"], "indices_boost": [{"payroll": 2}], "stored_fields": ["x"]}),
        json!({"sort": {"_script": {"type": "number", "script": "1", "order": "asc"}}}),
        json!({"sort": [{"fields.n": {"order": "asc", "nested": {"path": "x", "filter": any}}}]}),
        json!({"highlight": {"fields": {"message": {"highlight_query": {"more_like_this": {"like": "x"}}}}}, "query": any}),
        json!({"highlight": {"fields": {"message": {}}, "highlight_query": {"more_like_this": {"like": "x"}}}}),
        json!({"fields": [{"field": "*", "include_unmapped": true}], "_source": ["*"]}),
        json!({"docvalue_fields": ["namespace", {"field": "_id"}]}),
    ]
}

/// Words that no request to another engine may hold: what looks past its query.
const FORBIDDEN: [&str; 24] = [
    "script",
    "\"global\"",
    "suggest",
    "runtime_mappings",
    "derived",
    "more_like_this",
    "percolate",
    "has_child",
    "has_parent",
    "wrapper",
    "background_filter",
    "top_hits",
    "indexed_shape",
    "knn",
    "retriever",
    "collapse",
    "rescore",
    "explain",
    "profile",
    "indices_boost",
    "stored_fields",
    "include_unmapped",
    "payroll",
    "\"path\"",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tenant_asks_reaches_the_engine_narrowed_or_not_at_all() {
    let theirs = Theirs::filled().await;
    let behind = Behind::of(&theirs.url).await;
    let scopes = [Scope::only(["red"]), Scope::nothing(), Scope::only(["re*", "b", "*"])];
    for body in escapes() {
        for scope in &scopes {
            for path in
                ["/_search", "/logs/_search", "/_all/_search", "/_count", "/_search?scroll=1m"]
            {
                theirs.forget();
                let (status, answer) = behind.call(scope, "POST", path, &body.to_string()).await;
                assert!(
                    status.is_success() || status.is_client_error(),
                    "{path} {body}: {status} {answer}"
                );
                let text = answer.to_string();
                let is_echo = !status.is_success();
                assert!(
                    is_echo || !text.contains("blue") && !text.contains("secret"),
                    "{path} {body} told {text}"
                );
                for (asked, sent) in theirs.requests() {
                    assert!(asked.starts_with("POST /dais-"), "{asked}");
                    for word in FORBIDDEN {
                        assert!(
                            !sent.to_string().contains(word),
                            "{body} reached the engine with {word}: {sent}"
                        );
                    }
                    let filter = &sent["query"]["bool"]["filter"];
                    let namespaces = json!([{"terms": {"namespace": scope.namespaces}}]);
                    assert_eq!(filter, &namespaces, "{body} reached the engine as {sent}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_names_an_index_outside_the_prefix() {
    let theirs = Theirs::filled().await;
    let behind = Behind::of(&theirs.url).await;
    for scope in [Scope::all(), Scope::only(["red"])] {
        for path in [
            "/payroll/_search",
            "/pay*/_search",
            "/*/_search",
            "/_all/_search",
            "/logs,payroll/_search",
            "/-logs/_search",
            "/payroll/_count",
            "/_cat/indices",
            "/_cat/indices/payroll",
            "/_cat/count/payroll",
            "/payroll/_mapping",
            "/_mapping",
            "/payroll/_field_caps?fields=*",
            "/payroll",
            "/_resolve/index/*",
            "/payroll/_doc/1",
            "/other:payroll/_search",
            "/%3Cpayroll-%7Bnow%2Fd%7D%3E/_search",
            "/..%2Fpayroll/_search",
            "/dais-..%2F..%2Fpayroll/_search",
            "/payroll%2F_search%3Fx/_search",
        ] {
            let (_, answer) = behind.call(&scope, "GET", path, "").await;
            assert!(!answer.to_string().contains("salary"), "{path}: {answer}");
        }
        let search = |header: &str| format!("{header}\n{{}}\n");
        for header in [
            r#"{"index":"payroll"}"#,
            r#"{"index":["payroll","logs"]}"#,
            r#"{"indices":"other:payroll"}"#,
            "{}",
        ] {
            let (_, answer) = behind.call(&scope, "POST", "/_msearch", &search(header)).await;
            assert!(!answer.to_string().contains("salary"), "{header}: {answer}");
        }
        for route in [
            "/_sql",
            "/_async_search",
            "/_search/template",
            "/_scripts/x",
            "/_tasks",
            "/_nodes",
            "/logs/_delete_by_query",
            "/logs/_update/1",
            "/_reindex",
            "/_aliases",
            "/_snapshot",
            "/logs/_explain/1",
            "/logs/_termvectors/1",
            "/_mget",
            "/_render/template",
        ] {
            let (status, answer) =
                behind.call(&scope, "POST", route, r#"{"query":"SELECT 1"}"#).await;
            assert!(status.is_client_error(), "{route}: {status} {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_others_are_unknown() {
    let theirs = Theirs::filled().await;
    let behind = Behind::of(&theirs.url).await;
    let (red, blue) = (Scope::only(["red"]), Scope::only(["blue"]));
    let (_, opened) = behind.call(&blue, "POST", "/_search?scroll=1m", r#"{"size":1}"#).await;
    let scroll = opened["_scroll_id"].as_str().unwrap();
    let (_, opened) = behind.call(&blue, "POST", "/logs/_pit?keep_alive=1m", "").await;
    let pit = opened["id"].as_str().unwrap();
    let more = json!({"scroll_id": scroll, "scroll": "1m"}).to_string();
    let pinned = json!({"pit": {"id": pit}, "size": 5}).to_string();
    let theirs_id = theirs.last_scroll();
    for scope in [red, Scope::all(), Scope::nothing(), Scope::only(["blue", "red"])] {
        let (status, answer) = behind.call(&scope, "POST", "/_search/scroll", &more).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
        let (status, answer) = behind.call(&scope, "POST", "/_search", &pinned).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
        // Not the engine's own either, nor one kind for the other.
        for id in [theirs_id.as_str(), pit, "_all", ""] {
            let body = json!({"scroll_id": id}).to_string();
            let (status, answer) = behind.call(&scope, "POST", "/_search/scroll", &body).await;
            assert!(status.is_client_error(), "{id}: {answer}");
        }
        let (_, answer) = behind
            .call(&scope, "DELETE", "/_search/scroll", &json!({"scroll_id": [scroll]}).to_string())
            .await;
        assert_eq!(answer["num_freed"], 0, "{answer}");
        let (_, answer) =
            behind.call(&scope, "DELETE", "/_pit", &json!({"id": pit}).to_string()).await;
        assert_eq!(answer["num_freed"], 0, "{answer}");
        let (status, answer) = behind.call(&scope, "DELETE", "/_search/scroll/_all", "").await;
        assert!(status.is_client_error() && answer.to_string().contains("others"), "{answer}");
    }
    let (status, answer) = behind.call(&blue, "POST", "/_search/scroll", &more).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["hits"]["hits"].as_array().unwrap().len(), 1, "{answer}");
    let (status, answer) = behind.call(&blue, "POST", "/_search", &pinned).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let again = json!({"pit": {"id": answer["pit_id"]}}).to_string();
    assert_eq!(behind.call(&blue, "POST", "/_search", &again).await.0, StatusCode::OK);
    let (_, answer) = behind.call(&blue, "DELETE", "/_pit", &json!({"id": pit}).to_string()).await;
    assert_eq!(answer["num_freed"], 1, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_does_not_answer_is_told_in_words() {
    let refusing =
        engine::serve(axum::Router::new().fallback(|| async { StatusCode::UNAUTHORIZED })).await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [refusing, format!("http://{gone}")] {
        let behind = Behind::of(&url).await;
        for (method, path, body) in [
            ("POST", "/_search", "{}"),
            ("POST", "/logs/_count", ""),
            ("GET", "/_cat/indices", ""),
            ("POST", "/logs/_pit?keep_alive=1m", ""),
            ("GET", "/_mapping", ""),
            ("GET", "/_tail", ""),
        ] {
            let (status, answer) = behind.call(&Scope::all(), method, path, body).await;
            assert_eq!(status, StatusCode::BAD_GATEWAY, "{path}: {answer}");
            let error = &answer["error"];
            assert!(error["reason"].as_str().unwrap().contains("does not answer"), "{answer}");
            assert!(error["hint"].as_str().unwrap().contains("dais status"), "{answer}");
        }
        let line = "{\"index\":{\"_index\":\"logs\"}}\n{\"message\":\"m\",\"namespace\":\"a\"}\n";
        let (status, answer) = behind.call(&Scope::all(), "POST", "/_bulk", line).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "the sender keeps its lines: {answer}");
    }
}
