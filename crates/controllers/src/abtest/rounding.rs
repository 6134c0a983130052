//! Figures in twelve digits: what is written into a status reads back as the same number,
//! so that a look that found nothing new writes nothing, and wakes nobody.
//!
//! A decimal of up to 15 digits whose exponent is between -22 and 22 is read exactly by
//! every parser (Clinger, "How to read floating point numbers accurately", PLDI 1990).

use dais_api::ABTestStatus;
use serde_json::Value;

/// What is smaller counts as 0: twelve of its digits would need a lower exponent.
const LEAST: f64 = 1e-10;

pub(super) fn rounded(status: &ABTestStatus) -> ABTestStatus {
    let Ok(mut value) = serde_json::to_value(status) else { return status.clone() };
    round(&mut value);
    serde_json::from_value(value).unwrap_or_else(|_| status.clone())
}

fn round(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let exact = number.as_f64().unwrap_or_default();
            *value = Value::from(digits(exact));
        }
        Value::Array(values) => values.iter_mut().for_each(round),
        Value::Object(fields) => fields.values_mut().for_each(round),
        _ => {}
    }
}

fn digits(number: f64) -> f64 {
    if number.abs() < LEAST {
        return 0.0;
    }
    format!("{number:.11e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use dais_api::abtest::{Mismatch, VariantStatus};

    use super::*;

    #[test]
    fn what_is_written_reads_back_as_it_was() {
        let numbers = [1.0 / 3.0, 2.0_f64.sqrt() * 1e-9, 1e12 / 7.0, 5e-324, -0.1 - 0.2, 0.0];
        for number in numbers {
            let mismatch = Mismatch { p_value: number, alarm: false };
            let variant = VariantStatus { share: number, ..VariantStatus::default() };
            let status = ABTestStatus {
                mismatch: Some(mismatch),
                variants: vec![variant],
                ..ABTestStatus::default()
            };
            let once = rounded(&status);
            let text = serde_json::to_string(&once).unwrap();
            let read: ABTestStatus = serde_json::from_str(&text).unwrap();
            assert_eq!(read, once, "{number}");
            assert_eq!(rounded(&read), once, "{number}");
            assert!((once.variants[0].share - number).abs() <= number.abs() * 1e-11 + LEAST);
        }
    }
}
