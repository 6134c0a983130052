use dais_api::routing::{HttpRouteStatus, RouteParentStatus};
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
    let standing =
        Standing { before, metrics, bell: &Arc::default(), engagements: &Engagements::default() };
    Table::build(&objects, &standing)
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
    let endpoints = backend.in_turn().map(|engaged| &engaged.endpoint);
    assert_eq!(endpoints.collect::<Vec<_>>(), [&expected]);
}

#[test]
fn weights_split() {
    let table = table("/serve/a/digits");
    let rule = table.find("/serve/a/digits").unwrap();
    assert_eq!(&*rule.choose(0.0).unwrap().service, "digits");
    assert_eq!(&*rule.choose(0.89).unwrap().service, "digits");
    assert_eq!(&*rule.choose(0.91).unwrap().service, "next");
}

fn claim(namespace: &str, name: &str, prefixes: &[&str], created: &str) -> Arc<HTTPRoute> {
    let paths = prefixes.iter().map(|prefix| json!({"path": {"value": prefix}}));
    object(json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": created},
        "spec": {"parentRefs": [{"name": GATEWAY}], "rules": [{
            "matches": paths.collect::<Vec<_>>(),
            "backendRefs": [{"name": name, "port": 80}]}]}
    }))
}

fn claimed(routes: &[Arc<HTTPRoute>]) -> Table {
    let (before, metrics) = (&Table::default(), &Metrics::default());
    let engagements = &Engagements::default();
    let standing = Standing { before, metrics, bell: &Arc::default(), engagements };
    Table::build(&Objects { routes, ..Objects::default() }, &standing)
}

/// (name, type, status, reason, message) of all conditions.
fn said(table: &Table) -> Vec<[String; 5]> {
    let of_route = |(route, hearing): &(Arc<HTTPRoute>, Hearing)| {
        let conditions = hearing.status(route).unwrap().parents.remove(0).conditions;
        let name = route.name_any();
        let texts = conditions
            .into_iter()
            .map(move |c| [name.clone(), c.type_, c.status, c.reason, c.message]);
        texts.collect::<Vec<_>>()
    };
    table.hearings().iter().flat_map(of_route).collect()
}

const EARLY: &str = "2026-11-01T00:00:00Z";
const LATE: &str = "2026-11-02T00:00:00Z";

#[test]
fn a_route_cannot_take_another_projects_path() {
    const PATH: &str = "/serve/b/digits";
    let (owner, foreign) =
        (claim("b", "digits", &[PATH], LATE), claim("a", "evil", &[PATH], EARLY));
    for routes in [[owner.clone(), foreign.clone()], [foreign, owner]] {
        let table = claimed(&routes);
        assert_eq!(&*table.find(PATH).unwrap().target.namespace, "b");
        let said = said(&table);
        let [name, type_, status, reason, words] = &said[0];
        assert_eq!(
            [name.as_str(), type_, status, reason],
            ["evil", "Accepted", "False", "NotAllowedByListeners"]
        );
        assert!(words.contains("is not project \"a\"'s"), "{words}");
        assert_eq!(said[1][..3], ["digits", "Accepted", "True"]);
    }
    assert!(claimed(&[claim("a", "evil", &[PATH], EARLY)]).find(PATH).is_none());
}

#[test]
fn of_several_routes_with_one_path_the_oldest_has_it() {
    const PATH: &str = "/serve/a/digits";
    let (old, young) =
        (claim("a", "z", &[PATH], EARLY), claim("a", "b", &[PATH, "/serve/a/b/"], LATE));
    for routes in [[old.clone(), young.clone()], [young.clone(), old]] {
        let table = claimed(&routes);
        assert_eq!(table.find(PATH).unwrap().route, "z");
        assert_eq!(table.find("/serve/a/b").unwrap().route, "b");
        let said = said(&table);
        assert_eq!(said[1][..3], ["b", "Accepted", "True"]);
        assert_eq!(said[2][..4], ["b", "PartiallyInvalid", "True", "PathTaken"]);
        assert!(said[2][4].contains("HTTPRoute \"z\" had path"), "{said:?}");
    }
    // Of one second, the first by name; and whose path is free again gets it.
    let twin = claim("a", "a", &[PATH], LATE);
    assert_eq!(claimed(&[young.clone(), twin]).find(PATH).unwrap().route, "a");
    assert_eq!(claimed(&[young]).find(PATH).unwrap().route, "b");
    assert_eq!(said(&claimed(&[claim("a", "n", &[], EARLY)]))[0][3], "UnsupportedValue");
}

#[test]
fn a_route_that_says_so_already_is_not_told_again() {
    let mut route = claim("a", "digits", &["/serve/a/digits"], EARLY);
    let hear = |route: &Arc<HTTPRoute>| {
        let table = claimed(&[Arc::clone(route)]);
        let (route, hearing) = &table.hearings()[0];
        hearing.status(route)
    };
    let told = hear(&route).unwrap();
    let with_other = [json!({"parentRef": {"name": "x"}, "controllerName": "other"})];
    let other: RouteParentStatus = serde_json::from_value(with_other[0].clone()).unwrap();
    let parents = [vec![other], told.parents].concat();
    Arc::make_mut(&mut route).status = Some(HttpRouteStatus { parents });
    assert_eq!(hear(&route), None);
    Arc::make_mut(&mut route).spec.rules.clear();
    let told = hear(&route).unwrap();
    assert_eq!(told.parents.len(), 2, "the other controller's word stays");
    assert_eq!(told.parents[1].conditions[0].status, "False");
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
    // One that left is still told of, so that nobody counts it anew should it return.
    let alone = claim("a", "digits", &[PREFIX], LATE);
    let (metrics, engagements) = (&Metrics::default(), &Engagements::default());
    let standing = Standing { before: &next, metrics, bell: &Arc::default(), engagements };
    let objects = Objects { routes: &[alone], policies: &policies, ..Objects::default() };
    let table = Table::build(&objects, &standing);
    let told: Vec<&str> =
        table.governed().flat_map(|governed| governed.backends.iter().map(|one| &*one.0)).collect();
    assert_eq!(told, ["digits", "next"]);
}
