//! A series' identity: label names and values, sorted by name.

use std::fmt;
use std::sync::Arc;

/// The label that holds a metric's name.
pub const NAME: &str = "__name__";

/// Sorted, unique, without empty values. Cheap to clone; the strings are shared.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    pub fn empty() -> Labels {
        Labels(Arc::from([]))
    }

    /// Later duplicates of a name win; an empty value is no label.
    pub fn new<N: Into<Arc<str>>, V: Into<Arc<str>>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Labels {
        let mut pairs: Vec<(Arc<str>, Arc<str>)> =
            pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        // A stable sort keeps the order of duplicates, of which the last one counts.
        pairs.sort_by(|left, right| left.0.cmp(&right.0));
        let mut unique: Vec<(Arc<str>, Arc<str>)> = Vec::with_capacity(pairs.len());
        for pair in pairs {
            match unique.last_mut() {
                Some(last) if last.0 == pair.0 => *last = pair,
                _ => unique.push(pair),
            }
        }
        unique.retain(|(_, value)| !value.is_empty());
        Labels(unique.into())
    }

    /// Of pairs that are in order, unique and without empty values.
    pub(crate) fn sorted(pairs: impl Iterator<Item = (Arc<str>, Arc<str>)>) -> Labels {
        let labels = Labels(pairs.collect());
        debug_assert!(labels.0.windows(2).all(|two| two[0].0 < two[1].0));
        labels
    }

    /// The value, or the empty text that an absent label equals.
    pub fn get(&self, name: &str) -> &str {
        match self.0.binary_search_by(|(own, _)| (**own).cmp(name)) {
            Ok(at) => &self.0[at].1,
            Err(_) => "",
        }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    pub fn pairs(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Only the labels that `keep` says.
    pub fn filtered(&self, keep: impl Fn(&str) -> bool) -> Labels {
        Labels(self.0.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }

    pub fn without_name(&self) -> Labels {
        self.filtered(|name| name != NAME)
    }

    /// With one label set, or removed when the value is empty.
    pub fn with(&self, name: &str, value: &str) -> Labels {
        let mut pairs: Vec<_> = self.0.iter().filter(|(own, _)| **own != *name).cloned().collect();
        if !value.is_empty() {
            let at = pairs.partition_point(|(own, _)| **own < *name);
            pairs.insert(at, (name.into(), value.into()));
        }
        Labels(pairs.into())
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// `{a="1", b="2"}`, the metric's name among the labels, as Prometheus's errors print them.
impl fmt::Display for Labels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("{")?;
        for (at, (name, value)) in self.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(formatter, "{comma}{name}={value:?}")?;
        }
        formatter.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_unique_and_never_empty() {
        let labels = Labels::new([("b", "1"), ("a", "x"), ("b", "2"), ("c", "")]);
        assert_eq!(labels.to_string(), r#"{a="x", b="2"}"#);
        assert_eq!((labels.get("b"), labels.get("zz")), ("2", ""));
        assert_eq!(labels.with("aa", "n").to_string(), r#"{a="x", aa="n", b="2"}"#);
        assert_eq!(labels.with("a", ""), Labels::new([("b", "2")]));
    }
}
