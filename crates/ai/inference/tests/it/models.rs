//! Small ONNX models, made in code.

use prost::Message;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto, type_proto,
};

pub const FLOAT: i32 = 1;
pub const INT64: i32 = 7;

pub fn value(name: &str, elem_type: i32, shape: &[Option<i64>]) -> ValueInfoProto {
    let dimension = |length: &Option<i64>| Dimension {
        value: Some(match length {
            Some(length) => dimension::Value::DimValue(*length),
            None => dimension::Value::DimParam("N".into()),
        }),
        ..Dimension::default()
    };
    let shape = TensorShapeProto { dim: shape.iter().map(dimension).collect() };
    let tensor = type_proto::Tensor { elem_type, shape: Some(shape) };
    let r#type = Some(TypeProto {
        value: Some(type_proto::Value::TensorType(tensor)),
        ..TypeProto::default()
    });
    ValueInfoProto { name: name.into(), r#type, ..ValueInfoProto::default() }
}

pub fn node(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: operator.into(),
        name: output.into(),
        input: inputs.iter().map(|name| name.to_string()).collect(),
        output: vec![output.into()],
        ..NodeProto::default()
    }
}

pub fn model(graph: GraphProto) -> Vec<u8> {
    let opset = OperatorSetIdProto { domain: String::new(), version: 13 };
    ModelProto {
        ir_version: 8,
        opset_import: vec![opset],
        graph: Some(graph),
        ..ModelProto::default()
    }
    .encode_to_vec()
}

/// `y = x · [[1], [2]]` for any number of rows, and `z = k + k` beside it.
pub fn weigh() -> Vec<u8> {
    let weights = TensorProto {
        name: "w".into(),
        dims: vec![2, 1],
        data_type: FLOAT,
        float_data: vec![1.0, 2.0],
        ..TensorProto::default()
    };
    model(GraphProto {
        name: "weigh".into(),
        node: vec![node("MatMul", &["x", "w"], "y"), node("Add", &["k", "k"], "z")],
        initializer: vec![weights],
        input: vec![value("x", FLOAT, &[None, Some(2)]), value("k", INT64, &[Some(1)])],
        output: vec![value("y", FLOAT, &[None, Some(1)]), value("z", INT64, &[Some(1)])],
        ..GraphProto::default()
    })
}
