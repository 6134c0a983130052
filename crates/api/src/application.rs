//! Application: any other containerised program.

use k8s_openapi::api::core::v1::{EnvFromSource, EnvVar, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::inferenceservice::{Autoscaling, Rollout, RolloutStatus, ScaleStatus};
use crate::trainingjob::CodeBundle;

/// A program that keeps running, at `/app/<project>/<name>/` of the gateway, or one that
/// runs by a schedule.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dais.io",
    version = "v1alpha1",
    kind = "Application",
    namespaced,
    status = "ApplicationStatus",
    shortname = "app",
    category = "dais",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Release","type":"integer","jsonPath":".status.release"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name":"URL","type":"string","jsonPath":".status.url"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    validation = Rule::new("has(self.spec.image) || has(self.spec.command)")
        .message("set spec.image, spec.command or both"),
    validation = Rule::new("!has(self.spec.autoscaling) || self.spec.autoscaling.minReplicas <= self.spec.autoscaling.maxReplicas")
        .message("spec.autoscaling.maxReplicas: must not be below minReplicas"),
    validation = Rule::new("!has(self.spec.schedule) || (!has(self.spec.autoscaling) && !has(self.spec.rollout) && !has(self.spec.route) && !has(self.spec.ownPort))")
        .message("spec.schedule: what runs by a schedule has no autoscaling, rollout, route or ownPort"),
    validation = Rule::new("!has(self.spec.route) || !has(self.spec.route.port) || (has(self.spec.ports) && self.spec.ports.exists(p, p.name == self.spec.route.port))")
        .message("spec.route.port: name one of spec.ports"),
    validation = Rule::new("!has(self.spec.ownPort) || (has(self.spec.ports) && self.spec.ports.exists(p, p.name == self.spec.ownPort.port))")
        .message("spec.ownPort.port: name one of spec.ports"),
    validation = Rule::new("!has(self.spec.autoscaling) || (has(self.spec.route) && has(self.spec.ports) && size(self.spec.ports) > 0)")
        .message("spec.autoscaling: follows the requests of the gateway; set spec.route and spec.ports"),
    validation = Rule::new("!has(self.spec.rollout) || (has(self.spec.route) && has(self.spec.ports) && size(self.spec.ports) > 0)")
        .message("spec.rollout: shares the requests of the gateway out; set spec.route and spec.ports"),
    validation = Rule::new("!has(self.spec.route) || (has(self.spec.ports) && size(self.spec.ports) > 0)")
        .message("spec.route: leads to a port; name it in spec.ports"),
    validation = Rule::new("!has(self.spec.ports) || self.spec.ports.all(a, self.spec.ports.exists_one(b, b.name == a.name))")
        .message("spec.ports: give each port a name of its own"),
    validation = Rule::new("!has(self.spec.health) || !((has(self.spec.health.ready) && has(self.spec.health.ready.path)) || (has(self.spec.health.live) && has(self.spec.health.live.path))) || (has(self.spec.ports) && size(self.spec.ports) > 0)")
        .message("spec.health: a path is asked on the first port; name it in spec.ports"),
    validation = Rule::new("!has(self.spec.volumes) || self.spec.volumes.all(a, self.spec.volumes.exists_one(b, b.name == a.name))")
        .message("spec.volumes: give each volume a name of its own"),
    validation = Rule::new("!has(self.spec.volumes) || self.spec.volumes.all(v, (has(v.claim) ? 1 : 0) + (has(v.existingClaim) ? 1 : 0) + (has(v.dataset) ? 1 : 0) + (has(v.config) ? 1 : 0) + (has(v.secret) ? 1 : 0) == 1)")
        .message("spec.volumes: set exactly one of claim, existingClaim, dataset, config and secret of each"),
)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationSpec {
    /// Where the image says what to run, `command` may be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub image: Option<String>,
    /// Program and its arguments; no shell unless you name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000))]
    pub command: Option<Vec<String>>,
    /// Arguments of the image's own program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub args: Vec<String>,
    /// The code to run, as uploaded by `dais app deploy`; the working directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeBundle>,
    /// Name of an Environment in the same project, first in `$PATH`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Ports that it listens on. The first is `$PORT`, each `$PORT_<NAME>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub ports: Vec<ApplicationPort>,
    /// Environment variables; values from ConfigMaps and Secrets by `valueFrom`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub env: Vec<EnvVar>,
    /// ConfigMaps and Secrets whose every key becomes a variable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub env_from: Vec<EnvFromSource>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub volumes: Vec<ApplicationVolume>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// Requests and limits of each replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// How many run, where `autoscaling` does not decide it.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: i32,
    /// As many as the requests need, down to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
    /// How a new release takes over; all at once, replica by replica, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// Answers at `/app/<project>/<name>/` of the gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<ApplicationRoute>,
    /// A port of its own inside the cluster, for what does not speak HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_port: Option<OwnPort>,
    /// Runs to its end at these times, in place of all the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Nothing runs while this is true; volumes and releases stay.
    #[serde(default)]
    pub stopped: bool,
    /// Releases that are kept; 20 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub releases_kept: Option<i32>,
    /// Number of a release to go back to. The spec becomes what it was then, and this
    /// goes away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub rollback_to: Option<i64>,
}

fn one() -> i32 {
    1
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationPort {
    #[schemars(length(min = 1, max = 15), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
}

/// A folder of the program; exactly one source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationVolume {
    #[schemars(length(min = 1, max = 40), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    #[schemars(length(max = 4096), regex(pattern = r"^/"))]
    pub mount_path: String,
    #[serde(default)]
    pub read_only: bool,
    /// Storage that is made for the application, stays over releases and goes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<OwnClaim>,
    /// Name of a PersistentVolumeClaim that stays when the application goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub existing_claim: Option<String>,
    /// A version of a Dataset, read-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<VolumeDataset>,
    /// Name of a ConfigMap: a file for each key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub config: Option<String>,
    /// Name of a Secret: a file for each key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub secret: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnClaim {
    /// `10Gi`, for example.
    pub size: Quantity,
    /// The cluster's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolumeDataset {
    pub name: String,
    /// `v1`, `v2`, …
    #[schemars(regex(pattern = r"^v[1-9][0-9]*$"))]
    pub version: String,
}

/// How it is known that a replica is well. Without any of it, one is ready as soon as its
/// first port takes connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// It gets requests while this is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Check>,
    /// It is started anew when this has failed three times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Check>,
    /// Seconds that it may take to start before `live` counts; 30 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub start_seconds: Option<i32>,
}

/// A path that answers with 2xx or 3xx on the first port, or a command that ends with 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^/"))]
    pub path: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Seconds between two checks; 5 when absent, 1 for `ready`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3600))]
    pub every_seconds: Option<i32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationRoute {
    /// Name of a port; the first when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// The program sees the whole path, `/app/<project>/<name>/…`; without that prefix
    /// when false. Either way `$DAIS_BASE_PATH` holds it.
    #[serde(default)]
    pub keep_prefix: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnPort {
    /// Name of a port.
    pub port: String,
    /// Number of the Service's port; that of the port itself when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub number: Option<i32>,
}

/// As a CronJob's (batch/v1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// Minute, hour, day of the month, month, day of the week: `0 3 * * *`. Also `@hourly`,
    /// `@daily`, `@weekly`, `@monthly`, `@yearly`.
    #[schemars(length(min = 1, max = 256))]
    pub cron: String,
    /// Name of a time zone of the tz database; UTC when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,
    /// What happens when the last run has not ended.
    #[serde(default)]
    pub concurrency: Concurrency,
    /// Seconds after which a run is ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub deadline_seconds: Option<i64>,
    /// How often a run that failed is tried again.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100))]
    pub retries: i32,
    /// Runs that are kept, of those that ended well and of those that did not; 3 when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub runs_kept: Option<i32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Concurrency {
    /// The run is left out.
    #[default]
    Forbid,
    /// They run beside each other.
    Allow,
    /// The last one is ended.
    Replace,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationStatus {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Path on the gateway's origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Host and port of `spec.ownPort` inside the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Number of the release that runs; while another is being rolled out, the old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<i64>,
    #[serde(default)]
    pub replicas: i32,
    #[serde(default)]
    pub ready_replicas: i32,
    /// The release on its way in, or the last one that was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutStatus>,
    /// What autoscaling decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<ScaleStatus>,
    /// When a run of the schedule last began, and when the next is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_run: Option<Time>,
}

/// What a ControllerRevision of an application holds in its `data`: one release.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// The spec, less how many run and how releases are made.
    pub spec: serde_json::Value,
    /// Versions of the ConfigMaps and Secrets that it uses, by `configmaps/<name>` and
    /// `secrets/<name>`.
    #[serde(default)]
    pub inputs: std::collections::BTreeMap<String, String>,
    /// What is different from the release before, a line each.
    #[serde(default)]
    pub changes: Vec<String>,
    /// Who made the change; empty when nobody did, as when a Secret changed.
    #[serde(default)]
    pub by: String,
    /// Why, where `kubernetes.io/change-cause` says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}
