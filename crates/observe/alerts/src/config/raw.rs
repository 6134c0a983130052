//! The words of the configuration: Alertmanager's own in the first document of the text,
//! what Alertmanager lacks in the second. Shapes only; `config` checks what they mean.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::language::Language;
use crate::duration::Length;
use crate::intervals::NamedIntervals;
use crate::secret::Secret;

/// The first document: Alertmanager's language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    #[serde(default)]
    pub global: Global,
    /// Files of Go templates, which are not evaluated here.
    #[serde(default)]
    pub templates: Vec<String>,
    pub route: Route,
    #[serde(default)]
    pub inhibit_rules: Vec<InhibitRule>,
    pub receivers: Vec<Receiver>,
    #[serde(default)]
    pub time_intervals: Vec<NamedIntervals>,
    /// The older name of `time_intervals`.
    #[serde(default)]
    pub mute_time_intervals: Vec<NamedIntervals>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Global {
    pub resolve_timeout: Option<Length>,
    pub smtp_from: Option<String>,
    pub smtp_smarthost: Option<String>,
    pub smtp_hello: Option<String>,
    pub smtp_auth_username: Option<String>,
    pub smtp_auth_password: Option<Secret>,
    pub smtp_auth_password_file: Option<PathBuf>,
    pub smtp_require_tls: Option<bool>,
    pub slack_api_url: Option<Secret>,
    pub slack_api_url_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub receiver: Option<String>,
    pub group_by: Option<Vec<String>>,
    #[serde(default)]
    pub matchers: Vec<String>,
    #[serde(default, rename = "match")]
    pub equal: BTreeMap<String, String>,
    #[serde(default, rename = "match_re")]
    pub like: BTreeMap<String, String>,
    #[serde(default, rename = "continue")]
    pub goes_on: bool,
    pub group_wait: Option<Length>,
    pub group_interval: Option<Length>,
    pub repeat_interval: Option<Length>,
    #[serde(default)]
    pub mute_time_intervals: Vec<String>,
    #[serde(default)]
    pub active_time_intervals: Vec<String>,
    #[serde(default)]
    pub routes: Vec<Route>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InhibitRule {
    #[serde(default)]
    pub source_matchers: Vec<String>,
    #[serde(default)]
    pub source_match: BTreeMap<String, String>,
    #[serde(default)]
    pub source_match_re: BTreeMap<String, String>,
    #[serde(default)]
    pub target_matchers: Vec<String>,
    #[serde(default)]
    pub target_match: BTreeMap<String, String>,
    #[serde(default)]
    pub target_match_re: BTreeMap<String, String>,
    #[serde(default)]
    pub equal: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    pub name: String,
    #[serde(default)]
    pub email_configs: Vec<Email>,
    #[serde(default)]
    pub webhook_configs: Vec<Webhook>,
    #[serde(default)]
    pub slack_configs: Vec<Slack>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    pub send_resolved: Option<bool>,
    /// One address, or several with commas.
    pub to: String,
    pub from: Option<String>,
    pub hello: Option<String>,
    /// `host:port`.
    pub smarthost: Option<String>,
    pub auth_username: Option<String>,
    pub auth_password: Option<Secret>,
    pub auth_password_file: Option<PathBuf>,
    pub require_tls: Option<bool>,
    #[serde(default)]
    pub tls_config: Tls,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    pub ca_file: Option<PathBuf>,
    pub server_name: Option<String>,
    #[serde(default)]
    pub insecure_skip_verify: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    pub send_resolved: Option<bool>,
    pub url: Option<Secret>,
    pub url_file: Option<PathBuf>,
    #[serde(default)]
    pub http_config: Http,
    /// At most so many alerts in a message; 0 means all.
    #[serde(default)]
    pub max_alerts: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub authorization: Option<Authorization>,
    pub basic_auth: Option<BasicAuth>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorization {
    #[serde(rename = "type")]
    pub scheme: Option<String>,
    pub credentials: Option<Secret>,
    pub credentials_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    pub username: String,
    pub password: Option<Secret>,
    pub password_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    pub send_resolved: Option<bool>,
    pub api_url: Option<Secret>,
    pub api_url_file: Option<PathBuf>,
    pub channel: Option<String>,
    pub username: Option<String>,
    pub icon_emoji: Option<String>,
    pub icon_url: Option<String>,
}

/// The second document: what Alertmanager's language has no words for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Of receivers that name none.
    #[serde(default)]
    pub language: Language,
    /// An IANA name; times in messages are told in it.
    pub time_zone: Option<String>,
    #[serde(default)]
    pub receivers: Vec<ReceiverExtension>,
    #[serde(default)]
    pub templates: Vec<Template>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiverExtension {
    /// Of a receiver in the first document.
    pub name: String,
    pub language: Option<Language>,
    /// Of one of `templates`.
    pub template: Option<String>,
    #[serde(default)]
    pub dingtalk_configs: Vec<Robot>,
    #[serde(default)]
    pub wecom_configs: Vec<Robot>,
    #[serde(default)]
    pub feishu_configs: Vec<Robot>,
}

/// A group robot of a chat service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Robot {
    pub send_resolved: Option<bool>,
    /// The whole webhook address, with its token or key.
    pub url: Option<Secret>,
    pub url_file: Option<PathBuf>,
    /// Messages are signed with it; WeCom has none.
    pub secret: Option<Secret>,
    pub secret_file: Option<PathBuf>,
}

/// A custom template; what is left out is the language's default.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    pub name: String,
    pub title: Option<String>,
    pub alert: Option<String>,
}
