//! What a new platform begins with: the kinds, the roles, the first project.

use anyhow::{Context, Result};
use dais_api::monitoring::PrometheusRule;
use dais_controllers::monitoring::PLATFORM_NAMESPACE;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

/// The project that a new platform begins with.
pub const FIRST_PROJECT: &str = "default";
/// The workspace of the first project.
const FIRST_WORKSPACE: &str = "default";
/// Group of the people who may do everything.
pub const ADMINS: &str = "dais:admins";

/// API group of rights that no kind stands for: asked about, never stored.
pub const TRACKING_GROUP: &str = "tracking.dais.io";

/// Written by controllers alone: it says whose answers count.
const POLICY: &str = "TrafficPolicy";

const VIEW: [&str; 3] = ["get", "list", "watch"];
const EDIT: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];

/// Objects that must exist before anything else runs.
pub fn objects() -> Result<Vec<Value>> {
    let mut objects = Vec::new();
    for crd in dais_api::crds::all().into_iter().chain(dais_api::crds::foreign()) {
        objects.push(serde_json::to_value(crd)?);
    }
    objects.extend([admins(), workload(), notebook(), annotator(), reviewer()]);
    objects.extend([
        extend("view", &VIEW, &["get"]),
        extend("edit", &EDIT, &["get", "update"]),
        extend("admin", &EDIT, &["get", "update"]),
    ]);
    Ok(objects)
}

/// What every installation is watched for. Fields that somebody has changed stay theirs.
const RULES: &str = include_str!("../../../../deploy/rules/dais.yaml");

/// The platform's own namespace and the rules in it.
pub async fn platform_rules(client: &Client) -> Result<()> {
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PLATFORM_NAMESPACE},
    });
    let ours = PatchParams::apply("dais");
    Api::<Namespace>::all(client.clone())
        .patch(PLATFORM_NAMESPACE, &ours, &Patch::Apply(namespace))
        .await
        .context("making the platform's namespace")?;
    let rules: PrometheusRule = serde_saphyr::from_str(RULES).context("reading the rules")?;
    let name = rules.name_any();
    let own = Api::<PrometheusRule>::namespaced(client.clone(), PLATFORM_NAMESPACE);
    match own.patch(&name, &ours, &Patch::Apply(rules)).await {
        Err(kube::Error::Api(status)) if status.code == 409 => {
            tracing::info!(reason = status.message, "the platform's rules were changed; they stay");
        }
        done => drop(done.context("applying the platform's rules")?),
    }
    Ok(())
}

/// Makes the namespace `default`, which every cluster has, a project.
pub async fn first_project(client: &Client) -> Result<()> {
    let patch = json!({
        "metadata": {"labels": {dais_api::labels::WORKSPACE: FIRST_WORKSPACE}},
    });
    Api::<Namespace>::all(client.clone())
        .patch(FIRST_PROJECT, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .context("making the first project")?;
    Ok(())
}

fn admins() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": ADMINS},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "cluster-admin",
        },
        "subjects": [{
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Group",
            "name": ADMINS,
        }],
    })
}

/// What a project's own work may do: log runs, register models, read data and add
/// versions, read and write buckets, call the project's services, tell what came of it, send telemetry.
fn workload() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": dais_controllers::project::WORKLOAD.role},
        "rules": [
            {"apiGroups": [TRACKING_GROUP], "resources": ["experiments"], "verbs": ["get", "update"]},
            {"apiGroups": [dais_api::GROUP], "resources": ["datasets"], "verbs": ["get", "list", "update"]},
            {"apiGroups": [dais_api::GROUP], "resources": ["buckets"], "verbs": ["get", "update"]},
            {
                "apiGroups": [dais_api::GROUP],
                "resources": ["abtests/feedback", "inferenceservices/predict", "telemetry"],
                "verbs": ["create"],
            },
        ],
    })
}

/// What is done by hand in a project's notebooks: all that its people may do with its
/// kinds, and to see what comes of it.
fn notebook() -> Value {
    let all = [VIEW.as_slice(), &EDIT].concat();
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": dais_controllers::project::NOTEBOOK.role},
        "rules": [
            {"apiGroups": [dais_api::GROUP], "resources": of_projects(), "verbs": all},
            {
                "apiGroups": [dais_api::GROUP],
                "resources": ["inferenceservices/predict"],
                "verbs": ["create"],
            },
            {"apiGroups": [TRACKING_GROUP], "resources": ["experiments"], "verbs": ["get", "update"]},
            {
                "apiGroups": [""],
                "resources": ["events", "pods", "pods/log", "services", "persistentvolumeclaims"],
                "verbs": VIEW,
            },
        ],
    })
}

/// To enter a notebook: asked about, never stored.
const ENTERING: &str = "notebooks/connect";
/// To answer labelling tasks, and to decide on answers: asked about, never stored.
const LABELLING: [&str; 2] = ["labelingprojects/answers", "labelingprojects/reviews"];

/// For somebody who labels and sees nothing else of a project.
fn annotator() -> Value {
    labelling_role("annotator", &LABELLING[..1])
}

/// For somebody who decides on answers besides.
fn reviewer() -> Value {
    labelling_role("reviewer", &LABELLING)
}

fn labelling_role(name: &str, rights: &[&str]) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [
            {
                "apiGroups": [dais_api::GROUP],
                "resources": ["labelingprojects"],
                "verbs": ["get", "list", "watch"],
            },
            {"apiGroups": [dais_api::GROUP], "resources": rights, "verbs": ["create"]},
        ],
    })
}

/// What a project's people work with. Not the kinds' statuses: those are the platform's
/// word, a queue's among them.
fn of_projects() -> Vec<String> {
    let crds = dais_api::crds::all().into_iter();
    let theirs = crds.filter(|crd| crd.spec.scope == "Namespaced" && crd.spec.names.kind != POLICY);
    theirs
        .map(|crd| crd.spec.names.plural)
        .chain(
            LABELLING
                .into_iter()
                .chain(["abtests/feedback", "buckets", "telemetry", ENTERING])
                .map(str::to_owned),
        )
        .collect()
}

/// Adds the dais kinds to one of Kubernetes' own roles by aggregation.
fn extend(role: &str, verbs: &[&str], tracking: &[&str]) -> Value {
    let aggregate = format!("rbac.authorization.k8s.io/aggregate-to-{role}");
    let mut rules = vec![
        json!({"apiGroups": [dais_api::GROUP], "resources": of_projects(), "verbs": verbs}),
        json!({"apiGroups": ["monitoring.coreos.com"], "resources": ["*"], "verbs": verbs}),
        json!({"apiGroups": [TRACKING_GROUP], "resources": ["experiments"], "verbs": tracking}),
    ];
    // Not for `edit`: whoever asks for an alias to move is not the one who approves.
    if role == "admin" {
        rules.push(json!({
            "apiGroups": [TRACKING_GROUP],
            "resources": ["models"],
            "verbs": ["approve"],
        }));
        rules.push(json!({
            "apiGroups": [dais_api::GROUP],
            "resources": ["accesskeys"],
            "verbs": ["delete"],
        }));
    }
    if role == "view" {
        rules.push(json!({
            "apiGroups": ["gateway.networking.k8s.io"],
            "resources": ["httproutes"],
            "verbs": verbs,
        }));
        rules.push(json!({
            "apiGroups": [dais_api::GROUP],
            "resources": ["inferenceservices/predict"],
            "verbs": ["create"],
        }));
    }
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": format!("dais:{role}"), "labels": {aggregate: "true"}},
        "rules": rules,
    })
}
