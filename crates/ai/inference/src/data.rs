//! A tensor's `data` in JSON: flat or nested to any depth, read in one pass
//! into a flat list, with the nesting's own shape remembered.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, de};

/// One element before the datatype is known (it may come later in the request).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(String),
}

impl Scalar {
    pub fn bool(&self) -> Option<bool> {
        match self {
            Scalar::Bool(value) => Some(*value),
            Scalar::Int(0) | Scalar::Uint(0) => Some(false),
            Scalar::Int(1) | Scalar::Uint(1) => Some(true),
            _ => None,
        }
    }

    pub fn int(&self) -> Option<i128> {
        match self {
            Scalar::Int(value) => Some(i128::from(*value)),
            Scalar::Uint(value) => Some(i128::from(*value)),
            // 2^53: above it a double no longer tells whole numbers apart.
            Scalar::Float(value)
                if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 =>
            {
                Some(*value as i128)
            }
            _ => None,
        }
    }

    pub fn float(&self) -> Option<f64> {
        match self {
            Scalar::Int(value) => Some(*value as f64),
            Scalar::Uint(value) => Some(*value as f64),
            Scalar::Float(value) => Some(*value),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<String> {
        match self {
            Scalar::Text(value) => Some(value.clone()),
            _ => None,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Bool(value) => write!(to, "{value}"),
            Scalar::Int(value) => write!(to, "{value}"),
            Scalar::Uint(value) => write!(to, "{value}"),
            Scalar::Float(value) => write!(to, "{value}"),
            Scalar::Text(value) => write!(to, "\"{}\"", value.chars().take(40).collect::<String>()),
        }
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Nested {
    pub scalars: Vec<Scalar>,
    /// The lengths of the nested lists, outermost first; one for a flat list.
    pub shape: Vec<usize>,
}

impl<'de> Deserialize<'de> for Nested {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Nested, D::Error> {
        let mut reader = Reader { scalars: Vec::new(), shape: Vec::new(), leaves_at: None };
        Level { reader: &mut reader, depth: 0 }.deserialize(from)?;
        match reader.leaves_at {
            Some(0) => Err(D::Error::custom("'data' must be a list")),
            _ => Ok(Nested { scalars: reader.scalars, shape: reader.shape }),
        }
    }
}

struct Reader {
    scalars: Vec<Scalar>,
    shape: Vec<usize>,
    /// The depth at which elements stand: the same everywhere.
    leaves_at: Option<usize>,
}

struct Level<'a> {
    reader: &'a mut Reader,
    depth: usize,
}

impl Level<'_> {
    fn leaf<E: Error>(self, scalar: Scalar) -> Result<(), E> {
        if *self.reader.leaves_at.get_or_insert(self.depth) != self.depth {
            return Err(E::custom("'data' is ragged: elements stand at different depths"));
        }
        self.reader.scalars.push(scalar);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a number, a boolean, a text or a list of them")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.leaf(Scalar::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.leaf(Scalar::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.leaf(Scalar::Uint(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.leaf(Scalar::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.leaf(Scalar::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Level { reader, depth } = self;
        if reader.leaves_at.is_some_and(|leaves| leaves <= depth) {
            return Err(A::Error::custom("'data' is ragged: elements stand at different depths"));
        }
        let mut length = 0;
        while list.next_element_seed(Level { reader, depth: depth + 1 })?.is_some() {
            length += 1;
        }
        // Inner lists end before outer ones: the shape grows from the inside.
        while reader.shape.len() <= depth {
            reader.shape.push(usize::MAX);
        }
        match reader.shape[depth] {
            usize::MAX => reader.shape[depth] = length,
            before if before != length => {
                return Err(A::Error::custom(format!(
                    "'data' is ragged: lists of {before} and of {length} stand side by side"
                )));
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Nested, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn nesting_is_flattened_and_its_shape_kept() {
        let nested = read("[[1, 2.5], [-3, true], [\"x\", 4]]").expect("reads");
        assert_eq!(nested.shape, [3, 2]);
        assert_eq!(nested.scalars.len(), 6);
        assert_eq!(nested.scalars[2], Scalar::Int(-3));
        assert_eq!(read("[]").expect("reads").shape, [0]);
        assert_eq!(read("[[[1],[2]],[[3],[4]]]").expect("reads").shape, [2, 2, 1]);
    }

    #[test]
    fn ragged_and_strange_data_is_refused() {
        for json in [
            "[1, [2]]",
            "[[1], 2]",
            "[[1], [2, 3]]",
            "[[1], []]",
            "5",
            "{}",
            "[null]",
            "[{}]",
            "[[1],[[2]]]",
        ] {
            assert!(read(json).is_err(), "{json}");
        }
        assert!(read(&"[".repeat(100_000)).is_err());
    }
}
