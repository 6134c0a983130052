//! What a model takes and gives, read from the ONNX file itself and so the
//! same for every engine.

use serde::Serialize;
use serde_json::{Value, json};
use tract_onnx::pb::tensor_shape_proto::dimension;
use tract_onnx::pb::{GraphProto, ValueInfoProto, type_proto};

use crate::datatype::Datatype;
use crate::error::{Error, Result};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Dimension {
    Fixed(usize),
    /// Any length; the same wherever the name is the same.
    Named(String),
    Any,
}

#[derive(Clone, Debug)]
pub(crate) struct TensorSpec {
    pub name: String,
    pub datatype: Datatype,
    pub shape: Vec<Dimension>,
    /// What the last axis of a classifier's probabilities stands for.
    pub classes: Option<Vec<Value>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Specification {
    pub inputs: Vec<TensorSpec>,
    pub outputs: Vec<TensorSpec>,
}

impl Specification {
    pub fn read(graph: &GraphProto) -> Result<Specification> {
        let constant = |name: &str| graph.initializer.iter().any(|tensor| tensor.name == name);
        let inputs = graph.input.iter().filter(|input| !constant(&input.name));
        let specification = Specification {
            inputs: inputs.map(|input| TensorSpec::read("input", input)).collect::<Result<_>>()?,
            outputs: graph
                .output
                .iter()
                .map(|output| TensorSpec::read("output", output))
                .collect::<Result<_>>()?,
        };
        if specification.outputs.is_empty() {
            return Err(Error::Load {
                problem: "it has no outputs".into(),
                hint: "export the model again",
            });
        }
        Ok(specification)
    }

    pub fn output_names(&self) -> Vec<&str> {
        self.outputs.iter().map(|output| output.name.as_str()).collect()
    }
}

impl TensorSpec {
    fn read(what: &str, info: &ValueInfoProto) -> Result<TensorSpec> {
        let name = &info.name;
        if info.r#type.is_none() {
            return Err(Error::Load {
                problem: format!("its {what} '{name}' has no type"),
                hint: "export the model with typed inputs and outputs, or run onnx.shape_inference.infer_shapes on it",
            });
        }
        let Some(type_proto::Value::TensorType(tensor)) =
            info.r#type.as_ref().and_then(|t| t.value.as_ref())
        else {
            return Err(Error::Load {
                problem: format!(
                    "its {what} '{name}' is a sequence or a map, which the protocol cannot carry"
                ),
                hint: "export so that all inputs and outputs are tensors (skl2onnx: options={'zipmap': False})",
            });
        };
        let datatype = Datatype::of_onnx(tensor.elem_type).ok_or_else(|| Error::Load {
            problem: format!(
                "its {what} '{name}' has the ONNX element type {}, which is not supported",
                tensor.elem_type
            ),
            hint: "export with FP16, FP32, FP64, integer, boolean or text tensors",
        })?;
        let dimensions = tensor.shape.iter().flat_map(|shape| &shape.dim);
        let shape = dimensions
            .map(|dimension| match &dimension.value {
                Some(dimension::Value::DimValue(length)) if *length > 0 => {
                    Dimension::Fixed(length.unsigned_abs() as usize)
                }
                Some(dimension::Value::DimParam(name)) if !name.is_empty() => {
                    Dimension::Named(name.clone())
                }
                _ => Dimension::Any,
            })
            .collect();
        Ok(TensorSpec { name: name.clone(), datatype, shape, classes: None })
    }

    /// The shape as the protocol shows it: -1 is any length.
    pub fn shown_shape(&self) -> Vec<i64> {
        let shown = |dimension: &Dimension| match dimension {
            Dimension::Fixed(length) => *length as i64,
            Dimension::Named(_) | Dimension::Any => -1,
        };
        self.shape.iter().map(shown).collect()
    }

    pub fn shown(&self) -> impl Serialize + use<> {
        let mut shown = json!({ "name": self.name, "datatype": self.datatype.name(), "shape": self.shown_shape() });
        if let Some(classes) = &self.classes {
            shown["parameters"] = json!({ "classes": classes });
        }
        shown
    }
}
