//! The text form of numbers: how a value travels to a job and is read back.

/// The shortest decimal text that reads back as exactly this number, always
/// with a point or an exponent so that a reader of YAML sees no integer:
/// `0.1`, `1.0`, `1e-5`, `2.5e300`. Minus zero is written `0.0`.
pub(crate) fn of_double(value: f64) -> String {
    // The debug form is the shortest that round-trips and keeps the point.
    format!("{:?}", value + 0.0)
}

/// A finite number, in any form that Rust or Python writes.
pub(crate) fn to_double(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// How many decimals this number is written with: 2 for `0.25`, 0 for `100`.
pub(crate) fn decimals(value: f64) -> usize {
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let fraction = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len() as i64);
    let exponent: i64 = exponent.parse().unwrap_or(0);
    usize::try_from(fraction - exponent).unwrap_or(0)
}

/// The double nearest to `value` as written with so many decimals, so that
/// three steps of 0.1 are 0.3 and not 0.30000000000000004.
pub(crate) fn rounded(value: f64, decimals: usize) -> f64 {
    format!("{value:.decimals$}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn doubles_keep_their_point() {
        let written = [0.1, 1.0, -0.0, 1e-5, 1e-4, 2.5e300, -7.0, 5e-324].map(of_double);
        assert_eq!(written, ["0.1", "1.0", "0.0", "1e-5", "0.0001", "2.5e300", "-7.0", "5e-324"]);
    }

    #[test]
    fn no_number_is_read_from_words() {
        for text in ["", "nan", "inf", "-infinity", "1,5", "1e999", " 1"] {
            assert_eq!(to_double(text), None, "{text}");
        }
        assert_eq!(to_double("1e-05"), Some(1e-5));
    }

    #[test]
    fn decimals_are_counted_as_written() {
        let counted = [0.25, 100.0, 1e-5, 1.5e-7, 1e300, 0.0, 5e-324].map(decimals);
        assert_eq!(counted, [2, 0, 5, 8, 0, 0, 324]);
        assert_eq!(rounded(3.0 * 0.1, 1), 0.3);
    }

    proptest! {
        #[test]
        fn every_double_reads_back(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            prop_assert_eq!(to_double(&of_double(value)), Some(value));
            prop_assert!(of_double(value).contains(['.', 'e']));
        }
    }
}
