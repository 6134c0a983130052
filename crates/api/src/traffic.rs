//! TrafficPolicy: what the gateway does with a route's requests beyond sending them on.
//!
//! Attached to an HTTPRoute as Gateway API's policies are (GEP-713, direct attachment).
//! Written by the controllers of services and tests, read by the gateway, which answers
//! in the status with what it counted.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How requests of one HTTPRoute of the same project are held, copied, written down and
/// shared out.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dais.io",
    version = "v1alpha1",
    kind = "TrafficPolicy",
    plural = "trafficpolicies",
    namespaced,
    status = "TrafficPolicyStatus",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct TrafficPolicySpec {
    pub target_ref: PolicyTarget,
    /// Requests wait here while no endpoint is ready; refused at once when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// A second backend that gets copies; its answers are compared and dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Shadow>,
    /// Which requests and answers are written down; WebSockets are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Record>,
    /// Who gets which backend; by chance and weight, each request anew, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment: Option<Assignment>,
    /// What the backend knows the gateway by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Credential>,
}

/// A secret that goes with every request, as `Authorization: <scheme> <value>`. While the
/// gateway does not know it, requests are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// `Bearer`, for example.
    #[schemars(regex(pattern = r"^[A-Za-z][A-Za-z0-9-]{0,30}$"))]
    pub scheme: String,
    /// Name of a Secret of the same project with the label `dais.io/gateway-credential`.
    pub secret: String,
    /// Key of the value in it.
    pub key: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyTarget {
    /// `gateway.networking.k8s.io`
    pub group: String,
    /// `HTTPRoute`
    pub kind: String,
    pub name: String,
}

/// Also requests whose endpoints all refuse the connection wait. While any backend of the
/// route has a ready endpoint, it gets the requests and none waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// How long a request waits for an endpoint.
    #[schemars(range(min = 1, max = 3600))]
    pub seconds: i32,
    /// Requests that wait at a time; others are refused with 503 and `Retry-After`.
    #[schemars(range(min = 1, max = 100_000))]
    pub most: i32,
    /// Only who opens a page waits, and so wakes what sleeps; what an open page asks for by
    /// itself is refused at once.
    #[serde(default)]
    pub visits: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shadow {
    /// Name of a Service in the same project, on its port 80.
    pub service: String,
    /// Share of requests that are copied, without credentials and cookies and with the
    /// header `x-dais-shadow: true`.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub percent: f64,
    /// Numbers that differ by less than this, absolutely or relatively, are alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub tolerance: Option<f64>,
    /// JSON pointers into the answers that are not compared, for example `/id`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub ignore: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Share of requests.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub percent: f64,
    /// Bytes of each body that are kept; 4096 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_048_576))]
    pub body_bytes: Option<i32>,
    /// Requests that failed are all written down.
    #[serde(default)]
    pub failures: bool,
}

/// Sticky assignment: the same key gets the same variant for as long as weights and
/// salt stay, and keeps it while the variant's weight grows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    /// Name of the test, in spans and in what is told of exposures.
    pub test: String,
    /// Which test of that name, in what is told of exposures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    pub key: AssignmentKey,
    /// Another salt, another assignment: tests beside each other stay independent.
    pub salt: String,
    #[schemars(length(min = 1, max = 20))]
    pub variants: Vec<Variant>,
    /// Share of keys that take part; the others, and requests without a key, get the
    /// first variant and are not counted. Keys that take part go on doing so as it grows.
    /// Nor is a request counted that gets the first variant because its own has no ready
    /// endpoint.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub percent: f64,
    /// Keys that take no part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10_000))]
    pub excluded: Vec<String>,
}

/// Where a request says whose it is; exactly one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignmentKey {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie: Option<String>,
    /// JSON pointer into the request's body, for example `/parameters/user`. A body of
    /// more than 1 MiB has no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    pub name: String,
    /// Name of a Service in the same project, on its port 80.
    pub service: String,
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub weight: f64,
}

/// What the gateway counted, since it started or the policy was made. Written while
/// requests come, at most once a second, and at once when one begins to wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrafficPolicyStatus {
    /// Which run of the gateway counted; with another, all counts begin anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
    /// Mean of the requests under way, held ones too, over the last ten seconds, in
    /// thousandths. A request is under way until its answer's body has ended.
    #[serde(default)]
    pub concurrency: f64,
    /// Requests that wait for an endpoint now.
    #[serde(default)]
    pub held: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_request: Option<Time>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backends: Vec<BackendCount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowCount>,
}

/// Of one Service behind the route, or of a variant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackendCount {
    pub service: String,
    pub requests: i64,
    /// Answers with 5xx, and requests that got none, those that waited in vain too.
    pub failures: i64,
    /// Sum of the times from sending a request on to the head of its answer: without the
    /// time for which it was held.
    pub seconds: f64,
}

/// Requests of more than 1 MiB are not copied, and of answers that long only the status
/// is compared: they are `copied` and no more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShadowCount {
    pub copied: i64,
    /// Answers that say the same as the first.
    pub same: i64,
    pub different: i64,
    /// Copies that got no answer, or a status of another class.
    pub failed: i64,
    /// Copies that were not made because too many were under way: the shadow is too slow.
    pub dropped: i64,
}
