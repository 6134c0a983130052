//! Formats of strings that the server checks; unknown formats are not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;

use crate::strict::{is_rfc3339, is_time};

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern is well formed")
}

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$")
});
static HOSTNAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$",
    )
});
static UUID: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$")
});
static BYTE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"));
static DURATION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^-?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d|w))+$|^0$"));
static MAC: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$"));

/// Whether a string has the format.
pub(super) fn fits(format: &str, text: &str) -> bool {
    match format {
        "date-time" => is_time(text, false),
        "date" => {
            is_rfc3339(&format!("{text}T00:00:00Z"), false)
                && text.parse::<jiff::civil::Date>().is_ok()
        }
        "email" => EMAIL.is_match(text),
        "hostname" => text.len() <= 253 && HOSTNAME.is_match(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => text.split_once('/').is_some_and(|(address, bits)| {
            let most = if address.contains(':') { 128 } else { 32 };
            address.parse::<IpAddr>().is_ok() && bits.parse::<u8>().is_ok_and(|b| b <= most)
        }),
        "uri" => text.contains(':') && !text.contains(char::is_whitespace),
        "uuid" | "uuid3" | "uuid4" | "uuid5" => UUID.is_match(text),
        "byte" => BYTE.is_match(text),
        "duration" => DURATION.is_match(text),
        "mac" => MAC.is_match(text),
        _ => true,
    }
}
