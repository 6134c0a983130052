//! Notebook: JupyterLab in an Environment, with a home folder that stays.
//!
//! Owns when it is awake, and what it finds there. The way to it and how requests wait for
//! it are [`serving`]'s and the gateway's; who may enter is asked there.
//!
//! ```text
//! awake ── kernels idle for spec.idleSeconds ──▶ asleep
//!   ▲                                              │
//!   └───── a visit waits (TrafficPolicy.status) ◀──┘
//! ```

mod awake;
mod desired;

use std::sync::Arc;
use std::time::Duration;

use dais_api::conditions::{self, READY, Verdict, reason};
use dais_api::routing::HTTPRoute;
use dais_api::{Environment, Notebook, NotebookStatus, TrafficPolicy, labels};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Pod, Secret, Service};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, watcher};
use kube::{Client, Resource, ResourceExt};
use serde_json::json;

use crate::apply;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observed::drive;
use crate::package_index;
use crate::project::NOTEBOOK;
use crate::seams::Kernels;
use crate::serving::{self, Front, State, Track, ready};
use crate::trainingjob::inputs;
use awake::Sight;
use desired::{Ground, PORT, SECRET_KEY, front, own_name};

/// How long a missing dataset or a refused object is waited for: nobody tells.
const WAIT: Duration = Duration::from_secs(5);
/// Bytes of the secret that the gateway and JupyterLab share.
const SECRET_BYTES: usize = 32;

pub async fn run(context: Arc<Context>) {
    let client = context.client.clone();
    let any = watcher::Config::default;
    let mine = any().labels(&format!("{}={}", labels::KIND, Notebook::kind(&())));
    let controller = Controller::new(Api::<Notebook>::all(client.clone()), any());
    let known = controller.store();
    let by_environment = {
        let known = known.clone();
        move |environment: Environment| running_in(&known, &environment)
    };
    let controller = controller
        .owns(Api::<Deployment>::all(client.clone()), any())
        .owns(Api::<Service>::all(client.clone()), any())
        .owns(Api::<HTTPRoute>::all(client.clone()), any())
        .watches(Api::<TrafficPolicy>::all(client.clone()), mine.clone(), visited)
        .watches(Api::<Environment>::all(client.clone()), any(), by_environment)
        .watches(Api::<Pod>::all(client), mine, move |pod| served_by(&known, &pod));
    drive("notebook", controller, context, reconcile).await;
}

/// The notebook at which somebody waits. Of the rest, the gateway's counts of every second
/// that a page is open, it has no use.
fn visited(policy: TrafficPolicy) -> Option<ObjectRef<Notebook>> {
    policy.status.as_ref().filter(|status| status.held > 0)?;
    let owner = policy.owner_references().iter().find(|owner| owner.kind == Notebook::kind(&()))?;
    Some(ObjectRef::new(&owner.name).within(&policy.namespace()?))
}

/// The notebooks that run in an Environment.
fn running_in(known: &Store<Notebook>, environment: &Environment) -> Vec<ObjectRef<Notebook>> {
    let (namespace, name) = (environment.namespace(), environment.name_any());
    let is_its = |notebook: &Arc<Notebook>| {
        let wanted = notebook.spec.environment.clone();
        notebook.namespace() == namespace
            && wanted.unwrap_or_else(|| own_name(&front(notebook))) == name
    };
    let found = known.state().into_iter().filter(is_its);
    found.map(|notebook| ObjectRef::from_obj(notebook.as_ref())).collect()
}

/// The notebook that a pod runs.
fn served_by(known: &Store<Notebook>, pod: &Pod) -> Vec<ObjectRef<Notebook>> {
    let instance = pod.labels().get(labels::INSTANCE);
    let is_its = |notebook: &Arc<Notebook>| {
        notebook.namespace() == pod.namespace() && front(notebook).has(instance)
    };
    let found = known.state().into_iter().filter(is_its);
    found.map(|notebook| ObjectRef::from_obj(notebook.as_ref())).collect()
}

async fn reconcile(notebook: Arc<Notebook>, context: Arc<Context>) -> Result<Action> {
    if notebook.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let front = front(&notebook);
    let work = Work { notebook: &notebook, front: &front, context: &context };
    let mut status = notebook.status.clone().unwrap_or_default();
    let (verdict, again) = match work.carry_out(&mut status).await {
        Ok(done) => done,
        Err(error) => (serving::refusal(error)?, Some(serving::AGAIN)),
    };
    status.url = Some(format!("{}/", front.path));
    report(&notebook, status, &verdict, &context).await?;
    Ok(again.map_or_else(Action::await_change, Action::requeue))
}

struct Work<'a> {
    notebook: &'a Notebook,
    front: &'a Front,
    context: &'a Context,
}

impl Work<'_> {
    async fn carry_out(&self, status: &mut NotebookStatus) -> Result<(Verdict, Option<Duration>)> {
        let client = &self.context.client;
        apply::apply(client, &desired::home(self.notebook, self.front)).await?;
        apply::apply(client, &desired::config(self.front)).await?;
        let secret = self.secret().await?;
        let state = serving::observe(self.front, self.context).await?;
        let stable = state.stable.as_ref();
        let runs = stable.and_then(|there| there.spec.as_ref()?.replicas) > Some(0);
        let now = Timestamp::now();
        if runs && stable.is_some_and(|there| ready(there) > 0) {
            self.look(status, &secret, now).await?;
        }
        let held = state.policy.as_ref().and_then(|policy| policy.status.as_ref());
        let is_visited = held.is_some_and(|status| status.held > 0);
        awake::decide(&self.notebook.spec, status, Sight { is_visited, runs }, now);
        let awake = !self.notebook.spec.stopped && !status.asleep;
        self.open_door(&state).await?;
        let verdict = match (awake, stable) {
            (false, stable) => {
                self.put_to_sleep(stable).await?;
                self.resting()
            }
            // What runs goes on as it began: an Environment that is built anew, a newer
            // version of a dataset or of the platform ends nobody's kernels.
            (true, Some(stable)) if runs && desired::is_of(stable, self.notebook) => {
                self.judge(stable, &state).await?
            }
            (true, _) => match self.ground(status).await? {
                Ok(ground) => self.judge(&self.start(&ground).await?, &state).await?,
                // Who visits waits at the gateway until there is something to stand on.
                Err(verdict) => return Ok((verdict, Some(WAIT))),
            },
        };
        let again = awake.then(|| awake::look_again(&self.notebook.spec));
        Ok((verdict, again))
    }

    /// The way in, which is there whether anything answers or not.
    async fn open_door(&self, state: &State) -> Result<()> {
        let policy = desired::policy(self.front);
        serving::keep(policy.as_ref(), state.policy.as_ref(), self.context).await?;
        serving::keep(Some(&desired::service(self.front)), None, self.context).await?;
        let route = self.front.route(None);
        serving::keep(Some(&route), state.route.as_ref(), self.context).await
    }

    async fn start(&self, ground: &Ground) -> Result<Deployment> {
        NOTEBOOK.ensure(self.context, &self.front.namespace).await?;
        let settings = &self.context.settings;
        let wanted = desired::deployment(self.notebook, self.front, ground, settings);
        apply::apply(&self.context.client, &wanted).await
    }

    async fn put_to_sleep(&self, stable: Option<&Deployment>) -> Result<()> {
        let runs =
            |stable: &&Deployment| stable.spec.as_ref().and_then(|spec| spec.replicas) != Some(0);
        let Some(stable) = stable.filter(runs) else { return Ok(()) };
        let api = Api::<Deployment>::namespaced(self.context.client.clone(), &self.front.namespace);
        let none = Patch::Merge(json!({"spec": {"replicas": 0}}));
        match api.patch(&stable.name_any(), &PatchParams::default(), &none).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(gone)) if gone.code == 404 => Ok(()),
            Err(error) => Err(Error::kube("putting the notebook to sleep")(error)),
        }
    }

    fn resting(&self) -> Verdict {
        match self.notebook.spec.stopped {
            true => Verdict::no(
                reason::STOPPED,
                "spec.stopped is true: nothing runs; the home folder stays",
            ),
            false => {
                Verdict::yes(reason::ASLEEP, "its kernels were idle; the next visit starts it")
            }
        }
    }

    async fn judge(&self, deployment: &Deployment, state: &State) -> Result<Verdict> {
        let route = state.route.as_ref();
        let about = serving::Next { replicas: 1, may_sleep: false, rollout: None, route };
        serving::judge(self.front, about, deployment, self.context).await
    }

    /// What it is to stand on, noted in the status.
    async fn ground(&self, status: &mut NotebookStatus) -> Result<Result<Ground, Verdict>> {
        let environment = match self.environment().await? {
            Ok(environment) => environment,
            Err(verdict) => return Ok(Err(verdict)),
        };
        let mut mounts = Vec::new();
        for (at, input) in self.notebook.spec.datasets.iter().enumerate() {
            match inputs::dataset(&self.front.namespace, at, input, self.context).await? {
                Ok(mount) => mounts.push(mount),
                Err(verdict) => return Ok(Err(verdict)),
            }
        }
        status.environment = Some(environment.clone());
        let versions = mounts.iter().map(|mount| &mount.dataset);
        status.datasets =
            versions.map(|dataset| (dataset.name.clone(), dataset.version.clone())).collect();
        let (client, settings) = (&self.context.client, &self.context.settings);
        let index = package_index::variables(client, &self.front.namespace, settings).await?;
        Ok(Ok(Ground { environment, mounts, index }))
    }

    /// The Environment, once it is ready and holds JupyterLab.
    async fn environment(&self) -> Result<Result<String, Verdict>> {
        let client = &self.context.client;
        let api = Api::<Environment>::namespaced(client.clone(), &self.front.namespace);
        let environment = match &self.notebook.spec.environment {
            None => apply::apply(client, &desired::environment(self.notebook, self.front)).await?,
            Some(name) => {
                self.drop_own_environment(&api, name).await?;
                let found = api.get_opt(name).await;
                let found = found.map_err(Error::kube(format!("reading environment {name}")))?;
                let Some(found) = found else {
                    let words = format!(
                        "spec.environment: no Environment {name:?} in project {:?}; create it, \
                         or leave the field out",
                        self.front.namespace
                    );
                    return Ok(Err(Verdict::no(reason::ENVIRONMENT_NOT_FOUND, words)));
                };
                found
            }
        };
        let name = environment.name_any();
        let status = environment.status.clone().unwrap_or_default();
        let is_current = status.observed_generation == environment.metadata.generation;
        if !is_current || !conditions::is_true(&status.conditions, READY) {
            let why = conditions::find(&status.conditions, READY);
            let why = why.map_or("it has not been looked at yet", |ready| &ready.message);
            let words = format!("waits for Environment {name:?}: {why}");
            return Ok(Err(Verdict::no(reason::ENVIRONMENT_NOT_READY, words)));
        }
        Ok(match desired::holds_jupyterlab(&environment) {
            Ok(()) => Ok(name),
            Err(words) => Err(Verdict::no(reason::INVALID, words)),
        })
    }

    /// Another is named now: its own goes, unless it is that.
    async fn drop_own_environment(&self, api: &Api<Environment>, named: &str) -> Result<()> {
        let own = own_name(self.front);
        if own == named {
            return Ok(());
        }
        let found = api.get_opt(&own).await.map_err(Error::kube("reading its environment"))?;
        if !found.is_some_and(|found| desired::is_own(&found, self.front)) {
            return Ok(());
        }
        match api.delete(&own, &DeleteParams::default()).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(gone)) if gone.code == 404 => Ok(()),
            Err(error) => Err(Error::kube("deleting its environment")(error)),
        }
    }

    /// Made once; whoever has it enters.
    async fn secret(&self) -> Result<String> {
        let client = &self.context.client;
        let known = known_secret(self.front, client).await;
        if let Some(known) = known.map_err(Error::kube("reading the notebook's secret"))? {
            return Ok(known);
        }
        let random: [u8; SECRET_BYTES] = rand::random();
        let token = desired::hex(&random);
        apply::apply(client, &desired::secret(self.front, &token)).await?;
        Ok(token)
    }

    /// Asks JupyterLab what its kernels do. One that does not answer says nothing.
    async fn look(&self, status: &mut NotebookStatus, secret: &str, now: Timestamp) -> Result<()> {
        let url = address(self.front, &self.context.client).await;
        let Some(url) = url.map_err(Error::kube("listing the notebook's pods"))? else {
            return Ok(());
        };
        let (project, secret) = (self.front.namespace.clone(), secret.to_owned());
        let door = Door { project, url, secret };
        match self.context.jupyter.kernels(&door).await {
            Ok(Kernels { running, busy, last_activity }) => {
                (status.kernels, status.busy_kernels) = (running, busy);
                awake::note(status, (busy > 0).then_some(now).or(last_activity));
            }
            Err(error) => tracing::debug!(%error, url = door.url, "kernels not known"),
        }
        Ok(())
    }
}

async fn known_secret(front: &Front, client: &Client) -> Result<Option<String>, kube::Error> {
    let secrets = Api::<Secret>::namespaced(client.clone(), &front.namespace);
    let found = secrets.get_opt(&own_name(front)).await?;
    let known = found.filter(|secret| desired::is_own(secret, front));
    let known = known.and_then(|secret| secret.data?.remove(SECRET_KEY));
    Ok(known.and_then(|value| String::from_utf8(value.0).ok()))
}

/// Where JupyterLab answers; `None` while it does not run.
async fn address(front: &Front, client: &Client) -> Result<Option<String>, kube::Error> {
    let pods = serving::pods(front, Track::Stable, client).await?;
    let here = pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
    let ip = here.filter_map(|pod| pod.status.as_ref()?.pod_ip.as_deref()).next();
    Ok(ip.map(|ip| format!("http://{ip}:{PORT}{}", front.path)))
}

/// The way into a notebook that is awake.
pub struct Door {
    /// Whose it is: nobody else gets the secret, whatever answers at the address.
    pub project: String,
    /// Without a slash at the end.
    pub url: String,
    /// What opens it.
    pub secret: String,
}

/// `None` while the notebook sleeps or starts.
///
/// # Errors
/// When its objects cannot be read.
pub async fn door(notebook: &Notebook, client: &Client) -> Result<Option<Door>, kube::Error> {
    let front = front(notebook);
    let (url, secret) = futures::try_join!(address(&front, client), known_secret(&front, client))?;
    let project = front.namespace;
    Ok(url.zip(secret).map(|(url, secret)| Door { project, url, secret }))
}

async fn report(
    notebook: &Notebook,
    mut status: NotebookStatus,
    verdict: &Verdict,
    context: &Context,
) -> Result<()> {
    let generation = notebook.meta().generation;
    let was = conditions::find(&status.conditions, READY).map(|was| was.reason.clone());
    conditions::set(&mut status.conditions, READY, verdict, generation);
    status.observed_generation = generation;
    if was.as_deref() != Some(verdict.reason) {
        let fine = [
            reason::PROGRESSING,
            reason::AVAILABLE,
            reason::ASLEEP,
            reason::STOPPED,
            reason::ENVIRONMENT_NOT_READY,
        ];
        let warning = !fine.contains(&verdict.reason);
        context.event(notebook, warning, verdict.reason, &verdict.message).await;
    }
    apply::status(&context.client, notebook, notebook.status.as_ref(), &status).await
}
