//! Speaks to the engine, and puts what it says into our errors.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use bytes::Bytes;
use reqwest::Url;
use serde_json::Value;

use crate::error::{Error, Result};

/// Longer than a search may take there by default.
const TIMEOUT: Duration = Duration::from_secs(90);
const CONNECT: Duration = Duration::from_secs(5);

/// With what one comes in.
#[derive(Clone)]
pub enum Credentials {
    None,
    /// The whole value of `Authorization`, such as `ApiKey …` or `Bearer …`; without a
    /// scheme it is an API key.
    Token(String),
    Password {
        user: String,
        password: String,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Arc<Url>,
    credentials: Arc<Credentials>,
    about: Arc<OnceLock<About>>,
}

/// What the engine says of itself.
#[derive(Clone)]
pub struct About {
    pub version: String,
    pub is_opensearch: bool,
}

impl Client {
    pub fn new(url: &str, credentials: Credentials) -> Result<Client> {
        let bad = |reason: &str| Error::Setting(format!("{url:?} is no address: {reason}"));
        let base = Url::parse(url).map_err(|error| bad(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(bad("it does not begin with http:// or https://"));
        }
        if base.password().is_some() {
            return Err(Error::Setting(
                "a password belongs into --elasticsearch-password-file, not into the address"
                    .to_owned(),
            ));
        }
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| bad(&error.to_string()))?;
        let (base, credentials) = (Arc::new(base), Arc::new(credentials));
        Ok(Client { http, base, credentials, about: Arc::default() })
    }

    /// Asked once; an engine does not become another one.
    pub async fn about(&self) -> Result<About> {
        if let Some(about) = self.about.get() {
            return Ok(about.clone());
        }
        let answer = self.call(Method::GET, "/", &[], None).await?;
        let version = &answer["version"];
        let about = About {
            version: version["number"].as_str().unwrap_or("?").to_owned(),
            is_opensearch: version["distribution"] == "opensearch",
        };
        Ok(self.about.get_or_init(|| about).clone())
    }

    /// Whether it answers now.
    pub async fn ping(&self) -> Result<()> {
        self.call(Method::GET, "/", &[], None).await.map(drop)
    }

    /// `path` holds nothing that means something in an address.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        parameters: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value> {
        let request = self.request(method, path).query(parameters);
        self.send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// Lines of JSON, as `_bulk` takes them.
    pub async fn bulk(&self, lines: Bytes) -> Result<Value> {
        let request = self.request(Method::POST, "/_bulk");
        self.send(request.header(header::CONTENT_TYPE, "application/x-ndjson").body(lines)).await
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let mut url = Url::clone(&self.base);
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        let request = self.http.request(method, url);
        match &*self.credentials {
            Credentials::None => request,
            Credentials::Password { user, password } => request.basic_auth(user, Some(password)),
            Credentials::Token(token) if token.contains(' ') => {
                request.header(header::AUTHORIZATION, token)
            }
            Credentials::Token(token) => {
                request.header(header::AUTHORIZATION, format!("ApiKey {token}"))
            }
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        let unreachable = |error: reqwest::Error| Error::Unreachable(words(&error.without_url()));
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.bytes().await.map_err(unreachable)?;
        if status.is_success() {
            let answer: Value = serde_json::from_slice(&text)
                .map_err(|error| Error::Unreachable(format!("it answered no JSON: {error}")))?;
            return match answer.is_object() {
                true => Ok(answer),
                false => Err(Error::Unreachable("it answered what is no object".to_owned())),
            };
        }
        Err(refusal(status, &text))
    }
}

/// Credentials that it does not take are ours, not the caller's; where it sends us on to
/// is nobody's business. What it says of the question is the caller's to read.
fn refusal(status: StatusCode, text: &[u8]) -> Error {
    let answer: Value = serde_json::from_slice(text).unwrap_or_default();
    let error = &answer["error"];
    let cause = error["root_cause"].get(0).unwrap_or(error);
    let reason = [&cause["reason"], &error["reason"], error]
        .into_iter()
        .find_map(Value::as_str)
        .map_or_else(|| format!("it answered {status}"), str::to_owned);
    match status {
        StatusCode::TOO_MANY_REQUESTS => Error::Busy(reason),
        StatusCode::NOT_FOUND if cause["type"] == "search_context_missing_exception" => {
            Error::NoContext("of this search".to_owned())
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Error::Unreachable(format!("it does not take the credentials ({status})"))
        }
        status if status.is_client_error() => {
            let kind = cause["type"].as_str().unwrap_or("illegal_argument_exception").to_owned();
            Error::Refused { status: status.as_u16(), kind, reason }
        }
        _ => Error::Unreachable(reason),
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
