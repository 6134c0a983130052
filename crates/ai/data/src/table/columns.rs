//! Names of columns: never empty, never the same twice, never long.

use std::collections::HashSet;

use super::cell::shortened;

/// Characters of a name that are kept.
const LONGEST: usize = 200;

pub(crate) fn named(given: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut names = Vec::new();
    for (at, name) in (1..).zip(given) {
        let plain = match name.trim() {
            "" => format!("column {at}"),
            name => shortened(name, LONGEST).0,
        };
        let numbered = (2..).map(|count| format!("{plain} ({count})"));
        let name = std::iter::once(plain.clone())
            .chain(numbered)
            .find(|name| taken.insert(name.clone()))
            .expect("of endlessly many names one is free");
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_column_has_a_name_of_its_own() {
        let given = ["id", "", "id", "id (2)", " 年龄 "].map(String::from);
        assert_eq!(super::named(given), ["id", "column 2", "id (2)", "id (2) (2)", "年龄"]);
    }
}
