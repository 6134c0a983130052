//! Small worlds, and what is scraped in them.

use serde_json::{Value, json};

use super::*;

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Arc<T> {
    Arc::new(serde_json::from_value(value).expect("an object of this kind"))
}

fn pod(namespace: &str, name: &str, address: &str, annotations: Value) -> Arc<Pod> {
    read(json!({
        "metadata": {
            "namespace": namespace, "name": name, "annotations": annotations,
            "labels": {"app": "web", "app.kubernetes.io/part-of": "shop"},
        },
        "spec": {"nodeName": "n1", "containers": [{"name": "main", "ports": [
            {"name": "http", "containerPort": 8080},
            {"name": "metrics", "containerPort": 9090},
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
        ]}]},
        "status": {"phase": "Running", "podIP": address},
    }))
}

fn service(namespace: &str, name: &str) -> Arc<Service> {
    read(json!({
        "metadata": {"namespace": namespace, "name": name, "labels": {"app": "web", "tier": "front"}},
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "metrics", "port": 80}]},
    }))
}

fn slice(namespace: &str, service: &str, pods: &[(&str, &str)]) -> Arc<EndpointSlice> {
    let endpoint = |(pod, address): &(&str, &str)| json!({"addresses": [address], "targetRef": {"kind": "Pod", "name": pod}});
    read(json!({
        "metadata": {"namespace": namespace, "name": service, "labels": {SERVICE_NAME: service}},
        "addressType": "IPv4",
        "endpoints": pods.iter().map(endpoint).collect::<Vec<_>>(),
        "ports": [{"name": "metrics", "port": 9090}],
    }))
}

fn addresses(jobs: &[ScrapeJob]) -> Vec<(&str, &str)> {
    jobs.iter()
        .flat_map(|job| {
            job.targets.iter().map(|labels| (job.name.as_str(), labels["__address__"].as_str()))
        })
        .collect()
}

#[test]
fn pods_ask_by_annotation() {
    let asks = |more: Value| {
        let mut all = json!({"prometheus.io/scrape": "true"});
        all.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
        all
    };
    let world = World {
        pods: vec![
            pod(
                "a",
                "named",
                "10.0.0.1",
                asks(json!({"prometheus.io/port": "9090", "prometheus.io/path": "/m"})),
            ),
            pod("a", "open", "10.0.0.2", asks(json!({}))),
            pod("a", "silent", "10.0.0.3", json!({"prometheus.io/scrape": "false"})),
            pod("a", "odd", "10.0.0.4", asks(json!({"prometheus.io/port": "http"}))),
            pod("a", "young", "", asks(json!({}))),
        ],
        ..World::default()
    };
    let jobs = scrape_jobs(&world);
    let found = ["10.0.0.1:9090", "10.0.0.2:8080", "10.0.0.2:9090"];
    assert_eq!(addresses(&jobs), found.map(|address| ("kubernetes-pods", address)));
    assert!(jobs[0].keep_namespace);
    let first = &jobs[0].targets[0];
    for (name, value) in [
        ("job", "kubernetes-pods"),
        ("namespace", "a"),
        ("pod", "named"),
        ("container", "main"),
        ("__metrics_path__", "/m"),
        ("__scheme__", "http"),
        ("__meta_kubernetes_pod_label_app_kubernetes_io_part_of", "shop"),
        ("__meta_kubernetes_pod_container_port_name", "metrics"),
        ("__meta_kubernetes_pod_node_name", "n1"),
    ] {
        assert_eq!(first.get(name).map(String::as_str), Some(value), "{name}");
    }
}

fn service_monitor(namespace: &str, more: Value) -> Arc<ServiceMonitor> {
    let mut spec = json!({
        "selector": {"matchLabels": {"app": "web"}},
        "targetLabels": ["tier"], "podTargetLabels": ["app.kubernetes.io/part-of"],
        "endpoints": [{"port": "metrics", "interval": "5s", "params": {"module": ["x"]}, "honorLabels": true}],
    });
    spec.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
    read(json!({"metadata": {"namespace": namespace, "name": "web"}, "spec": spec}))
}

#[test]
fn a_service_monitor_finds_the_pods_behind_a_service() {
    let world = World {
        pods: vec![pod("a", "p", "10.0.0.1", json!({}))],
        services: vec![service("a", "web")],
        // The second is no pod.
        slices: vec![slice("a", "web", &[("p", "10.0.0.1"), ("ghost", "127.0.0.1")])],
        service_monitors: vec![service_monitor("a", json!({}))],
        ..World::default()
    };
    let jobs = scrape_jobs(&world);
    assert_eq!(addresses(&jobs), [("serviceMonitor/a/web/0", "10.0.0.1:9090")]);
    assert!(jobs[0].honor_labels && jobs[0].keep_namespace);
    assert_eq!(jobs[0].interval.as_deref(), Some("5s"));
    let target = &jobs[0].targets[0];
    for (name, value) in [
        ("job", "web"),
        ("service", "web"),
        ("endpoint", "metrics"),
        ("tier", "front"),
        ("app_kubernetes_io_part_of", "shop"),
        ("__param_module", "x"),
    ] {
        assert_eq!(target.get(name).map(String::as_str), Some(value), "{name}");
    }
}

#[test]
fn an_address_in_a_slice_counts_for_nothing() {
    let world = World {
        pods: vec![pod("a", "p", "10.0.0.1", json!({}))],
        services: vec![service("a", "web")],
        slices: vec![slice("a", "web", &[("p", "127.0.0.1")])],
        service_monitors: vec![service_monitor("a", json!({}))],
        ..World::default()
    };
    assert_eq!(addresses(&scrape_jobs(&world)), [("serviceMonitor/a/web/0", "10.0.0.1:9090")]);
}

#[test]
fn only_the_platforms_own_monitors_look_into_other_namespaces() {
    let world = |monitor| World {
        pods: vec![pod("a", "p", "10.0.0.1", json!({})), pod("b", "q", "10.0.0.2", json!({}))],
        services: vec![service("a", "web"), service("b", "web")],
        slices: vec![
            slice("a", "web", &[("p", "10.0.0.1")]),
            slice("b", "web", &[("q", "10.0.0.2")]),
        ],
        service_monitors: vec![monitor],
        ..World::default()
    };
    let found = |namespace: &str, selector: Value| {
        let jobs =
            scrape_jobs(&world(service_monitor(namespace, json!({"namespaceSelector": selector}))));
        let targets = jobs.iter().flat_map(|job| &job.targets);
        targets.map(|labels| labels["namespace"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(found("a", json!({"any": true})), ["a"]);
    assert_eq!(found("a", json!({"matchNames": ["a", "b"]})), ["a"]);
    assert!(found("a", json!({"matchNames": ["b"]})).is_empty());
    assert_eq!(found(PLATFORM_NAMESPACE, json!({"any": true})), ["a", "b"]);
    assert_eq!(found(PLATFORM_NAMESPACE, json!({"matchNames": ["b"]})), ["b"]);
    assert!(found(PLATFORM_NAMESPACE, json!({})).is_empty());
}

#[test]
fn a_pod_monitor_finds_ports_by_name_and_by_number() {
    let monitor = |endpoint: Value| -> Arc<PodMonitor> {
        read(json!({
            "metadata": {"namespace": "a", "name": "mine"},
            "spec": {"selector": {}, "podMetricsEndpoints": [endpoint]},
        }))
    };
    for (endpoint, address) in [
        (json!({"port": "metrics"}), Some("10.0.0.1:9090")),
        (json!({"portNumber": 8080}), Some("10.0.0.1:8080")),
        (json!({"targetPort": "http"}), Some("10.0.0.1:8080")),
        (json!({"port": "absent"}), None),
        (json!({}), None),
    ] {
        let world = World {
            pods: vec![pod("a", "p", "10.0.0.1", json!({}))],
            pod_monitors: vec![monitor(endpoint)],
            ..World::default()
        };
        let jobs = scrape_jobs(&world);
        assert_eq!(addresses(&jobs).first().map(|(_, found)| *found), address);
        assert!(jobs.iter().flat_map(|job| &job.targets).all(|labels| labels["job"] == "a/mine"));
    }
}
