//! The one set of watches that all controllers share.

use futures::future::BoxFuture;
use futures::{FutureExt, future};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{
    ConfigMap, Endpoints, Namespace, Node, PersistentVolumeClaim, Pod, ResourceQuota, Service,
    ServiceAccount,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::watcher;
use kube::{Api, Client};

use crate::feed::{Feed, Watched};

/// The ConfigMap that each namespace gets.
pub const ROOT_CA: &str = "kube-root-ca.crt";

/// One feed for each kind that some controller reads.
pub struct Feeds {
    pub config_maps: Feed<ConfigMap>,
    pub cron_jobs: Feed<CronJob>,
    pub deployments: Feed<Deployment>,
    pub endpoint_slices: Feed<EndpointSlice>,
    pub endpoints: Feed<Endpoints>,
    pub jobs: Feed<Job>,
    pub leases: Feed<Lease>,
    pub namespaces: Feed<Namespace>,
    pub nodes: Feed<Node>,
    pub pods: Feed<Pod>,
    pub quotas: Feed<ResourceQuota>,
    pub replica_sets: Feed<ReplicaSet>,
    pub service_accounts: Feed<ServiceAccount>,
    pub services: Feed<Service>,
    pub stateful_sets: Feed<StatefulSet>,
    pub volume_claims: Feed<PersistentVolumeClaim>,
}

impl Feeds {
    /// The feeds, and the tasks that keep them current.
    pub fn new(client: &Client) -> (Self, Vec<BoxFuture<'static, ()>>) {
        let mut tasks = Vec::new();
        let all = watcher::Config::default;
        let feeds = Self {
            // Only the objects that are looked after: a project may hold many.
            config_maps: feed(
                client,
                all().fields(&format!("metadata.name={ROOT_CA}")),
                &mut tasks,
            ),
            cron_jobs: feed(client, all(), &mut tasks),
            deployments: feed(client, all(), &mut tasks),
            endpoint_slices: feed(client, all(), &mut tasks),
            endpoints: feed(client, all(), &mut tasks),
            jobs: feed(client, all(), &mut tasks),
            leases: feed_in(client, "kube-node-lease", &mut tasks),
            namespaces: feed(client, all(), &mut tasks),
            nodes: feed(client, all(), &mut tasks),
            pods: feed(client, all(), &mut tasks),
            quotas: feed(client, all(), &mut tasks),
            replica_sets: feed(client, all(), &mut tasks),
            service_accounts: feed(client, all().fields("metadata.name=default"), &mut tasks),
            services: feed(client, all(), &mut tasks),
            stateful_sets: feed(client, all(), &mut tasks),
            volume_claims: feed(client, all(), &mut tasks),
        };
        (feeds, tasks)
    }

    /// Waits until everything that exists is known: a controller that acts on
    /// half of the world makes things twice.
    pub async fn ready(&self) {
        let Self {
            config_maps,
            cron_jobs,
            deployments,
            endpoint_slices,
            endpoints,
            jobs,
            leases,
            namespaces,
            nodes,
            pods,
            quotas,
            replica_sets,
            service_accounts,
            services,
            stateful_sets,
            volume_claims,
        } = self;
        future::join_all([
            config_maps.ready().boxed(),
            cron_jobs.ready().boxed(),
            deployments.ready().boxed(),
            endpoint_slices.ready().boxed(),
            endpoints.ready().boxed(),
            jobs.ready().boxed(),
            leases.ready().boxed(),
            namespaces.ready().boxed(),
            nodes.ready().boxed(),
            pods.ready().boxed(),
            quotas.ready().boxed(),
            replica_sets.ready().boxed(),
            service_accounts.ready().boxed(),
            services.ready().boxed(),
            stateful_sets.ready().boxed(),
            volume_claims.ready().boxed(),
        ])
        .await;
    }
}

fn feed<K: Watched>(
    client: &Client,
    config: watcher::Config,
    tasks: &mut Vec<BoxFuture<'static, ()>>,
) -> Feed<K> {
    let (feed, task) = Feed::new(Api::all(client.clone()), config);
    tasks.push(task.boxed());
    feed
}

fn feed_in<K>(client: &Client, namespace: &str, tasks: &mut Vec<BoxFuture<'static, ()>>) -> Feed<K>
where
    K: Watched + kube::Resource<Scope = k8s_openapi::NamespaceResourceScope>,
{
    let api = Api::namespaced(client.clone(), namespace);
    let (feed, task) = Feed::new(api, watcher::Config::default());
    tasks.push(task.boxed());
    feed
}
