//! A cluster with its controllers, and a node that claims to run pods.
//!
//! The node reports a pod bound to it as running and ready; one with the
//! annotation `end` as ended in that phase; it removes a pod that is to go.

use std::time::Duration;

use dais_testkit::Cluster;
use dais_workloads::{Config, Workloads};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher;
use kube::{Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub struct World {
    pub client: Client,
    pub workloads: Workloads,
    _cluster: Cluster,
    _node: tokio::task::JoinSet<()>,
}

impl World {
    /// A cluster with the namespace `a` and no node.
    pub async fn empty() -> Self {
        // Shown by nextest for a test that failed; a second test of the same
        // process finds it set already.
        let _ = tracing_subscriber::fmt()
            .with_env_filter("warn,dais_workloads=debug")
            .with_test_writer()
            .try_init();
        let cluster = Cluster::start().await;
        let client = cluster.client.clone();
        let config = Config {
            root_ca: "the authority".into(),
            metric_labels: vec!["app".into()],
            ..Config::default()
        };
        let workloads = Workloads::start(client.clone(), config);
        let world =
            Self { client, workloads, _cluster: cluster, _node: tokio::task::JoinSet::new() };
        world.create::<Namespace>(json!({"metadata": {"name": "a"}})).await;
        let accounts: Api<k8s_openapi::api::core::v1::ServiceAccount> = world.api();
        eventually("the default account", || accounts.get_opt("default")).await;
        world
    }

    /// The same with one node of four cpus.
    pub async fn new() -> Self {
        let mut world = Self::empty().await;
        world.add_node("n").await;
        world._node.spawn(run_pods(world.client.clone(), "n"));
        world
    }

    pub async fn add_node(&self, name: &str) {
        let nodes: Api<Node> = Api::all(self.client.clone());
        let node: Node = from(json!({"metadata": {"name": name}}));
        nodes.create(&PostParams::default(), &node).await.expect("a node");
        let amounts = json!({"cpu": "4", "memory": "8Gi", "pods": "110"});
        let status = json!({"status": {
            "capacity": amounts, "allocatable": amounts,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "",
                "lastHeartbeatTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        }});
        nodes
            .patch_status(name, &PatchParams::default(), &Patch::Merge(status))
            .await
            .expect("a ready node");
    }

    /// Objects of a kind in the namespace `a`.
    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), "a")
    }

    /// Creates an object of the cluster.
    pub async fn create<K>(&self, object: Value) -> K
    where
        K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + Serialize + DeserializeOwned,
    {
        let api: Api<K> = Api::all(self.client.clone());
        let object: K = from(object);
        match api.create(&PostParams::default(), &object).await {
            Ok(created) => created,
            Err(error) => panic!("{} was not created: {error}", object.name_any()),
        }
    }

    /// Creates an object in the namespace `a`.
    pub async fn make<K>(&self, object: Value) -> K
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + Serialize
            + DeserializeOwned,
    {
        let object: K = from(object);
        match self.api::<K>().create(&PostParams::default(), &object).await {
            Ok(created) => created,
            Err(error) => panic!("{} was not created: {error}", object.name_any()),
        }
    }

    pub async fn patch<K>(&self, name: &str, change: Value) -> K
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned,
    {
        let api = self.api::<K>();
        let change = Patch::Merge(change);
        eventually("the patch to be accepted", || async {
            match api.patch(name, &PatchParams::default(), &change).await {
                // A controller wrote first: clients try again, kubectl too.
                Err(kube::Error::Api(status)) if status.is_conflict() => Ok(None),
                other => other.map(Some),
            }
        })
        .await
    }

    pub async fn pods(&self) -> Vec<Pod> {
        self.api::<Pod>().list(&Default::default()).await.expect("a list").items
    }
}

fn from<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("an object")
}

/// Asks until there is an answer; the deadline is generous, since builds of
/// others may share the machine.
pub async fn eventually<T, E, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<Option<T>, E>>,
    E: std::fmt::Debug,
{
    let asked = async {
        loop {
            if let Some(answer) = ask().await.expect("the request is answered") {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(20), asked).await {
        Ok(answer) => answer,
        Err(_) => panic!("never saw {what}"),
    }
}

/// Waits until an object of the namespace `a` satisfies the predicate.
pub async fn until<K>(world: &World, name: &str, what: &str, predicate: impl Fn(&K) -> bool) -> K
where
    K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned,
{
    let api: Api<K> = world.api();
    eventually(what, || async {
        api.get_opt(name).await.map(|found| found.filter(|object| predicate(object)))
    })
    .await
}

async fn run_pods(client: Client, node: &'static str) {
    let all: Api<Pod> = Api::all(client.clone());
    let config = watcher::Config::default().fields(&format!("spec.nodeName={node}"));
    let mut events = watcher(all, config).boxed();
    while let Ok(Some(event)) = events.try_next().await {
        if let watcher::Event::Apply(pod) | watcher::Event::InitApply(pod) = event {
            run(&client, &pod).await;
        }
    }
}

async fn run(client: &Client, pod: &Pod) {
    let api: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    let name = pod.name_any();
    if pod.metadata.deletion_timestamp.is_some() {
        let _ = api.delete(&name, &DeleteParams::default().grace_period(0)).await;
        return;
    }
    let phase = pod.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
    let end = pod.annotations().get("end").cloned();
    let next = match (phase.as_str(), end) {
        ("Pending", _) => "Running".to_owned(),
        ("Running", Some(end)) => end,
        _ => return,
    };
    let ready = if next == "Running" { "True" } else { "False" };
    let status = json!({"status": {
        "phase": next, "podIP": "127.80.0.1", "podIPs": [{"ip": "127.80.0.1"}],
        "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}],
    }});
    let _ = api.patch_status(&name, &PatchParams::default(), &Patch::Strategic(status)).await;
}
