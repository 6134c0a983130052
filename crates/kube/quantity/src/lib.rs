//! Amounts of resources: reading, adding and writing Kubernetes quantities.
//!
//! Owns arithmetic on what people wrote (`100m`, `2Gi`). Knows no objects. Grammar and
//! canonical forms: apimachinery's `resource.Quantity`. Held in thousandths, so that
//! `1m` of cpu and 8 EiB of memory both fit exactly.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// Amounts by resource name, in thousandths of the unit.
pub type Amounts = BTreeMap<String, i128>;

/// Thousandths in one.
pub const ONE: i128 = 1000;

/// Reads a quantity; what cannot be read counts as nothing, since the API server
/// has validated it.
pub fn parse(quantity: &Quantity) -> i128 {
    parse_str(&quantity.0).unwrap_or(0)
}

/// Reads `100m`, `1.5`, `2Gi`, `1e3`; rounds up to a thousandth.
pub fn parse_str(text: &str) -> Option<i128> {
    let text = text.trim();
    let split = text
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-')))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    let (numerator, denominator) = scale(suffix)?;
    let (negative, digits) = match number.as_bytes().first()? {
        b'-' => (true, &number[1..]),
        b'+' => (false, &number[1..]),
        _ => (false, number),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    // Beyond 20 decimal places nothing of a thousandth is left.
    let fraction = &fraction[..fraction.len().min(20)];
    let mantissa: i128 = format!("{whole}{fraction}").parse().ok()?;
    let divisor = 10_i128.checked_pow(fraction.len() as u32)?.checked_mul(denominator)?;
    let thousandths = mantissa.checked_mul(numerator)?.checked_mul(ONE)?;
    let value = thousandths.div_euclid(divisor) + i128::from(thousandths.rem_euclid(divisor) != 0);
    Some(if negative { -value } else { value })
}

fn scale(suffix: &str) -> Option<(i128, i128)> {
    let binary = |power: u32| (1_i128 << (10 * power), 1);
    Some(match suffix {
        "" => (1, 1),
        "n" => (1, 1_000_000_000),
        "u" => (1, 1_000_000),
        "m" => (1, 1_000),
        "k" => (1_000, 1),
        "M" => (1_000_000, 1),
        "G" => (1_000_000_000, 1),
        "T" => (1_000_000_000_000, 1),
        "P" => (1_000_000_000_000_000, 1),
        "E" => (1_000_000_000_000_000_000, 1),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        exponent => {
            let power: i32 = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
            let size = 10_i128.checked_pow(power.unsigned_abs())?;
            if power < 0 { (1, size) } else { (size, 1) }
        }
    })
}

/// Writes thousandths in canonical form: binary suffixes for what is measured in
/// bytes, decimal otherwise.
pub fn format(resource: &str, thousandths: i128) -> Quantity {
    if thousandths % ONE != 0 {
        return Quantity(format!("{thousandths}m"));
    }
    let whole = thousandths / ONE;
    let (base, suffixes): (i128, &[&str]) = if is_bytes(resource) {
        (1024, &["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"])
    } else {
        (1000, &["", "k", "M", "G", "T", "P", "E"])
    };
    let mut value = whole;
    let mut power = 0;
    while value != 0 && value % base == 0 && power + 1 < suffixes.len() {
        value /= base;
        power += 1;
    }
    Quantity(format!("{value}{}", suffixes[power]))
}

/// Whether amounts of this resource are bytes.
pub fn is_bytes(resource: &str) -> bool {
    let name = resource.rsplit('.').next().unwrap_or(resource);
    matches!(name, "memory" | "storage" | "ephemeral-storage") || name.starts_with("hugepages-")
}

/// Adds each amount of a resource list.
pub fn add(amounts: &mut Amounts, list: &BTreeMap<String, Quantity>) {
    for (name, quantity) in list {
        *amounts.entry(name.clone()).or_default() += parse(quantity);
    }
}

/// Raises each amount to at least that of the resource list.
pub fn raise(amounts: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        let entry = amounts.entry(name.clone()).or_default();
        *entry = (*entry).max(*amount);
    }
}

/// Adds amounts.
pub fn add_amounts(amounts: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        *amounts.entry(name.clone()).or_default() += amount;
    }
}

/// Thousandths as a decimal number for metrics.
pub fn as_f64(thousandths: i128) -> f64 {
    thousandths as f64 / ONE as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_api_accepts() {
        for (text, thousandths) in [
            ("0", 0),
            ("1", 1000),
            ("100m", 100),
            ("0.1", 100),
            ("1.5Gi", 1536 * 1024 * 1024 * 1000),
            ("1e3", 1_000_000),
            ("1E", 1_000_000_000_000_000_000_000),
            ("5E-1", 500),
            ("100u", 1),
            ("8Ei", 8 * (1_i128 << 60) * 1000),
            ("-2k", -2_000_000),
        ] {
            assert_eq!(parse_str(text), Some(thousandths), "{text}");
        }
        for text in ["", "Gi", "1.5x", "--1", "1e99"] {
            assert_eq!(parse_str(text), None, "{text}");
        }
    }

    #[test]
    fn writes_canonical_forms() {
        for (resource, thousandths, text) in [
            ("requests.cpu", 100, "100m"),
            ("requests.cpu", 1000, "1"),
            ("limits.memory", 512 * 1024 * 1024 * 1000, "512Mi"),
            ("limits.memory", 0, "0"),
            ("pods", 2000, "2"),
            ("requests.memory", 1500 * 1000, "1500"),
        ] {
            assert_eq!(format(resource, thousandths).0, text);
        }
    }
}
