//! Taking a message to its receiver, once: what is sent, and what the receiver said.
//!
//! Each service has a file with its shape, its limits and its words for success. None of
//! them follows redirects, and each answer is read up to a bound.

mod answer;
mod email;
mod post;
mod robots;
mod signature;
mod slack;
mod webhook;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::config::Config;
use crate::config::receiver::{Channel, Integration, Receiver};
use crate::error::{Error, Result};
use crate::message::Message;
use crate::secret::Secret;
use crate::template::{Format, Style, Words};

/// From connecting to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What came of one try.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// `receiver/kind[number]`.
    pub integration: String,
    pub verdict: Verdict,
    /// The status of HTTP or SMTP, where there was an answer.
    pub status: Option<u16>,
    /// The service's own code in the body, such as DingTalk's `errcode`.
    pub code: Option<i64>,
    /// What the receiver said, up to a bound; or why it could not be asked.
    pub answer: String,
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub took: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Delivered,
    /// The next try may go better.
    Retry,
    /// The same message will not be taken, however often it is sent.
    Refused,
}

fn seconds<S: Serializer>(took: &Duration, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_f64(took.as_secs_f64())
}

/// What a receiver made of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub verdict: Verdict,
    pub status: Option<u16>,
    pub code: Option<i64>,
    pub answer: String,
}

impl Outcome {
    /// No answer came, and there is reason to ask again.
    fn unreachable(reason: impl Into<String>) -> Self {
        Outcome { verdict: Verdict::Retry, status: None, code: None, answer: reason.into() }
    }

    /// What was to be sent cannot be made.
    fn hopeless(reason: impl Into<String>) -> Self {
        Outcome { verdict: Verdict::Refused, status: None, code: None, answer: reason.into() }
    }
}

/// Carries messages.
#[derive(Debug, Clone)]
pub struct Courier {
    http: reqwest::Client,
    external_url: String,
}

impl Courier {
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(external_url: &str) -> Result<Self> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .user_agent(concat!("dais/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(Error::Client)?;
        Ok(Courier { http, external_url: external_url.to_owned() })
    }

    pub async fn deliver(
        &self,
        config: &Config,
        receiver: &Receiver,
        integration: &Integration,
        message: &Message,
    ) -> Attempt {
        let begun = tokio::time::Instant::now();
        let bag = Bag { courier: self, config, receiver, message };
        let outcome = match &integration.channel {
            Channel::Email(email) => email::send(&bag, email).await,
            Channel::Webhook(webhook) => webhook::send(&bag, webhook).await,
            Channel::Slack(slack) => slack::send(&bag, slack).await,
            Channel::DingTalk(robot) => robots::dingtalk(&bag, robot, Timestamp::now()).await,
            Channel::WeCom(robot) => robots::wecom(&bag, robot).await,
            Channel::Feishu(robot) => robots::feishu(&bag, robot, Timestamp::now()).await,
        };
        let outcome = outcome.unwrap_or_else(Outcome::hopeless);
        Attempt {
            integration: integration.key.clone(),
            verdict: outcome.verdict,
            status: outcome.status,
            code: outcome.code,
            answer: outcome.answer,
            took: begun.elapsed(),
        }
    }
}

/// What every service needs to make its message.
struct Bag<'a> {
    courier: &'a Courier,
    config: &'a Config,
    receiver: &'a Receiver,
    message: &'a Message,
}

impl Bag<'_> {
    fn words(&self, format: Format) -> std::result::Result<Words, String> {
        let style = Style {
            language: self.receiver.language,
            format,
            zone: &self.config.time_zone,
            external_url: &self.courier.external_url,
        };
        let words = self.receiver.template.tell(self.message, &style);
        words.map_err(|error| format!("the template fails on this message: {error}"))
    }
}

/// Takes out what must not be shown, should an answer repeat it: a secret, and of an address
/// each part that may be a token by itself.
fn hide(text: &str, secrets: &[&Secret]) -> String {
    let mut hidden = text.to_owned();
    for secret in secrets.iter().map(|secret| secret.reveal()).filter(|own| !own.is_empty()) {
        hidden = hidden.replace(secret, "****");
        for token in tokens(secret) {
            hidden = hidden.replace(&token, "****");
        }
    }
    hidden
}

/// Passwords, longer values of the query, and path segments that are longer than words are.
fn tokens(address: &str) -> Vec<String> {
    const LONG_VALUE: usize = 8;
    const LONG_SEGMENT: usize = 16;
    let Ok(url) = reqwest::Url::parse(address) else { return vec![] };
    let values = url.query_pairs().map(|(_, value)| value.into_owned());
    let segments = url.path().split('/').filter(|segment| segment.len() >= LONG_SEGMENT);
    let password = url.password().filter(|password| !password.is_empty());
    let long = values.filter(|value| value.len() >= LONG_VALUE);
    long.chain(segments.chain(password).map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_repeats_a_token_does_not_show_it() {
        let address =
            "https://u:hush@example.org/hook/0123456789abcdef0?access_token=abcdef123&v=2";
        let secret: Secret = serde_json::from_value(address.into()).unwrap();
        let said =
            format!("{address}; hush, abcdef123 and 0123456789abcdef0 are no token of hook 2");
        assert_eq!(hide(&said, &[&secret]), "****; ****, **** and **** are no token of hook 2");
    }
}
