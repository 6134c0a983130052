//! The Node object: made at the start, kept true, and a lease renewed to say
//! that somebody is there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dais_images::Images;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::{Namespace, Node};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::host::{Host, lock};
use crate::metrics::proc;

const LEASES: &str = "kube-node-lease";
const LEASE_SECONDS: i32 = 40;
/// Kubelet's figures: a quarter of the lease, and a status every five minutes.
const RENEW: Duration = Duration::from_secs(10);
const STATUS_EVERY: u32 = 30;
const RETRY: Duration = Duration::from_millis(200);
/// Kubelet's figure (`nodeStatusMaxImages`).
const MAX_IMAGES: usize = 50;
const MAX_PODS: &str = "250";

/// Runs for ever.
pub(crate) async fn run(host: Arc<Host>) {
    let began = Timestamp::now();
    while let Err(error) = register(&host, began).await {
        tracing::debug!(error = crate::pods::start::words(&error), "node not registered yet");
        tokio::time::sleep(RETRY).await;
    }
    tracing::info!(node = host.config.name, runtime = host.runtime.name(), "node registered");
    let mut round = 0_u32;
    let mut images = host.config.images.as_ref().map(Images::changes);
    loop {
        if let Err(error) = renew(&host).await {
            tracing::debug!(error = crate::pods::start::words(&error), "lease not renewed");
        }
        let changed = tokio::select! {
            () = tokio::time::sleep(RENEW) => false,
            () = changed(&mut images) => true,
        };
        round += 1;
        if (changed || round.is_multiple_of(STATUS_EVERY))
            && let Err(error) = write_status(&host, began).await
        {
            tracing::debug!(error = crate::pods::start::words(&error), "node status not written");
        }
    }
}

/// When an image came or went; never, where there are none.
async fn changed(images: &mut Option<watch::Receiver<u64>>) {
    let Some(changes) = images else { return std::future::pending().await };
    if changes.changed().await.is_err() {
        std::future::pending().await
    }
}

async fn register(host: &Host, began: Timestamp) -> Result<()> {
    let nodes: Api<Node> = Api::all(host.client.clone());
    let name = &host.config.name;
    let labels = labels(host);
    let known = nodes.get_opt(name).await.map_err(Error::api("get the node"))?;
    let Some(known) = known else {
        let node = Node {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                labels: Some(labels),
                ..ObjectMeta::default()
            },
            ..Node::default()
        };
        nodes.create(&PostParams::default(), &node).await.map_err(Error::api("create the node"))?;
        return write_status(host, began).await;
    };
    let former = known.metadata.labels.iter().flatten().map(|(name, _)| name.as_str());
    let patch = json!({"metadata": {"labels": replacing(host, labels, former)}});
    nodes
        .patch(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .map_err(Error::api("label the node"))?;
    let former = known.status.unwrap_or_default().capacity.unwrap_or_default();
    let gone = replacing(host, capacity(host), former.keys().map(String::as_str));
    let patch = Patch::Merge(json!({"status": {"capacity": gone, "allocatable": gone}}));
    let written = nodes.patch_status(name, &PatchParams::default(), &patch).await;
    written.map_err(Error::api("write the node's capacity"))?;
    write_status(host, began).await
}

/// The values, and nothing in place of those of the node's own that hold no more: in a
/// merge patch that removes them.
fn replacing<'a>(
    host: &Host,
    values: BTreeMap<String, String>,
    former: impl Iterator<Item = &'a str>,
) -> BTreeMap<String, Option<String>> {
    let own = |name: &&str| host.config.owned_prefixes.iter().any(|own| name.starts_with(own));
    let gone: Vec<String> = former.filter(own).map(str::to_owned).collect();
    let mut all: BTreeMap<String, Option<String>> =
        values.into_iter().map(|(name, value)| (name, Some(value))).collect();
    for name in gone {
        all.entry(name).or_insert(None);
    }
    all
}

fn labels(host: &Host) -> BTreeMap<String, String> {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let mut labels = host.config.labels.clone();
    for (key, value) in [
        ("kubernetes.io/hostname", host.config.name.as_str()),
        ("kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", arch),
    ] {
        labels.entry(key.to_owned()).or_insert_with(|| value.to_owned());
    }
    labels
}

async fn write_status(host: &Host, began: Timestamp) -> Result<()> {
    let nodes: Api<Node> = Api::all(host.client.clone());
    let patch = Patch::Merge(json!({"status": status(host, began)}));
    let written = nodes.patch_status(&host.config.name, &PatchParams::default(), &patch).await;
    written.map(drop).map_err(Error::api("write the node's status"))
}

fn status(host: &Host, began: Timestamp) -> Value {
    let capacity = capacity(host);
    let os = proc::os_release();
    let uname = rustix::system::uname();
    let text = |value: &std::ffi::CStr| value.to_string_lossy().into_owned();
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    json!({
        "capacity": capacity,
        "allocatable": capacity,
        "conditions": conditions(host, began),
        "addresses": [
            {"type": "InternalIP", "address": host.ip},
            {"type": "Hostname", "address": host.config.name},
        ],
        "images": images(host),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": host.config.kubelet_port}},
        "nodeInfo": {
            "machineID": read("/etc/machine-id"),
            "systemUUID": read("/etc/machine-id"),
            "bootID": read("/proc/sys/kernel/random/boot_id"),
            "kernelVersion": text(uname.release()),
            "osImage": os.get("PRETTY_NAME").cloned().unwrap_or_else(|| "Linux".to_owned()),
            "containerRuntimeVersion": format!("{}://{}", host.runtime.name(), env!("CARGO_PKG_VERSION")),
            "kubeletVersion": "v1.36.0",
            "kubeProxyVersion": "v1.36.0",
            "operatingSystem": "linux",
            "architecture": labels(host).get("kubernetes.io/arch"),
        },
    })
}

/// As kubelet lists them: the names, and the size.
fn images(host: &Host) -> Vec<Value> {
    let images = host.config.images.iter().flat_map(Images::list);
    let shown = images.map(|image| {
        let names: Vec<&String> = image.names.iter().chain([&image.id]).collect();
        json!({"names": names, "sizeBytes": image.size_bytes})
    });
    shown.take(MAX_IMAGES).collect()
}

fn capacity(host: &Host) -> BTreeMap<String, String> {
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = proc::memory_info().get("MemTotal").copied().unwrap_or(0);
    let disk =
        rustix::fs::statvfs(&host.dirs.data_dir).map_or(0, |stat| stat.f_blocks * stat.f_frsize);
    let mut capacity = BTreeMap::from([
        ("cpu".to_owned(), cpus.to_string()),
        ("memory".to_owned(), format!("{}Ki", memory / 1024)),
        ("ephemeral-storage".to_owned(), format!("{}Ki", disk / 1024)),
        ("pods".to_owned(), MAX_PODS.to_owned()),
    ]);
    capacity.extend(lock(&host.devices).capacity());
    capacity.extend(host.config.capacity.clone());
    capacity
}

fn conditions(host: &Host, began: Timestamp) -> Vec<Value> {
    let condition = |kind: &str, holds: bool, reason: &str, message: &str| {
        json!({
            "type": kind,
            "status": if holds { "True" } else { "False" },
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": Timestamp::now(),
            "lastTransitionTime": began,
        })
    };
    let isolated = match &host.fallback {
        None => condition("Isolated", true, "Sandbox", "containers have name spaces of their own"),
        Some(reason) => {
            let words = format!(
                "containers run as plain processes, not isolated from each other and the host: {reason}"
            );
            condition("Isolated", false, "Process", &words)
        }
    };
    let limited = match &host.cgroup {
        Ok(_) => condition(
            "ResourceLimits",
            true,
            "ControlGroups",
            "limits of cpu, memory and processes are kept",
        ),
        Err(reason) => {
            let words =
                format!("limits of pods are not enforced and their use is not counted: {reason}");
            condition("ResourceLimits", false, "ControlGroupsNotWritable", &words)
        }
    };
    let network = "pods share the host's network; each has an address of its own in 127.80.0.0/12 to listen on \
                   (a program that listens on 0.0.0.0 may meet another's port)";
    let devices = host.config.device_report.as_ref().map(|report| {
        let reason = if report.failed { "DeviceFailed" } else { "DevicesListed" };
        condition("AcceleratorsUnavailable", report.failed, reason, &report.message)
    });
    let mut all = vec![
        condition(
            "MemoryPressure",
            false,
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available",
        ),
        condition(
            "DiskPressure",
            false,
            "KubeletHasNoDiskPressure",
            "kubelet has no disk pressure",
        ),
        condition(
            "PIDPressure",
            false,
            "KubeletHasSufficientPID",
            "kubelet has sufficient PID available",
        ),
        condition("Ready", true, "KubeletReady", "kubelet is posting ready status"),
        isolated,
        limited,
        condition("NetworkIsolated", false, "HostNetwork", network),
    ];
    all.extend(devices);
    all
}

async fn renew(host: &Host) -> Result<()> {
    let leases: Api<Lease> = Api::namespaced(host.client.clone(), LEASES);
    let name = &host.config.name;
    let patch = json!({"spec": {"renewTime": MicroTime(Timestamp::now())}});
    match leases.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await {
        Ok(_) => return Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        Err(error) => return Err(Error::api("renew the node's lease")(error)),
    }
    let namespaces: Api<Namespace> = Api::all(host.client.clone());
    if namespaces
        .get_opt(LEASES)
        .await
        .map_err(Error::api("get the namespace of leases"))?
        .is_none()
    {
        let namespace = Namespace {
            metadata: ObjectMeta { name: Some(LEASES.to_owned()), ..ObjectMeta::default() },
            ..Namespace::default()
        };
        let made = namespaces.create(&PostParams::default(), &namespace).await;
        made.map_err(Error::api("create the namespace of leases"))?;
    }
    let lease = Lease {
        metadata: ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() },
        spec: Some(LeaseSpec {
            holder_identity: Some(name.clone()),
            lease_duration_seconds: Some(LEASE_SECONDS),
            renew_time: Some(MicroTime(Timestamp::now())),
            ..LeaseSpec::default()
        }),
    };
    leases
        .create(&PostParams::default(), &lease)
        .await
        .map(drop)
        .map_err(Error::api("create the node's lease"))
}
