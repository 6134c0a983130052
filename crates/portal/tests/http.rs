//! The portal over HTTP, as a browser, a program and a stranger.

#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::routing::get;
use dais_identity::{ADMIN_USER, Caller, Identity, NewUser, Options, Secret};
use dais_portal::{Config, Info, Portal};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

struct Fixture {
    router: Router,
    identity: Identity,
    admin_password: String,
    _folder: tempfile::TempDir,
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let opened = Identity::open(Options::in_dir(folder.path())).await.unwrap();
    let info = Info { version: "1.2.3".to_owned(), ..Info::default() };
    let portal = Portal::new(Config {
        identity: opened.identity.clone(),
        info,
        projects: None,
        secure_cookies: false,
        described: Vec::new(),
    });
    // What another part of the program sees of the caller.
    let whoami = async |caller: Option<axum::Extension<Caller>>| match caller {
        Some(axum::Extension(caller)) => caller.user,
        None => "nobody".to_owned(),
    };
    let router = Router::new().route("/other", get(whoami).post(whoami)).merge(portal.router());
    Fixture {
        router: portal.protect(router),
        identity: opened.identity,
        admin_password: opened.admin_password.unwrap().expose().to_owned(),
        _folder: folder,
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// The cookie to send back.
    fn cookie(&self) -> String {
        let cookie = self.headers[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

/// Somebody with some headers.
#[derive(Clone, Default)]
struct Client(Vec<(String, String)>);

impl Client {
    fn with(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(present, _)| present != name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    async fn send(&self, fixture: &Fixture, method: Method, path: &str, body: Value) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "dais:8080");
        for (name, value) in &self.0 {
            request = request.header(name, value);
        }
        let body = match body {
            Value::Null => Body::empty(),
            body => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
        };
        let request = request.body(body).unwrap();
        let response = fixture.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn get(&self, fixture: &Fixture, path: &str) -> Answer {
        self.send(fixture, Method::GET, path, Value::Null).await
    }

    async fn post(&self, fixture: &Fixture, path: &str, body: Value) -> Answer {
        self.send(fixture, Method::POST, path, body).await
    }
}

/// A browser that has signed in, with the CSRF token at hand.
async fn browser(fixture: &Fixture, user: &str, password: &str) -> Client {
    let sign_in = json!({"user": user, "password": password});
    let answer = Client::default().post(fixture, "/api/session", sign_in).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let csrf = answer.json()["csrf"].as_str().unwrap().to_owned();
    Client::default().with("cookie", &answer.cookie()).with("x-dais-csrf", &csrf)
}

async fn admin(fixture: &Fixture) -> Client {
    browser(fixture, ADMIN_USER, &fixture.admin_password).await
}

async fn ann(fixture: &Fixture) -> Client {
    let password = Some(Secret::new("correct horse"));
    let new = NewUser { name: "ann".to_owned(), password, groups: vec!["vision".to_owned()] };
    fixture.identity.create_user(new).await.unwrap();
    browser(fixture, "ann", "correct horse").await
}

#[tokio::test]
async fn signing_in_gives_a_session_and_signing_out_ends_it() {
    let fixture = fixture().await;
    let sign_in = json!({"user": ADMIN_USER, "password": fixture.admin_password});
    let answer = Client::default().post(&fixture, "/api/session", sign_in).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    for part in ["dais_session=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let browser = admin(&fixture).await;
    let session = browser.get(&fixture, "/api/session").await.json();
    assert_eq!(session["user"], ADMIN_USER);
    assert_eq!(session["admin"], true);
    assert_eq!(session["groups"], json!(["dais:admins", "system:authenticated"]));
    assert_eq!(browser.get(&fixture, "/other").await.body, ADMIN_USER);

    let out = browser.send(&fixture, Method::DELETE, "/api/session", Value::Null).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(browser.get(&fixture, "/api/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.get(&fixture, "/other").await.body, "nobody");
}

#[tokio::test]
async fn a_refused_sign_in_says_no_more_than_that() {
    let fixture = fixture().await;
    let mut bodies = Vec::new();
    for user in [ADMIN_USER, "nobody"] {
        let wrong = json!({"user": user, "password": "wrong wrong"});
        let answer = Client::default().post(&fixture, "/api/session", wrong).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(!answer.headers.contains_key(header::SET_COOKIE));
        bodies.push(answer.body);
    }
    assert_eq!(bodies[0], bodies[1]);
    for _ in 0..5 {
        let wrong = json!({"user": ADMIN_USER, "password": "wrong wrong"});
        Client::default().post(&fixture, "/api/session", wrong).await;
    }
    let right = json!({"user": ADMIN_USER, "password": fixture.admin_password});
    let throttled = Client::default().post(&fixture, "/api/session", right).await;
    assert_eq!(throttled.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(throttled.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn a_write_needs_the_csrf_token_and_our_own_page() {
    let fixture = fixture().await;
    let browser = admin(&fixture).await;
    let new = || json!({"name": "bob", "password": "correct horse"});
    for (client, field) in [
        (browser.clone().with("x-dais-csrf", ""), "X-Dais-Csrf"),
        (browser.clone().with("x-dais-csrf", "guess"), "X-Dais-Csrf"),
        (browser.clone().with("origin", "http://evil.example"), "Origin"),
        (browser.clone().with("origin", "null"), "Origin"),
    ] {
        for path in ["/api/users", "/other"] {
            let answer = client.post(&fixture, path, new()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN);
            assert_eq!(answer.json()["error"]["field"], field);
        }
        let socket = client.with("upgrade", "websocket").get(&fixture, "/other").await;
        assert_eq!(socket.status == StatusCode::FORBIDDEN, field == "Origin");
    }
    let ours = browser.with("origin", "http://dais:8080");
    assert_eq!(ours.post(&fixture, "/api/users", new()).await.status, StatusCode::CREATED);
    // Nobody is signed in to somebody else's account from a foreign page either.
    let sign_in = json!({"user": "bob", "password": "correct horse"});
    let foreign = Client::default().with("origin", "http://evil.example");
    let answer = foreign.post(&fixture, "/api/session", sign_in).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_sign_in_link_opens_the_pages_once() {
    let fixture = fixture().await;
    let link = admin(&fixture).await.post(&fixture, "/api/users/admin/link", Value::Null).await;
    let path = link.json()["path"].as_str().unwrap().to_owned();
    let first = Client::default().get(&fixture, &path).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    assert_eq!(first.headers[header::LOCATION], "/");
    let signed_in = Client::default().with("cookie", &first.cookie());
    assert_eq!(signed_in.get(&fixture, "/api/session").await.json()["user"], ADMIN_USER);

    let again = Client::default().get(&fixture, &path).await;
    assert_eq!(again.status, StatusCode::GONE);
    let page = Client::default().with("accept", "text/html").get(&fixture, &path).await;
    assert_eq!(page.headers[header::LOCATION], "/sign-in?link=spent");
}

#[tokio::test]
async fn a_program_uses_a_token_instead() {
    let fixture = fixture().await;
    let browser = ann(&fixture).await;
    let made = browser.post(&fixture, "/api/tokens", json!({"name": "ci", "days": 30})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let made = made.json();
    let token = made["token"].as_str().unwrap();
    let program = Client::default().with("authorization", &format!("Bearer {token}"));
    assert_eq!(program.post(&fixture, "/other", Value::Null).await.body, "ann");
    let listed = program.get(&fixture, "/api/tokens").await;
    assert!(!listed.body.contains(token));
    assert_eq!(listed.json()["tokens"][0]["name"], "ci");

    let path = format!("/api/tokens/{}", made["id"].as_str().unwrap());
    let stranger = admin(&fixture).await;
    let others = stranger.send(&fixture, Method::DELETE, &path, Value::Null).await;
    assert_eq!(others.status, StatusCode::NOT_FOUND);
    let revoked = browser.send(&fixture, Method::DELETE, &path, Value::Null).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    let refused = program.get(&fixture, "/other").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.json()["kind"], "Status");
    assert_eq!(refused.json()["error"]["field"], "Authorization");
}

#[tokio::test]
async fn administrators_keep_the_accounts() {
    let fixture = fixture().await;
    let admin = admin(&fixture).await;
    let made = admin.post(&fixture, "/api/users", json!({"name": "bob", "groups": ["x"]})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let password = made.json()["password"].as_str().unwrap().to_owned();
    let bob = browser(&fixture, "bob", &password).await;

    let groups = json!({"groups": ["dais:admins"]});
    let set = admin.send(&fixture, Method::PUT, "/api/users/bob/groups", groups).await;
    assert_eq!(set.json()["admin"], true);
    let names = bob.get(&fixture, "/api/users").await.json();
    assert_eq!(names["users"][1]["name"], "bob");
    let reset = bob.post(&fixture, "/api/users/bob/password", json!({})).await;
    browser(&fixture, "bob", reset.json()["password"].as_str().unwrap()).await;
    assert_eq!(bob.get(&fixture, "/api/session").await.status, StatusCode::UNAUTHORIZED);

    for (body, field) in [
        (json!({"name": "B B"}), "name"),
        (json!({"name": "c", "password": "short"}), "password"),
        (json!({"name": "c", "groups": ["system:masters"]}), "groups"),
    ] {
        let answer = admin.post(&fixture, "/api/users", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        let error = &answer.json()["error"];
        assert_eq!(error["field"], field);
        assert!(error["reason"].is_string() && error["hint"].is_string());
    }
    let gone = admin.send(&fixture, Method::DELETE, "/api/users/bob", Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let last = admin.send(&fixture, Method::DELETE, "/api/users/admin", Value::Null).await;
    assert_eq!(last.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn everybody_keeps_their_own_password_and_language() {
    let fixture = fixture().await;
    let ann = ann(&fixture).await;
    let change = |current: &str, new: &str| json!({"current": current, "new": new});
    for (body, field) in
        [(change("wrong", "battery staple"), "current"), (change("correct horse", "short"), "new")]
    {
        let answer = ann.post(&fixture, "/api/account/password", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.json()["error"]["field"], field);
    }
    let change = change("correct horse", "battery staple");
    let done = ann.post(&fixture, "/api/account/password", change).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    ann.post(&fixture, "/api/account/language", json!({"language": "zh-CN"})).await;
    assert_eq!(ann.get(&fixture, "/api/session").await.json()["language"], "zh-CN");
    browser(&fixture, "ann", "battery staple").await;
}

#[tokio::test]
async fn what_is_done_is_on_record() {
    let fixture = fixture().await;
    let admin = admin(&fixture).await;
    ann(&fixture).await;
    admin.post(&fixture, "/api/users/ann/password", json!({"password": "battery staple"})).await;
    let wrong = json!({"user": "ann", "password": "wrong wrong"});
    Client::default().post(&fixture, "/api/session", wrong).await;

    let page = admin.get(&fixture, "/api/audit?limit=2").await.json();
    let summary = |item: &Value| {
        ["user", "verb", "resource", "name", "via"]
            .map(|key| item[key].as_str().unwrap().to_owned())
    };
    assert_eq!(summary(&page["items"][0]), ["ann", "create", "session", "", ""]);
    assert_eq!(page["items"][0]["code"], 401);
    assert_eq!(summary(&page["items"][1]), ["admin", "create", "users/password", "ann", "session"]);
    assert!(!page.to_string().contains("battery"));
    let next = page["next"].as_str().unwrap();
    let next = admin.get(&fixture, &format!("/api/audit?before={next}&user=admin")).await.json();
    assert_eq!(next["items"].as_array().unwrap().len(), 1);
    for (query, field) in [("since=yesterday", "since"), ("limit=0", "limit")] {
        let answer = admin.get(&fixture, &format!("/api/audit?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.json()["error"]["field"], field);
    }
    let unknown = admin.get(&fixture, "/api/audit?colour=red").await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_record_says_what_changed_and_can_be_taken_away_as_a_file() {
    let fixture = fixture().await;
    let admin = admin(&fixture).await;
    let ann = ann(&fixture).await;
    let groups = json!({"groups": ["=team"]});
    admin.send(&fixture, Method::PUT, "/api/users/ann/groups", groups).await;
    let made = ann.post(&fixture, "/api/tokens", json!({"name": "laptop"})).await.json();

    let found = admin.get(&fixture, "/api/audit?text=TEAM&user=admin").await.json();
    assert_eq!(
        found["items"][0]["changes"],
        json!([{"path": "groups[0]", "old": "vision", "new": "=team"}])
    );
    let mine = ann.get(&fixture, "/api/audit").await.json();
    let users: Vec<_> = mine["items"].as_array().unwrap().iter().map(|one| &one["user"]).collect();
    assert!(!users.is_empty() && users.iter().all(|user| *user == "ann"), "{users:?}");

    let lines = ann.get(&fixture, "/api/audit/export/jsonl").await;
    let first: Value = serde_json::from_str(lines.body.lines().next().unwrap()).unwrap();
    assert_eq!(first["resource"], "tokens");
    assert_eq!(first["name"], "laptop");
    assert!(!lines.body.contains(made["token"].as_str().unwrap()));
    let file = admin.get(&fixture, "/api/audit/export/csv?user=admin").await;
    assert_eq!(file.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let rows = file.body.lines().count();
    let all = admin.get(&fixture, "/api/audit?user=admin&limit=1000").await.json();
    assert_eq!(rows, 1 + all["items"].as_array().unwrap().len());
    let unknown = admin.get(&fixture, "/api/audit/export/xml").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_keep_their_settings_with_the_account() {
    let fixture = fixture().await;
    let (admin, ann) = (admin(&fixture).await, ann(&fixture).await);
    let path = "/api/account/settings";
    assert_eq!(ann.get(&fixture, path).await.json(), json!({}));
    let kept = json!({"searches": [{"name": "errors", "query": "level:error"}]});
    let put = ann.send(&fixture, Method::PUT, path, kept.clone()).await;
    assert_eq!(put.status, StatusCode::NO_CONTENT);
    assert_eq!(ann.get(&fixture, path).await.json(), kept);
    assert_eq!(admin.get(&fixture, path).await.json(), json!({}), "everybody has their own");
    let large = json!({"searches": "x".repeat(65 * 1024)});
    let refused = ann.send(&fixture, Method::PUT, path, large).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["error"]["field"], "settings");
    let list = ann.send(&fixture, Method::PUT, path, json!([])).await;
    assert_eq!(list.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn bad_requests_are_answered_in_words() {
    let fixture = fixture().await;
    let admin = admin(&fixture).await;
    for (method, path, body, status) in [
        (Method::POST, "/api/users", json!({"nam": "x"}), StatusCode::UNPROCESSABLE_ENTITY),
        (Method::POST, "/api/users", json!([]), StatusCode::UNPROCESSABLE_ENTITY),
        (Method::POST, "/api/users", Value::Null, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Method::POST, "/api/tokens", json!({"name": "x", "days": 0}), StatusCode::BAD_REQUEST),
        (Method::GET, "/api/nowhere", Value::Null, StatusCode::NOT_FOUND),
        (Method::PATCH, "/api/session", json!({}), StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, "/api/login", Value::Null, StatusCode::BAD_REQUEST),
    ] {
        let answer = admin.send(&fixture, method, path, body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        let error = &answer.json()["error"];
        assert!(error["reason"].is_string() && error["hint"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn other_answers_can_do_nothing_as_pages() {
    let fixture = fixture().await;
    let headers = Client::default().get(&fixture, "/other").await.headers;
    assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("sandbox"));
    assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(headers[header::REFERRER_POLICY], "same-origin");
}

/// Who may call what: every documented operation has a row.
const ACCESS: &[(&str, &str, Who)] = &[
    ("get", "/api/session", Who::SignedIn),
    ("post", "/api/session", Who::Anybody),
    ("delete", "/api/session", Who::Anybody),
    ("get", "/api/login", Who::Anybody),
    ("post", "/api/account/password", Who::SignedIn),
    ("post", "/api/account/language", Who::SignedIn),
    ("get", "/api/tokens", Who::SignedIn),
    ("post", "/api/tokens", Who::SignedIn),
    ("delete", "/api/tokens/{id}", Who::SignedIn),
    ("get", "/api/users", Who::Admin),
    ("post", "/api/users", Who::Admin),
    ("delete", "/api/users/{name}", Who::Admin),
    ("put", "/api/users/{name}/groups", Who::Admin),
    ("post", "/api/users/{name}/password", Who::Admin),
    ("post", "/api/users/{name}/link", Who::Admin),
    ("get", "/api/audit", Who::SignedIn),
    ("get", "/api/audit/export/{format}", Who::SignedIn),
    ("get", "/api/account/settings", Who::SignedIn),
    ("put", "/api/account/settings", Who::SignedIn),
    ("get", "/api/info", Who::Anybody),
];

#[derive(Clone, Copy, PartialEq)]
enum Who {
    Anybody,
    SignedIn,
    Admin,
}

#[tokio::test]
async fn every_operation_is_for_whom_the_table_says() {
    let fixture = fixture().await;
    let document = Client::default().get(&fixture, "/api/openapi.json").await.json();
    let mut documented = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let methods = operations.as_object().unwrap().keys();
        documented.extend(methods.map(|method| (method.clone(), path.clone())));
    }
    let mut rows: Vec<_> =
        ACCESS.iter().map(|(method, path, _)| (method.to_string(), path.to_string())).collect();
    documented.sort();
    rows.sort();
    assert_eq!(documented, rows);

    let ann = ann(&fixture).await;
    for &(method, path, who) in ACCESS {
        let path = path.replace("{id}", "x").replace("{name}", "x").replace("{format}", "csv");
        let method: Method = method.to_uppercase().parse().unwrap();
        let send = async |client: &Client| {
            client.send(&fixture, method.clone(), &path, Value::Null).await.status
        };
        let stranger = send(&Client::default()).await;
        assert_eq!(stranger == StatusCode::UNAUTHORIZED, who != Who::Anybody, "{method} {path}");
        if path != "/api/session" {
            let person = send(&ann).await;
            assert_eq!(person == StatusCode::FORBIDDEN, who == Who::Admin, "{method} {path}");
        }
    }
}
