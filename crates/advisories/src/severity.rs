//! How bad: the base score of a CVSS vector ([version 3.1], which 3.0 agrees with but for
//! rounding), or the word of the database.
//!
//! [version 3.1]: https://www.first.org/cvss/v3.1/specification-document

use std::collections::HashMap;

use serde::Serialize;

/// The better first; what nobody rated is none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    #[default]
    Unknown,
    None,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// Of a base score, by CVSS' own scale.
    pub(crate) fn of(score: f64) -> Self {
        match score {
            score if score >= 9.0 => Self::Critical,
            score if score >= 7.0 => Self::High,
            score if score >= 4.0 => Self::Medium,
            score if score > 0.0 => Self::Low,
            _ => Self::None,
        }
    }

    pub(crate) fn named(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "CRITICAL" => Self::Critical,
            "HIGH" | "IMPORTANT" => Self::High,
            "MEDIUM" | "MODERATE" => Self::Medium,
            "LOW" => Self::Low,
            "NONE" => Self::None,
            _ => Self::Unknown,
        }
    }
}

/// Base score of a vector such as `CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H`. CVSS 2
/// and 4 have other formulas; of those the database's word tells.
pub(crate) fn score(vector: &str) -> Option<f64> {
    let metrics = vector.strip_prefix("CVSS:3.1/").or_else(|| vector.strip_prefix("CVSS:3.0/"))?;
    let metrics: HashMap<&str, &str> =
        metrics.split('/').filter_map(|metric| metric.split_once(':')).collect();
    let of = |name: &str, weights: &[(&str, f64)]| {
        let value = metrics.get(name)?;
        weights.iter().find(|(letter, _)| letter == value).map(|(_, weight)| *weight)
    };
    let is_changed = match *metrics.get("S")? {
        "C" => true,
        "U" => false,
        _ => return None,
    };
    let loss = [("H", 0.56), ("L", 0.22), ("N", 0.0)];
    let kept = (1.0 - of("C", &loss)?) * (1.0 - of("I", &loss)?) * (1.0 - of("A", &loss)?);
    let base = 1.0 - kept;
    let impact = match is_changed {
        false => 6.42 * base,
        true => 7.52 * (base - 0.029) - 3.25 * (base - 0.02).powi(15),
    };
    let (low, high) = if is_changed { (0.68, 0.5) } else { (0.62, 0.27) };
    let ease = 8.22
        * of("AV", &[("N", 0.85), ("A", 0.62), ("L", 0.55), ("P", 0.2)])?
        * of("AC", &[("L", 0.77), ("H", 0.44)])?
        * of("PR", &[("N", 0.85), ("L", low), ("H", high)])?
        * of("UI", &[("N", 0.85), ("R", 0.62)])?;
    if impact <= 0.0 {
        return Some(0.0);
    }
    let whole = if is_changed { 1.08 * (impact + ease) } else { impact + ease };
    Some(round_up(whole.min(10.0)))
}

/// To one decimal, away from what binary fractions add (appendix A of the specification).
fn round_up(score: f64) -> f64 {
    let hundred_thousandths = (score * 100_000.0).round();
    (hundred_thousandths / 10_000.0).ceil() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores of the specification's own calculator.
    #[test]
    fn vectors_have_their_published_scores() {
        for (vector, expected) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
            ("CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", 1.8),
            ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:N", 6.5),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5),
        ] {
            assert_eq!(score(vector), Some(expected), "{vector}");
        }
        for odd in
            ["", "CVSS:4.0/AV:N", "CVSS:3.1/AV:N", "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"]
        {
            assert_eq!(score(odd), None, "{odd}");
        }
    }
}
