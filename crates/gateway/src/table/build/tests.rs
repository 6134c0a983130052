use serde_json::{Value, json};

use super::*;

fn object<K: serde::de::DeserializeOwned>(value: Value) -> Arc<K> {
    Arc::new(serde_json::from_value(value).unwrap())
}

fn table(prefix: &str) -> Table {
    under(prefix, &[])
}

/// With these policies.
fn under(prefix: &str, policies: &[Arc<TrafficPolicy>]) -> Table {
    after(&Table::default(), prefix, policies)
}

fn after(before: &Table, prefix: &str, policies: &[Arc<TrafficPolicy>]) -> Table {
    let route = object(json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": "digits", "namespace": "a"},
        "spec": {"parentRefs": [{"name": GATEWAY}], "rules": [{
            "matches": [{"path": {"type": "PathPrefix", "value": prefix}}],
            "filters": [{"type": "URLRewrite", "urlRewrite":
                {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}],
            "backendRefs": [{"name": "digits", "port": 80, "weight": 9},
                            {"name": "next", "port": 80, "weight": 1}]}]}
    }));
    let service = object(json!({
        "metadata": {"name": "digits", "namespace": "a"},
        "spec": {"ports": [{"name": "http", "port": 80}]}
    }));
    let slice = object(json!({
        "metadata": {"name": "digits-1", "namespace": "a", "labels": {SERVICE_NAME: "digits"}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 8080}],
        "endpoints": [{"addresses": ["127.80.0.1"], "conditions": {"ready": true},
                       "targetRef": {"kind": "Pod", "name": "digits-1-x"}},
                      {"addresses": ["127.80.0.2"], "conditions": {"ready": false}}]
    }));
    let objects = Objects {
        routes: &[route],
        services: &[service],
        slices: &[slice],
        policies,
        secrets: &[],
    };
    let metrics = &Metrics::default();
    Table::build(&objects, &Standing { before, metrics, bell: &Arc::default() })
}

#[test]
fn the_longest_prefix_at_a_segment_boundary_wins() {
    let table = table("/serve/a/digits");
    let rule = table.find("/serve/a/digits/v2/health/ready").unwrap();
    assert_eq!(rule.rewrite("/serve/a/digits/v2/health/ready"), "/v2/health/ready");
    assert_eq!(rule.rewrite("/serve/a/digits"), "/");
    assert!(table.find("/serve/a/digits").is_some());
    assert!(table.find("/serve/a/digitsx/v2").is_none());
    assert!(table.find("/").is_none());
}

#[test]
fn only_ready_endpoints_are_used_and_in_turn() {
    let table = table("/serve/a/digits");
    let backend = &table.find("/serve/a/digits").unwrap().backends[0];
    let expected = Endpoint {
        address: "127.80.0.1:8080".parse().unwrap(),
        namespace: "a".into(),
        pod: Some("digits-1-x".into()),
    };
    assert_eq!(backend.in_turn().collect::<Vec<_>>(), [&expected]);
}

#[test]
fn weights_split() {
    let table = table("/serve/a/digits");
    let rule = table.find("/serve/a/digits").unwrap();
    assert_eq!(&*rule.choose(0.0).unwrap().service, "digits");
    assert_eq!(&*rule.choose(0.89).unwrap().service, "digits");
    assert_eq!(&*rule.choose(0.91).unwrap().service, "next");
}

#[test]
fn a_route_cannot_take_another_projects_path() {
    let table = table("/serve/b/digits");
    assert!(table.find("/serve/b/digits").unwrap().backends.is_empty());
}

fn policy(namespace: &str, name: &str, kind: &str, created: &str) -> Arc<TrafficPolicy> {
    object(json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "TrafficPolicy",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": created},
        "spec": {"targetRef": {
            "group": "gateway.networking.k8s.io", "kind": kind, "name": "digits"
        }}
    }))
}

#[test]
fn of_several_policies_the_oldest_counts_and_those_of_others_do_not() {
    let policies = [
        policy("a", "young", "HTTPRoute", "2026-11-03T00:00:00Z"),
        policy("a", "old", "HTTPRoute", "2026-11-02T00:00:00Z"),
        policy("b", "foreign", "HTTPRoute", "2026-11-01T00:00:00Z"),
        policy("a", "other", "Gateway", "2026-11-01T00:00:00Z"),
    ];
    let name = |table: &Table| {
        let policy = table.find("/serve/a/digits").unwrap().policy.as_ref();
        policy.map(|policy| policy.key.name.clone())
    };
    assert_eq!(name(&under("/serve/a/digits", &policies)).as_deref(), Some("old"));
    assert_eq!(name(&under("/serve/a/digits", &policies[2..])), None);
}

/// Counts, and requests that wait, do not begin anew with each change in the cluster.
#[test]
fn what_is_counted_outlives_its_table_until_its_route_goes() {
    const PREFIX: &str = "/serve/a/digits";
    let policies = [policy("a", "p", "HTTPRoute", "2026-11-03T00:00:00Z")];
    let tally = |table: &Table| table.find(PREFIX).unwrap().backends[0].tally.clone();
    let live = |table: &Table| table.find(PREFIX).unwrap().policy.as_ref().unwrap().live.clone();
    let before = under(PREFIX, &policies);
    tally(&before).unanswered();
    let next = after(&before, PREFIX, &policies);
    assert_eq!(tally(&next).failures.get(), 1);
    assert!(Arc::ptr_eq(&live(&before), &live(&next)));
    assert_eq!(next.gone(&before).count(), 0);
    let elsewhere = Table::default();
    assert_eq!(elsewhere.gone(&next).count(), 2, "both backends of the route");
}
