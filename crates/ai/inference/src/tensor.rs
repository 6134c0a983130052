//! A tensor between the protocol and the engines: a name, a shape, and its
//! elements in row-major order.

use serde::{Serialize, Serializer};
use tract_onnx::prelude::f16;

use crate::data::Scalar;
use crate::datatype::Datatype;
use crate::error::{Error, Result};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub data: Data,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    Bool(Vec<bool>),
    Uint8(Vec<u8>),
    Uint16(Vec<u16>),
    Uint32(Vec<u32>),
    Uint64(Vec<u64>),
    Int8(Vec<i8>),
    Int16(Vec<i16>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Fp16(Vec<f16>),
    Fp32(Vec<f32>),
    Fp64(Vec<f64>),
    Bytes(Vec<String>),
}

/// Runs an expression on the vector inside, whatever its type.
macro_rules! each {
    ($data:expr, $vector:ident => $do:expr) => {
        match $data {
            Data::Bool($vector) => $do,
            Data::Uint8($vector) => $do,
            Data::Uint16($vector) => $do,
            Data::Uint32($vector) => $do,
            Data::Uint64($vector) => $do,
            Data::Int8($vector) => $do,
            Data::Int16($vector) => $do,
            Data::Int32($vector) => $do,
            Data::Int64($vector) => $do,
            Data::Fp16($vector) => $do,
            Data::Fp32($vector) => $do,
            Data::Fp64($vector) => $do,
            Data::Bytes($vector) => $do,
        }
    };
}
pub(crate) use each;

impl Data {
    pub fn len(&self) -> usize {
        each!(self, vector => vector.len())
    }

    pub fn datatype(&self) -> Datatype {
        match self {
            Data::Bool(_) => Datatype::Bool,
            Data::Uint8(_) => Datatype::Uint8,
            Data::Uint16(_) => Datatype::Uint16,
            Data::Uint32(_) => Datatype::Uint32,
            Data::Uint64(_) => Datatype::Uint64,
            Data::Int8(_) => Datatype::Int8,
            Data::Int16(_) => Datatype::Int16,
            Data::Int32(_) => Datatype::Int32,
            Data::Int64(_) => Datatype::Int64,
            Data::Fp16(_) => Datatype::Fp16,
            Data::Fp32(_) => Datatype::Fp32,
            Data::Fp64(_) => Datatype::Fp64,
            Data::Bytes(_) => Datatype::Bytes,
        }
    }

    /// From JSON's values. An error names the first element that does not fit.
    pub fn from_scalars(datatype: Datatype, scalars: Vec<Scalar>) -> Result<Data, String> {
        fn all<T>(
            scalars: Vec<Scalar>,
            datatype: Datatype,
            one: impl Fn(&Scalar) -> Option<T>,
        ) -> Result<Vec<T>, String> {
            let fit = |(index, scalar): (usize, &Scalar)| {
                one(scalar)
                    .ok_or_else(|| format!("element {index} is {scalar}, which is no {datatype}"))
            };
            scalars.iter().enumerate().map(fit).collect()
        }
        fn int<T: TryFrom<i128>>(scalar: &Scalar) -> Option<T> {
            scalar.int().and_then(|int| T::try_from(int).ok())
        }
        Ok(match datatype {
            Datatype::Bool => Data::Bool(all(scalars, datatype, Scalar::bool)?),
            Datatype::Uint8 => Data::Uint8(all(scalars, datatype, int)?),
            Datatype::Uint16 => Data::Uint16(all(scalars, datatype, int)?),
            Datatype::Uint32 => Data::Uint32(all(scalars, datatype, int)?),
            Datatype::Uint64 => Data::Uint64(all(scalars, datatype, int)?),
            Datatype::Int8 => Data::Int8(all(scalars, datatype, int)?),
            Datatype::Int16 => Data::Int16(all(scalars, datatype, int)?),
            Datatype::Int32 => Data::Int32(all(scalars, datatype, int)?),
            Datatype::Int64 => Data::Int64(all(scalars, datatype, int)?),
            Datatype::Fp16 => Data::Fp16(all(scalars, datatype, |s| s.float().map(f16::from_f64))?),
            Datatype::Fp32 => Data::Fp32(all(scalars, datatype, |s| s.float().map(|f| f as f32))?),
            Datatype::Fp64 => Data::Fp64(all(scalars, datatype, Scalar::float)?),
            Datatype::Bytes => Data::Bytes(all(scalars, datatype, Scalar::text)?),
        })
    }

    /// From the protocol's binary form: little-endian elements; texts each
    /// after their length in 4 bytes.
    pub fn from_bytes(datatype: Datatype, bytes: &[u8]) -> Result<Data, String> {
        macro_rules! numbers {
            ($variant:ident, $type:ty) => {{
                const SIZE: usize = size_of::<$type>();
                if !bytes.len().is_multiple_of(SIZE) {
                    return Err(format!(
                        "{} bytes are no whole number of {datatype} elements of {SIZE} bytes",
                        bytes.len()
                    ));
                }
                let one = |chunk: &[u8]| {
                    <$type>::from_le_bytes(
                        chunk.try_into().expect("chunks have the size asked for"),
                    )
                };
                Data::$variant(bytes.chunks_exact(SIZE).map(one).collect())
            }};
        }
        Ok(match datatype {
            Datatype::Bool => Data::Bool(bytes.iter().map(|byte| *byte != 0).collect()),
            Datatype::Uint8 => numbers!(Uint8, u8),
            Datatype::Uint16 => numbers!(Uint16, u16),
            Datatype::Uint32 => numbers!(Uint32, u32),
            Datatype::Uint64 => numbers!(Uint64, u64),
            Datatype::Int8 => numbers!(Int8, i8),
            Datatype::Int16 => numbers!(Int16, i16),
            Datatype::Int32 => numbers!(Int32, i32),
            Datatype::Int64 => numbers!(Int64, i64),
            Datatype::Fp16 => numbers!(Fp16, f16),
            Datatype::Fp32 => numbers!(Fp32, f32),
            Datatype::Fp64 => numbers!(Fp64, f64),
            Datatype::Bytes => Data::Bytes(texts(bytes)?),
        })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        macro_rules! little_endian {
            ($vector:expr) => {
                $vector.iter().flat_map(|number| number.to_le_bytes()).collect()
            };
        }
        match self {
            Data::Bool(v) => v.iter().map(|b| u8::from(*b)).collect(),
            Data::Uint8(v) => v.clone(),
            Data::Uint16(v) => little_endian!(v),
            Data::Uint32(v) => little_endian!(v),
            Data::Uint64(v) => little_endian!(v),
            Data::Int8(v) => little_endian!(v),
            Data::Int16(v) => little_endian!(v),
            Data::Int32(v) => little_endian!(v),
            Data::Int64(v) => little_endian!(v),
            Data::Fp16(v) => little_endian!(v),
            Data::Fp32(v) => little_endian!(v),
            Data::Fp64(v) => little_endian!(v),
            Data::Bytes(v) => v
                .iter()
                .flat_map(|text| (text.len() as u32).to_le_bytes().into_iter().chain(text.bytes()))
                .collect(),
        }
    }
}

/// A flat list. NaN and the infinities, which JSON has not, become null; a
/// 32-bit float is written with as few digits as tell it apart from others.
impl Serialize for Data {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Data::Fp16(vector) => to.collect_seq(vector.iter().map(|half| half.to_f32())),
            Data::Bool(vector) => to.collect_seq(vector),
            Data::Uint8(vector) => to.collect_seq(vector),
            Data::Uint16(vector) => to.collect_seq(vector),
            Data::Uint32(vector) => to.collect_seq(vector),
            Data::Uint64(vector) => to.collect_seq(vector),
            Data::Int8(vector) => to.collect_seq(vector),
            Data::Int16(vector) => to.collect_seq(vector),
            Data::Int32(vector) => to.collect_seq(vector),
            Data::Int64(vector) => to.collect_seq(vector),
            Data::Fp32(vector) => to.collect_seq(vector),
            Data::Fp64(vector) => to.collect_seq(vector),
            Data::Bytes(vector) => to.collect_seq(vector),
        }
    }
}

fn texts(mut bytes: &[u8]) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or("a text's length is cut off")?;
        let length = u32::from_le_bytes(*length) as usize;
        let text = rest.get(..length).ok_or_else(|| format!("text {} is cut off", found.len()))?;
        found.push(
            String::from_utf8(text.to_vec())
                .map_err(|_| format!("text {} is not UTF-8", found.len()))?,
        );
        bytes = &rest[length..];
    }
    Ok(found)
}

/// The number of elements of a shape.
pub(crate) fn elements(shape: &[usize]) -> Result<usize> {
    shape
        .iter()
        .try_fold(1_usize, |product, dimension| product.checked_mul(*dimension))
        .ok_or_else(|| Error::request(format!("the shape {shape:?} has too many elements")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_form_goes_both_ways() {
        for data in [
            Data::Fp32(vec![1.5, -2.0, f32::INFINITY]),
            Data::Int64(vec![-1, i64::MAX]),
            Data::Bool(vec![true, false]),
            Data::Bytes(vec!["".into(), "数字".into()]),
            Data::Fp16(vec![f16::from_f32(0.5)]),
        ] {
            assert_eq!(Data::from_bytes(data.datatype(), &data.to_bytes()), Ok(data));
        }
        assert!(Data::from_bytes(Datatype::Fp32, &[0; 5]).is_err());
        for cut in [&[1, 0, 0][..], &[5, 0, 0, 0, b'a'], &[255, 255, 255, 255]] {
            assert!(Data::from_bytes(Datatype::Bytes, cut).is_err());
        }
    }

    #[test]
    fn numbers_must_fit_and_say_where_not() {
        let scalars =
            |json: &str| serde_json::from_str::<crate::data::Nested>(json).expect("parses").scalars;
        assert_eq!(
            Data::from_scalars(Datatype::Uint8, scalars("[0, 255]")),
            Ok(Data::Uint8(vec![0, 255]))
        );
        let error =
            Data::from_scalars(Datatype::Uint8, scalars("[0, 256]")).expect_err("too large");
        assert!(error.contains("element 1 is 256"), "{error}");
        for (datatype, json) in [
            (Datatype::Int32, "[1.5]"),
            (Datatype::Uint64, "[-1]"),
            (Datatype::Fp32, "[\"1\"]"),
            (Datatype::Bool, "[2]"),
            (Datatype::Bytes, "[1]"),
            (Datatype::Int64, "[true]"),
        ] {
            assert!(Data::from_scalars(datatype, scalars(json)).is_err(), "{datatype} {json}");
        }
        assert_eq!(
            Data::from_scalars(Datatype::Fp32, scalars("[1, 0.1]")),
            Ok(Data::Fp32(vec![1.0, 0.1]))
        );
    }

    #[test]
    fn json_has_no_special_numbers() {
        let json = serde_json::to_string(&Data::Fp32(vec![0.1, f32::NAN])).expect("writes");
        assert_eq!(json, "[0.1,null]");
    }
}
