//! Speaks to the other Jaeger, and puts what it says into our errors.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{StatusCode, Url};
use serde_json::Value;

use crate::error::{Error, Result};

/// A search over days may take its time.
const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Arc<Url>,
    token: Option<Arc<str>>,
}

impl Client {
    pub fn new(url: &str, token: Option<&str>) -> Result<Client> {
        let base = address(url)?;
        let http = http(TIMEOUT)?;
        Ok(Client { http, base: Arc::new(base), token: token.map(Arc::from) })
    }

    /// What stands under `data` in the answer to `/api/<path>`.
    pub async fn get(&self, path: &[&str], pairs: &[(String, String)]) -> Result<Value> {
        let mut url = Url::clone(&self.base);
        url.path_segments_mut()
            .map_err(|()| Error::Setting("the address has no path".into()))?
            .pop_if_empty()
            .push("api")
            .extend(path);
        let request = self.http.get(url).query(pairs);
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let unreachable = |error: reqwest::Error| Error::Unreachable(words(&error.without_url()));
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.bytes().await.map_err(unreachable)?;
        let body: std::result::Result<Value, _> = serde_json::from_slice(&text);
        if status.is_success() {
            let mut body =
                body.map_err(|error| Error::Unreachable(format!("it answered no JSON: {error}")))?;
            return Ok(body.get_mut("data").map(Value::take).unwrap_or_default());
        }
        Err(refusal(status, &body.unwrap_or_default()))
    }
}

/// Credentials that it does not take are ours, not the caller's.
fn refusal(status: StatusCode, body: &Value) -> Error {
    let told = body["errors"][0]["msg"].as_str().map(str::to_owned);
    match status {
        StatusCode::NOT_FOUND => Error::NotFound,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Error::Unreachable(format!("it does not take the credentials ({status})"))
        }
        status if status.is_client_error() => {
            Error::BadRequest(told.unwrap_or_else(|| format!("it answered {status}")))
        }
        // Jaeger says so of a trace that it does not have, too.
        _ if told.as_deref().is_some_and(|told| told.contains("trace not found")) => {
            Error::NotFound
        }
        _ => Error::Unreachable(told.unwrap_or_else(|| format!("it answered {status}"))),
    }
}

pub fn address(url: &str) -> Result<Url> {
    let bad = |reason: &str| Error::Setting(format!("{url:?} is no address: {reason}"));
    let base = Url::parse(url).map_err(|error| bad(&error.to_string()))?;
    match matches!(base.scheme(), "http" | "https") {
        true => Ok(base),
        false => Err(bad("it does not begin with http:// or https://")),
    }
}

pub fn http(timeout: Duration) -> Result<reqwest::Client> {
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(CONNECT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| Error::Setting(error.to_string()))
}

/// The whole chain of what went wrong: the outermost words alone never say why.
pub fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut inner = error.source();
    while let Some(cause) = inner {
        words += &format!(": {cause}");
        inner = cause.source();
    }
    words
}
