//! One searched parameter as people write it: `lr=1e-4..1e-1 log`, `depth=2..8 int`,
//! `c=0.1..1 step 0.1`, `kernel=rbf|linear`.

use anyhow::{Context, Result, bail};
use dais_api::{ParameterType, Scale, SweepParameter};

pub fn parameter(text: &str) -> Result<SweepParameter> {
    let fault = || {
        format!(
            "--search {text:?}: write name=min..max [int] [log] [step N] [count N], or name=a|b|c"
        )
    };
    let (name, values) = text.split_once('=').with_context(fault)?;
    let name = name.trim().to_owned();
    if name.is_empty() {
        bail!(fault());
    }
    let mut words = values.split_whitespace();
    let range = words.next().with_context(fault)?;
    let Some((min, max)) = range.split_once("..").filter(|_| !values.contains('|')) else {
        let values = values.split('|').map(|value| value.trim().to_owned()).collect();
        return Ok(SweepParameter {
            name,
            type_: ParameterType::Categorical,
            values,
            ..SweepParameter::default()
        });
    };
    let number = |text: &str| text.parse::<f64>().with_context(fault);
    let mut parameter = SweepParameter {
        name,
        min: Some(number(min)?),
        max: Some(number(max)?),
        ..SweepParameter::default()
    };
    while let Some(word) = words.next() {
        match word {
            "int" => parameter.type_ = ParameterType::Int,
            "log" => parameter.scale = Scale::Log,
            "step" => parameter.step = Some(number(words.next().with_context(fault)?)?),
            "count" => {
                let count = words.next().with_context(fault)?;
                parameter.count = Some(count.parse().with_context(fault)?);
            }
            _ => bail!(fault()),
        }
    }
    Ok(parameter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_words() {
        let lr = parameter("lr=1e-4..1e-1 log").unwrap();
        assert_eq!((lr.name.as_str(), lr.min, lr.max), ("lr", Some(1e-4), Some(0.1)));
        assert_eq!((lr.type_, lr.scale), (ParameterType::Double, Scale::Log));
        let depth = parameter("depth=-2..8 int step 2").unwrap();
        assert_eq!(
            (depth.type_, depth.min, depth.step),
            (ParameterType::Int, Some(-2.0), Some(2.0))
        );
        let kernel = parameter("kernel=rbf|linear svm").unwrap();
        assert_eq!(kernel.values, ["rbf", "linear svm"]);
        assert_eq!(parameter("c=0..1 count 5").unwrap().count, Some(5));
        for wrong in ["", "x", "=1..2", "x=1..y", "x=1..2 fast", "x=1..2 step"] {
            assert!(parameter(wrong).is_err(), "{wrong}");
        }
    }
}
