//! People's browsers on the tenants' origin: how a portal session opens one application's
//! address without ever being shown to it.
//!
//! ```text
//! 8081 /app/p/web/            no cookie ─▶ 8080 /api/visit?to=/app/p/web/
//! 8080 /api/visit             session   ─▶ 8081 /app/p/web/?dais-visit=CODE   (once, 30 s)
//! 8081 /app/p/web/?dais-visit cookie for /app/p/web alone ─▶ /app/p/web/
//! ```
//!
//! The cookie opens one route, is good while the portal session is, and the gateway takes it
//! out of what it passes on. All of it is in memory: after a restart a browser takes the same
//! three steps again, unseen.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Extension, Query, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use dais_gateway::{Asked, VISIT_COOKIE, opens_page};
use dais_identity::{Caller, Identity, Secret, Session};
use dais_portal::BrowserSession;
use http::{HeaderMap, Method, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Handle;

/// The parameter that carries a code.
const CODE: &str = "dais-visit";
/// From the portal's answer to the browser's next request.
const CODE_LIVES: Duration = Duration::from_secs(30);
const VISIT_LIVES: Duration = Duration::from_secs(12 * 3600);
/// A session that was ended opens nothing after this long.
const SESSION_KNOWN: Duration = Duration::from_secs(15);
/// The oldest are let go above this many.
const MOST: usize = 10_000;

/// Clones share it.
#[derive(Clone)]
pub struct Visits(Arc<Inner>);

struct Inner {
    identity: Identity,
    /// Sessions are read there: the gateway's own threads are for requests alone.
    platform: Handle,
    portal_port: u16,
    serve_port: u16,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    codes: HashMap<String, Code>,
    visits: HashMap<String, Visit>,
}

struct Code {
    session: Secret,
    path: String,
    until: Instant,
}

#[derive(Clone)]
struct Visit {
    session: Secret,
    /// The prefix of the one route that it opens.
    route: String,
    until: Instant,
    caller: Arc<Caller>,
    checked: Instant,
}

/// Where a browser is sent, and with which cookie.
pub struct Step {
    pub to: String,
    pub cookie: Option<String>,
}

impl Visits {
    /// Call it on the platform's runtime.
    pub fn new(identity: Identity, portal_port: u16, serve_port: u16) -> Self {
        let (platform, known) = (Handle::current(), Mutex::default());
        Self(Arc::new(Inner { identity, platform, portal_port, serve_port, known }))
    }

    /// `None` when it is over, or the platform is.
    async fn session(&self, key: &Secret) -> dais_identity::Result<Option<Session>> {
        let (identity, key) = (self.0.identity.clone(), key.clone());
        let found = self.0.platform.spawn(async move { identity.session(&key).await });
        found.await.unwrap_or(Ok(None))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose browser it is, by its cookie for this route. A write, or a WebSocket, from a
    /// page of another address is nobody's.
    ///
    /// # Errors
    /// When sessions cannot be read.
    pub async fn caller(&self, asked: &Asked<'_>) -> dais_identity::Result<Option<Arc<Caller>>> {
        let changes = !asked.method.is_safe() || asked.headers.contains_key(header::UPGRADE);
        if changes && !is_same_origin(asked.headers) {
            return Ok(None);
        }
        // A code is taken out of the address before anything is passed on.
        if asked.uri.query().is_some_and(|query| query.contains(CODE)) {
            return Ok(None);
        }
        for key in cookies(asked.headers) {
            let visit = self.known().visits.get(key).cloned();
            let Some(visit) = visit.filter(|visit| visit.route == asked.route) else { continue };
            if visit.until < Instant::now() {
                continue;
            }
            if visit.checked.elapsed() < SESSION_KNOWN {
                return Ok(Some(visit.caller));
            }
            let session = self.session(&visit.session).await?;
            let mut known = self.known();
            let Some(session) = session else {
                known.visits.remove(key);
                continue;
            };
            let caller = Arc::new(session.caller);
            if let Some(visit) = known.visits.get_mut(key) {
                (visit.caller, visit.checked) = (caller.clone(), Instant::now());
            }
            return Ok(Some(caller));
        }
        Ok(None)
    }

    /// Where a browser goes that shows no cookie; `None` for programs, which get a refusal.
    ///
    /// # Errors
    /// When sessions cannot be read.
    pub async fn step(&self, asked: &Asked<'_>) -> dais_identity::Result<Option<Step>> {
        if *asked.method != Method::GET || !opens_page(asked.headers) {
            return Ok(None);
        }
        let path = asked.uri.path_and_query().map_or("/", |path| path.as_str());
        let (path, code) = without_code(path);
        if let Some(code) = code
            && let Some(step) = self.redeem(code, &path, asked.route).await?
        {
            return Ok(Some(step));
        }
        let Some(host) = host_at(asked.headers, self.0.serve_port) else { return Ok(None) };
        let query =
            form_urlencoded::Serializer::new(String::new()).append_pair("to", &path).finish();
        let to = format!("http://{host}:{}/api/visit?{query}", self.0.portal_port);
        Ok(Some(Step { to, cookie: None }))
    }

    async fn redeem(
        &self,
        code: String,
        path: &str,
        route: &str,
    ) -> dais_identity::Result<Option<Step>> {
        let code = self.known().codes.remove(&code);
        let code = code.filter(|code| code.until > Instant::now() && code.path == path);
        let Some(code) = code else { return Ok(None) };
        let Some(session) = self.session(&code.session).await? else {
            return Ok(None);
        };
        let key = Secret::random("")?;
        let now = Instant::now();
        let visit = Visit {
            session: code.session,
            route: route.to_owned(),
            until: now + VISIT_LIVES,
            caller: Arc::new(session.caller),
            checked: now,
        };
        let mut known = self.known();
        make_room(&mut known.visits, now, |visit| visit.until);
        known.visits.insert(key.expose().to_owned(), visit);
        let cookie = format!(
            "{VISIT_COOKIE}={}; Path={route}; HttpOnly; SameSite=Lax; Max-Age={}",
            key.expose(),
            VISIT_LIVES.as_secs()
        );
        Ok(Some(Step { to: path.to_owned(), cookie: Some(cookie) }))
    }

    /// `GET /api/visit?to=PATH`: the portal's part.
    pub fn router(&self) -> Router {
        Router::new().route("/api/visit", get(visit)).with_state(self.clone())
    }
}

#[derive(Deserialize)]
struct Wanted {
    to: String,
}

async fn visit(
    State(visits): State<Visits>,
    session: Option<Extension<BrowserSession>>,
    Query(wanted): Query<Wanted>,
    request: Request,
) -> Response {
    // On the tenants' origin and nowhere else.
    let is_path = wanted.to.starts_with('/') && !wanted.to.starts_with("//");
    let host = host_at(request.headers(), visits.0.portal_port);
    let (true, Some(host)) = (is_path, host) else {
        let error = json!({"error": {
            "field": "to", "reason": "not a path of what tenants serve",
            "hint": "open the application's own address; it leads here and back",
        }});
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    };
    let Some(Extension(session)) = session else {
        let here = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let next =
            form_urlencoded::Serializer::new(String::new()).append_pair("next", here).finish();
        return Redirect::to(&format!("/sign-in?{next}")).into_response();
    };
    let Ok(code) = Secret::random("") else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let (path, _) = without_code(&wanted.to);
    let now = Instant::now();
    let mut known = visits.known();
    make_room(&mut known.codes, now, |code| code.until);
    let offered = Code { session: session.key, path: path.clone(), until: now + CODE_LIVES };
    known.codes.insert(code.expose().to_owned(), offered);
    let joint = if path.contains('?') { '&' } else { '?' };
    let port = visits.0.serve_port;
    Redirect::to(&format!("http://{host}:{port}{path}{joint}{CODE}={}", code.expose()))
        .into_response()
}

/// Lets go of what is over, and of what ends first where there is too much.
fn make_room<T>(all: &mut HashMap<String, T>, now: Instant, until: impl Fn(&T) -> Instant) {
    all.retain(|_, one| until(one) > now);
    while all.len() >= MOST {
        let first = all.iter().min_by_key(|(_, one)| until(one)).map(|(key, _)| key.clone());
        all.remove(&first.unwrap_or_default());
    }
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs =
        values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == VISIT_COOKIE).map(|(_, value)| value)
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let page =
        text(header::ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, page)| page);
    page.is_some() && page == text(header::HOST)
}

/// The name by which the browser reached this machine, where it came to our port itself.
fn host_at(headers: &HeaderMap, port: u16) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let (name, given) = host.rsplit_once(':')?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || "-._[]:".contains(c));
    (is_name && given.parse() == Ok(port)).then(|| name.to_owned())
}

/// A path without the code, and the code.
fn without_code(path: &str) -> (String, Option<String>) {
    let Some((path, query)) = path.split_once('?') else { return (path.to_owned(), None) };
    let prefix = format!("{CODE}=");
    let code = query.split('&').find_map(|pair| pair.strip_prefix(&prefix)).map(str::to_owned);
    let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with(&prefix)).collect();
    let query = rest.join("&");
    (if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_out_of_the_address() {
        for (path, rest, code) in [
            ("/a", "/a", None),
            ("/a?x=1", "/a?x=1", None),
            ("/a?dais-visit=c", "/a", Some("c")),
            ("/a?x=1&dais-visit=c&y", "/a?x=1&y", Some("c")),
        ] {
            assert_eq!(without_code(path), (rest.to_owned(), code.map(str::to_owned)), "{path}");
        }
    }

    #[test]
    fn only_who_came_to_our_port_is_sent_to_another() {
        let of = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            host_at(&headers, 8081)
        };
        assert_eq!(of("127.0.0.1:8081").as_deref(), Some("127.0.0.1"));
        assert_eq!(of("[::1]:8081").as_deref(), Some("[::1]"));
        for other in ["dais.example", "127.0.0.1:8080", "a@b:8081", "a/b:8081"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn a_page_of_another_address_writes_nothing() {
        let of = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "127.0.0.1:8081".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            is_same_origin(&headers)
        };
        assert!(of(Some("http://127.0.0.1:8081")));
        assert!(!of(Some("http://127.0.0.1:8080")) && !of(Some("null")) && !of(None));
    }
}
