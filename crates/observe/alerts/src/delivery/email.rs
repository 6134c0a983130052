//! Mail over SMTP, as plain text with HTML beside it.

use std::error::Error as _;

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor};

use super::answer::excerpt;
use super::{Bag, Outcome, TIMEOUT, Verdict, hide};
use crate::config::receiver::Email;
use crate::secret::Secret;
use crate::template::Format;

/// Submission with TLS from the first byte; on any other port TLS begins with STARTTLS.
const IMPLICIT_TLS: u16 = 465;
/// Mail has no limit of its own; more than this nobody reads. In bytes, of each part.
const BODY: usize = 256 << 10;
/// A header line that long no client shows, in characters.
const SUBJECT: usize = 250;

pub(super) async fn send(bag: &Bag<'_>, email: &Email) -> Result<Outcome, String> {
    let plain = bag.words(Format::Plain)?;
    let html = bag.words(Format::Html)?;
    let subject: String = plain.title.chars().take(SUBJECT).collect();
    let html = html.fit(BODY, str::len).replace('\n', "<br>\n");
    let mut mail = Mail::builder().from(email.from.clone()).subject(subject);
    for to in &email.to {
        mail = mail.to(Mailbox::clone(to));
    }
    let parts = MultiPart::alternative_plain_html(plain.fit(BODY, str::len), html);
    let mail =
        mail.multipart(parts).map_err(|error| format!("the mail cannot be made: {error}"))?;
    let login = match &email.login {
        None => None,
        Some((user, password)) => Some((user.clone(), password.read()?)),
    };
    let transport = transport(email, login.as_ref())?;
    let sent = tokio::time::timeout(TIMEOUT, transport.send(mail)).await;
    let secrets: Vec<&Secret> = login.iter().map(|(_, password)| password).collect();
    Ok(match sent {
        Err(_) => Outcome::unreachable("the mail server did not answer in time"),
        Ok(Ok(response)) => Outcome {
            verdict: Verdict::Delivered,
            status: Some(response.code().into()),
            code: None,
            answer: excerpt(&response.message().collect::<Vec<_>>().join("\n")),
        },
        Ok(Err(error)) => refusal(&error, &secrets),
    })
}

/// 4yz may go better later and 5yz will not (RFC 5321, 4.2.1).
fn refusal(error: &lettre::transport::smtp::Error, secrets: &[&Secret]) -> Outcome {
    let mut words = error.to_string();
    if let Some(cause) = error.source() {
        let cause = cause.to_string();
        if !words.contains(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    let verdict =
        if error.is_permanent() || error.is_client() { Verdict::Refused } else { Verdict::Retry };
    let status = error.status().map(u16::from);
    Outcome { verdict, status, code: None, answer: excerpt(&hide(&words, secrets)) }
}

fn transport(
    email: &Email,
    login: Option<&(String, Secret)>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&email.host)
        .port(email.port)
        .timeout(Some(TIMEOUT))
        .hello_name(lettre::transport::smtp::extension::ClientId::Domain(email.hello.clone()))
        .tls(tls(email)?);
    if let Some((user, password)) = login {
        builder = builder
            .credentials(Credentials::new(user.clone(), password.reveal().to_owned()))
            .authentication(vec![Mechanism::Plain, Mechanism::Login]);
    }
    Ok(builder.build())
}

fn tls(email: &Email) -> Result<Tls, String> {
    if email.port != IMPLICIT_TLS && !email.require_tls {
        return Ok(Tls::None);
    }
    let name = email.tls.server_name.as_ref().unwrap_or(&email.host);
    let mut parameters = TlsParameters::builder(name.clone())
        .dangerous_accept_invalid_certs(email.tls.insecure_skip_verify);
    if let Some(path) = &email.tls.ca_file {
        let pem = std::fs::read(path)
            .map_err(|error| format!("cannot read the ca_file {}: {error}", path.display()))?;
        let own = Certificate::from_pem(&pem)
            .map_err(|error| format!("the ca_file {}: {error}", path.display()))?;
        parameters = parameters.add_root_certificate(own);
    }
    let parameters =
        parameters.build_rustls().map_err(|error| format!("TLS cannot be set up: {error}"))?;
    Ok(if email.port == IMPLICIT_TLS {
        Tls::Wrapper(parameters)
    } else {
        Tls::Required(parameters)
    })
}
