use super::kappa::{Confusion, Fleiss, cohen};
use super::measure::{Item, agreement, compare};
use super::similarity::similarity;
use crate::answer::{Answer, Box, Drawing, Polygon, Size, Span};
use crate::config::{Kind, Label, LabelConfig};

fn close(found: impl Into<Option<f64>>, wanted: f64) {
    let found = found.into().expect("a figure");
    assert!((found - wanted).abs() < 1e-12, "{found} is not {wanted}");
}

fn config(kind: Kind, several: bool) -> LabelConfig {
    let label = |name: &str| Label { name: name.to_owned(), ..Label::default() };
    LabelConfig {
        kind,
        labels: ["a", "b", "c"].map(label).to_vec(),
        instructions: String::new(),
        several,
        minimum: 0,
        maximum: None,
        ties: false,
        fields: Vec::new(),
    }
}

fn choices(labels: &[&str]) -> Answer {
    Answer::Choices(labels.iter().map(|label| (*label).to_owned()).collect())
}

fn item(answers: &[(&str, Answer)]) -> Item {
    let answers = answers.iter().map(|(who, answer)| ((*who).to_owned(), answer.clone()));
    Item { gold: None, answers: answers.collect() }
}

/// Twelve items and three raters. κ of scikit-learn 1.9.1 (`cohen_kappa_score`) and
/// statsmodels 0.15.0 (`fleiss_kappa`), computed once.
const RATINGS: [&str; 3] = ["aabbccabcabb", "abbbcaabcacb", "aabcccabbabb"];

#[test]
fn kappas_as_scikit_learn_and_statsmodels_have_them() {
    let letters: Vec<Vec<char>> = RATINGS.iter().map(|row| row.chars().collect()).collect();
    let answer = |rater: usize, at: usize| choices(&[&letters[rater][at].to_string()]);
    let items: Vec<Item> = (0..12)
        .map(|at| item(&[("x", answer(0, at)), ("y", answer(1, at)), ("z", answer(2, at))]))
        .collect();
    let found = agreement(&config(Kind::TextClassification, false), &items);
    assert_eq!(found.tasks, 12);
    close(found.fleiss_kappa, 0.574_468_085_106_382_9);
    for (at, wanted) in [0.617_021_276_595_744_7, 0.744_680_851_063_829_8, 0.361_702_127_659_574_55]
        .into_iter()
        .enumerate()
    {
        close(found.pairs[at].cohen_kappa, wanted);
    }
    assert_eq!(found.pairs[1].annotators, ["x", "z"]);
    close(found.pairs[0].mean, 9.0 / 12.0);
}

/// Six items, two raters, any of three labels: the same packages over all eighteen
/// decisions, and label by label.
#[test]
fn kappas_of_several_labels() {
    let rows: [(&[&str], &[&str]); 6] = [
        (&["a"], &["a"]),
        (&["a", "b"], &["b"]),
        (&["b"], &["b", "c"]),
        (&["c"], &["c"]),
        (&["a", "c"], &["a"]),
        (&[], &["b"]),
    ];
    let items: Vec<Item> =
        rows.iter().map(|(x, y)| item(&[("x", choices(x)), ("y", choices(y))])).collect();
    let found = agreement(&config(Kind::TextClassification, true), &items);
    close(found.pairs[0].cohen_kappa, 0.532_467_532_467_532_5);
    close(found.fleiss_kappa, 0.532_467_532_467_532_4);
    for (at, wanted) in [0.657_142_857_142_857_1, 0.657_142_857_142_857_1, 0.25].iter().enumerate()
    {
        close(found.labels[at].fleiss_kappa, *wanted);
    }
    assert_eq!(found.labels[1].answers, 5);
    close(found.mean, (1.0 + 0.5 + 0.5 + 1.0 + 0.5 + 0.0) / 6.0);
}

#[test]
fn what_chance_explains_wholly_has_no_kappa() {
    assert_eq!(cohen(&Confusion::from([((0, 0), 5)])), None);
    assert_eq!(cohen(&Confusion::new()), None);
    let mut fleiss = Fleiss::new(2);
    fleiss.add(&[1, 0], 3);
    assert_eq!(fleiss.kappa(), None);
    fleiss.add(&[3, 0], 2);
    assert_eq!(fleiss.kappa(), None);
}

fn square(label: &str, x: f64, y: f64, rotation: f64) -> Box {
    let label = label.to_owned();
    Box { id: String::new(), label, x, y, width: 10.0, height: 10.0, rotation }
}

fn boxes(shapes: Vec<Box>) -> Answer {
    Answer::Boxes(Drawing { size: Some(Size { width: 200, height: 100 }), shapes })
}

#[test]
fn boxes_are_matched_best_first_within_their_label() {
    let a = boxes(vec![square("a", 0.0, 0.0, 0.0), square("b", 50.0, 50.0, 0.0)]);
    let b = boxes(vec![square("a", 5.0, 0.0, 0.0), square("a", 0.0, 0.0, 0.0)]);
    // One perfect match of three shapes: the second `a` and the `b` have no partner.
    close(similarity(&a, &b), 1.0 / 3.0);
    close(similarity(&a, &a), 1.0);
    close(similarity(&boxes(vec![]), &boxes(vec![])), 1.0);
    close(similarity(&a, &boxes(vec![])), 0.0);
}

#[test]
fn turned_boxes_are_compared_in_pixels() {
    // 20 × 10 pixels, turned by a right angle around the corner at (20, 10): it covers
    // x 10..20 and y 10..30, that is 5..10 and 10..30 percent.
    let turned = boxes(vec![square("a", 10.0, 10.0, 90.0)]);
    let upright = Box { width: 5.0, height: 20.0, ..square("a", 5.0, 10.0, 0.0) };
    let found = similarity(&turned, &boxes(vec![upright]));
    assert!((found - 1.0).abs() < 1e-9, "{found}");
}

#[test]
fn polygons_and_spans_and_kinds_that_differ() {
    let polygon = |label: &str, x: f64| Polygon {
        id: String::new(),
        label: label.to_owned(),
        points: vec![[x, 0.0], [x + 2.0, 0.0], [x + 2.0, 2.0], [x, 2.0]],
    };
    let drawn = |shapes| Answer::Polygons(Drawing { size: None, shapes });
    close(similarity(&drawn(vec![polygon("a", 0.0)]), &drawn(vec![polygon("a", 1.0)])), 1.0 / 3.0);
    close(similarity(&drawn(vec![polygon("a", 0.0)]), &drawn(vec![polygon("b", 0.0)])), 0.0);
    let span =
        |label: &str, start, end| Span { id: String::new(), label: label.to_owned(), start, end };
    let (x, y) = (span("a", 0, 4), span("b", 6, 9));
    let a = Answer::Spans(vec![x.clone(), y.clone()]);
    let b = Answer::Spans(vec![span("b", 6, 8), x.clone(), span("a", 6, 9)]);
    // One of two and one of three: F1 is 2 · 1 / (2 + 3).
    close(similarity(&a, &b), 0.4);
    close(similarity(&a, &Answer::Spans(vec![y, x])), 1.0);
    close(similarity(&a, &choices(&["a"])), 0.0);
}

#[test]
fn annotators_beside_others_and_known_answers() {
    let mut known = item(&[("x", choices(&["a"])), ("y", choices(&["b"]))]);
    known.gold = Some(choices(&["a"]));
    let other = item(&[("x", choices(&["a"])), ("y", choices(&["a"]))]);
    let found = compare(&[known, other]);
    close(found["x"].agreement, 0.5);
    assert_eq!((found["x"].gold_tasks, found["x"].gold_exact), (1, Some(1.0)));
    assert_eq!((found["y"].gold_tasks, found["y"].gold_accuracy), (1, Some(0.0)));
}
