//! One request from the door to its verb: who asks, what for, may they, and
//! then `verbs`, `subresource`, `reviews` or `discovery`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};

use super::body;
use super::negotiate::{self, Accept, Shape};
use super::path::{Path, ResourcePath};
use super::query::Query;
use super::respond::{self, Answer};
use crate::audit::{AuditEvent, Change, Trail};
use crate::authn::{self, Identity};
use crate::authz::Attributes;
use crate::config::UserInfo;
use crate::registry::{Catalog, Resource, Verb};
use crate::server::Server;
use crate::status::Failure;
use crate::{discovery, object, verbs};

/// Everything about one request to a resource.
pub(crate) struct Call {
    pub server: Arc<Server>,
    pub catalog: Arc<Catalog>,
    pub resource: Arc<Resource>,
    pub path: ResourcePath,
    pub query: Query,
    pub parts: Parts,
    pub verb: Verb,
    /// Whom the request acts as.
    pub user: UserInfo,
    pub accept: Accept,
    pub body: Bytes,
    /// The audit record; reads have none.
    pub trail: Option<Trail>,
}

impl Call {
    /// The manager of written fields: as asked for, else the client's name.
    pub fn manager(&self, options: &str) -> Result<String, Failure> {
        if let Some(given) = self.query.field_manager(options)? {
            return Ok(given.to_owned());
        }
        let agent = self
            .parts
            .headers
            .get(http::header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        Ok(dais_schema::managed::manager_of_user_agent(agent))
    }

    /// What to commit with a write, for the audit record.
    pub fn note(&self, resource: &Resource, change: Change<'_>) -> Option<Bytes> {
        self.trail.as_ref()?.note(resource, change)
    }

    /// A write is committed, and its note with it.
    pub fn wrote(&self) {
        self.trail.iter().for_each(Trail::done);
    }

    pub fn namespace(&self) -> &str {
        if self.resource.namespaced { &self.path.namespace } else { "" }
    }
}

/// Answers any request; failures become `Status` bodies.
pub(crate) async fn handle(server: Arc<Server>, request: Request) -> Response {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let path = Path::parse(parts.uri.path());
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let verb = verb_of(&parts.method, &path, &query);
    let request_id = uuid::Uuid::new_v4().to_string();
    let writes = matches!(&path, Path::Resource(_))
        && !matches!(verb, "get" | "list" | "watch" | "head" | "options");
    let event = || audit_event(&request_id, (&path, verb), &parts);
    let mut trail = writes.then(|| Trail::new(event(), server.audit.clone()));
    let fallback = negotiate::accept(&parts.headers, false, false).unwrap_or(Accept::JSON);
    let mut response =
        match serve(&server, (parts, body), (path, query, verb), trail.as_mut()).await {
            Ok(response) => response,
            Err(failure) => respond::failure(&failure, fallback),
        };
    let code = response.status().as_u16();
    if let Some(trail) = trail {
        server.metrics.count(&trail.event.verb, &trail.event.resource, code, began.elapsed());
        let named = response.extensions().get().map(|respond::Named(name)| name.clone());
        if let Err(why) = trail.finish(code, named.as_deref()).await
            && code < 400
        {
            response = respond::failure(&Failure::new(503, "ServiceUnavailable", why), fallback);
        }
    } else {
        server.metrics.count(verb, "", code, began.elapsed());
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("audit-id", value);
    }
    response
}

type Address<'a> = (Path, Query, &'a str);

async fn serve(
    server: &Arc<Server>,
    (parts, body): (Parts, Body),
    (path, query, verb): Address<'_>,
    mut trail: Option<&mut Trail>,
) -> Result<Response, Failure> {
    let policy = server.policy.current().await?;
    let Identity { user, actor } = authn::identify(server, &policy, &parts).await?;
    if let Some(Trail { event, .. }) = trail.as_deref_mut() {
        event.user = actor.as_ref().unwrap_or(&user).username.clone();
        event.groups = actor.as_ref().unwrap_or(&user).groups.clone();
        event.impersonated_user = actor.is_some().then(|| user.username.clone());
        event.dry_run = query.get("dryRun") == Some("All");
    }
    let wanted = attributes(&path, &query, verb);
    if !policy.allows(&user, &wanted) {
        return Err(wanted.denied(&user));
    }
    let catalog = server.catalog().await?;
    match path {
        Path::Other(path) => discovery::serve(server, &catalog, &path, &parts, &query),
        Path::Resource(path) => {
            let (resource, verb) = route(&catalog, &path, &parts, verb)?;
            let watching = verb == Verb::Watch;
            let listing = path.name.is_empty() && parts.method == Method::GET || watching;
            let accept = negotiate::accept(&parts.headers, listing, watching)?;
            let accept = Accept { pretty: accept.pretty || wants_pretty(&parts, &query), ..accept };
            negotiate::check_shape(
                accept,
                &resource,
                matches!(verb, Verb::List | Verb::DeleteCollection),
            )?;
            check_table(accept, &query)?;
            let body = body::read(body).await?;
            let call = Call {
                server: server.clone(),
                catalog,
                resource,
                path,
                query,
                parts,
                verb,
                user,
                accept,
                body,
                trail: trail.cloned(),
            };
            let answer = verbs::dispatch(&call).await?;
            Ok(respond::answer(&call, answer))
        }
    }
}

fn check_table(accept: Accept, query: &Query) -> Result<(), Failure> {
    match query.get("includeObject") {
        Some(other)
            if accept.shape == Shape::Table
                && !matches!(other, "" | "None" | "Metadata" | "Object") =>
        {
            let why =
                format!("Invalid value: {other:?}: must be 'Metadata', 'Object', 'None', or empty");
            Err(Failure::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: {why}"
            )))
        }
        _ => Ok(()),
    }
}

/// Finds the resource and checks that it has the verb at this address.
fn route(
    catalog: &Arc<Catalog>,
    path: &ResourcePath,
    parts: &Parts,
    verb: &str,
) -> Result<(Arc<Resource>, Verb), Failure> {
    let Some(resource) = catalog.find(&path.group, &path.version, &path.resource) else {
        return Err(unknown(catalog, path));
    };
    // Only `/namespaces/x` itself has a namespace in its path; `/namespaces/x/namespaces`
    // would be all of them by the rights of one.
    let itself = resource.is("", "namespaces") && path.name == path.namespace;
    let in_namespace = !path.namespace.is_empty() && !itself;
    if in_namespace && !resource.namespaced || !path.rest.is_empty() {
        return Err(Failure::no_such_resource());
    }
    if resource.namespaced && path.namespace.is_empty() && !path.name.is_empty() {
        return Err(Failure::no_such_resource());
    }
    let served = if path.subresource.is_empty() {
        resource.verbs
    } else {
        resource.subresource(&path.subresource).ok_or_else(Failure::no_such_resource)?.verbs
    };
    if parts.method == Method::GET && !path.name.is_empty() {
        check_name(&path.name)?;
    }
    let verb =
        Verb::ALL.into_iter().find(|one| one.as_str() == verb).filter(|one| served.contains(*one));
    let verb = verb.ok_or_else(Failure::method_not_allowed)?;
    let everywhere = resource.namespaced && path.namespace.is_empty();
    let misplaced = match verb {
        Verb::Create => everywhere || path.subresource.is_empty() && !path.name.is_empty(),
        Verb::DeleteCollection => everywhere,
        Verb::Update | Verb::Patch | Verb::Delete => path.name.is_empty(),
        Verb::Get | Verb::List | Verb::Watch => false,
    };
    if misplaced { Err(Failure::method_not_allowed()) } else { Ok((resource.clone(), verb)) }
}

/// An unknown group is not even a `Status`: the marker is turned into plain text.
fn unknown(catalog: &Catalog, path: &ResourcePath) -> Failure {
    let known_group = catalog.group(&path.group);
    if known_group.is_some() { Failure::no_such_resource() } else { respond::page_not_found() }
}

fn check_name(name: &str) -> Result<(), Failure> {
    let why = match name {
        "." | ".." => format!("may not be '{name}'"),
        _ if name.contains('/') => "may not contain '/'".to_owned(),
        _ if name.contains('%') => "may not contain '%'".to_owned(),
        _ => return Ok(()),
    };
    Err(Failure::bad_request(format!("Name parameter invalid: {name:?}: {why}")))
}

/// The verb that RBAC knows for a request.
fn verb_of(method: &Method, path: &Path, query: &Query) -> &'static str {
    let Path::Resource(path) = path else {
        return match method.as_str() {
            "GET" => "get",
            "HEAD" => "head",
            "POST" => "post",
            "PUT" => "put",
            "PATCH" => "patch",
            "DELETE" => "delete",
            _ => "options",
        };
    };
    // Clients ask for WebSockets with GET. Who runs a command does more than read.
    if matches!(path.subresource.as_str(), "attach" | "exec" | "portforward") {
        return "create";
    }
    match method.as_str() {
        "GET" if path.watch => "watch",
        "GET" | "HEAD" if path.name.is_empty() && query.flag("watch") => "watch",
        "GET" if path.name.is_empty() => "list",
        "GET" => "get",
        "HEAD" => "head",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" if path.name.is_empty() => "deletecollection",
        "DELETE" => "delete",
        _ => "options",
    }
}

fn attributes<'a>(path: &'a Path, query: &'a Query, verb: &'a str) -> Attributes<'a> {
    match path {
        Path::Other(path) => Attributes { verb, path: Some(path), ..Attributes::default() },
        Path::Resource(path) => {
            let by_field =
                query.get("fieldSelector").and_then(|text| text.strip_prefix("metadata.name="));
            let by_field = by_field.filter(|name| {
                !name.contains([',', '=', '!'])
                    && matches!(verb, "list" | "watch" | "deletecollection")
            });
            Attributes {
                verb,
                group: &path.group,
                namespace: &path.namespace,
                resource: &path.resource,
                subresource: &path.subresource,
                name: if path.name.is_empty() { by_field.unwrap_or_default() } else { &path.name },
                path: None,
            }
        }
    }
}

fn audit_event(request_id: &str, (path, verb): (&Path, &str), parts: &Parts) -> AuditEvent {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let agent = parts.headers.get(http::header::USER_AGENT);
    let path = match path {
        Path::Resource(path) => path.clone(),
        Path::Other(_) => ResourcePath::default(),
    };
    AuditEvent {
        request_id: request_id.to_owned(),
        time: object::now(),
        user: UserInfo::anonymous().username,
        groups: Vec::new(),
        impersonated_user: None,
        source: peer.map(|peer| peer.0.ip().to_canonical().to_string()).unwrap_or_default(),
        user_agent: agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default().to_owned(),
        verb: verb.to_owned(),
        group: path.group,
        version: path.version,
        resource: path.resource,
        subresource: path.subresource,
        namespace: path.namespace,
        name: path.name,
        code: 0,
        dry_run: false,
    }
}

/// People with a browser or curl get indented JSON.
fn wants_pretty(parts: &Parts, query: &Query) -> bool {
    if let Some(given) = query.get("pretty") {
        return !matches!(given, "false" | "0");
    }
    let agent = parts
        .headers
        .get(http::header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    ["curl", "Wget", "Mozilla/5.0"].iter().any(|browser| agent.starts_with(browser))
}

/// An answer without a body of its own.
pub(crate) fn success(code: StatusCode) -> Answer {
    Answer::value(
        code.as_u16(),
        serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": code.as_u16()
        }),
    )
}
