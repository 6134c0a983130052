//! Kubernetes quantities (`1500m`, `64Mi`) as numbers.

/// The value; none when it is not a quantity.
pub(crate) fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || (*at == 0 && matches!(c, '+' | '-'))))
        .map_or(text.len(), |(at, _)| at);
    let (number, suffix) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024.0_f64.powi(2),
        "Gi" => 1024.0_f64.powi(3),
        "Ti" => 1024.0_f64.powi(4),
        "Pi" => 1024.0_f64.powi(5),
        "Ei" => 1024.0_f64.powi(6),
        exponent => 10_f64.powi(exponent.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    Some(number * factor)
}

/// Thousandths, rounded up; what is not a quantity counts as nothing.
pub(crate) fn milli(text: &str) -> u64 {
    parse(text).map_or(0, |value| (value * 1000.0).ceil().max(0.0) as u64)
}

/// Whole units, rounded up.
pub(crate) fn whole(text: &str) -> u64 {
    parse(text).map_or(0, |value| value.ceil().max(0.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms() {
        assert_eq!(milli("1500m"), 1500);
        assert_eq!(milli("0.1"), 100);
        assert_eq!(whole("64Mi"), 64 << 20);
        assert_eq!(whole("1e3"), 1000);
        assert_eq!(whole("1E"), 1_000_000_000_000_000_000);
        assert_eq!(parse("12x"), None);
        assert_eq!(parse(""), None);
    }
}
