//! Pages, aggregations, several searches at once, and what the limits say.

#![allow(clippy::unwrap_used)]

#[path = "support/server.rs"]
mod server;

use axum::http::StatusCode;
use dais_logs::Scope;
use serde_json::{Value, json};
use server::Server;

/// The `fields.n` of the lines found.
fn numbers(answer: &Value) -> Vec<u64> {
    let hits = answer["hits"]["hits"].as_array().unwrap();
    hits.iter().map(|hit| hit["_source"]["fields"]["n"].as_u64().unwrap()).collect()
}

async fn add(server: &Server, lines: &[Value]) {
    let body: String = lines
        .iter()
        .map(|line| format!("{{\"index\":{{\"_index\":\"logs\"}}}}\n{line}\n"))
        .collect();
    let (status, answer) = server.call(&Scope::all(), "POST", "/_bulk?refresh=true", body).await;
    assert_eq!((status, &answer["errors"]), (StatusCode::OK, &json!(false)), "{answer}");
}

#[tokio::test]
async fn a_point_in_time_pages_through_what_was_there() {
    let server = Server::new();
    server.fill().await;
    let all = Scope::all();
    let (_, pit) = server.call(&all, "POST", "/logs/_pit?keep_alive=1m", "").await;
    let mut body = json!({
        "size": 5, "sort": [{"app": "asc"}], "pit": {"id": pit["id"], "keep_alive": "1m"},
    });
    let mut seen = Vec::new();
    loop {
        let answer = server.search(&all, body.clone()).await;
        assert_eq!(answer["hits"]["total"]["value"], 12);
        let hits = answer["hits"]["hits"].as_array().unwrap();
        let Some(last) = hits.last() else { break };
        assert_eq!(last["sort"].as_array().unwrap().len(), 2, "the tie-breaker is shown");
        body["search_after"] = last["sort"].clone();
        seen.extend(numbers(&answer));
        // What comes later is not part of it.
        add(&server, &[json!({"message": "late", "app": "zz", "fields": {"n": 99}})]).await;
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..12).collect::<Vec<_>>());
    let closing = json!({"id": pit["id"]}).to_string();
    let (status, closed) = server.call(&all, "DELETE", "/_pit", closing.clone()).await;
    assert_eq!((status, &closed["num_freed"]), (StatusCode::OK, &json!(1)));
    let (status, answer) = server.call(&all, "POST", "/_search", body.to_string()).await;
    assert_eq!(
        (status, answer["error"]["type"].as_str()),
        (StatusCode::NOT_FOUND, Some("search_context_missing_exception"))
    );
    assert_eq!(server.call(&all, "DELETE", "/_pit", closing).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_scroll_gives_every_line_once() {
    let server = Server::new();
    server.fill().await;
    let all = Scope::all();
    let body =
        json!({"size": 5, "sort": ["_doc"], "aggs": {"n": {"value_count": {"field": "app"}}}});
    let (_, mut page) =
        server.call(&all, "POST", "/logs/_search?scroll=1m", body.to_string()).await;
    assert_eq!(page["aggregations"]["n"]["value"], 12);
    let mut seen = Vec::new();
    while !page["hits"]["hits"].as_array().unwrap().is_empty() {
        seen.extend(numbers(&page));
        let next = json!({"scroll_id": page["_scroll_id"], "scroll": "1m"}).to_string();
        let (status, answer) = server.call(&all, "POST", "/_search/scroll", next).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        page = answer;
    }
    assert_eq!(seen, (0..12).collect::<Vec<_>>());
    let (_, closed) = server.call(&all, "DELETE", "/_search/scroll/_all", "").await;
    assert_eq!(closed["num_freed"], 1);
    let body = json!({"search_after": [1], "sort": ["_doc"]}).to_string();
    let (status, _) = server.call(&all, "POST", "/_search?scroll=1m", body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn buckets_follow_calendars_zones_bounds_and_filters() {
    let server = Server::new();
    let line = |time: &str, app: &str, ms: f64| json!({"@timestamp": time, "message": "x", "app": app, "fields": {"ms": ms}});
    let lines = [
        line("2026-10-31T15:59:59Z", "web", 10.0),
        line("2026-10-31T16:00:00Z", "web", 20.0),
        line("2026-11-30T15:00:00Z", "api", 30.0),
        line("2026-12-31T20:00:00Z", "api", 90.5),
    ];
    add(&server, &lines).await;
    let body = json!({"size": 0, "aggs": {
        "months": {
            "date_histogram": {"field": "@timestamp", "calendar_interval": "month", "time_zone": "Asia/Shanghai",
                "extended_bounds": {"min": "2026-09-30T16:00:00Z", "max": "2026-12-31"}},
            "aggs": {"slowest": {"max": {"field": "fields.ms"}}},
        },
        "epoch": {"date_histogram": {"field": "@timestamp", "fixed_interval": "30d", "format": "epoch_millis", "min_doc_count": 1}},
        "apps": {"terms": {"field": "app", "size": 1, "order": {"total": "desc"}}, "aggs": {"total": {"sum": {"field": "fields.ms"}}}},
        "some": {"terms": {"field": "app", "include": "w.*"}},
        "fast": {"filter": {"range": {"fields.ms": {"lt": 25}}}, "aggs": {"apps": {"cardinality": {"field": "app"}}}},
        "both": {"filters": {"filters": {"web": {"term": {"app": "web"}}, "none": {"term": {"app": "x"}}}}},
        "steps": {"histogram": {"field": "fields.ms", "interval": 50}},
        "parts": {"range": {"field": "fields.ms", "ranges": [{"to": 20}, {"from": 20}]}},
        "all": {"stats": {"field": "fields.ms"}},
        "middle": {"percentiles": {"field": "fields.ms", "percents": [50]}},
        "last": {"max": {"field": "@timestamp"}},
        "without": {"missing": {"field": "user"}},
    }});
    let answer = server.search(&Scope::all(), body).await;
    let found = &answer["aggregations"];
    let months: Vec<(&str, u64, Option<f64>)> = found["months"]["buckets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bucket| {
            let start = bucket["key_as_string"].as_str().unwrap();
            (start, bucket["doc_count"].as_u64().unwrap(), bucket["slowest"]["value"].as_f64())
        })
        .collect();
    assert_eq!(
        months,
        [
            ("2026-10-01T00:00:00.000+08:00", 1, Some(10.0)),
            ("2026-11-01T00:00:00.000+08:00", 2, Some(30.0)),
            ("2026-12-01T00:00:00.000+08:00", 0, None),
            ("2027-01-01T00:00:00.000+08:00", 1, Some(90.5)),
        ]
    );
    assert!(found["epoch"]["buckets"][0]["key_as_string"].as_str().unwrap().parse::<i64>().is_ok());
    assert_eq!(
        found["apps"],
        json!({"doc_count_error_upper_bound": 0, "sum_other_doc_count": 2,
            "buckets": [{"key": "api", "doc_count": 2, "total": {"value": 120.5}}]})
    );
    assert_eq!(found["some"]["buckets"], json!([{"key": "web", "doc_count": 2}]));
    assert_eq!(found["fast"], json!({"doc_count": 2, "apps": {"value": 1}}));
    assert_eq!(
        found["both"]["buckets"],
        json!({"web": {"doc_count": 2}, "none": {"doc_count": 0}})
    );
    assert_eq!(
        found["steps"]["buckets"],
        json!([{"key": 0.0, "doc_count": 3}, {"key": 50.0, "doc_count": 1}])
    );
    assert_eq!(
        found["parts"]["buckets"][1],
        json!({"key": "20.0-*", "from": 20.0, "doc_count": 3})
    );
    assert_eq!(
        found["all"],
        json!({"count": 4, "min": 10.0, "max": 90.5, "avg": 37.625, "sum": 150.5})
    );
    assert_eq!(found["middle"]["values"], json!({"50.0": 25.0}));
    assert_eq!(found["last"]["value_as_string"], "2026-12-31T20:00:00.000Z");
    assert_eq!(found["without"]["doc_count"], 4);
}

#[tokio::test]
async fn several_searches_are_answered_side_by_side() {
    let server = Server::new();
    server.fill().await;
    let body = [
        json!({"index": ["logs"], "ignore_unavailable": true}),
        json!({"size": 1, "query": {"term": {"app": "web"}}}),
        json!({}),
        json!({"query": {"no_such_query": {}}}),
        json!({"index": "other"}),
        json!({}),
        json!({"index": "other*"}),
        json!({}),
    ];
    let body: String = body.iter().map(|line| format!("{line}\n")).collect();
    let (status, answer) = server.call(&Scope::all(), "POST", "/_msearch", body).await;
    assert_eq!(status, StatusCode::OK);
    let [web, bad, other, none] = answer["responses"].as_array().unwrap().as_slice() else {
        panic!("four answers: {answer}")
    };
    assert_eq!((&web["status"], &web["hits"]["total"]["value"]), (&json!(200), &json!(4)));
    assert_eq!((&bad["status"], &bad["error"]["type"]), (&json!(400), &json!("parsing_exception")));
    assert_eq!(
        (&other["status"], &other["error"]["type"]),
        (&json!(404), &json!("index_not_found_exception"))
    );
    assert_eq!((&none["status"], &none["hits"]["total"]["value"]), (&json!(200), &json!(0)));
}

#[tokio::test]
async fn fields_and_indices_are_told() {
    let server = Server::new();
    server.fill().await;
    let all = Scope::all();
    let (_, caps) = server.call(&all, "GET", "/logs/_field_caps?fields=fields.*,message", "").await;
    assert_eq!(caps["fields"]["fields.n"]["long"]["aggregatable"], true);
    assert_eq!(caps["fields"]["message"]["text"]["aggregatable"], false);
    assert!(caps["fields"].get("app").is_none());
    let (_, resolved) = server.call(&all, "GET", "/_resolve/index/l*", "").await;
    assert_eq!(resolved["indices"], json!([{"name": "logs", "attributes": ["open"]}]));
    assert_eq!(server.call(&all, "HEAD", "/logs", "").await.0, StatusCode::OK);
    assert_eq!(server.call(&all, "HEAD", "/nothing", "").await.0, StatusCode::NOT_FOUND);
    let (_, counted) = server.call(&all, "GET", "/_cat/count/logs?format=json", "").await;
    assert_eq!(counted[0]["count"], "12");
    let (status, answer) = server.call(&all, "DELETE", "/_mapping", "").await;
    assert_eq!((status, &answer["status"]), (StatusCode::METHOD_NOT_ALLOWED, &json!(405)));
    let query = json!({"query": {"trem": {}}}).to_string();
    let (_, validated) = server.call(&all, "POST", "/_validate/query?explain", query).await;
    assert_eq!(validated["valid"], false);
    assert!(validated["explanations"][0]["error"].as_str().unwrap().contains("trem"));
    let body = json!({"fields": ["fields.*"], "_source": false, "size": 1});
    let answer = server.search(&all, body).await;
    assert_eq!(answer["hits"]["hits"][0]["fields"], json!({"fields.n": [11]}));
}

#[tokio::test]
async fn a_passed_limit_is_named() {
    let server = Server::with(|config| {
        config.limits.documents = 10;
        config.limits.values = 5;
        config.limits.contexts = 4;
    });
    server.fill().await;
    let all = Scope::all();
    let per_line = json!({"terms": {"field": "_id"}});
    for (body, limit) in [
        (json!({"size": 1}), "limit.documents"),
        (json!({"query": {"term": {"app": "digits"}}, "aggs": {"x": per_line}}), "limit.values"),
    ] {
        let (status, answer) = server.call(&all, "POST", "/_search", body.to_string()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert!(answer["error"]["reason"].as_str().unwrap().contains(limit), "{answer}");
    }
    let body = json!({"size": 0, "query": {"term": {"app": "web"}}, "aggs": {"x": {"date_histogram": {
        "field": "@timestamp", "fixed_interval": "1ms"}}}});
    let (_, answer) = server.call(&all, "POST", "/_search", body.to_string()).await;
    assert_eq!(answer["error"]["type"], "too_many_buckets_exception");
    let early = server.search(&all, json!({"terminate_after": 3, "size": 10})).await;
    assert_eq!((&early["terminated_early"], numbers(&early).len()), (&json!(true), 3));
    assert_eq!(server.call(&all, "POST", "/logs/_pit?keep_alive=1m", "").await.0, StatusCode::OK);
    let (status, answer) = server.call(&all, "POST", "/logs/_pit?keep_alive=1m", "").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer["error"]["reason"].as_str().unwrap().contains("limit.contexts"), "{answer}");
}

/// What the context of a line is asked for: two searches that go on from its place.
#[tokio::test]
async fn lines_around_a_line_come_in_the_order_of_writing() {
    let server = Server::new();
    // All at one instant: the order of arrival decides.
    let line = |pod: &str, number: u64| json!({"@timestamp": "2026-11-24T10:00:00.000000001Z", "message": "x", "pod": pod, "fields": {"n": number}});
    let lines: Vec<Value> =
        (0..20).map(|number| line(if number % 2 == 0 { "a" } else { "b" }, number)).collect();
    add(&server, &lines).await;
    let ordered = |direction: &str| {
        json!([
            {"@timestamp": {"order": direction, "format": "strict_date_optional_time_nanos"}},
            {"_seq_no": {"order": direction}},
        ])
    };
    let found = server
        .search(&Scope::all(), json!({"query": {"term": {"fields.n": 10}}, "sort": ordered("asc")}))
        .await;
    let place = &found["hits"]["hits"][0]["sort"];
    assert_eq!(place[0], "2026-11-24T10:00:00.000000001Z");
    let all = Scope::all();
    let around = |direction: &'static str| {
        let body = json!({"size": 3, "query": {"bool": {"filter": [{"term": {"pod": "a"}}]}},
            "sort": ordered(direction), "search_after": place, "track_total_hits": false});
        server.search(&all, body)
    };
    assert_eq!(numbers(&around("desc").await), [8, 6, 4]);
    assert_eq!(numbers(&around("asc").await), [12, 14, 16]);
}
