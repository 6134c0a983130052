//! The roles that every cluster starts with, as Kubernetes names them.

use serde_json::{Value, json};

const GROUP: &str = "rbac.authorization.k8s.io/v1";
/// On a role: `"false"` keeps its rules as somebody has changed them.
pub const AUTOUPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";
const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 5] = ["create", "delete", "deletecollection", "patch", "update"];

/// Roles and bindings to be made where they are missing.
pub fn objects() -> Vec<Value> {
    let mut all = cluster_roles();
    all.extend([
        binding("cluster-admin", "cluster-admin", &["system:masters"]),
        binding("system:basic-user", "system:basic-user", &["system:authenticated"]),
        binding("system:discovery", "system:discovery", &["system:authenticated"]),
        binding(
            "system:public-info-viewer",
            "system:public-info-viewer",
            &["system:authenticated", "system:unauthenticated"],
        ),
        binding(
            "system:service-account-issuer-discovery",
            "system:service-account-issuer-discovery",
            &["system:serviceaccounts"],
        ),
    ]);
    all
}

fn cluster_roles() -> Vec<Value> {
    vec![
        role(
            "cluster-admin",
            &[],
            json!([
                {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
                {"nonResourceURLs": ["*"], "verbs": ["*"]}
            ]),
        ),
        role(
            "system:basic-user",
            &[],
            json!([
                {"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], "verbs": ["create"]},
                {"apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"], "verbs": ["create"]}
            ]),
        ),
        role(
            "system:discovery",
            &[],
            json!([{
                "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"],
                "verbs": ["get"]
            }]),
        ),
        role(
            "system:public-info-viewer",
            &[],
            json!([{
                "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"], "verbs": ["get"]
            }]),
        ),
        role(
            "system:service-account-issuer-discovery",
            &[],
            json!([{
                "nonResourceURLs": ["/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/"],
                "verbs": ["get"]
            }]),
        ),
        role(
            "system:auth-delegator",
            &[],
            json!([
                {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]},
                {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]}
            ]),
        ),
        aggregate("admin"),
        aggregate("edit"),
        aggregate("view"),
        role("system:aggregate-to-view", &["view"], view()),
        role("system:aggregate-to-edit", &["edit"], edit()),
        role("system:aggregate-to-admin", &["admin"], admin()),
    ]
}

/// A role whose rules are those of the roles labelled for it.
fn aggregate(name: &str) -> Value {
    // Each wider role also holds the narrower one's rules.
    let labels = match name {
        "admin" => json!({}),
        "edit" => json!({"rbac.authorization.k8s.io/aggregate-to-admin": "true"}),
        _ => json!({"rbac.authorization.k8s.io/aggregate-to-edit": "true"}),
    };
    let mut role = role(name, &[], json!(null));
    if let (Some(map), Value::Object(labels)) = (role["metadata"]["labels"].as_object_mut(), labels)
    {
        map.extend(labels);
    }
    let selected: &[&str] = match name {
        "admin" => &["admin", "edit", "view"],
        "edit" => &["edit", "view"],
        _ => &["view"],
    };
    let selectors: Vec<Value> = selected
        .iter()
        .map(|to| json!({"matchLabels": {(format!("rbac.authorization.k8s.io/aggregate-to-{to}")): "true"}}))
        .collect();
    role["aggregationRule"] = json!({"clusterRoleSelectors": selectors});
    role
}

fn role(name: &str, aggregated_to: &[&str], rules: Value) -> Value {
    let mut labels = json!({"kubernetes.io/bootstrapping": "rbac-defaults"});
    for to in aggregated_to {
        labels[format!("rbac.authorization.k8s.io/aggregate-to-{to}")] = "true".into();
    }
    json!({
        "apiVersion": GROUP, "kind": "ClusterRole",
        "metadata": {"name": name, "labels": labels, "annotations": {AUTOUPDATE: "true"}},
        "rules": rules
    })
}

fn binding(name: &str, role: &str, groups: &[&str]) -> Value {
    let subjects: Vec<Value> =
        groups.iter().map(|group| json!({"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": group})).collect();
    json!({
        "apiVersion": GROUP, "kind": "ClusterRoleBinding",
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
            "annotations": {AUTOUPDATE: "true"}
        },
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": subjects
    })
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({"apiGroups": [group], "resources": resources, "verbs": verbs})
}

const APPS: [&str; 11] = [
    "controllerrevisions",
    "daemonsets",
    "daemonsets/status",
    "deployments",
    "deployments/scale",
    "deployments/status",
    "replicasets",
    "replicasets/scale",
    "replicasets/status",
    "statefulsets",
    "statefulsets/scale",
];

/// What reads everything of a namespace but secrets, roles and bindings.
fn view() -> Value {
    json!([
        rule(
            "",
            &[
                "configmaps",
                "endpoints",
                "persistentvolumeclaims",
                "persistentvolumeclaims/status",
                "pods",
                "replicationcontrollers",
                "replicationcontrollers/scale",
                "serviceaccounts",
                "services",
                "services/status"
            ],
            &READ
        ),
        rule(
            "",
            &[
                "bindings",
                "events",
                "limitranges",
                "namespaces/status",
                "pods/log",
                "pods/status",
                "replicationcontrollers/status",
                "resourcequotas",
                "resourcequotas/status"
            ],
            &READ
        ),
        rule("", &["namespaces"], &READ),
        rule("discovery.k8s.io", &["endpointslices"], &READ),
        rule("apps", &APPS, &READ),
        rule("apps", &["statefulsets/status"], &READ),
        rule(
            "autoscaling",
            &["horizontalpodautoscalers", "horizontalpodautoscalers/status"],
            &READ
        ),
        rule("batch", &["cronjobs", "cronjobs/status", "jobs", "jobs/status"], &READ),
        rule("policy", &["poddisruptionbudgets", "poddisruptionbudgets/status"], &READ),
        rule("networking.k8s.io", &["ingresses", "ingresses/status", "networkpolicies"], &READ)
    ])
}

/// What changes everything of a namespace but roles, bindings and quota.
fn edit() -> Value {
    json!([
        rule(
            "",
            &[
                "pods/attach",
                "pods/exec",
                "pods/portforward",
                "pods/proxy",
                "secrets",
                "services/proxy"
            ],
            &READ
        ),
        rule("", &["serviceaccounts"], &["impersonate"]),
        rule("", &["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"], &WRITE),
        rule("", &["pods/eviction"], &["create"]),
        rule(
            "",
            &[
                "configmaps",
                "events",
                "persistentvolumeclaims",
                "replicationcontrollers",
                "replicationcontrollers/scale",
                "secrets",
                "serviceaccounts",
                "services",
                "services/proxy"
            ],
            &WRITE
        ),
        rule("", &["serviceaccounts/token"], &["create"]),
        rule(
            "apps",
            &[
                "daemonsets",
                "deployments",
                "deployments/rollback",
                "deployments/scale",
                "replicasets",
                "replicasets/scale",
                "statefulsets",
                "statefulsets/scale"
            ],
            &WRITE
        ),
        rule("autoscaling", &["horizontalpodautoscalers"], &WRITE),
        rule("batch", &["cronjobs", "jobs"], &WRITE),
        rule("policy", &["poddisruptionbudgets"], &WRITE),
        rule("networking.k8s.io", &["ingresses", "networkpolicies"], &WRITE),
        rule(
            "coordination.k8s.io",
            &["leases"],
            &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        )
    ])
}

/// What also gives rights to others inside a namespace.
fn admin() -> Value {
    let all: Vec<&str> = WRITE.iter().chain(&READ).copied().collect();
    json!([
        rule("authorization.k8s.io", &["localsubjectaccessreviews"], &["create"]),
        rule("rbac.authorization.k8s.io", &["rolebindings", "roles"], &all)
    ])
}
