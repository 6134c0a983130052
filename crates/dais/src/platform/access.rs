//! Who may do what outside the Kubernetes API: asked of the API server as
//! SubjectAccessReviews, so that RBAC decides everywhere. Keeps answers briefly.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use async_trait::async_trait;
use dais_identity::Caller;
use hashbrown::{Equivalent, HashMap};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, ResourceExt};

use super::bootstrap::TRACKING_GROUP;

/// A right that was taken away is gone after this long.
const KEPT: Duration = Duration::from_secs(5);
/// Answers kept at most; past it all are asked anew.
const MOST: usize = 10_000;

/// A question to RBAC.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Right {
    pub verb: &'static str,
    pub group: &'static str,
    pub resource: &'static str,
    pub subresource: &'static str,
}

impl Right {
    const fn new(
        verb: &'static str,
        group: &'static str,
        resource: &'static str,
        subresource: &'static str,
    ) -> Self {
        Self { verb, group, resource, subresource }
    }

    pub const READ_RUNS: Self = Self::new("get", TRACKING_GROUP, "experiments", "");
    pub const WRITE_RUNS: Self = Self::new("update", TRACKING_GROUP, "experiments", "");
    /// To decide on requests to move protected aliases of models.
    pub const APPROVE_MODELS: Self = Self::new("approve", TRACKING_GROUP, "models", "");
    pub const READ_DATA: Self = Self::new("get", dais_api::GROUP, "datasets", "");
    pub const WRITE_DATA: Self = Self::new("update", dais_api::GROUP, "datasets", "");
    /// Objects of the project's buckets.
    pub const READ_BUCKETS: Self = Self::new("get", dais_api::GROUP, "buckets", "");
    pub const WRITE_BUCKETS: Self = Self::new("update", dais_api::GROUP, "buckets", "");
    /// To see and revoke other people's access keys of the project.
    pub const MANAGE_KEYS: Self = Self::new("delete", dais_api::GROUP, "accesskeys", "");
    /// To answer labelling tasks, to decide on answers, and to change the project itself.
    pub const ANNOTATE: Self = Self::new("create", dais_api::GROUP, "labelingprojects", "answers");
    pub const REVIEW: Self = Self::new("create", dais_api::GROUP, "labelingprojects", "reviews");
    pub const MANAGE_LABELING: Self = Self::new("update", dais_api::GROUP, "labelingprojects", "");
    pub const READ_ENVIRONMENTS: Self = Self::new("get", dais_api::GROUP, "environments", "");
    pub const READ_ALGORITHMS: Self = Self::new("list", dais_api::GROUP, "algorithms", "");
    pub const READ_JOBS: Self = Self::new("list", dais_api::GROUP, "trainingjobs", "");
    pub const WRITE_JOBS: Self = Self::new("create", dais_api::GROUP, "trainingjobs", "");
    /// To send telemetry of a project's own; to read it is another right.
    pub const WRITE_TELEMETRY: Self = Self::new("create", dais_api::GROUP, "telemetry", "");
    pub const DELETE_TELEMETRY: Self = Self::new("delete", dais_api::GROUP, "telemetry", "");
    /// To enter a notebook: to run programs as the project's notebooks.
    pub const ENTER_NOTEBOOK: Self = Self::new("create", dais_api::GROUP, "notebooks", "connect");
    /// To load and delete container images, which belong to no project.
    pub const CHANGE_IMAGES: Self = Self::new("create", dais_api::GROUP, "images", "");
    pub const READ_LOGS: Self = Self::new("get", "", "pods", "log");
    pub const READ_PODS: Self = Self::new("list", "", "pods", "");
    /// Who may change a project's rules may silence their alerts.
    pub const WRITE_RULES: Self =
        Self::new("update", "monitoring.coreos.com", "prometheusrules", "");
    /// To tell what came of requests that a test has answered.
    pub const FEEDBACK: Self = Self::new("create", dais_api::GROUP, "abtests", "feedback");
    pub const PREDICT: Self = Self::new("create", dais_api::GROUP, "inferenceservices", "predict");
}

#[derive(PartialEq, Eq, Hash)]
struct Question {
    user: String,
    groups: Vec<String>,
    right: Right,
    project: String,
}

/// A question in other people's words: it has the same hash.
#[derive(Hash)]
struct Asked<'a> {
    user: &'a str,
    groups: &'a [String],
    right: &'a Right,
    project: &'a str,
}

impl Equivalent<Question> for Asked<'_> {
    fn equivalent(&self, question: &Question) -> bool {
        let Question { user, groups, right, project } = question;
        self.user == user && self.groups == groups && self.right == right && self.project == project
    }
}

#[derive(Clone)]
pub struct Access {
    client: Client,
    kept: Arc<Mutex<HashMap<Question, (bool, Instant)>>>,
}

impl Access {
    pub fn new(client: Client) -> Self {
        Self { client, kept: Arc::default() }
    }

    /// The client by which rights are asked for.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Whether `caller` has `right` in `project`; an empty project is all of them.
    pub async fn allows(&self, caller: &Caller, right: &Right, project: &str) -> Result<bool> {
        if let Some(known) = self.known(caller, right, project) {
            return Ok(known);
        }
        let question = Question {
            user: caller.user.clone(),
            groups: caller.groups.clone(),
            right: right.clone(),
            project: project.to_owned(),
        };
        let allowed = self.ask(&question).await?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(question, (allowed, Instant::now()));
        Ok(allowed)
    }

    /// What [`Access::allows`] was answered a moment ago.
    pub fn known(&self, caller: &Caller, right: &Right, project: &str) -> Option<bool> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = Asked { user: &caller.user, groups: &caller.groups, right, project };
        kept.get(&asked).filter(|(_, asked)| asked.elapsed() < KEPT).map(|(allowed, _)| *allowed)
    }

    async fn ask(&self, question: &Question) -> Result<bool> {
        let Question { user, groups, right, project } = question;
        let text = |word: &str| (!word.is_empty()).then(|| word.to_owned());
        let attributes = ResourceAttributes {
            verb: text(right.verb),
            group: text(right.group),
            resource: text(right.resource),
            subresource: text(right.subresource),
            namespace: text(project),
            ..ResourceAttributes::default()
        };
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: Some(user.clone()),
                groups: Some(groups.clone()),
                resource_attributes: Some(attributes),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        let answer = Api::<SubjectAccessReview>::all(self.client.clone())
            .create(&PostParams::default(), &review)
            .await
            .context("asking for a right")?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }

    /// Projects in which `caller` has `right`; `None` is every one, now and later.
    pub async fn projects(
        &self,
        caller: &Caller,
        right: &Right,
    ) -> Result<Option<BTreeSet<String>>> {
        if self.allows(caller, right, "").await? {
            return Ok(None);
        }
        let mut allowed = BTreeSet::new();
        for (project, _) in self.all_projects().await? {
            if self.allows(caller, right, &project).await? {
                allowed.insert(project);
            }
        }
        Ok(Some(allowed))
    }

    /// Aliases of the project's models that move by approval alone. Read anew each time:
    /// what an administrator protects is protected at once.
    pub async fn protected_aliases(&self, project: &str) -> Result<Vec<String>> {
        let namespace = Api::<Namespace>::all(self.client.clone())
            .get_opt(project)
            .await
            .context("reading which aliases are protected")?;
        let annotations = namespace.as_ref().map(ResourceExt::annotations);
        Ok(annotations.map(dais_api::labels::protected_aliases).unwrap_or_default())
    }

    /// Whether there is a project of this name.
    pub async fn is_project(&self, name: &str) -> Result<bool> {
        let namespace = Api::<Namespace>::all(self.client.clone()).get_opt(name).await;
        let namespace = namespace.context("looking for a project")?;
        Ok(namespace.is_some_and(|namespace| namespace.metadata.deletion_timestamp.is_none()))
    }

    /// Every project with its workspace.
    pub async fn all_projects(&self) -> Result<Vec<(String, String)>> {
        let label = dais_api::labels::WORKSPACE;
        let namespaces = Api::<Namespace>::all(self.client.clone())
            .list(&ListParams::default().labels(label))
            .await
            .context("listing the projects")?;
        let workspace =
            |namespace: &Namespace| namespace.labels().get(label).cloned().unwrap_or_default();
        Ok(namespaces.items.iter().map(|n| (n.name_any(), workspace(n))).collect())
    }
}

/// The projects that the portal offers: those whose pods a person may list.
#[async_trait]
impl dais_portal::Projects for Access {
    async fn of(&self, caller: &Caller) -> Vec<dais_portal::Project> {
        let visible = async {
            let allowed = self.projects(caller, &Right::READ_PODS).await?;
            let all = self.all_projects().await?;
            let may = |name: &String| allowed.as_ref().is_none_or(|allowed| allowed.contains(name));
            let visible = all.into_iter().filter(|(name, _)| may(name));
            let project = |(name, workspace)| dais_portal::Project { name, workspace };
            anyhow::Ok(visible.map(project).collect())
        };
        match visible.await {
            Ok(projects) => projects,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "projects not listed");
                Vec::new()
            }
        }
    }
}
