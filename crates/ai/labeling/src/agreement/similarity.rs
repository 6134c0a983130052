//! How alike two answers to one task are, from 0 to 1.

use std::collections::BTreeSet;

use crate::answer::{Answer, Box, Drawing, Size, Span};
use crate::polygons::{Point, intersection_over_union};

/// | | |
/// |---|---|
/// | choices | labels in both, divided by labels in either (Jaccard) |
/// | boxes, polygons | intersection over union summed over matched shapes, divided by all shapes, matched ones once |
/// | spans | F1 of spans with the same label, start and end |
/// | preference | 1 when it is the same |
///
/// Two answers without anything are the same.
pub(crate) fn similarity(a: &Answer, b: &Answer) -> f64 {
    match (a, b) {
        (Answer::Choices(a), Answer::Choices(b)) => {
            let (a, b): (BTreeSet<_>, BTreeSet<_>) = (a.iter().collect(), b.iter().collect());
            share(a.intersection(&b).count() as f64, a.union(&b).count())
        }
        (Answer::Boxes(a), Answer::Boxes(b)) => {
            let size = common_size(a, b);
            overlap(&a.shapes, &b.shapes, |x, y| match x.label == y.label {
                true => of_boxes(x, y, size),
                false => 0.0,
            })
        }
        (Answer::Polygons(a), Answer::Polygons(b)) => {
            overlap(&a.shapes, &b.shapes, |x, y| match x.label == y.label {
                true => intersection_over_union(&x.points, &y.points),
                false => 0.0,
            })
        }
        (Answer::Spans(a), Answer::Spans(b)) => span_f1(a, b),
        (Answer::Preference(a), Answer::Preference(b)) => f64::from(a == b),
        _ => 0.0,
    }
}

/// Mean of [`similarity`] over all pairs; none where there is no pair.
pub(crate) fn mean_of_pairs(answers: &[Answer]) -> Option<f64> {
    let pairs = answers
        .iter()
        .enumerate()
        .flat_map(|(at, a)| answers[at + 1..].iter().map(move |b| similarity(a, b)));
    mean(pairs)
}

pub(crate) fn mean(numbers: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_u64);
    for number in numbers {
        sum += number;
        count += 1;
    }
    (count > 0).then(|| sum / count as f64)
}

/// What of an answer has one label, so that a label can be measured alone.
pub(crate) fn only(answer: &Answer, label: &str) -> Answer {
    match answer {
        Answer::Choices(choices) => {
            Answer::Choices(choices.iter().filter(|c| *c == label).cloned().collect())
        }
        Answer::Boxes(drawing) => Answer::Boxes(Drawing {
            size: drawing.size,
            shapes: drawing.shapes.iter().filter(|s| s.label == label).cloned().collect(),
        }),
        Answer::Polygons(drawing) => Answer::Polygons(Drawing {
            size: drawing.size,
            shapes: drawing.shapes.iter().filter(|s| s.label == label).cloned().collect(),
        }),
        Answer::Spans(spans) => {
            Answer::Spans(spans.iter().filter(|s| s.label == label).cloned().collect())
        }
        Answer::Preference(side) => Answer::Preference(*side),
    }
}

fn share(part: f64, all: usize) -> f64 {
    if all == 0 { 1.0 } else { part / all as f64 }
}

/// Matches shapes one to one, best first, and adds up how far they overlap.
fn overlap<S>(a: &[S], b: &[S], iou: impl Fn(&S, &S) -> f64) -> f64 {
    let mut candidates: Vec<(f64, usize, usize)> = Vec::new();
    for (i, x) in a.iter().enumerate() {
        let found = b.iter().enumerate().map(|(j, y)| (iou(x, y), i, j));
        candidates.extend(found.filter(|(iou, _, _)| *iou > 0.0));
    }
    candidates.sort_by(|x, y| y.0.total_cmp(&x.0).then((x.1, x.2).cmp(&(y.1, y.2))));
    let (mut of_a, mut of_b) = (vec![false; a.len()], vec![false; b.len()]);
    let (mut sum, mut matched) = (0.0, 0);
    for (iou, i, j) in candidates {
        if !of_a[i] && !of_b[j] {
            (of_a[i], of_b[j]) = (true, true);
            sum += iou;
            matched += 1;
        }
    }
    share(sum, a.len() + b.len() - matched)
}

fn common_size<S>(a: &Drawing<S>, b: &Drawing<S>) -> Size {
    a.size.or(b.size).unwrap_or(Size { width: 100, height: 100 })
}

fn of_boxes(a: &Box, b: &Box, size: Size) -> f64 {
    if a.rotation != 0.0 || b.rotation != 0.0 {
        return intersection_over_union(&outline(a, size), &outline(b, size));
    }
    let along = |a: (f64, f64), b: (f64, f64)| (a.1.min(b.1) - a.0.max(b.0)).max(0.0);
    let shared = along((a.x, a.x + a.width), (b.x, b.x + b.width))
        * along((a.y, a.y + a.height), (b.y, b.y + b.height));
    shared / (a.width * a.height + b.width * b.height - shared)
}

/// Corners in pixels; a turn keeps its shape only there.
fn outline(shape: &Box, size: Size) -> [Point; 4] {
    let (across, down) = (f64::from(size.width) / 100.0, f64::from(size.height) / 100.0);
    let (sin, cos) = shape.rotation.to_radians().sin_cos();
    let corner = |dx: f64, dy: f64| {
        let (dx, dy) = (dx * shape.width * across, dy * shape.height * down);
        [shape.x * across + cos * dx - sin * dy, shape.y * down + sin * dx + cos * dy]
    };
    [corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0), corner(0.0, 1.0)]
}

/// 2·TP / (2·TP + FP + FN); a span that is there twice counts twice.
fn span_f1(a: &[Span], b: &[Span]) -> f64 {
    let key = |span: &Span| (span.start, span.end, span.label.clone());
    let (mut a, mut b): (Vec<_>, Vec<_>) =
        (a.iter().map(key).collect(), b.iter().map(key).collect());
    a.sort();
    b.sort();
    let (mut i, mut j, mut same) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, same) = (i + 1, j + 1, same + 1),
        }
    }
    share(2.0 * f64::from(same), a.len() + b.len())
}
