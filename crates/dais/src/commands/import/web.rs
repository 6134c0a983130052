//! One file at an address.

use anyhow::{Result, bail};
use reqwest::{Body, Url};

use super::credentials::Credentials;
use crate::commands::upload::Sending;
use crate::language::say;

pub async fn fetch(address: Url, credentials: &Credentials, sending: &Sending) -> Result<()> {
    let name = name(&address)?;
    let mut request = reqwest::Client::new().get(address);
    if let Some(token) = &credentials.token {
        request = request.bearer_auth(token);
    } else if let Some(username) = &credentials.username {
        request = request.basic_auth(username, credentials.password.as_ref());
    }
    let answer = request.send().await.map_err(reqwest::Error::without_url)?;
    send(answer, name, sending).await
}

/// Sends on what an answer holds.
pub async fn send(answer: reqwest::Response, name: String, sending: &Sending) -> Result<()> {
    let status = answer.status();
    if !status.is_success() {
        let text: String = answer.text().await.unwrap_or_default().chars().take(300).collect();
        bail!("{} {status} {text}", say("it was answered with", "应答为"));
    }
    match answer.content_length() {
        Some(bytes) => eprintln!("{name} ({} KiB)", bytes.div_ceil(1024)),
        None => eprintln!("{name}"),
    }
    sending.put(&name, Body::wrap_stream(answer.bytes_stream())).await
}

/// The last part of the path.
fn name(address: &Url) -> Result<String> {
    let last = address.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    let name = percent_decoded(last);
    if name.is_empty() {
        bail!("{}", say("the address names no file", "地址没有文件名"));
    }
    Ok(name)
}

fn percent_decoded(text: &str) -> String {
    // As a form has it, but for the plus sign, which a path holds as itself.
    let query = format!("n={}", text.replace('+', "%2B"));
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_as_at_its_address() {
        let named = |text: &str| name(&text.parse().unwrap());
        assert_eq!(named("https://a/b/%E6%95%B0%20a+b.csv?x=1").unwrap(), "数 a+b.csv");
        assert!(named("https://a/b/").is_err());
    }
}
