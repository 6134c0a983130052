//! The protocol's datatypes and ONNX's element types.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Datatype {
    Bool,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Int8,
    Int16,
    Int32,
    Int64,
    Fp16,
    Fp32,
    Fp64,
    /// Text.
    Bytes,
}

/// Name in the protocol, code in ONNX's `TensorProto.DataType`.
const TABLE: [(Datatype, &str, i32); 13] = [
    (Datatype::Bool, "BOOL", 9),
    (Datatype::Uint8, "UINT8", 2),
    (Datatype::Uint16, "UINT16", 4),
    (Datatype::Uint32, "UINT32", 12),
    (Datatype::Uint64, "UINT64", 13),
    (Datatype::Int8, "INT8", 3),
    (Datatype::Int16, "INT16", 5),
    (Datatype::Int32, "INT32", 6),
    (Datatype::Int64, "INT64", 7),
    (Datatype::Fp16, "FP16", 10),
    (Datatype::Fp32, "FP32", 1),
    (Datatype::Fp64, "FP64", 11),
    (Datatype::Bytes, "BYTES", 8),
];

impl Datatype {
    pub fn name(self) -> &'static str {
        TABLE.into_iter().find(|row| row.0 == self).expect("every datatype has a row").1
    }

    pub fn named(name: &str) -> Option<Datatype> {
        TABLE.into_iter().find(|row| row.1 == name).map(|row| row.0)
    }

    pub fn of_onnx(code: i32) -> Option<Datatype> {
        TABLE.into_iter().find(|row| row.2 == code).map(|row| row.0)
    }
}

impl fmt::Display for Datatype {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}
