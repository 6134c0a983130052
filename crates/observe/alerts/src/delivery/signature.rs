//! How robots know that a message is from who holds their secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// DingTalk: HMAC-SHA256 with the secret as the key, over the milliseconds of now, a new
/// line and the secret; Base64. (Custom robots, "additional signature".)
pub fn dingtalk(secret: &str, milliseconds: i64) -> String {
    authenticate(secret, &format!("{milliseconds}\n{secret}"))
}

/// Feishu: the same text, of seconds, is the key here, and nothing is the message. (Custom
/// bots, "signature verification".)
pub fn feishu(secret: &str, seconds: i64) -> String {
    authenticate(&format!("{seconds}\n{secret}"), "")
}

fn authenticate(key: &str, message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes any key");
    mac.update(message.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures come from Python's `hmac`.
    #[test]
    fn signatures_are_those_of_another_implementation() {
        assert_eq!(dingtalk("this is secret", 1_577_262_236_757), DINGTALK);
        assert_eq!(feishu("demo", 1_599_360_473), FEISHU);
    }

    const DINGTALK: &str = "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=";
    const FEISHU: &str = "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=";
}
