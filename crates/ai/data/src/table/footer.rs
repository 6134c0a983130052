//! How deep the schema in a Parquet footer is nested, before anybody builds it:
//! the `parquet` crate recurses once a level, and a stack that overflows ends
//! the whole program.
//!
//! Field 2 of `FileMetaData` is a list of `SchemaElement`s in depth-first order,
//! whose field 5 is the number of children (apache/parquet-format, `parquet.thrift`).

use super::thrift::{I32, LIST, Reader, STOP};

/// Deeper than any schema that people write.
const DEEPEST: usize = 64;

/// # Errors
/// Words, when it is too deep or cannot be read.
pub(crate) fn check(footer: &[u8]) -> Result<(), String> {
    schema(&mut Reader(footer)).unwrap_or_else(|| Err("its footer is torn".to_owned()))
}

fn schema(from: &mut Reader<'_>) -> Option<Result<(), String>> {
    let mut field = 0;
    loop {
        let (id, kind) = from.field(&mut field)?;
        match (id, kind) {
            (_, STOP) => return Some(Err("its footer has no schema".to_owned())),
            (2, LIST) => break,
            _ => from.skip(kind, DEEPEST)?,
        }
    }
    let (count, _) = from.list()?;
    // How many children each open group still waits for.
    let mut open: Vec<u64> = Vec::new();
    for _ in 0..count {
        let children = children(from)?;
        if let Some(last) = open.last_mut() {
            *last = last.saturating_sub(1);
        }
        if children > 0 {
            open.push(children);
        }
        if open.len() > DEEPEST {
            return Some(Err(format!("its schema is nested deeper than {DEEPEST} levels")));
        }
        while open.last() == Some(&0) {
            open.pop();
        }
    }
    Some(Ok(()))
}

fn children(from: &mut Reader<'_>) -> Option<u64> {
    let (mut field, mut found) = (0, 0);
    loop {
        match from.field(&mut field)? {
            (_, STOP) => return Some(found),
            (5, I32) => found = u64::try_from(from.zigzag()?).unwrap_or(0),
            (_, kind) => from.skip(kind, DEEPEST)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A footer whose groups each hold the next one.
    fn nested(levels: usize) -> Vec<u8> {
        let mut footer = vec![0x15, 0x02, 0x19, 0xfc];
        let (mut count, mut elements) = (levels + 1, Vec::new());
        for level in 0..=levels {
            // Field 4, the name "a", then field 5, one child or none.
            elements.extend([0x48, 1, b'a', 0x15, if level < levels { 2 } else { 0 }, 0]);
        }
        while count >= 0x80 {
            footer.push(count as u8 | 0x80);
            count >>= 7;
        }
        footer.push(count as u8);
        footer.extend(elements);
        footer.push(0);
        footer
    }

    #[test]
    fn a_schema_that_would_overflow_the_stack_is_refused() {
        assert_eq!(check(&nested(DEEPEST)), Ok(()));
        assert!(check(&nested(DEEPEST + 1)).expect_err("refused").contains("deeper"));
        assert!(check(&nested(1_000_000)).is_err());
        assert!(check(&nested(3)[..9]).expect_err("refused").contains("torn"));
        assert!(check(&[0]).is_err() && check(&[]).is_err());
    }
}
