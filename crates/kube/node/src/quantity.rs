//! Quantities of containers in the units that the kernel takes.

/// The value; none when it is not a quantity.
pub(crate) fn parse(text: &str) -> Option<f64> {
    dais_quantity::parse_str(text).map(dais_quantity::as_f64)
}

/// Thousandths, rounded up; what is not a quantity counts as nothing.
pub(crate) fn milli(text: &str) -> u64 {
    let thousandths = dais_quantity::parse_str(text).unwrap_or(0);
    u64::try_from(thousandths.max(0)).unwrap_or(u64::MAX)
}

/// Whole units, rounded up.
pub(crate) fn whole(text: &str) -> u64 {
    let thousandths = dais_quantity::parse_str(text).unwrap_or(0).max(0);
    u64::try_from(
        thousandths.div_euclid(dais_quantity::ONE)
            + i128::from(thousandths % dais_quantity::ONE != 0),
    )
    .unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms() {
        assert_eq!(milli("1500m"), 1500);
        assert_eq!(milli("0.1"), 100);
        assert_eq!(whole("64Mi"), 64 << 20);
        assert_eq!(whole("1500m"), 2);
        assert_eq!(whole("1E"), 1_000_000_000_000_000_000);
        assert_eq!((parse("12x"), whole("12x")), (None, 0));
    }
}
