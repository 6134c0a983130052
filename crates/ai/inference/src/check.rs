//! Whether a request fits the model: each refusal names the input, what was
//! expected and what was given.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::specification::{Dimension, Specification, TensorSpec};
use crate::tensor::Tensor;

/// The inputs in the model's order.
pub(crate) fn inputs(specification: &Specification, given: Vec<Tensor>) -> Result<Vec<Tensor>> {
    let names = || specification.inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>();
    let mut by_name = HashMap::new();
    for tensor in given {
        if !specification.inputs.iter().any(|input| input.name == tensor.name) {
            let problem =
                format!("the model has no input '{}'; its inputs are {:?}", tensor.name, names());
            return Err(Error::request(problem));
        }
        if let Some(twice) = by_name.insert(tensor.name.clone(), tensor) {
            return Err(Error::request(format!("the input '{}' is given twice", twice.name)));
        }
    }
    let mut lengths = HashMap::new();
    let mut ordered = Vec::with_capacity(specification.inputs.len());
    for expected in &specification.inputs {
        let tensor = by_name.remove(&expected.name).ok_or_else(|| {
            let shape = expected.shown_shape();
            Error::request(format!(
                "the input '{}' is missing: expected {} {shape:?}",
                expected.name, expected.datatype
            ))
        })?;
        fits(expected, &tensor, &mut lengths)?;
        ordered.push(tensor);
    }
    Ok(ordered)
}

fn fits<'a>(
    expected: &'a TensorSpec,
    tensor: &Tensor,
    lengths: &mut HashMap<&'a str, usize>,
) -> Result<()> {
    let datatype = tensor.data.datatype();
    let name = &expected.name;
    if datatype != expected.datatype {
        let problem =
            format!("input '{name}': expected the datatype {}, got {datatype}", expected.datatype);
        return Err(Error::request(problem));
    }
    let wrong = |why: &str| {
        let (shape, given) = (expected.shown_shape(), &tensor.shape);
        Err(Error::request(format!(
            "input '{name}': expected the shape {shape:?}{why}, got {given:?}"
        )))
    };
    // A model that declares no shape takes any.
    if expected.shape.is_empty() && !tensor.shape.is_empty() {
        return Ok(());
    }
    if expected.shape.len() != tensor.shape.len() {
        return wrong("");
    }
    for (dimension, length) in expected.shape.iter().zip(&tensor.shape) {
        match dimension {
            Dimension::Fixed(fixed) if fixed != length => return wrong(""),
            Dimension::Named(symbol) => {
                let before = *lengths.entry(symbol).or_insert(*length);
                if before != *length {
                    return wrong(&format!(" with {symbol} = {before} as elsewhere"));
                }
            }
            Dimension::Fixed(_) | Dimension::Any => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datatype::Datatype;
    use crate::tensor::Data;

    fn specification() -> Specification {
        let input = |name: &str, columns| TensorSpec {
            name: name.into(),
            datatype: Datatype::Fp32,
            shape: vec![Dimension::Named("rows".into()), Dimension::Fixed(columns)],
            classes: None,
        };
        Specification { inputs: vec![input("a", 2), input("b", 1)], outputs: vec![] }
    }

    fn tensor(name: &str, shape: [usize; 2]) -> Tensor {
        Tensor {
            name: name.into(),
            shape: shape.into(),
            data: Data::Fp32(vec![0.0; shape[0] * shape[1]]),
        }
    }

    #[test]
    fn inputs_are_ordered_and_any_batch_fits() {
        let ordered =
            inputs(&specification(), vec![tensor("b", [3, 1]), tensor("a", [3, 2])]).expect("fits");
        assert_eq!(ordered[0].name, "a");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let whole = || Tensor { data: Data::Int64(vec![0, 0]), ..tensor("a", [1, 2]) };
        for (given, words) in [
            (vec![tensor("a", [1, 2])], "'b' is missing: expected FP32 [-1, 1]"),
            (vec![tensor("x", [1, 2])], "no input 'x'; its inputs are [\"a\", \"b\"]"),
            (vec![tensor("a", [1, 2]), tensor("a", [1, 2])], "given twice"),
            (
                vec![tensor("a", [1, 3]), tensor("b", [1, 1])],
                "'a': expected the shape [-1, 2], got [1, 3]",
            ),
            (
                vec![tensor("a", [2, 2]), tensor("b", [3, 1])],
                "'b': expected the shape [-1, 1] with rows = 2",
            ),
            (vec![whole(), tensor("b", [1, 1])], "'a': expected the datatype FP32, got INT64"),
        ] {
            let error = inputs(&specification(), given).expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
