//! Kubernetes' protobuf encoding of the built-in kinds, read into the JSON that the same
//! client would have sent.
//!
//! What the Go types know and the wire does not (which zero is left out, what lies inline)
//! is in `protobuf/messages.txt`. Only reading is here: answers are JSON, which every client
//! takes.

mod table;
mod wire;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;

use self::table::{Field, Shape, Type, message};
use self::wire::{Item, items};

/// What every such body begins with.
const MAGIC: &[u8] = b"k8s\0";
/// The API's own types nest less.
const DEEPEST: usize = 48;

/// Why a body is not read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Error {
    #[error("the body does not begin with the bytes of Kubernetes' protobuf encoding")]
    Magic,
    #[error("{kind:?} of {api_version:?} has no protobuf encoding here")]
    Unknown { api_version: String, kind: String },
    #[error("the body is encoded once more, as {0:?}")]
    Encoding(String),
    #[error("{at}: {why}")]
    Malformed { at: String, why: &'static str },
}

fn malformed(at: &str, why: &'static str) -> Error {
    Error::Malformed { at: at.to_owned(), why }
}

/// Reads one object.
///
/// # Errors
/// [`Error`]; a field that is wrong is named by its way, as `spec.containers.name`.
pub fn decode(body: &[u8]) -> Result<Value, Error> {
    let body = body.strip_prefix(MAGIC).ok_or(Error::Magic)?;
    let (mut type_meta, mut raw, mut encoding) = (&[][..], &[][..], String::new());
    for (number, item) in items(body, "")? {
        match (number, item) {
            (1, Item::Bytes(bytes)) => type_meta = bytes,
            (2, Item::Bytes(bytes)) => raw = bytes,
            (3, Item::Bytes(bytes)) => encoding = text(bytes, "contentEncoding")?,
            _ => {}
        }
    }
    if !encoding.is_empty() {
        return Err(Error::Encoding(encoding));
    }
    let (mut api_version, mut kind) = (String::new(), String::new());
    for (number, item) in items(type_meta, "typeMeta")? {
        match (number, item) {
            (1, Item::Bytes(bytes)) => api_version = text(bytes, "apiVersion")?,
            (2, Item::Bytes(bytes)) => kind = text(bytes, "kind")?,
            _ => {}
        }
    }
    // Options are of every group, under its own version.
    let found =
        message(&format!("{api_version}.{kind}")).or_else(|| message(&format!("meta.{kind}")));
    let Some(fields) = found else { return Err(Error::Unknown { api_version, kind }) };
    let mut object = Map::from_iter([
        ("apiVersion".to_owned(), api_version.into()),
        ("kind".to_owned(), kind.into()),
    ]);
    read(fields, raw, "", 0, &mut object)?;
    Ok(Value::Object(object))
}

/// Reads a message's fields into `to`.
fn read(
    fields: &[Field],
    bytes: &[u8],
    at: &str,
    depth: usize,
    to: &mut Map<String, Value>,
) -> Result<(), Error> {
    if depth > DEEPEST {
        return Err(malformed(at, "is nested too deeply"));
    }
    for (number, item) in items(bytes, at)? {
        // One that a newer client knows and this server does not.
        let Some(field) = fields.iter().find(|field| field.number == number) else { continue };
        let Some(name) = field.name else {
            if let (Item::Bytes(bytes), Type::Message(inner)) = (item, field.of) {
                read(fields_of(inner, at)?, bytes, at, depth + 1, to)?;
            }
            continue;
        };
        let at = if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
        match field.shape {
            Shape::One | Shape::Pointer => {
                let value = value(field.of, item, &at, depth)?;
                if field.shape == Shape::Pointer || !field.omit_empty || !is_empty(&value) {
                    to.insert(name.to_owned(), value);
                }
            }
            Shape::List => {
                let list = to.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                let Value::Array(list) = list else { continue };
                match (field.of, item) {
                    (Type::Int, Item::Bytes(packed)) => list.extend(wire::packed(packed, &at)?),
                    (of, item) => list.push(value(of, item, &at, depth)?),
                }
            }
            Shape::Map => {
                let Item::Bytes(entry) = item else { return Err(malformed(&at, "is no map")) };
                let (mut key, mut found) = (String::new(), None);
                for (number, item) in items(entry, &at)? {
                    match (number, item) {
                        (1, Item::Bytes(bytes)) => key = text(bytes, &at)?,
                        (2, item) => found = Some(value(field.of, item, &at, depth)?),
                        _ => {}
                    }
                }
                let map = to.entry(name).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(map) = map {
                    map.insert(key, found.unwrap_or_else(|| "".into()));
                }
            }
        }
    }
    Ok(())
}

fn fields_of(name: &str, at: &str) -> Result<&'static [Field], Error> {
    message(name).ok_or_else(|| malformed(at, "is of no known type"))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

fn value(of: Type, item: Item<'_>, at: &str, depth: usize) -> Result<Value, Error> {
    match (of, item) {
        (Type::Bool, Item::Number(number)) => Ok((number != 0).into()),
        (Type::Int, Item::Number(number)) => Ok(number.cast_signed().into()),
        (Type::Double, Item::Fixed(bits)) => Ok(f64::from_bits(bits).into()),
        (Type::Text, Item::Bytes(bytes)) => Ok(text(bytes, at)?.into()),
        (Type::Bytes, Item::Bytes(bytes)) => Ok(BASE64_STANDARD.encode(bytes).into()),
        (Type::Message(name), Item::Bytes(bytes)) => {
            let mut object = Map::new();
            read(fields_of(name, at)?, bytes, at, depth + 1, &mut object)?;
            Ok(Value::Object(object))
        }
        (_, Item::Bytes(bytes)) => special(of, bytes, at),
        _ => Err(malformed(at, "has another type on the wire")),
    }
}

/// Messages that JSON writes as something else.
fn special(of: Type, bytes: &[u8], at: &str) -> Result<Value, Error> {
    let (mut numbers, mut texts) = ([0_i64; 4], Vec::new());
    for (number, item) in items(bytes, at)? {
        match item {
            Item::Number(value) if number < 4 => numbers[number as usize] = value.cast_signed(),
            Item::Bytes(value) => texts.push(value),
            _ => {}
        }
    }
    let first = texts.first().copied().unwrap_or_default();
    match of {
        Type::Quantity => Ok(text(first, at)?.into()),
        Type::IntOrString if numbers[1] == 0 => Ok(numbers[2].into()),
        Type::IntOrString => Ok(text(first, at)?.into()),
        Type::Items => {
            let list = texts.into_iter().map(|bytes| Ok(text(bytes, at)?.into()));
            list.collect::<Result<Vec<Value>, Error>>().map(Value::Array)
        }
        Type::Json if first.is_empty() => Ok(Value::Null),
        Type::Json => serde_json::from_slice(first).map_err(|_| malformed(at, "holds no JSON")),
        Type::Duration => Ok(format!("{}s", numbers[1] as f64 / 1e9).into()),
        Type::Time | Type::MicroTime if bytes.is_empty() => Ok(Value::Null),
        Type::Time | Type::MicroTime => {
            let nanos = i32::try_from(numbers[2]).unwrap_or_default();
            let time = Timestamp::new(numbers[1], nanos);
            let time = time.map_err(|_| malformed(at, "is no time"))?;
            let format =
                if of == Type::Time { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S.%6fZ" };
            Ok(time.strftime(format).to_string().into())
        }
        _ => Err(malformed(at, "has another type on the wire")),
    }
}

fn text(bytes: &[u8], at: &str) -> Result<String, Error> {
    String::from_utf8(bytes.to_vec()).map_err(|_| malformed(at, "is not UTF-8"))
}

#[cfg(test)]
mod tests;
