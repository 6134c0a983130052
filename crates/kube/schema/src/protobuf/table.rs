//! The messages by name, out of `messages.txt`.

use std::collections::HashMap;
use std::sync::LazyLock;

const TEXT: &str = include_str!("messages.txt");

pub(super) struct Field {
    pub number: u32,
    /// None: its fields are those of the message that it stands in.
    pub name: Option<&'static str>,
    pub shape: Shape,
    pub of: Type,
    pub omit_empty: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    One,
    /// An empty value was meant.
    Pointer,
    List,
    /// From texts.
    Map,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Int,
    Double,
    Text,
    Bytes,
    Quantity,
    IntOrString,
    Time,
    MicroTime,
    Duration,
    /// JSON in a message.
    Json,
    /// A list of texts in a message.
    Items,
    Message(&'static str),
}

static MESSAGES: LazyLock<HashMap<&'static str, Vec<Field>>> = LazyLock::new(|| {
    let mut messages: HashMap<&str, Vec<Field>> = HashMap::new();
    let mut name = "";
    for line in TEXT.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix(' ') {
            None => {
                name = line;
                messages.entry(name).or_default();
            }
            Some(line) => messages.entry(name).or_default().extend(field(line)),
        }
    }
    messages
});

/// The fields of a message, named as `apps/v1.Deployment`.
pub(super) fn message(name: &str) -> Option<&'static [Field]> {
    MESSAGES.get(name).map(Vec::as_slice)
}

fn field(line: &'static str) -> Option<Field> {
    let mut words = line.split(' ');
    let number = words.next()?.parse().ok()?;
    let name = words.next()?;
    let of = words.next()?;
    let prefixes = [("*", Shape::Pointer), ("[]", Shape::List), ("{}", Shape::Map)];
    let found =
        prefixes.iter().find_map(|(prefix, shape)| Some((of.strip_prefix(prefix)?, *shape)));
    let (of, shape) = found.unwrap_or((of, Shape::One));
    let of = match of {
        "bool" => Type::Bool,
        "int" => Type::Int,
        "double" => Type::Double,
        "string" => Type::Text,
        "bytes" => Type::Bytes,
        "quantity" => Type::Quantity,
        "int-or-string" => Type::IntOrString,
        "time" => Type::Time,
        "micro-time" => Type::MicroTime,
        "duration" => Type::Duration,
        "raw" | "fields" => Type::Json,
        "items" => Type::Items,
        message => Type::Message(message),
    };
    let name = (name != "+").then_some(name);
    Some(Field { number, name, shape, of, omit_empty: words.next() == Some("?") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_that_is_named_is_there() {
        assert!(MESSAGES.len() > 300, "{}", MESSAGES.len());
        for (name, fields) in MESSAGES.iter() {
            for field in fields {
                if let Type::Message(of) = field.of {
                    assert!(MESSAGES.contains_key(of), "{of} in {name}");
                }
            }
        }
    }
}
