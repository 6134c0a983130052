//! Quantities: `100m`, `1Gi`, `1e3`. Exact arithmetic on decimal numbers with the
//! canonical spelling of the Kubernetes API conventions.
//!
//! A quantity is a whole number of billionths (finer ones are rounded away from zero,
//! as on the real server) with the notation that it was written in. Magnitudes stop at
//! 2^63-1 units.

use std::cmp::Ordering;
use std::fmt;

/// Billionths in one.
const ONE: i128 = 1_000_000_000;
/// Largest magnitude, in billionths.
const MAX: i128 = i64::MAX as i128 * ONE;

const FORMAT_WRONG: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    Decimal,
    Binary,
    Exponent,
}

/// A parsed quantity. Compares by value, prints canonically.
#[derive(Clone, Debug)]
pub struct Quantity {
    nanos: i128,
    notation: Notation,
}

impl Quantity {
    /// `Err` is the detail of the server's message.
    pub fn parse(text: &str) -> std::result::Result<Quantity, String> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let length = unsigned.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let (number, suffix) = unsigned.split_at(length);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(FORMAT_WRONG.to_owned());
        }
        let (scale, notation) =
            scale_of(suffix).ok_or_else(|| "unable to parse quantity's suffix".to_owned())?;
        let nanos = scaled(whole, fraction, scale).min(MAX);
        let nanos = if text.starts_with('-') { -nanos } else { nanos };
        Ok(Quantity { nanos, notation })
    }

    /// A whole number.
    pub fn from_int(value: i64) -> Quantity {
        Quantity { nanos: i128::from(value) * ONE, notation: Notation::Decimal }
    }

    /// Rounded up to a whole number; saturates.
    pub fn value(&self) -> i64 {
        rounded_up(self.nanos, ONE)
    }

    /// Rounded up to thousandths; saturates.
    pub fn milli_value(&self) -> i64 {
        rounded_up(self.nanos, ONE / 1000)
    }

    /// With anything finer than a thousandth rounded up, as resource lists are stored.
    pub fn rounded_to_milli(&self) -> Quantity {
        let step = ONE / 1000;
        let rest = self.nanos.rem_euclid(step);
        let nanos = if rest == 0 { self.nanos } else { self.nanos - rest + step };
        Quantity { nanos, notation: self.notation }
    }

    pub fn is_zero(&self) -> bool {
        self.nanos == 0
    }

    pub fn is_negative(&self) -> bool {
        self.nanos < 0
    }

    /// Sum, in the format of `self` (of `other` when `self` is zero).
    pub fn add(&self, other: &Quantity) -> Quantity {
        let notation = if self.is_zero() { other.notation } else { self.notation };
        Quantity { nanos: (self.nanos + other.nanos).clamp(-MAX, MAX), notation }
    }

    /// Difference, in the format of `self` (of `other` when `self` is zero).
    pub fn sub(&self, other: &Quantity) -> Quantity {
        let negated = Quantity { nanos: -other.nanos, notation: other.notation };
        self.add(&negated)
    }
}

/// What a suffix multiplies with: (powers of ten, powers of two).
type Scale = (i32, u32);

fn scale_of(suffix: &str) -> Option<(Scale, Notation)> {
    let decimal = |power| Some(((power, 0), Notation::Decimal));
    let binary = |power| Some(((0, power), Notation::Binary));
    match suffix {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => {
            let power: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            Some(((power, 0), Notation::Exponent))
        }
    }
}

/// Digits times scale in billionths, rounded up, at most [`MAX`].
fn scaled(whole: &str, fraction: &str, (tens, twos): Scale) -> i128 {
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
    let mut power =
        tens.saturating_add(9).saturating_sub(i32::try_from(fraction.len()).unwrap_or(i32::MAX));
    while digits.last() == Some(&0) {
        digits.pop();
        power = power.saturating_add(1);
    }
    let mut value: i128 = 0;
    for digit in digits {
        // 38 digits are the most that 128 bits hold; anything near is beyond the largest
        // quantity unless the power is negative, where the tail only rounds up.
        match value.checked_mul(10).and_then(|v| v.checked_add(i128::from(digit))) {
            Some(next) => value = next,
            None => return MAX,
        }
    }
    value = match value.checked_mul(1_i128 << twos) {
        Some(value) => value,
        None => return MAX,
    };
    while power > 0 && value != 0 {
        if value > MAX {
            return MAX;
        }
        value *= 10;
        power -= 1;
    }
    while power < 0 && value > 1 {
        value = value / 10 + i128::from(value % 10 != 0);
        power += 1;
    }
    value.min(MAX)
}

fn rounded_up(nanos: i128, unit: i128) -> i64 {
    let value = nanos.div_euclid(unit) + i128::from(nanos.rem_euclid(unit) != 0);
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Quantity) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Quantity) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        let units = self.nanos / ONE;
        if self.notation == Notation::Binary && units.abs() >= 1024 {
            let mut number = i128::from(rounded_up(self.nanos, ONE));
            let mut steps = 0;
            while steps < 6 && number % 1024 == 0 {
                number /= 1024;
                steps += 1;
            }
            return write!(f, "{number}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][steps]);
        }
        let mut number = self.nanos;
        let mut steps = 0;
        while steps < 9 && number % 1000 == 0 {
            number /= 1000;
            steps += 1;
        }
        let power = steps as i32 * 3 - 9;
        match self.notation {
            Notation::Exponent if power == 0 => write!(f, "{number}"),
            Notation::Exponent => write!(f, "{number}e{power}"),
            Notation::Decimal | Notation::Binary => {
                write!(f, "{number}{}", ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][steps])
            }
        }
    }
}

/// The spelling that the server stores: text that doesn't parse is left as it is.
pub fn canonical(text: &str) -> String {
    match Quantity::parse(text) {
        Ok(quantity) => quantity.to_string(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn canonical_spelling() {
        let pairs = [
            ("0.1", "100m"),
            ("1024Mi", "1Gi"),
            ("1e3", "1e3"),
            ("1000Mi", "1000Mi"),
            ("1500m", "1500m"),
            ("1000m", "1"),
            ("0.5Gi", "512Mi"),
            ("512", "512"),
            ("1000", "1k"),
            ("0.0000000001", "1n"),
            ("-0.5", "-500m"),
            ("0", "0"),
            ("1.5Gi", "1536Mi"),
            ("100Ki", "100Ki"),
            ("1Ki", "1Ki"),
            ("0.5Ki", "512"),
            ("1E", "1E"),
            ("12e2", "1200"),
        ];
        for (given, wanted) in pairs {
            assert_eq!(canonical(given), wanted, "{given}");
        }
    }

    #[test]
    fn bad_text_is_refused() {
        for text in ["", "abc", "1Q", "1.2.3", "--1", "1 Gi"] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
        assert_eq!(Quantity::parse("abc").expect_err("no digits"), FORMAT_WRONG);
    }

    #[test]
    fn huge_numbers_stop_at_the_largest() {
        assert_eq!(
            Quantity::parse("99999999999999999999999999999999999999999E").map(|q| q.value()),
            Ok(i64::MAX)
        );
        assert_eq!(Quantity::parse("1e2000000000").map(|q| q.value()), Ok(i64::MAX));
        assert_eq!(Quantity::parse("1e-2000000000").map(|q| q.to_string()), Ok("1e-9".to_owned()));
    }

    proptest! {
        #[test]
        fn printing_and_parsing_agree(n in -1_000_000_000i64..1_000_000_000, suffix in 0usize..12) {
            let suffix = ["", "m", "u", "k", "M", "G", "Ki", "Mi", "Gi", "e2", "e-3", "e6"][suffix];
            let quantity = Quantity::parse(&format!("{n}{suffix}")).expect("well formed");
            let again = Quantity::parse(&quantity.to_string()).expect("canonical text parses");
            prop_assert_eq!(&again, &quantity);
            prop_assert_eq!(again.to_string(), quantity.to_string());
            prop_assert!(quantity.sub(&quantity).is_zero());
        }
    }
}
