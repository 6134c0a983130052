//! A Prometheus that is not ours behind the same routes: each request is narrowed to
//! the caller's [`Scope`] before it is passed on, or refused.
//!
//! Queries and selectors are rewritten by parsing them ([`scope`](crate::scope())); what
//! cannot be narrowed by a query is filtered in the answer. Routes that only somebody
//! who may see everything can be shown are refused to everybody else.
//!
//! Our own store goes on measuring and evaluating rules: `/federate` is where the other
//! server scrapes it, and rules and alerts are those of both.

mod rules;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, FromRef, OriginalUri, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use promql_parser::label::Matcher;
use reqwest::Url;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::http::{Api, Parameters, Turns, federate, no_route, scope_of};
use crate::scope::{NAMESPACE, Scope, scope};

/// Longer than Prometheus's own limit on a query.
const TIMEOUT: Duration = Duration::from_secs(150);
/// Parameters that hold a query or a selector.
const QUERY: &str = "query";
const MATCH: &str = "match[]";

/// Where it is, and with what one comes in.
#[derive(Clone)]
pub struct External {
    client: reqwest::Client,
    base: Arc<Url>,
    token: Option<Arc<str>>,
}

impl External {
    /// `url` is what stands before `/api/v1`; it may hold a user and a password.
    ///
    /// # Errors
    /// [`Error::BadData`] when the address is none.
    pub fn new(url: &str, token: Option<&str>) -> Result<Self> {
        let bad = |reason: String| Error::BadData(format!("{url:?} is no address: {reason}"));
        let mut base = Url::parse(url).map_err(|error| bad(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(bad("it does not begin with http:// or https://".to_owned()));
        }
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| bad(error.to_string()))?;
        Ok(Self { client, base: Arc::new(base), token: token.map(Arc::from) })
    }

    async fn send(&self, path: &str, pairs: &[(String, String)]) -> Result<reqwest::Response> {
        let mut url = Url::clone(&self.base);
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        // Long queries do not fit into an address, and few routes take a form.
        let is_form = FORMS.contains(&path);
        let request = match is_form {
            true => self.client.post(url).form(pairs),
            false => self.client.get(url).query(pairs),
        };
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        // The address may hold a password.
        let unreachable = |error: reqwest::Error| Error::Unreachable(words(&error.without_url()));
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let is_ours = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        // The credentials that it did not take are ours, not the caller's; and nobody is
        // sent on to an address inside.
        match is_ours || status.is_redirection() {
            true => Err(Error::Unreachable(format!("it answered {status}"))),
            false => Ok(answer),
        }
    }

    /// Whether it answers, in words: its version, or what is wrong.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when it does not, or not as a Prometheus does.
    pub async fn check(&self) -> Result<String> {
        let answer = self.send("/api/v1/status/buildinfo", &[]).await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(Error::Unreachable(format!("it answered {status}")));
        }
        let body = body(answer).await?;
        Ok(format!("Prometheus {}", body["data"]["version"].as_str().unwrap_or("?")))
    }
}

/// The whole chain of what went wrong: the outermost words alone never say why.
fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut inner = error.source();
    while let Some(cause) = inner {
        words += &format!(": {cause}");
        inner = cause.source();
    }
    words
}

/// Routes that take their parameters as a form.
const FORMS: [&str; 5] = [
    "/api/v1/query",
    "/api/v1/query_range",
    "/api/v1/query_exemplars",
    "/api/v1/series",
    "/api/v1/labels",
];

/// What the routes answer from: the other server, and what is measured here.
#[derive(Clone)]
struct Both {
    external: External,
    own: Api,
    turns: Turns,
}

impl FromRef<Both> for External {
    fn from_ref(both: &Both) -> Self {
        both.external.clone()
    }
}

impl FromRef<Both> for Api {
    fn from_ref(both: &Both) -> Self {
        both.own.clone()
    }
}

impl FromRef<Both> for Turns {
    fn from_ref(both: &Both) -> Self {
        both.turns.clone()
    }
}

/// The routes of [`router`](crate::router()), answered by another server.
pub fn external_router(external: External, own: Api) -> Router {
    Router::new()
        .route("/api/v1/query", get(narrowed).post(narrowed))
        .route("/api/v1/query_range", get(narrowed).post(narrowed))
        .route("/api/v1/query_exemplars", get(narrowed).post(narrowed))
        .route("/api/v1/format_query", get(narrowed).post(narrowed))
        .route("/api/v1/series", get(narrowed).post(narrowed))
        .route("/api/v1/labels", get(selected).post(selected))
        .route("/api/v1/label/{name}/values", get(values))
        .route("/api/v1/metadata", get(metadata))
        .route("/api/v1/targets", get(targets))
        .route("/api/v1/alerts", get(rules::alerts))
        .route("/api/v1/rules", get(rules::rules))
        .route("/api/v1/status/buildinfo", get(build))
        .route("/api/v1/status/{what}", get(whole))
        .route("/federate", get(federate::federate).post(federate::federate))
        .fallback(no_route)
        .with_state(Both { external, turns: Turns::new(own.limits), own })
}

type Scoped = Option<Extension<Scope>>;

/// The request's own path below the mount, since nesting takes the prefix off.
fn path_of(uri: &OriginalUri) -> String {
    let path = uri.0.path();
    path[path.find("/api/v1/").unwrap_or_default()..].to_owned()
}

async fn narrowed(
    State(external): State<External>,
    allowed: Scoped,
    uri: OriginalUri,
    parameters: Parameters,
) -> Result<Response> {
    let pairs = rewrite(parameters.pairs(), &scope_of(allowed).matchers())?;
    Ok(pass(external.send(&path_of(&uri), &pairs).await?))
}

/// As [`narrowed`], where no selector stands for every series.
async fn selected(
    State(external): State<External>,
    allowed: Scoped,
    uri: OriginalUri,
    parameters: Parameters,
) -> Result<Response> {
    let pairs = narrow_selectors(parameters, &scope_of(allowed))?;
    Ok(pass(external.send(&path_of(&uri), &pairs).await?))
}

async fn values(
    State(external): State<External>,
    Path(name): Path<String>,
    allowed: Scoped,
    parameters: Parameters,
) -> Result<Response> {
    let pairs = narrow_selectors(parameters, &scope_of(allowed))?;
    Ok(pass(external.send(&label_path(&name)?, &pairs).await?))
}

/// A label's name may have any character but those that would lead elsewhere.
fn label_path(name: &str) -> Result<String> {
    if name.is_empty() || name.contains(['/', '?', '#', '%', '\\']) || name.contains("..") {
        return Err(Error::BadData(format!("invalid label name: {name:?}")));
    }
    Ok(format!("/api/v1/label/{name}/values"))
}

/// Only of metrics that the caller can see a series of.
async fn metadata(
    State(external): State<External>,
    allowed: Scoped,
    parameters: Parameters,
) -> Result<Response> {
    let allowed = scope_of(allowed);
    let answer = external.send("/api/v1/metadata", parameters.pairs()).await?;
    if allowed.namespaces.is_none() || !answer.status().is_success() {
        return Ok(pass(answer));
    }
    let pairs = [(MATCH.to_owned(), everything(&allowed))];
    let names = body(external.send(&label_path("__name__")?, &pairs).await?).await?;
    let names: HashSet<&str> =
        names["data"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut body = body(answer).await?;
    if let Some(entries) = body["data"].as_object_mut() {
        let is_seen = |name: &String| {
            ["", "_total", "_bucket", "_sum", "_count"]
                .iter()
                .any(|suffix| names.contains(format!("{name}{suffix}").as_str()))
        };
        entries.retain(|name, _| is_seen(name));
    }
    Ok(Json(body).into_response())
}

async fn targets(
    State(external): State<External>,
    allowed: Scoped,
    parameters: Parameters,
) -> Result<Response> {
    let answer = external.send("/api/v1/targets", parameters.pairs()).await?;
    let allowed = scope_of(allowed);
    if allowed.namespaces.is_none() {
        return Ok(pass(answer));
    }
    let mut body = body(answer).await?;
    if let Some(data) = body["data"].as_object_mut() {
        if let Some(active) = data.get_mut("activeTargets") {
            keep_visible(active, &allowed);
        }
        data.insert("droppedTargets".into(), json!([]));
        data.insert("droppedTargetCounts".into(), json!({}));
    }
    Ok(Json(body).into_response())
}

fn keep_visible(list: &mut Value, allowed: &Scope) {
    if let Some(list) = list.as_array_mut() {
        let is_seen = |entry: &Value| {
            entry["labels"][NAMESPACE].as_str().is_some_and(|namespace| allowed.allows(namespace))
        };
        list.retain(is_seen);
    }
}

async fn build(State(external): State<External>) -> Result<Response> {
    Ok(pass(external.send("/api/v1/status/buildinfo", &[]).await?))
}

/// For those who may see everything.
async fn whole(
    State(external): State<External>,
    allowed: Scoped,
    uri: OriginalUri,
    parameters: Parameters,
) -> Result<Response> {
    if scope_of(allowed).namespaces.is_some() {
        let reason = "this cannot be narrowed to your projects; an administrator may ask it";
        let body = json!({"status": "error", "errorType": "forbidden", "error": reason});
        return Ok((StatusCode::FORBIDDEN, Json(body)).into_response());
    }
    Ok(pass(external.send(&path_of(&uri), parameters.pairs()).await?))
}

/// Every query and selector among the parameters, narrowed.
fn rewrite(pairs: &[(String, String)], matchers: &[Matcher]) -> Result<Vec<(String, String)>> {
    let narrow = |(name, value): &(String, String)| {
        let value = match name.as_str() {
            QUERY | MATCH if !matchers.is_empty() => scope(value, matchers)?,
            _ => value.clone(),
        };
        Ok((name.clone(), value))
    };
    pairs.iter().map(narrow).collect()
}

fn narrow_selectors(parameters: Parameters, allowed: &Scope) -> Result<Vec<(String, String)>> {
    let mut pairs = rewrite(parameters.pairs(), &allowed.matchers())?;
    if allowed.namespaces.is_some() && parameters.all(MATCH).next().is_none() {
        pairs.push((MATCH.to_owned(), everything(allowed)));
    }
    Ok(pairs)
}

/// The selector of all series of a scope.
fn everything(allowed: &Scope) -> String {
    let matchers: Vec<String> = allowed.matchers().iter().map(ToString::to_string).collect();
    // A selector must have one matcher that the empty text does not satisfy.
    format!("{{__name__!=\"\",{}}}", matchers.join(","))
}

fn pass(answer: reqwest::Response) -> Response {
    let status = answer.status();
    let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
    let kind = kind.unwrap_or_else(|| HeaderValue::from_static("application/json"));
    let mut response = Response::new(Body::from_stream(answer.bytes_stream()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

async fn body(answer: reqwest::Response) -> Result<Value> {
    let read: reqwest::Result<Value> = answer.json().await;
    let body = read.map_err(|error| Error::Unreachable(words(&error.without_url())))?;
    match body["data"].is_object() || body["data"].is_array() {
        true => Ok(body),
        false => Err(Error::Unreachable("its answer has no data".to_owned())),
    }
}
