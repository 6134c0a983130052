//! Every kind of query is asked of the index and of single entries: a live tail
//! must show exactly the lines that a search finds.

use serde_json::{Value, json};

use super::matches::Matcher;
use super::parse;
use crate::entry::Entry;
use crate::scope::Scope;
use crate::search::request::Request;
use crate::store::{Config, Logs};
use crate::time;

fn corpus() -> Vec<Entry> {
    let documents = [
        json!({"@timestamp": "2026-11-24T10:00:00Z", "message": "Training started, epoch 1 of 10", "severity": "info", "app": "digits", "namespace": "a"}),
        json!({"@timestamp": "2026-11-24T10:00:01Z", "message": "loss=0.25 accuracy=0.91", "severity": "info", "app": "digits", "namespace": "a", "fields": {"loss": 0.25, "step": 1, "host": "web-1"}}),
        json!({"@timestamp": "2026-11-24T10:00:02.5Z", "message": "connection refused by 10.0.0.7", "severity": "error", "app": "gateway", "namespace": "b", "fields": {"status": 502, "step": 2, "retry": true}}),
        json!({"@timestamp": "2026-11-24T11:00:00Z", "message": "训练完成 model saved to models:/digits/3", "severity": "info", "app": "digits", "namespace": "a", "fields": {"http.status": 200, "tags": ["red", "blue"], "path": "/v1/Models"}}),
        json!({"@timestamp": "2026-11-24T12:00:00Z", "message": "GET /v2/models/digits/infer 200", "app": "digits-2", "namespace": "b", "host": "n2", "fields": {"status": "502"}}),
        json!({"@timestamp": "2026-11-24T12:30:00Z", "severity": "warn", "namespace": "c", "fields": {"note": "no message at all"}}),
    ];
    let parse = |(number, source): (usize, Value)| {
        let mut entry = Entry::new(
            if number < 3 { "logs-old" } else { "logs" },
            source.as_object().unwrap().clone(),
            0,
        )
        .unwrap();
        entry.sequence = number as u64;
        entry
    };
    documents.into_iter().enumerate().map(parse).collect()
}

/// Queries with the numbers of the entries that they must find.
fn cases() -> Vec<(Value, Vec<u64>)> {
    let text = |query: &str| json!({"query_string": {"query": query}});
    let and = |query: &str| json!({"query_string": {"query": query, "default_operator": "AND"}});
    let simple =
        |query: &str| json!({"simple_query_string": {"query": query, "default_operator": "and"}});
    vec![
        (json!({"match_all": {}}), vec![0, 1, 2, 3, 4, 5]),
        (json!({"match_none": {}}), vec![]),
        (json!({"term": {"app": "digits"}}), vec![0, 1, 3]),
        (json!({"term": {"app.keyword": {"value": "digits"}}}), vec![0, 1, 3]),
        (json!({"term": {"app": {"value": "DIGITS", "case_insensitive": true}}}), vec![0, 1, 3]),
        (json!({"terms": {"severity": ["warn", "error"]}}), vec![2, 5]),
        (json!({"term": {"fields.status": 502}}), vec![2, 4]),
        (json!({"term": {"fields.status": "502"}}), vec![2, 4]),
        (json!({"term": {"fields.retry": true}}), vec![2]),
        (json!({"term": {"fields.loss": 0.25}}), vec![1]),
        (json!({"term": {"fields.http.status": 200}}), vec![3]),
        (json!({"term": {"fields.tags": "blue"}}), vec![3]),
        (json!({"term": {"host": "n2"}}), vec![4]),
        (json!({"match": {"message": "training refused"}}), vec![0, 2]),
        (json!({"match": {"message": {"query": "digits infer", "operator": "and"}}}), vec![4]),
        (json!({"match": {"message": "TRAINING"}}), vec![0]),
        (json!({"match": {"fields.note": "message"}}), vec![5]),
        (json!({"match": {"app": "digits"}}), vec![0, 1, 3]),
        (json!({"match_phrase": {"message": "connection refused"}}), vec![2]),
        (json!({"match_phrase": {"message": "refused connection"}}), vec![]),
        (json!({"match_phrase": {"message": "完成"}}), vec![3]),
        (json!({"match_phrase": {"message": "成完"}}), vec![]),
        (json!({"match_phrase": {"message": {"query": "epoch of", "slop": 1}}}), vec![0]),
        (json!({"match_phrase": {"message": {"query": "epoch of", "slop": 0}}}), vec![]),
        (json!({"match_phrase_prefix": {"message": "connection ref"}}), vec![2]),
        (json!({"match_bool_prefix": {"message": "loss conn"}}), vec![1, 2]),
        (
            json!({"match_bool_prefix": {"message": {"query": "refused conn", "operator": "and"}}}),
            vec![2],
        ),
        (
            json!({"match": {"message": {"query": "epoch of training lost", "minimum_should_match": "75%"}}}),
            vec![0],
        ),
        (
            json!({"multi_match": {"query": "connection ref", "type": "phrase_prefix", "fields": ["message"]}}),
            vec![2],
        ),
        (json!({"multi_match": {"query": "web", "fields": ["message", "fields.host"]}}), vec![1]),
        (json!({"prefix": {"app": "digits-"}}), vec![4]),
        (json!({"prefix": {"message": "train"}}), vec![0]),
        (json!({"prefix": {"fields.path": "/v1/"}}), vec![3]),
        (json!({"wildcard": {"app": "d*s"}}), vec![0, 1, 3]),
        (json!({"wildcard": {"message": {"value": "refu?ed"}}}), vec![2]),
        (json!({"wildcard": {"fields.path": "*models"}}), vec![]),
        (
            json!({"wildcard": {"fields.path": {"value": "*models", "case_insensitive": true}}}),
            vec![3],
        ),
        (json!({"regexp": {"app": "digits(-[0-9])?"}}), vec![0, 1, 3, 4]),
        (
            json!({"range": {"@timestamp": {"gte": "2026-11-24T10:00:01Z", "lt": "2026-11-24T11:00:00Z"}}}),
            vec![1, 2],
        ),
        (
            json!({"range": {"@timestamp": {"gt": "2026-11-24T10:00:02Z", "lte": "2026-11-24T10:00:02.5Z"}}}),
            vec![2],
        ),
        (
            json!({"range": {"@timestamp": {"gte": "2026-11-24", "lte": "2026-11-24"}}}),
            vec![0, 1, 2, 3, 4, 5],
        ),
        (json!({"range": {"@timestamp": {"gte": "now-1h"}}}), vec![]),
        (
            json!({"range": {"@timestamp": {"gte": "2026-11-24T19:00:00", "time_zone": "Asia/Shanghai"}}}),
            vec![3, 4, 5],
        ),
        (
            json!({"range": {"@timestamp": {"gte": 1_795_518_000, "format": "epoch_second"}}}),
            vec![3, 4, 5],
        ),
        (
            json!({"range": {"@timestamp": {"gte": 1_795_518_000_000_u64, "format": "epoch_millis"}}}),
            vec![3, 4, 5],
        ),
        (json!({"range": {"fields.step": {"from": 1, "include_lower": false}}}), vec![2]),
        (json!({"range": {"fields.step": {"gt": 1}}}), vec![2]),
        (json!({"range": {"fields.loss": {"gte": 0.2, "lt": 0.3}}}), vec![1]),
        (json!({"range": {"app": {"gte": "digits", "lte": "digits-9"}}}), vec![0, 1, 3, 4]),
        (json!({"exists": {"field": "severity"}}), vec![0, 1, 2, 3, 5]),
        (json!({"exists": {"field": "message"}}), vec![0, 1, 2, 3, 4]),
        (json!({"exists": {"field": "fields.step"}}), vec![1, 2]),
        (json!({"exists": {"field": "fields"}}), vec![1, 2, 3, 4, 5]),
        (json!({"term": {"_index": "logs-old"}}), vec![0, 1, 2]),
        (json!({"constant_score": {"filter": {"term": {"app": "gateway"}}}}), vec![2]),
        (json!({"bool": {"must_not": [{"term": {"app": "digits"}}]}}), vec![2, 4, 5]),
        (
            json!({"bool": {"filter": {"term": {"namespace": "a"}}, "must": [{"match": {"message": "loss model"}}]}}),
            vec![1, 3],
        ),
        (
            json!({"bool": {"should": [{"term": {"namespace": "c"}}, {"term": {"app": "gateway"}}]}}),
            vec![2, 5],
        ),
        (
            json!({"bool": {"should": [{"term": {"namespace": "a"}}, {"term": {"severity": "info"}}, {"exists": {"field": "fields.tags"}}], "minimum_should_match": 3}}),
            vec![3],
        ),
        (
            json!({"bool": {"filter": [{"term": {"namespace": "a"}}], "should": [{"term": {"app": "nothing"}}]}}),
            vec![0, 1, 3],
        ),
        (text("refused"), vec![2]),
        (text("training OR refused"), vec![0, 2]),
        (text("digits AND infer"), vec![4]),
        (text("digits AND NOT infer"), vec![3]),
        (text("digits -infer"), vec![3]),
        (text("\"connection refused\" severity:error"), vec![2]),
        (text("app:digits"), vec![0, 1, 3]),
        (text("app:(gateway OR digits\\-2)"), vec![2, 4]),
        (text("fields.status:>=500"), vec![2, 4]),
        (text("fields.step:[1 TO 2}"), vec![1]),
        (text("@timestamp:[\"2026-11-24T11:00:00Z\" TO *]"), vec![3, 4, 5]),
        (text("refus*"), vec![2]),
        (text("app:digits*"), vec![0, 1, 3, 4]),
        (text("_exists_:fields.retry"), vec![2]),
        (text("*"), vec![0, 1, 2, 3, 4, 5]),
        (text("refused^2"), vec![2]),
        (text("完成"), vec![3]),
        (and("epoch training"), vec![0]),
        (and("10.0.0.7"), vec![2]),
        (and("(training OR accuracy) namespace:a"), vec![0, 1]),
        (simple("\"model saved\" digits"), vec![3]),
        (simple("training | refused"), vec![0, 2]),
        (simple("digits -infer"), vec![3]),
        (simple("conn* ((unclosed"), vec![]),
        (simple("conn*"), vec![2]),
    ]
}

#[tokio::test]
async fn index_and_entry_agree_on_every_query() {
    let directory = tempfile::tempdir().unwrap();
    let logs = Logs::open(Config::new(directory.path())).unwrap();
    let corpus = corpus();
    logs.ingest(corpus.clone()).await.unwrap();
    logs.flush().await.unwrap();
    for (query, expected) in cases() {
        let request =
            Request::parse("_all", &json!({"query": query, "size": 100}), &Scope::all()).unwrap();
        let hits = logs.answer(&request).unwrap_or_else(|error| panic!("{query}: {error:?}")).hits;
        let mut found: Vec<u64> = hits.into_iter().map(|hit| hit.entry.sequence).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "index: {query}");
        let matcher = Matcher::new(parse::query(&query, time::now()).unwrap());
        let matched: Vec<u64> = corpus
            .iter()
            .filter(|entry| matcher.matches(entry))
            .map(|entry| entry.sequence)
            .collect();
        assert_eq!(matched, expected, "entry: {query}");
    }
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    for (query, clause) in [
        (json!({"fuzzy": {"message": "x"}}), "fuzzy"),
        (json!({"bool": {"musst": []}}), "bool"),
        (json!({"term": {"a": 1, "b": 2}}), "term"),
        (json!({"range": {"@timestamp": {"gte": "yesterday"}}}), "range"),
        (json!({"range": {"x": {"above": 1}}}), "range"),
        (json!({"regexp": {"app": "("}}), "regexp"),
        (json!({"match": {"message": {"query": "x", "operator": "xor"}}}), "match"),
        (json!({"match": {"message": {"query": "x", "fuzziness": "AUTO"}}}), "match"),
        (json!({"term": {"app": {"value": "x", "fuzzy": 1}}}), "term"),
        (json!({"match_all": {"x": 1}}), "match_all"),
        (json!({"exists": {"name": "x"}}), "exists"),
        (json!({"range": {"@timestamp": {"gte": "now", "time_zone": "Mars/Base"}}}), "range"),
        (json!({"query_string": {"query": "x~1"}}), "query_string"),
        (json!({"query_string": {"query": "x", "fuzzines": 1}}), "query_string"),
        (json!({"query_string": {"query": "(open"}}), "query_string"),
        (json!({"query_string": {"query": "a AND"}}), "query_string"),
        (json!([1]), "query"),
        (json!({}), "query"),
    ] {
        match parse::query(&query, 0) {
            Err(crate::Error::Query { clause: named, reason, .. }) => {
                assert_eq!(named, clause, "{query}");
                assert!(!reason.is_empty());
            }
            other => panic!("{query} gave {other:?}"),
        }
    }
}

#[test]
fn endless_nesting_is_refused() {
    let mut query = json!({"match_all": {}});
    for _ in 0..200 {
        query = json!({"bool": {"must": [query]}});
    }
    assert!(parse::query(&query, 0).is_err());
    let text = "(".repeat(10_000);
    assert!(parse::query(&json!({"query_string": {"query": text}}), 0).is_err());
    assert!(parse::query(&json!({"simple_query_string": {"query": text}}), 0).is_err());
}
