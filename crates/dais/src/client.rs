//! The command line's way to a running platform: its address, a token, and HTTP.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use kube::Client;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::Target;
use crate::language::say;
use crate::platform::datadir::{DataDir, default_root};

/// What `dais up` leaves for the command line on the same machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientFile {
    pub url: String,
    /// Origin of what tenants serve.
    pub serve_url: String,
    pub token: String,
}

/// Name of [`ClientFile`] in the data directory.
pub const CLIENT_FILE: &str = "client.json";

/// A platform that answers, and who asks.
#[derive(Clone)]
pub struct Connection {
    pub url: String,
    pub serve_url: Option<String>,
    token: String,
    http: reqwest::Client,
}

impl Connection {
    /// From `--url` and `--token`, else from the data directory of this machine.
    pub fn open(target: &Target) -> Result<Self> {
        let (url, serve_url, token) = match (&target.url, &target.token) {
            (Some(url), Some(token)) => (url.clone(), None, token.clone()),
            (Some(_), None) => bail!(
                "{}",
                say(
                    "--url needs --token (or DAIS_TOKEN); the portal's account page makes tokens",
                    "--url 需要同时给出 --token（或 DAIS_TOKEN）；可在门户的账号页创建令牌",
                )
            ),
            (None, _) => {
                let file = local(target)?;
                let token = target.token.clone().unwrap_or(file.token);
                (file.url, Some(file.serve_url), token)
            }
        };
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .build()
            .context("preparing HTTP")?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), serve_url, token, http })
    }

    /// The Kubernetes API as the token's holder.
    pub fn kube(&self, project: &str) -> Result<Client> {
        let uri = format!("{}/k8s", self.url).parse().context("the platform's address")?;
        let mut config = kube::Config::new(uri);
        config.default_namespace = project.to_owned();
        config.auth_info.token = Some(self.token.clone().into());
        Client::try_from(config).context("preparing the Kubernetes client")
    }

    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        answer(self.request(reqwest::Method::GET, path)).await
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T> {
        answer(self.request(reqwest::Method::POST, path).json(body)).await
    }
}

fn local(target: &Target) -> Result<ClientFile> {
    let data = DataDir::new(target.data_dir.as_deref())?;
    let path = data.file(CLIENT_FILE);
    let text = fs::read_to_string(&path).with_context(|| {
        let shown = path.display();
        match default_root() {
            Ok(_) => format!(
                "no platform is known on this machine ({shown} cannot be read); start one with \
                 `dais up`, or name one with --url and --token"
            ),
            Err(_) => format!("reading {shown}"),
        }
    })?;
    serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))
}

/// Sends, and turns an error answer of any of our parts into words.
pub async fn answer<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T> {
    let response = send(request).await?;
    response.json().await.context("reading the platform's answer")
}

pub async fn send(request: reqwest::RequestBuilder) -> Result<reqwest::Response> {
    checked(request.send().await.map_err(unreachable)?).await
}

/// Turns an error answer of any of our parts into words.
pub async fn checked(response: reqwest::Response) -> Result<reqwest::Response> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = response.text().await.unwrap_or_default();
    bail!("{}", words(status.as_u16(), &text))
}

fn unreachable(error: reqwest::Error) -> anyhow::Error {
    let hint = say(
        "the platform does not answer; is it running? (`dais status`)",
        "平台没有应答；它在运行吗？（`dais status`）",
    );
    if error.is_connect() { anyhow::Error::new(error).context(hint) } else { error.into() }
}

/// Kubernetes says `message`, the portal and the gateway `error.reason` and
/// `error.hint`, MLflow `error_code` and `message`.
fn words(status: u16, text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let nested = &value["error"];
    let reason = [&nested["reason"], &value["message"], nested]
        .into_iter()
        .find_map(Value::as_str)
        .unwrap_or(text)
        .trim();
    let hint = nested["hint"].as_str().map_or(String::new(), |hint| format!("; {hint}"));
    format!("{reason}{hint} (HTTP {status})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parts_errors_become_words() {
        assert_eq!(
            words(404, r#"{"kind":"Status","message":"not found"}"#),
            "not found (HTTP 404)"
        );
        let ours = r#"{"error":{"field":"name","reason":"taken","hint":"choose another"}}"#;
        assert_eq!(words(409, ours), "taken; choose another (HTTP 409)");
        assert_eq!(words(502, "bad gateway"), "bad gateway (HTTP 502)");
    }
}
