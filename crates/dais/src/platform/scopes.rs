//! What a caller may see of each part, inserted into their requests: parts obey
//! a scope and never ask who is calling.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use dais_identity::Caller;
use dais_labeling::May;
use http::{StatusCode, Uri};
use serde_json::json;
use tower::ServiceExt;

use super::access::{Access, Right};
use super::buckets::Asking;
use super::datasets::shared;
use super::labeling::WritesData;
use super::notebooks;
use super::protection;

/// Which project a tracking request is for: `/p/<project>/…`, else the caller's own.
///
/// The address is rewritten, so this stands in front of the router: a layer would
/// run after its routes were matched.
pub fn tracking(router: Router, access: Access) -> Router {
    Router::new().fallback(scope_tracking).with_state((access, router))
}

pub fn data(router: Router, access: Access) -> Router {
    Router::new().fallback(scope_data).with_state((access, router))
}

/// People's access keys and imports, as far as their rights reach.
pub fn buckets(router: Router, access: Access) -> Router {
    Router::new().fallback(scope_buckets).with_state((access, router))
}

/// What the caller may do in a project's labelling: as far as their rights reach.
pub fn labeling(router: Router, access: Access) -> Router {
    Router::new().fallback(scope_labeling).with_state((access, router))
}

/// Of a project's notebooks, for those who may enter them.
pub fn notebooks(router: Router, access: Access) -> Router {
    Router::new().fallback(scope_notebooks).with_state((access, router))
}

/// Extends a router's requests by the projects whose logs the caller may read, or may
/// add to.
pub fn logs(router: Router, access: Access) -> Router {
    router.layer(from_fn_with_state(access, scope_logs))
}

/// Where lines are added; everything else is a question, whatever its method.
const ADDING: [&str; 3] = ["/_bulk", "/_doc", "/_create"];

async fn scope_logs(State(access): State<Access>, request: Request, next: Next) -> Response {
    let adds = ADDING.iter().any(|word| request.uri().path().contains(word));
    let right = match adds && !request.method().is_safe() {
        true => Right::WRITE_TELEMETRY,
        false => Right::READ_LOGS,
    };
    scope_namespaces::<dais_logs::Scope>(State((access, right)), request, next).await
}

/// Extends requests that bring lines by the projects to which the caller may send them.
pub fn lines(router: Router, access: Access) -> Router {
    let state = (access, Right::WRITE_TELEMETRY);
    router.layer(from_fn_with_state(state, scope_namespaces::<dais_logs::Scope>))
}

/// The same for samples.
pub fn samples(router: Router, access: Access) -> Router {
    let state = (access, Right::WRITE_TELEMETRY);
    router.layer(from_fn_with_state(state, scope_namespaces::<dais_metrics::Scope>))
}

pub fn metrics(router: Router, access: Access) -> Router {
    let state = (access.clone(), Right::READ_PODS);
    router
        .layer(from_fn_with_state(access, admit_administrators))
        .layer(from_fn_with_state(state, scope_namespaces::<dais_metrics::Scope>))
}

/// Whoever may delete telemetry everywhere may delete series.
async fn admit_administrators(
    State(access): State<Access>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.uri().path().contains("/admin/") {
        let caller = match caller(&request) {
            Ok(caller) => caller,
            Err(response) => return response,
        };
        match access.allows(&caller, &Right::DELETE_TELEMETRY, "").await {
            Ok(true) => {
                request.extensions_mut().insert(dais_metrics::Admin);
            }
            Ok(false) => {}
            Err(error) => return broken(&error),
        }
    }
    next.run(request).await
}

pub fn traces(router: Router, access: Access) -> Router {
    let state = (access, Right::READ_PODS);
    router.layer(from_fn_with_state(state, scope_namespaces::<dais_traces::Scope>))
}

/// Who reads sees the projects whose pods they may list; who acts reaches those whose
/// rules they may change.
pub fn alerts(router: Router, access: &Access) -> Router {
    router.layer(from_fn_with_state(access.clone(), scope_alerts))
}

async fn scope_alerts(State(access): State<Access>, mut request: Request, next: Next) -> Response {
    let caller = match caller(&request) {
        Ok(caller) => caller,
        Err(response) => return response,
    };
    let reads = request.method().is_safe();
    let right = if reads { Right::READ_PODS } else { Right::WRITE_RULES };
    let namespaces = match access.projects(&caller, &right).await {
        Ok(namespaces) => namespaces,
        Err(error) => return broken(&error),
    };
    let write = namespaces.as_ref().is_none_or(|namespaces| !namespaces.is_empty());
    request.extensions_mut().insert(dais_alerts::Scope { namespaces });
    request.extensions_mut().insert(dais_alerts::Actor { user: caller.user, write });
    next.run(request).await
}

/// Extends requests that bring spans by the projects to which the caller may send them.
pub fn spans(router: Router, access: Access) -> Router {
    let state = (access, Right::WRITE_TELEMETRY);
    router.layer(from_fn_with_state(state, scope_namespaces::<dais_traces::Scope>))
}

/// Extends questions to the ledger by whose use the caller may see.
pub fn ledger(router: Router, access: Access) -> Router {
    router.layer(from_fn_with_state(access, scope_ledger))
}

async fn scope_ledger(State(access): State<Access>, mut request: Request, next: Next) -> Response {
    let caller = match caller(&request) {
        Ok(caller) => caller,
        Err(response) => return response,
    };
    match access.projects(&caller, &Right::READ_PODS).await {
        Ok(projects) => {
            let scope = dais_ledger::Scope { user: caller.user, projects };
            request.extensions_mut().insert(scope);
            next.run(request).await
        }
        Err(error) => broken(&error),
    }
}

/// The Kubernetes API as the caller.
pub fn kubernetes(router: Router) -> Router {
    router.layer(axum::middleware::from_fn(|mut request: Request, next: Next| async move {
        if let Some(caller) = request.extensions().get::<Caller>() {
            let user = super::accounts::user_info(caller);
            request.extensions_mut().insert(user);
        }
        next.run(request).await
    }))
}

fn refuse(status: StatusCode, reason: &str, hint: &str) -> Response {
    let body = json!({
        "error": {"reason": reason, "hint": hint},
        // What MLflow's and Kubernetes' own clients look for.
        "error_code": if status == StatusCode::UNAUTHORIZED { "UNAUTHENTICATED" } else { "PERMISSION_DENIED" },
        "message": format!("{reason}; {hint}"),
    });
    (status, axum::Json(body)).into_response()
}

// The error is the answer itself, made once per refused request.
#[allow(clippy::result_large_err)]
fn caller(request: &Request) -> Result<Caller, Response> {
    request.extensions().get::<Caller>().cloned().ok_or_else(|| {
        refuse(
            StatusCode::UNAUTHORIZED,
            "nobody is signed in",
            "send Authorization: Bearer <token>; the portal's account page makes tokens",
        )
    })
}

fn broken(error: &anyhow::Error) -> Response {
    tracing::error!(error = format!("{error:#}"), "rights not known");
    refuse(StatusCode::SERVICE_UNAVAILABLE, "rights could not be checked", "try again")
}

/// Takes `/p/<project>` off the front of the path.
fn take_project(request: &mut Request) -> Option<String> {
    let uri = request.uri();
    let rest = uri.path().strip_prefix("/p/")?;
    let (project, path) = rest.split_once('/').unwrap_or((rest, ""));
    let project = project.to_owned();
    let path = match uri.query() {
        Some(query) => format!("/{path}?{query}"),
        None => format!("/{path}"),
    };
    *request.uri_mut() = path.parse::<Uri>().ok()?;
    Some(project)
}

/// The project that a pod's own account belongs to.
pub(super) fn own_project(caller: &Caller) -> Option<String> {
    let account = caller.user.strip_prefix("system:serviceaccount:")?;
    account.split(':').next().map(str::to_owned)
}

struct Granted {
    project: String,
    caller: Caller,
    write: bool,
}

async fn grant(
    access: &Access,
    request: &mut Request,
    (read, write): (&Right, &Right),
) -> Result<Granted, Response> {
    let caller = caller(request)?;
    let project = take_project(request).or_else(|| own_project(&caller));
    let project = project.unwrap_or_else(|| super::bootstrap::FIRST_PROJECT.to_owned());
    let asked = access.allows(&caller, read, &project).await.map_err(|error| broken(&error))?;
    if !asked {
        // The same words whether the project exists or not.
        return Err(refuse(
            StatusCode::FORBIDDEN,
            &format!("{} may not see project {project:?}", caller.user),
            "ask an administrator of the project for the role view or edit",
        ));
    }
    let write = access.allows(&caller, write, &project).await.map_err(|error| broken(&error))?;
    Ok(Granted { project, caller, write })
}

async fn scope_tracking(
    State((access, router)): State<(Access, Router)>,
    mut request: Request,
) -> Response {
    match grant(&access, &mut request, (&Right::READ_RUNS, &Right::WRITE_RUNS)).await {
        Ok(Granted { project, caller, write }) => {
            let protection = match protection::concerns_aliases(&request) {
                true => match protection::of(&access, &caller, &project).await {
                    Ok(protection) => Some(protection),
                    Err(error) => return broken(&error),
                },
                false => None,
            };
            let scope = dais_tracking::Scope { project, user: caller.user, write, protection };
            request.extensions_mut().insert(scope);
            pass(router, request).await
        }
        Err(response) => response,
    }
}

async fn scope_data(
    State((access, router)): State<(Access, Router)>,
    mut request: Request,
) -> Response {
    // Code comes with a job; everything else below /data is a dataset's.
    let is_code = request.uri().path().split('/').nth(3) == Some("code");
    let rights = if is_code {
        (&Right::WRITE_JOBS, &Right::WRITE_JOBS)
    } else {
        (&Right::READ_DATA, &Right::WRITE_DATA)
    };
    let Granted { project, caller, write } = match grant(&access, &mut request, rights).await {
        Ok(granted) => granted,
        Err(response) => return response,
    };
    let mut scope = dais_data::Scope { project, user: caller.user, write };
    if let Err(response) = shared::enter(access.client(), &mut scope, &mut request).await {
        return response;
    }
    request.extensions_mut().insert(scope);
    pass(router, request).await
}

async fn scope_buckets(
    State((access, router)): State<(Access, Router)>,
    mut request: Request,
) -> Response {
    let rights = (&Right::READ_BUCKETS, &Right::MANAGE_KEYS);
    let Granted { project, caller, write: manages } =
        match grant(&access, &mut request, rights).await {
            Ok(granted) => granted,
            Err(response) => return response,
        };
    let writes_data = access.allows(&caller, &Right::WRITE_DATA, &project).await;
    let is_project = access.is_project(&project).await;
    match (writes_data, is_project) {
        (Ok(writes_data), Ok(true)) => {
            request.extensions_mut().insert(Asking { project, caller, writes_data, manages });
            pass(router, request).await
        }
        (Ok(_), Ok(false)) => refuse(
            StatusCode::NOT_FOUND,
            &format!("there is no project {project:?}"),
            "`dais get namespaces` lists them",
        ),
        (Err(error), _) | (_, Err(error)) => broken(&error),
    }
}

async fn scope_labeling(
    State((access, router)): State<(Access, Router)>,
    mut request: Request,
) -> Response {
    let rights = (&Right::ANNOTATE, &Right::REVIEW);
    let Granted { project, caller, write: reviews } =
        match grant(&access, &mut request, rights).await {
            Ok(granted) => granted,
            Err(response) => return response,
        };
    let manages = access.allows(&caller, &Right::MANAGE_LABELING, &project).await;
    let writes = access.allows(&caller, &Right::WRITE_DATA, &project).await;
    let (manages, writes) = match (manages, writes) {
        (Ok(manages), Ok(writes)) => (manages, writes),
        (Err(error), _) | (_, Err(error)) => return broken(&error),
    };
    let may = match (manages, reviews) {
        (true, _) => May::Manage,
        (false, true) => May::Review,
        (false, false) => May::Annotate,
    };
    request.extensions_mut().insert(dais_labeling::Scope { project, user: caller.user, may });
    request.extensions_mut().insert(WritesData(writes));
    pass(router, request).await
}

async fn scope_notebooks(
    State((access, router)): State<(Access, Router)>,
    mut request: Request,
) -> Response {
    let rights = (&Right::ENTER_NOTEBOOK, &Right::WRITE_JOBS);
    match grant(&access, &mut request, rights).await {
        Ok(Granted { write: false, project, caller }) if !request.method().is_safe() => refuse(
            StatusCode::FORBIDDEN,
            &format!("{} may not run jobs in project {project:?}", caller.user),
            "ask an administrator of the project for the role edit",
        ),
        Ok(Granted { project, caller: Caller { user, .. }, .. }) => {
            request.extensions_mut().insert(notebooks::Scope { project, user });
            pass(router, request).await
        }
        Err(response) => response,
    }
}

async fn pass(router: Router, request: Request) -> Response {
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

async fn scope_namespaces<S>(
    State((access, right)): State<(Access, Right)>,
    mut request: Request,
    next: Next,
) -> Response
where
    S: FromNamespaces + Clone + Send + Sync + 'static,
{
    let caller = match caller(&request) {
        Ok(caller) => caller,
        Err(response) => return response,
    };
    match access.projects(&caller, &right).await {
        Ok(namespaces) => {
            request.extensions_mut().insert(S::from_namespaces(namespaces));
            next.run(request).await
        }
        Err(error) => broken(&error),
    }
}

/// Makes a part's own scope type out of the projects that a caller may see.
trait FromNamespaces {
    fn from_namespaces(namespaces: Option<BTreeSet<String>>) -> Self;
}

impl FromNamespaces for dais_logs::Scope {
    fn from_namespaces(namespaces: Option<BTreeSet<String>>) -> Self {
        Self { namespaces }
    }
}

impl FromNamespaces for dais_metrics::Scope {
    fn from_namespaces(namespaces: Option<BTreeSet<String>>) -> Self {
        Self { namespaces }
    }
}

impl FromNamespaces for dais_traces::Scope {
    fn from_namespaces(namespaces: Option<BTreeSet<String>>) -> Self {
        Self { namespaces }
    }
}
