//! The resources that Kubernetes itself has, as its discovery documents list them.

use super::resource::{Resource, Subresource, Verbs};

/// One row: plural, singular, kind, short names, categories, subresources.
struct Row {
    names: (&'static str, &'static str, &'static str),
    short: &'static [&'static str],
    categories: &'static [&'static str],
    namespaced: bool,
    verbs: Verbs,
    subresources: &'static [Sub],
}

/// A subresource: name, kind ("" for the resource's own), group/version of the kind, verbs.
type Sub = (&'static str, &'static str, Option<(&'static str, &'static str)>, Verbs);

const STATUS: Sub = ("status", "", None, Verbs::READ_WRITE);
const SCALE: Sub = ("scale", "Scale", Some(("autoscaling", "v1")), Verbs::READ_WRITE);
const ALL: &[&str] = &["all"];
const EXTENSIONS: &[&str] = &["api-extensions"];

const fn namespaced(plural: &'static str, singular: &'static str, kind: &'static str) -> Row {
    Row {
        names: (plural, singular, kind),
        short: &[],
        categories: &[],
        namespaced: true,
        verbs: Verbs::ALL,
        subresources: &[],
    }
}

const fn cluster(plural: &'static str, singular: &'static str, kind: &'static str) -> Row {
    Row { namespaced: false, ..namespaced(plural, singular, kind) }
}

impl Row {
    const fn short(self, short: &'static [&'static str]) -> Row {
        Row { short, ..self }
    }

    const fn categories(self, categories: &'static [&'static str]) -> Row {
        Row { categories, ..self }
    }

    const fn verbs(self, verbs: Verbs) -> Row {
        Row { verbs, ..self }
    }

    const fn with(self, subresources: &'static [Sub]) -> Row {
        Row { subresources, ..self }
    }
}

const POD_SUBRESOURCES: &[Sub] = &[
    ("attach", "PodAttachOptions", None, Verbs::CONNECT),
    ("binding", "Binding", None, Verbs::CREATE),
    ("ephemeralcontainers", "", None, Verbs::READ_WRITE),
    ("eviction", "Eviction", Some(("policy", "v1")), Verbs::CREATE),
    ("exec", "PodExecOptions", None, Verbs::CONNECT),
    ("log", "", None, Verbs::GET),
    ("portforward", "PodPortForwardOptions", None, Verbs::CONNECT),
    ("resize", "", None, Verbs::READ_WRITE),
    STATUS,
];

const CORE: &[Row] = &[
    namespaced("bindings", "binding", "Binding").verbs(Verbs::CREATE),
    namespaced("configmaps", "configmap", "ConfigMap").short(&["cm"]),
    namespaced("endpoints", "endpoints", "Endpoints").short(&["ep"]),
    namespaced("events", "event", "Event").short(&["ev"]),
    namespaced("limitranges", "limitrange", "LimitRange").short(&["limits"]),
    cluster("namespaces", "namespace", "Namespace")
        .short(&["ns"])
        .verbs(Verbs::NO_COLLECTION_DELETE)
        .with(&[("finalize", "", None, Verbs::UPDATE), STATUS]),
    cluster("nodes", "node", "Node").short(&["no"]).with(&[STATUS]),
    namespaced("persistentvolumeclaims", "persistentvolumeclaim", "PersistentVolumeClaim")
        .short(&["pvc"])
        .with(&[STATUS]),
    cluster("persistentvolumes", "persistentvolume", "PersistentVolume")
        .short(&["pv"])
        .with(&[STATUS]),
    namespaced("pods", "pod", "Pod").short(&["po"]).categories(ALL).with(POD_SUBRESOURCES),
    namespaced("podtemplates", "podtemplate", "PodTemplate"),
    namespaced("replicationcontrollers", "replicationcontroller", "ReplicationController")
        .short(&["rc"])
        .categories(ALL)
        .with(&[SCALE, STATUS]),
    namespaced("resourcequotas", "resourcequota", "ResourceQuota")
        .short(&["quota"])
        .with(&[STATUS]),
    namespaced("secrets", "secret", "Secret"),
    namespaced("serviceaccounts", "serviceaccount", "ServiceAccount").short(&["sa"]).with(&[(
        "token",
        "TokenRequest",
        Some(("authentication.k8s.io", "v1")),
        Verbs::CREATE,
    )]),
    namespaced("services", "service", "Service").short(&["svc"]).categories(ALL).with(&[STATUS]),
];

const APPS: &[Row] = &[
    namespaced("controllerrevisions", "controllerrevision", "ControllerRevision"),
    namespaced("daemonsets", "daemonset", "DaemonSet")
        .short(&["ds"])
        .categories(ALL)
        .with(&[STATUS]),
    namespaced("deployments", "deployment", "Deployment")
        .short(&["deploy"])
        .categories(ALL)
        .with(&[SCALE, STATUS]),
    namespaced("replicasets", "replicaset", "ReplicaSet")
        .short(&["rs"])
        .categories(ALL)
        .with(&[SCALE, STATUS]),
    namespaced("statefulsets", "statefulset", "StatefulSet")
        .short(&["sts"])
        .categories(ALL)
        .with(&[SCALE, STATUS]),
];

const EVENTS: &[Row] = &[namespaced("events", "event", "Event").short(&["ev"])];

const AUTHENTICATION: &[Row] = &[
    cluster("selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview").verbs(Verbs::CREATE),
    cluster("tokenreviews", "tokenreview", "TokenReview").verbs(Verbs::CREATE),
];

const AUTHORIZATION: &[Row] = &[
    namespaced("localsubjectaccessreviews", "localsubjectaccessreview", "LocalSubjectAccessReview")
        .verbs(Verbs::CREATE),
    cluster("selfsubjectaccessreviews", "selfsubjectaccessreview", "SelfSubjectAccessReview")
        .verbs(Verbs::CREATE),
    cluster("selfsubjectrulesreviews", "selfsubjectrulesreview", "SelfSubjectRulesReview")
        .verbs(Verbs::CREATE),
    cluster("subjectaccessreviews", "subjectaccessreview", "SubjectAccessReview")
        .verbs(Verbs::CREATE),
];

const AUTOSCALING: &[Row] =
    &[namespaced("horizontalpodautoscalers", "horizontalpodautoscaler", "HorizontalPodAutoscaler")
        .short(&["hpa"])
        .categories(ALL)
        .with(&[STATUS])];

const BATCH: &[Row] = &[
    namespaced("cronjobs", "cronjob", "CronJob").short(&["cj"]).categories(ALL).with(&[STATUS]),
    namespaced("jobs", "job", "Job").categories(ALL).with(&[STATUS]),
];

const NETWORKING: &[Row] = &[
    cluster("ingressclasses", "ingressclass", "IngressClass"),
    namespaced("ingresses", "ingress", "Ingress").short(&["ing"]).with(&[STATUS]),
    namespaced("networkpolicies", "networkpolicy", "NetworkPolicy").short(&["netpol"]),
];

const POLICY: &[Row] =
    &[namespaced("poddisruptionbudgets", "poddisruptionbudget", "PodDisruptionBudget")
        .short(&["pdb"])
        .with(&[STATUS])];

const RBAC: &[Row] = &[
    cluster("clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding"),
    cluster("clusterroles", "clusterrole", "ClusterRole"),
    namespaced("rolebindings", "rolebinding", "RoleBinding"),
    namespaced("roles", "role", "Role"),
];

const STORAGE: &[Row] = &[
    cluster("csidrivers", "csidriver", "CSIDriver"),
    cluster("csinodes", "csinode", "CSINode"),
    namespaced("csistoragecapacities", "csistoragecapacity", "CSIStorageCapacity"),
    cluster("storageclasses", "storageclass", "StorageClass").short(&["sc"]),
    cluster("volumeattachments", "volumeattachment", "VolumeAttachment").with(&[STATUS]),
];

const APIEXTENSIONS: &[Row] =
    &[cluster("customresourcedefinitions", "customresourcedefinition", "CustomResourceDefinition")
        .short(&["crd", "crds"])
        .categories(EXTENSIONS)
        .with(&[STATUS])];

const SCHEDULING: &[Row] =
    &[cluster("priorityclasses", "priorityclass", "PriorityClass").short(&["pc"])];
const COORDINATION: &[Row] = &[namespaced("leases", "lease", "Lease")];
const DISCOVERY: &[Row] = &[namespaced("endpointslices", "endpointslice", "EndpointSlice")];

/// Group, versions (the preferred one first) and rows, in the order of discovery.
const GROUPS: &[(&str, &[&str], &[Row])] = &[
    ("", &["v1"], CORE),
    ("apps", &["v1"], APPS),
    ("events.k8s.io", &["v1"], EVENTS),
    ("authentication.k8s.io", &["v1"], AUTHENTICATION),
    ("authorization.k8s.io", &["v1"], AUTHORIZATION),
    ("autoscaling", &["v2", "v1"], AUTOSCALING),
    ("batch", &["v1"], BATCH),
    ("networking.k8s.io", &["v1"], NETWORKING),
    ("policy", &["v1"], POLICY),
    ("rbac.authorization.k8s.io", &["v1"], RBAC),
    ("storage.k8s.io", &["v1"], STORAGE),
    ("apiextensions.k8s.io", &["v1"], APIEXTENSIONS),
    ("scheduling.k8s.io", &["v1"], SCHEDULING),
    ("coordination.k8s.io", &["v1"], COORDINATION),
    ("discovery.k8s.io", &["v1"], DISCOVERY),
];

/// All built-in resources, in the order of discovery.
pub fn resources() -> Vec<Resource> {
    let mut all = Vec::new();
    for (group, versions, rows) in GROUPS {
        for version in *versions {
            all.extend(rows.iter().map(|row| resource(group, version, row)));
        }
    }
    all
}

fn resource(group: &str, version: &str, row: &Row) -> Resource {
    let (plural, singular, kind) = row.names;
    let stored_group = if group == "events.k8s.io" { "" } else { group };
    Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        list_kind: format!("{kind}List"),
        plural: plural.to_owned(),
        singular: singular.to_owned(),
        short_names: owned(row.short),
        categories: owned(row.categories),
        namespaced: row.namespaced,
        verbs: row.verbs,
        subresources: row.subresources.iter().map(|sub| subresource(kind, sub)).collect(),
        stored_as: (stored_group.to_owned(), plural.to_owned()),
        custom: None,
    }
}

fn subresource(owner: &str, (name, kind, foreign, verbs): &Sub) -> Subresource {
    Subresource {
        name: (*name).to_owned(),
        kind: if kind.is_empty() { owner.to_owned() } else { (*kind).to_owned() },
        foreign: foreign.map(|(group, version)| (group.to_owned(), version.to_owned())),
        verbs: *verbs,
    }
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|one| (*one).to_owned()).collect()
}
