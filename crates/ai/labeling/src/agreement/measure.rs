//! The figures of a project, from its answers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::kappa::{Confusion, Fleiss, cohen};
use super::similarity::{mean, mean_of_pairs, only, similarity};
use crate::answer::{Answer, Side};
use crate::config::{Kind, LabelConfig};

/// A task with the answers that annotators gave, before any correction.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub gold: Option<Answer>,
    pub answers: Vec<(String, Answer)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Agreement {
    /// Tasks with two answers or more; all below is of these.
    pub tasks: u64,
    /// Mean over pairs of answers to one task, 0 to 1.
    pub mean: Option<f64>,
    /// Fleiss' κ over all annotators. Of a classification with one label and of
    /// preferences, over the choices; else over whether a label is in the answer.
    pub fleiss_kappa: Option<f64>,
    pub pairs: Vec<Pair>,
    pub labels: Vec<OfLabel>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pair {
    pub annotators: [String; 2],
    /// Tasks that both answered.
    pub tasks: u64,
    pub mean: f64,
    pub cohen_kappa: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfLabel {
    pub label: String,
    /// Answers with it, of all tasks.
    pub answers: u64,
    /// Of the tasks where one of the annotators used it.
    pub mean: Option<f64>,
    /// Fleiss' κ over whether it is in the answer.
    pub fleiss_kappa: Option<f64>,
}

/// How an annotator's answers compare.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// Mean agreement with the others on the same tasks.
    pub agreement: Option<f64>,
    /// Answered tasks whose answer is known.
    pub gold_tasks: u64,
    /// Mean similarity with the known answer.
    pub gold_accuracy: Option<f64>,
    /// Share of answers that are the known one.
    pub gold_exact: Option<f64>,
}

/// The words of answers: labels, or the sides of a preference.
struct Words<'a> {
    names: Vec<&'a str>,
    at: BTreeMap<&'a str, usize>,
    /// Every answer is at most one of them.
    exclusive: bool,
}

impl<'a> Words<'a> {
    fn of(config: &'a LabelConfig) -> Self {
        let names: Vec<&str> = match config.kind {
            Kind::Preference => [Side::Left, Side::Right, Side::Tie].map(Side::word).to_vec(),
            _ => config.labels.iter().map(|label| label.name.as_str()).collect(),
        };
        let at = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        let single = config.kind.is_classification() && !config.several;
        Self { names, at, exclusive: single || config.kind == Kind::Preference }
    }

    fn used(&self, answer: &Answer) -> Vec<usize> {
        answer.labels().into_iter().filter_map(|label| self.at.get(label).copied()).collect()
    }

    /// The category of an exclusive answer; the last is for none.
    fn category(&self, answer: &Answer) -> usize {
        self.used(answer).first().copied().unwrap_or(self.names.len())
    }
}

pub(crate) fn agreement(config: &LabelConfig, items: &[Item]) -> Agreement {
    let words = Words::of(config);
    let several: Vec<&Item> = items.iter().filter(|item| item.answers.len() > 1).collect();
    let means = several.iter().filter_map(|item| {
        let answers: Vec<Answer> = item.answers.iter().map(|(_, answer)| answer.clone()).collect();
        mean_of_pairs(&answers)
    });
    let labels = by_label(&words, items);
    let fleiss_kappa = match words.exclusive {
        true => over_categories(&words, &several).kappa(),
        false => over_labels(&words, &several).1.kappa(),
    };
    Agreement {
        tasks: several.len() as u64,
        mean: mean(means),
        fleiss_kappa,
        pairs: pairs(&words, &several),
        labels,
    }
}

fn over_categories(words: &Words<'_>, items: &[&Item]) -> Fleiss {
    let mut fleiss = Fleiss::new(words.names.len() + 1);
    for item in items {
        let mut counts = vec![0; words.names.len() + 1];
        for (_, answer) in &item.answers {
            counts[words.category(answer)] += 1;
        }
        fleiss.add(&counts, 1);
    }
    fleiss
}

/// Whether each label is in the answer: by label, and all of these decisions together.
fn over_labels(words: &Words<'_>, items: &[&Item]) -> (Vec<Fleiss>, Fleiss) {
    let labels = words.names.len();
    let (mut each, mut all) = (vec![Fleiss::new(2); labels], Fleiss::new(2));
    // Tasks by their number of answers: in all, and where the label occurs.
    let mut sizes: BTreeMap<u64, u64> = BTreeMap::new();
    let mut occurs: Vec<BTreeMap<u64, u64>> = vec![BTreeMap::new(); labels];
    for item in items {
        let size = item.answers.len() as u64;
        *sizes.entry(size).or_default() += 1;
        let mut counts: BTreeMap<usize, u64> = BTreeMap::new();
        for (_, answer) in &item.answers {
            words.used(answer).into_iter().for_each(|at| *counts.entry(at).or_default() += 1);
        }
        for (at, count) in counts {
            *occurs[at].entry(size).or_default() += 1;
            each[at].add(&[count, size - count], 1);
            all.add(&[count, size - count], 1);
        }
    }
    for (fleiss, occurs) in each.iter_mut().zip(&occurs) {
        for (size, tasks) in &sizes {
            let absent = tasks - occurs.get(size).copied().unwrap_or_default();
            fleiss.add(&[0, *size], absent);
            all.add(&[0, *size], absent);
        }
    }
    (each, all)
}

fn by_label(words: &Words<'_>, items: &[Item]) -> Vec<OfLabel> {
    let several: Vec<&Item> = items.iter().filter(|item| item.answers.len() > 1).collect();
    let (each, _) = over_labels(words, &several);
    let mut answers = vec![0; words.names.len()];
    let mut means: Vec<Vec<f64>> = vec![Vec::new(); words.names.len()];
    for item in items {
        let mut used = Vec::new();
        for (_, answer) in &item.answers {
            for at in words.used(answer) {
                answers[at] += 1;
                used.push(at);
            }
        }
        used.sort_unstable();
        used.dedup();
        for at in used {
            let of_label = |answer: &Answer| match answer {
                Answer::Preference(side) => {
                    let chosen = side.word() == words.names[at];
                    Answer::Choices(chosen.then(|| side.word().to_owned()).into_iter().collect())
                }
                answer => only(answer, words.names[at]),
            };
            let answers: Vec<Answer> = item.answers.iter().map(|(_, a)| of_label(a)).collect();
            means[at].extend(mean_of_pairs(&answers));
        }
    }
    let figures = answers.into_iter().zip(means).zip(each);
    let named = words.names.iter().zip(figures);
    named
        .map(|(label, ((answers, means), fleiss))| OfLabel {
            label: (*label).to_owned(),
            answers,
            mean: mean(means),
            fleiss_kappa: fleiss.kappa(),
        })
        .collect()
}

/// What two annotators have in common.
#[derive(Default)]
struct Shared {
    tasks: u64,
    similarity: f64,
    counts: Confusion,
}

fn pairs(words: &Words<'_>, items: &[&Item]) -> Vec<Pair> {
    let mut all: BTreeMap<(&str, &str), Shared> = BTreeMap::new();
    for item in items {
        let mut answers: Vec<&(String, Answer)> = item.answers.iter().collect();
        answers.sort_by(|a, b| a.0.cmp(&b.0));
        for (at, (name, a)) in answers.iter().map(|(name, a)| (name, a)).enumerate() {
            for (other, b) in answers[at + 1..].iter().map(|(name, b)| (name, b)) {
                let shared = all.entry((name, other)).or_default();
                shared.tasks += 1;
                shared.similarity += similarity(a, b);
                shared.count(words, a, b);
            }
        }
    }
    all.into_iter()
        .map(|((a, b), shared)| Pair {
            annotators: [a.to_owned(), b.to_owned()],
            tasks: shared.tasks,
            mean: shared.similarity / shared.tasks as f64,
            cohen_kappa: cohen(&shared.counts),
        })
        .collect()
}

impl Shared {
    fn count(&mut self, words: &Words<'_>, a: &Answer, b: &Answer) {
        let mut add = |cell: (usize, usize), count: usize| {
            *self.counts.entry(cell).or_default() += count as u64;
        };
        if words.exclusive {
            return add((words.category(a), words.category(b)), 1);
        }
        let (a, b) = (words.used(a), words.used(b));
        let both = a.iter().filter(|at| b.contains(at)).count();
        let (only_a, only_b) = (a.len() - both, b.len() - both);
        add((1, 1), both);
        add((1, 0), only_a);
        add((0, 1), only_b);
        add((0, 0), words.names.len() - both - only_a - only_b);
    }
}

/// Each annotator beside the others and the known answers.
pub(crate) fn compare(items: &[Item]) -> BTreeMap<String, Compared> {
    #[derive(Default)]
    struct Seen {
        others: Vec<f64>,
        gold: Vec<f64>,
    }
    let mut seen: BTreeMap<&str, Seen> = BTreeMap::new();
    for item in items {
        for (at, (name, answer)) in item.answers.iter().enumerate() {
            let of = seen.entry(name).or_default();
            let others = item.answers.iter().enumerate().filter(|(other, _)| *other != at);
            of.others.extend(mean(others.map(|(_, (_, other))| similarity(answer, other))));
            of.gold.extend(item.gold.as_ref().map(|gold| similarity(answer, gold)));
        }
    }
    let compared = |seen: Seen| Compared {
        agreement: mean(seen.others),
        gold_tasks: seen.gold.len() as u64,
        gold_exact: mean(seen.gold.iter().map(|one| f64::from(*one > 1.0 - 1e-9))),
        gold_accuracy: mean(seen.gold),
    };
    seen.into_iter().map(|(name, seen)| (name.to_owned(), compared(seen))).collect()
}
