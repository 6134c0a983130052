//! Receivers: a name, a language, and the ways in which its messages go out.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::language::Language;
use super::raw;
use crate::error::{Error, Result};
use crate::secret::{Secret, Source};
use crate::template::{Template, Templates};

#[derive(Debug)]
pub struct Receiver {
    pub name: String,
    pub language: Language,
    pub template: Arc<Template>,
    pub integrations: Vec<Arc<Integration>>,
}

/// One way out of a receiver.
#[derive(Debug)]
pub struct Integration {
    /// `receiver/kind[number]`: names the queue and what was notified, across restarts.
    pub key: String,
    pub send_resolved: bool,
    pub channel: Channel,
}

#[derive(Debug)]
pub enum Channel {
    Email(Email),
    Webhook(Webhook),
    Slack(Slack),
    DingTalk(Robot),
    WeCom(Robot),
    Feishu(Robot),
}

impl Channel {
    /// As in metrics and answers.
    pub fn kind(&self) -> &'static str {
        match self {
            Channel::Email(_) => "email",
            Channel::Webhook(_) => "webhook",
            Channel::Slack(_) => "slack",
            Channel::DingTalk(_) => "dingtalk",
            Channel::WeCom(_) => "wecom",
            Channel::Feishu(_) => "feishu",
        }
    }
}

#[derive(Debug)]
pub struct Email {
    pub to: Vec<lettre::message::Mailbox>,
    pub from: lettre::message::Mailbox,
    pub hello: String,
    pub host: String,
    pub port: u16,
    pub login: Option<(String, Source)>,
    pub require_tls: bool,
    pub tls: raw::Tls,
}

#[derive(Debug)]
pub struct Webhook {
    pub url: Source,
    pub login: Option<Login>,
    pub max_alerts: usize,
}

/// What an `Authorization` header says.
#[derive(Debug)]
pub enum Login {
    Basic { username: String, password: Option<Source> },
    Scheme { scheme: String, credentials: Source },
}

#[derive(Debug)]
pub struct Slack {
    pub url: Source,
    pub channel: Option<String>,
    pub username: Option<String>,
    pub icon_emoji: Option<String>,
    pub icon_url: Option<String>,
}

#[derive(Debug)]
pub struct Robot {
    pub url: Source,
    pub secret: Option<Source>,
}

pub fn compile(
    receivers: Vec<raw::Receiver>,
    extensions: Vec<raw::ReceiverExtension>,
    global: &raw::Global,
    language: Language,
    templates: &Templates,
) -> Result<BTreeMap<String, Receiver>> {
    let mut all = BTreeMap::new();
    for (at, receiver) in receivers.into_iter().enumerate() {
        let field = format!("receivers[{at}]");
        let raw::Receiver { name, email_configs, webhook_configs, slack_configs } = receiver;
        if name.is_empty() || name.contains('/') {
            let hint = "routes use receivers by name; a name has no slash";
            return Err(Error::invalid(
                format!("{field}.name"),
                format!("{name:?} is no name"),
                hint,
            ));
        }
        let mut channels = Channels { receiver: &name, field, integrations: vec![] };
        channels.add("email", false, email_configs, |field, email| {
            let resolved = email.send_resolved;
            Ok((resolved, Channel::Email(self::email(field, email, global)?)))
        })?;
        channels.add("webhook", true, webhook_configs, |field, webhook| {
            Ok((webhook.send_resolved, Channel::Webhook(self::webhook(field, webhook)?)))
        })?;
        channels.add("slack", false, slack_configs, |field, slack| {
            Ok((slack.send_resolved, Channel::Slack(self::slack(field, slack, global)?)))
        })?;
        let integrations = channels.integrations;
        let template = templates.default_of(language);
        let receiver = Receiver { name: name.clone(), language, template, integrations };
        if all.insert(name.clone(), receiver).is_some() {
            let (field, reason) =
                (format!("receivers[{at}].name"), format!("{name:?} is there twice"));
            return Err(Error::invalid(field, reason, "give each receiver its own name"));
        }
    }
    for (at, extension) in extensions.into_iter().enumerate() {
        extend(&mut all, &format!("second document: receivers[{at}]"), extension, templates)?;
    }
    Ok(all)
}

/// Adds what the second document says of a receiver.
fn extend(
    receivers: &mut BTreeMap<String, Receiver>,
    field: &str,
    extension: raw::ReceiverExtension,
    templates: &Templates,
) -> Result<()> {
    let raw::ReceiverExtension {
        name,
        language,
        template,
        dingtalk_configs,
        wecom_configs,
        feishu_configs,
    } = extension;
    let Some(receiver) = receivers.get_mut(&name) else {
        let reason = format!("no receiver is called {name:?}");
        let hint = "add it to `receivers` of the first document; its name alone is enough";
        return Err(Error::invalid(format!("{field}.name"), reason, hint));
    };
    receiver.language = language.unwrap_or(receiver.language);
    receiver.template = match &template {
        None => templates.default_of(receiver.language),
        Some(wanted) => templates.named(wanted, receiver.language).ok_or_else(|| {
            let reason = format!("no template is called {wanted:?}");
            Error::invalid(format!("{field}.template"), reason, "add it to `templates`")
        })?,
    };
    let mut channels = Channels { receiver: &name, field: field.to_owned(), integrations: vec![] };
    for (kind, robots, channel) in [
        ("dingtalk", dingtalk_configs, Channel::DingTalk as fn(Robot) -> Channel),
        ("wecom", wecom_configs, Channel::WeCom),
        ("feishu", feishu_configs, Channel::Feishu),
    ] {
        channels.add(kind, true, robots, |field, robot| {
            Ok((robot.send_resolved, channel(self::robot(field, kind, robot)?)))
        })?;
    }
    let taken = |integration: &Arc<Integration>| {
        receiver.integrations.iter().any(|own| own.key == integration.key)
    };
    if channels.integrations.iter().any(taken) {
        let reason = format!("{name:?} is extended twice");
        return Err(Error::invalid(format!("{field}.name"), reason, "say all of it in one place"));
    }
    receiver.integrations.extend(channels.integrations);
    Ok(())
}

/// Collects the ways out of one receiver.
struct Channels<'a> {
    receiver: &'a str,
    field: String,
    integrations: Vec<Arc<Integration>>,
}

impl Channels<'_> {
    fn add<T>(
        &mut self,
        kind: &str,
        resolved_by_default: bool,
        configs: Vec<T>,
        compile: impl Fn(&str, T) -> Result<(Option<bool>, Channel)>,
    ) -> Result<()> {
        for (at, config) in configs.into_iter().enumerate() {
            let field = format!("{}.{kind}_configs[{at}]", self.field);
            let (send_resolved, channel) = compile(&field, config)?;
            let send_resolved = send_resolved.unwrap_or(resolved_by_default);
            let key = format!("{}/{kind}[{at}]", self.receiver);
            self.integrations.push(Arc::new(Integration { key, send_resolved, channel }));
        }
        Ok(())
    }
}

fn email(field: &str, email: raw::Email, global: &raw::Global) -> Result<Email> {
    let missing = |name: &str| {
        let hint = format!("write it here, or `smtp_{name}` in `global`");
        Error::invalid(format!("{field}.{name}"), "it is missing", hint)
    };
    let mailbox = |name: &str, text: &str| {
        text.trim().parse().map_err(|_| {
            let reason = format!("{text:?} is no mail address");
            Error::invalid(format!("{field}.{name}"), reason, "write for example ops@example.org")
        })
    };
    let from = email.from.as_ref().or(global.smtp_from.as_ref()).ok_or_else(|| missing("from"))?;
    let smarthost = email.smarthost.as_ref().or(global.smtp_smarthost.as_ref());
    let smarthost = smarthost.ok_or_else(|| missing("smarthost"))?;
    let address =
        smarthost.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = address.filter(|(host, _)| !host.is_empty()).ok_or_else(|| {
        let reason = format!("{smarthost:?} is no host with a port");
        Error::invalid(
            format!("{field}.smarthost"),
            reason,
            "write for example mail.example.org:587",
        )
    })?;
    let password =
        Source::choose(email.auth_password.as_ref(), email.auth_password_file.as_deref()).or_else(
            || {
                Source::choose(
                    global.smtp_auth_password.as_ref(),
                    global.smtp_auth_password_file.as_deref(),
                )
            },
        );
    let username = email.auth_username.as_ref().or(global.smtp_auth_username.as_ref());
    let login = username.cloned().zip(password);
    let require_tls = email.require_tls.or(global.smtp_require_tls).unwrap_or(true);
    let is_local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    if login.is_some() && !require_tls && !is_local {
        return Err(Error::invalid(
            format!("{field}.require_tls"),
            "without TLS the password would travel in the clear",
            "leave `require_tls` true, or leave out the password",
        ));
    }
    Ok(Email {
        to: email.to.split(',').map(|to| mailbox("to", to)).collect::<Result<_>>()?,
        from: mailbox("from", from)?,
        hello: email.hello.or_else(|| global.smtp_hello.clone()).unwrap_or("localhost".into()),
        host: host.trim_matches(['[', ']']).to_owned(),
        port,
        login,
        require_tls,
        tls: email.tls_config,
    })
}

fn webhook(field: &str, webhook: raw::Webhook) -> Result<Webhook> {
    let url = address(field, "url", webhook.url.as_ref(), webhook.url_file.as_deref())?;
    let raw::Http { authorization, basic_auth } = webhook.http_config;
    let login = match (authorization, basic_auth) {
        (Some(_), Some(_)) => {
            let hint = "keep `authorization` or `basic_auth`";
            return Err(Error::invalid(format!("{field}.http_config"), "it has two logins", hint));
        }
        (None, None) => None,
        (None, Some(basic)) => Some(Login::Basic {
            username: basic.username,
            password: Source::choose(basic.password.as_ref(), basic.password_file.as_deref()),
        }),
        (Some(own), None) => {
            let credentials =
                Source::choose(own.credentials.as_ref(), own.credentials_file.as_deref());
            let credentials = credentials.ok_or_else(|| {
                let field = format!("{field}.http_config.authorization.credentials");
                Error::invalid(field, "it is missing", "write it, or `credentials_file`")
            })?;
            Some(Login::Scheme { scheme: own.scheme.unwrap_or("Bearer".into()), credentials })
        }
    };
    Ok(Webhook { url, login, max_alerts: webhook.max_alerts })
}

fn slack(field: &str, slack: raw::Slack, global: &raw::Global) -> Result<Slack> {
    let own = slack.api_url.is_some() || slack.api_url_file.is_some();
    let (given, file) = if own {
        (slack.api_url.as_ref(), slack.api_url_file.as_deref())
    } else {
        (global.slack_api_url.as_ref(), global.slack_api_url_file.as_deref())
    };
    let raw::Slack { channel, username, icon_emoji, icon_url, .. } = slack;
    let url = address(field, "api_url", given, file)?;
    Ok(Slack { url, channel, username, icon_emoji, icon_url })
}

fn robot(field: &str, kind: &str, robot: raw::Robot) -> Result<Robot> {
    let secret = Source::choose(robot.secret.as_ref(), robot.secret_file.as_deref());
    if kind == "wecom" && secret.is_some() {
        let hint = "remove it; the key in the address is all that it checks";
        return Err(Error::invalid(format!("{field}.secret"), "WeCom's robots sign nothing", hint));
    }
    let url = address(field, "url", robot.url.as_ref(), robot.url_file.as_deref())?;
    Ok(Robot { url, secret })
}

/// An http(s) address, which is a secret since it may hold a token.
fn address(field: &str, name: &str, given: Option<&Secret>, file: Option<&Path>) -> Result<Source> {
    let field = format!("{field}.{name}");
    let source = Source::choose(given, file).ok_or_else(|| {
        Error::invalid(&field, "it is missing", format!("write it, or `{name}_file`"))
    })?;
    if let Source::Given(secret) = &source {
        parse_address(secret).map_err(|reason| {
            Error::invalid(&field, reason, "write for example https://example.org/hook")
        })?;
    }
    Ok(source)
}

/// # Errors
/// Why it is no address, without showing it.
pub fn parse_address(secret: &Secret) -> std::result::Result<reqwest::Url, String> {
    let url = reqwest::Url::parse(secret.reveal());
    let url = url.map_err(|error| format!("it is no address ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(format!("its scheme is {:?}, not http or https", url.scheme()));
    }
    Ok(url)
}
