//! scikit-learn's ZipMap: converters end a classifier with it by default, and
//! it turns the matrix of probabilities into a list of maps, which neither the
//! protocol nor tract knows. It is replaced by the matrix itself, and the
//! classes go into the output's metadata.

use serde_json::Value;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    GraphProto, ModelProto, OperatorSetIdProto, TensorShapeProto, TypeProto, type_proto,
};

const FLOAT: i32 = 1;

/// The classes of an output that was a ZipMap's.
pub(crate) struct Classes {
    pub output: String,
    pub labels: Vec<Value>,
}

/// Replaces every ZipMap; empty when there was none and the model is as it was.
pub(crate) fn replace(model: &mut ModelProto) -> Vec<Classes> {
    let Some(graph) = &mut model.graph else { return Vec::new() };
    let mut found = Vec::new();
    for node in graph.node.iter_mut().filter(|node| node.op_type == "ZipMap") {
        let labels = node.attribute.iter().flat_map(|attribute| {
            let numbers = attribute.ints.iter().map(|label| Value::from(*label));
            let texts = attribute
                .strings
                .iter()
                .map(|label| Value::from(String::from_utf8_lossy(label).into_owned()));
            numbers.chain(texts)
        });
        let labels: Vec<Value> = labels.collect();
        node.op_type = "Identity".into();
        node.domain = String::new();
        node.attribute.clear();
        found.extend(
            node.output
                .iter()
                .map(|output| Classes { output: output.clone(), labels: labels.clone() }),
        );
    }
    for classes in &found {
        declare(graph, classes);
    }
    let core = |import: &OperatorSetIdProto| import.domain.is_empty() || import.domain == "ai.onnx";
    if !found.is_empty() && !model.opset_import.iter().any(core) {
        model.opset_import.push(OperatorSetIdProto { domain: String::new(), version: 13 });
    }
    found
}

/// The output is now a matrix: any number of rows, a column per class.
fn declare(graph: &mut GraphProto, classes: &Classes) {
    let dimension = |value| Dimension { value, ..Dimension::default() };
    let columns = dimension::Value::DimValue(classes.labels.len() as i64);
    let shape = TensorShapeProto { dim: vec![dimension(None), dimension(Some(columns))] };
    let matrix =
        type_proto::Value::TensorType(type_proto::Tensor { elem_type: FLOAT, shape: Some(shape) });
    for output in graph.output.iter_mut().filter(|output| output.name == classes.output) {
        output.r#type = Some(TypeProto { value: Some(matrix.clone()), ..TypeProto::default() });
    }
    graph.value_info.retain(|info| info.name != classes.output);
}
