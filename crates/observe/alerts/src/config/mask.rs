//! The configuration as it may be shown.

use serde_json::Value;

use crate::secret::MASK;

/// Keys whose values are never shown.
const SECRETS: [&str; 7] = [
    "smtp_auth_password",
    "auth_password",
    "password",
    "credentials",
    "slack_api_url",
    "api_url",
    "secret",
];
/// An address of a webhook: the host is shown, since readers want an address there, the
/// rest may hold a token.
const ADDRESS: &str = "url";

/// YAML without secrets.
pub fn masked(mut document: Value) -> String {
    mask(&mut document);
    serde_saphyr::to_string(&document).unwrap_or_default()
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Value::String(text) if SECRETS.contains(&key.as_str()) => {
                        *text = MASK.to_owned();
                    }
                    Value::String(text) if key == ADDRESS => *text = address(text),
                    other => mask(other),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(mask),
        _ => {}
    }
}

/// Scheme and host of an address; all of it is masked where it has none.
pub fn address(text: &str) -> String {
    let Ok(url) = reqwest::Url::parse(text) else { return MASK.to_owned() };
    let Some(host) = url.host_str() else { return MASK.to_owned() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}/{MASK}", url.scheme())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_left() {
        let document = serde_json::json!({
            "global": {"smtp_auth_password": "hush", "smtp_from": "a@example.org"},
            "receivers": [{
                "webhook_configs": [{
                    "url": "https://user:hush@example.org:8443/robot?access_token=hush",
                    "http_config": {"basic_auth": {"username": "u", "password": "hush"}},
                }],
                "slack_configs": [{"api_url": "https://example.org/hush"}],
            }],
        });
        let shown = masked(document);
        assert!(!shown.contains("hush"), "{shown}");
        assert!(shown.contains("https://example.org:8443/<secret>"), "{shown}");
        assert!(shown.contains("a@example.org"), "{shown}");
    }
}
