//! scikit-learn's StandardScaler and its kin for tract, which has no `Scaler`:
//! the ONNX-ML specification defines it as `(x - offset) * scale` in 32-bit
//! floats, so it becomes a Cast, a Sub and a Mul.

use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, attribute_proto::AttributeType,
};

const FLOAT: i32 = 1;

pub(super) fn replace(model: &mut ModelProto) {
    let Some(graph) = &mut model.graph else { return };
    for node in std::mem::take(&mut graph.node) {
        if node.op_type == "Scaler" {
            spell_out(node, graph);
        } else {
            graph.node.push(node);
        }
    }
}

fn spell_out(scaler: NodeProto, graph: &mut GraphProto) {
    let (Some(input), Some(output)) = (scaler.input.first(), scaler.output.first()) else { return };
    let floats = |name: &str| {
        let found = scaler.attribute.iter().find(|attribute| attribute.name == name);
        found.map(|attribute| attribute.floats.clone()).filter(|floats| !floats.is_empty())
    };
    let between = |step: &str| format!("{output}/{step}");
    let node = |operator: &str, inputs: Vec<String>, output: String, attribute| NodeProto {
        op_type: operator.into(),
        name: output.clone(),
        input: inputs,
        output: vec![output],
        attribute,
        ..NodeProto::default()
    };
    let to = AttributeProto {
        name: "to".into(),
        r#type: AttributeType::Int as i32,
        i: FLOAT.into(),
        ..AttributeProto::default()
    };
    let cast = node("Cast", vec![input.clone()], between("float"), vec![to]);
    let subtract =
        node("Sub", vec![between("float"), between("offset")], between("centred"), vec![]);
    let multiply = node("Mul", vec![between("centred"), between("scale")], output.clone(), vec![]);
    graph
        .initializer
        .push(vector(between("offset"), floats("offset").unwrap_or_else(|| vec![0.0])));
    graph.initializer.push(vector(between("scale"), floats("scale").unwrap_or_else(|| vec![1.0])));
    graph.node.extend([cast, subtract, multiply]);
}

fn vector(name: String, float_data: Vec<f32>) -> TensorProto {
    TensorProto {
        name,
        dims: vec![float_data.len() as i64],
        data_type: FLOAT,
        float_data,
        ..TensorProto::default()
    }
}
