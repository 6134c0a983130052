//! Arithmetic and comparisons between two vectors: one-to-one, many-to-one, filled in.

use promql_parser::parser::{LabelModifier, VectorMatchCardinality};

use super::binary::Matching;
use super::budget::Budget;
use super::operator::Operator;
use super::row::{Gathered, Row, is_of_metric};
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::sample::is_marker;

/// Arithmetic or a comparison between two vectors.
pub struct Join<'a> {
    pub operator: Operator,
    pub matching: Matching<'a>,
    pub steps: usize,
    pub budget: &'a Budget,
}

/// Both vectors, so turned that `one` has at most one series per group.
struct Sides {
    many: Vec<Row>,
    one: Vec<Row>,
    many_groups: Vec<usize>,
    one_groups: Vec<usize>,
    groups: Vec<Labels>,
    is_swapped: bool,
}

impl Join<'_> {
    pub fn run(&self, left: Vec<Row>, right: Vec<Row>) -> Result<Vec<Row>> {
        let is_swapped =
            matches!(self.matching.modifier.card, VectorMatchCardinality::OneToMany(_));
        let (many, one) = if is_swapped { (right, left) } else { (left, right) };
        let ([many_groups, one_groups], groups) = self.matching.signatures([&many, &one]);
        let sides = Sides { many, one, many_groups, one_groups, groups, is_swapped };
        let mut gathered = Gathered::within(self.budget, self.steps);
        // The result of each row of the many, and behind them of each group that is filled
        // in: with which row of the one it is, and where.
        let mut results: Vec<Option<(Option<usize>, usize)>> =
            vec![None; sides.many.len() + sides.groups.len()];
        let is_grouped = self.matching.modifier.card != VectorMatchCardinality::OneToOne;
        // The group and the step by which each result was met last.
        let mut met: Vec<Option<(usize, usize)>> = Vec::new();
        for step in 0..self.steps {
            self.step(&sides, step, |many, one, group, value| {
                let result = &mut results[many.unwrap_or(sides.many.len() + group)];
                let at = match *result {
                    Some((known, at)) if known == one => at,
                    _ => {
                        let (labels, drop_name) = self.labels(&sides, many, one, group);
                        self.budget.take_labels(labels.pairs().len(), 0)?;
                        let at = gathered.row(labels, drop_name)?;
                        *result = Some((one, at));
                        met.resize(met.len().max(at + 1), None);
                        at
                    }
                };
                // Counted before a comparison filters: the ambiguity is there either way.
                if is_grouped && met[at].replace((group, step)) == Some((group, step)) {
                    return Err(Error::Execution(
                        "multiple matches for labels: grouping labels must ensure unique matches"
                            .into(),
                    ));
                }
                if is_marker(value) || gathered.set(at, step, value) {
                    return Ok(());
                }
                Err(Error::Execution("vector cannot contain metrics with the same labelset".into()))
            })?;
        }
        Ok(gathered.into_rows())
    }

    /// Calls `emit` with each match at one step: rows of both sides (none: filled in),
    /// group, and value, which is absent where a comparison filters.
    fn step(
        &self,
        sides: &Sides,
        step: usize,
        mut emit: impl FnMut(Option<usize>, Option<usize>, usize, f64) -> Result<()>,
    ) -> Result<()> {
        let mut one_of_group: Vec<Option<usize>> = vec![None; sides.groups.len()];
        for (index, group) in sides.one_groups.iter().enumerate() {
            if is_marker(sides.one[index].values[step]) {
                continue;
            }
            if let Some(other) = one_of_group[*group].replace(index) {
                return Err(duplicate(sides, *group, other, index));
            }
        }
        // As in Prometheus, `fill_left` is for the many, also where they stand on the right.
        let fill = &self.matching.modifier.fill_values;
        let (fill_many, fill_one) = (fill.lhs, fill.rhs);
        let is_one_to_one = self.matching.modifier.card == VectorMatchCardinality::OneToOne;
        let mut met = vec![false; sides.groups.len()];
        let mut taken = vec![false; sides.groups.len()];
        for (index, group) in sides.many_groups.iter().enumerate() {
            let many = sides.many[index].values[step];
            if is_marker(many) {
                continue;
            }
            met[*group] = true;
            let one = match (one_of_group[*group], fill_one) {
                (Some(one), _) => sides.one[one].values[step],
                (None, Some(fill)) => fill,
                (None, None) => continue,
            };
            // Counted before a comparison filters: the ambiguity is there either way.
            if is_one_to_one && std::mem::replace(&mut taken[*group], true) {
                return Err(Error::Execution(
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)".into(),
                ));
            }
            let value = self.value(sides, many, one);
            emit(Some(index), one_of_group[*group], *group, value)?;
        }
        let Some(fill) = fill_many else { return Ok(()) };
        for (group, one) in one_of_group.iter().enumerate().filter(|(group, _)| !met[*group]) {
            let Some(one) = *one else { continue };
            let value = self.value(sides, fill, sides.one[one].values[step]);
            emit(None, Some(one), group, value)?;
        }
        Ok(())
    }

    fn value(&self, sides: &Sides, many: f64, one: f64) -> f64 {
        let (left, right) = if sides.is_swapped { (one, many) } else { (many, one) };
        self.operator.result(left, right, left, self.matching.modifier.return_bool)
    }

    /// The labels of a result, and whether its name goes.
    fn labels(
        &self,
        sides: &Sides,
        many: Option<usize>,
        one: Option<usize>,
        group: usize,
    ) -> (Labels, bool) {
        let modifier = self.matching.modifier;
        let base = many.map_or(&sides.groups[group], |many| &sides.many[many].labels);
        let drops_name = !self.operator.is_comparison();
        let is_kept = |name: &str| {
            let is_dropped_name = drops_name && is_of_metric(name);
            let is_matched = match (&modifier.card, &modifier.matching) {
                (VectorMatchCardinality::OneToOne, Some(LabelModifier::Include(on))) => {
                    on.labels.iter().any(|label| label == name)
                }
                (VectorMatchCardinality::OneToOne, Some(LabelModifier::Exclude(ignoring))) => {
                    !ignoring.labels.iter().any(|label| label == name)
                }
                _ => true,
            };
            !is_dropped_name && is_matched
        };
        let mut labels = base.filtered(is_kept);
        if let VectorMatchCardinality::ManyToOne(include)
        | VectorMatchCardinality::OneToMany(include) = &modifier.card
        {
            for name in &include.labels {
                let value = one.map_or("", |one| sides.one[one].labels.get(name));
                labels = labels.with(name, value);
            }
        }
        let was_due = many.is_some_and(|many| sides.many[many].drop_name);
        (labels, was_due || modifier.return_bool)
    }
}

fn duplicate(sides: &Sides, group: usize, first: usize, second: usize) -> Error {
    let side = if sides.is_swapped { "left" } else { "right" };
    let mut pair = [first, second].map(|row| sides.one[row].labels.to_string());
    pair.sort();
    Error::Execution(format!(
        "found duplicate series for the match group {} on the {side} hand-side of the operation: [{}];many-to-many matching not allowed: matching labels must be unique on one side",
        sides.groups[group],
        pair.join(", ")
    ))
}
