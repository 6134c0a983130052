//! What goes out comes in again as it was.

use dais_labeling::{
    Answer, Box, Drawing, Format, Given, Kind, LabelConfig, NewTask, Only, Polygon, Prediction,
    Side, Size, Span, Spec, Unsigned, Written, formats,
};
use serde_json::json;

use crate::databases::{NOW, add, choice, data, fixtures, labels, overlap};

fn config(kind: Kind, several: bool) -> LabelConfig {
    LabelConfig { several, ties: kind == Kind::Preference, ..labels(kind) }
}

/// Two people and one who skipped; the second was corrected.
fn given(first: Answer, second: Answer) -> Vec<Given> {
    let by = |annotator: &str, answer, seconds| Given {
        time: NOW,
        seconds,
        ..Given::by(annotator, answer)
    };
    vec![
        by("17", Some(first.clone()), 12.5),
        Given {
            reviewer: "rita".to_owned(),
            reviewed: NOW + 5000,
            comment: "\"=1+1\", 不是\n猫".to_owned(),
            correction: Some(first),
            ..by("O'Hara 王", Some(second), 0.25)
        },
        Given { reason: "看不清".to_owned(), ..by("zoe@example.org", None, 1.0) },
    ]
}

fn task(key: &str, of: serde_json::Value, answers: (Answer, Answer)) -> NewTask {
    NewTask {
        key: key.to_owned(),
        data: data(of),
        gold: Some(answers.0.clone()),
        predictions: vec![Prediction {
            answer: answers.1.clone(),
            score: Some(0.75),
            model: "models:/cats/3".to_owned(),
        }],
        given: given(answers.0, answers.1),
    }
}

fn rectangle(label: &str, x: f64, rotation: f64) -> Box {
    let (id, label) = (format!("id-{label}"), label.to_owned());
    Box { id, label, x, y: 20.754716981132077, width: 33.3, height: 10.458911419423693, rotation }
}

fn boxes(shapes: Vec<Box>) -> Answer {
    Answer::Boxes(Drawing { size: Some(Size { width: 641, height: 487 }), shapes })
}

fn polygon(label: &str, points: &[[f64; 2]]) -> Polygon {
    Polygon { id: String::new(), label: label.to_owned(), points: points.to_vec() }
}

fn polygons(shapes: Vec<Polygon>) -> Answer {
    Answer::Polygons(Drawing { size: Some(Size { width: 641, height: 487 }), shapes })
}

fn span(label: &str, start: usize, end: usize) -> Span {
    Span { id: "s1".to_owned(), label: label.to_owned(), start, end }
}

/// A task of each kind of work.
pub fn kinds() -> Vec<(LabelConfig, NewTask)> {
    let many = |all: &[&str]| Answer::Choices(all.iter().map(|l| (*l).to_owned()).collect());
    let text = json!({ "text": "一个😀 cat,\n\"quoted\"", "key": "theirs", "data.x": "dot" });
    let image = json!({ "image": "photos/a b/猫.jpg", "shot": { "by": [1, null] } });
    let triangle = polygon("猫", &[[0.0, 0.0], [33.3, 1.5], [7.25, 99.9]]);
    vec![
        (
            config(Kind::TextClassification, false),
            task("rows.csv:7", text.clone(), (choice("cat"), choice("猫"))),
        ),
        (
            config(Kind::ImageClassification, true),
            task("12", image.clone(), (many(&["dog", "cat"]), many(&[]))),
        ),
        (
            config(Kind::ImageBoxes, false),
            task(
                "b",
                image.clone(),
                (
                    boxes(vec![rectangle("cat", 12.4, 0.0), rectangle("dog", 1.0, 0.0)]),
                    boxes(vec![]),
                ),
            ),
        ),
        (
            config(Kind::ImagePolygons, false),
            task(
                "p",
                image,
                (polygons(vec![triangle.clone()]), polygons(vec![triangle.clone(), triangle])),
            ),
        ),
        (
            config(Kind::TextSpans, false),
            task(
                "s",
                text,
                (Answer::Spans(vec![span("cat", 4, 7), span("猫", 0, 3)]), Answer::Spans(vec![])),
            ),
        ),
        (
            config(Kind::Preference, false),
            task(
                "q",
                json!({ "prompt": "why?", "left": "a", "right": "b" }),
                (Answer::Preference(Side::Left), Answer::Preference(Side::Right)),
            ),
        ),
    ]
}

pub async fn exported(config: &LabelConfig, task: &NewTask, format: Format) -> Vec<Written> {
    let mut all = Vec::new();
    for fixture in fixtures().await {
        let spec = Spec { config: config.clone(), policy: overlap(2) };
        let work = fixture.made(spec).await;
        add(&work, std::slice::from_ref(task)).await;
        all.push(work.export(format, Only::All).await.unwrap());
    }
    all
}

fn read_again(config: &LabelConfig, written: &Written, format: Format) -> Vec<NewTask> {
    formats::read(format, config, &Unsigned::Gold, &written.files).unwrap().tasks
}

fn lost(written: &Written) -> Vec<&str> {
    written.lost.iter().map(|lost| lost.what.as_str()).collect()
}

#[tokio::test]
async fn json_lines_hold_everything() {
    for (config, task) in kinds() {
        for written in exported(&config, &task, Format::JsonLines).await {
            assert_eq!(lost(&written), Vec::<&str>::new());
            assert_eq!(
                read_again(&config, &written, Format::JsonLines),
                std::slice::from_ref(&task)
            );
            let line: serde_json::Value = serde_json::from_slice(&written.files[0].1).unwrap();
            assert_eq!(line["answer"], json!(task.gold));
        }
    }
}

#[tokio::test]
async fn csv_holds_everything_but_types_of_data() {
    for (config, task) in kinds() {
        for written in exported(&config, &task, Format::Csv).await {
            let mut wanted = task.clone();
            if wanted.data.contains_key("shot") {
                assert_eq!(written.lost[0].first, format!("task {}: shot", task.key));
                wanted.data.insert("shot".to_owned(), json!("{\"by\":[1,null]}"));
            } else {
                assert_eq!(lost(&written), Vec::<&str>::new());
            }
            assert_eq!(read_again(&config, &written, Format::Csv), [wanted]);
        }
    }
}

#[tokio::test]
async fn label_studio_holds_all_but_reviews() {
    for (config, task) in kinds() {
        for written in exported(&config, &task, Format::LabelStudio).await {
            let mut wanted = task.clone();
            let mut unheld = vec!["reasons of skips", "review decisions and comments"];
            if let Answer::Boxes(drawing) = &mut wanted.predictions[0].answer {
                drawing.size = None;
                wanted.given[1].answer = Some(wanted.predictions[0].answer.clone());
                unheld.push("sizes of images on which nothing is drawn");
            }
            assert_eq!(lost(&written), unheld);
            wanted.given[1] = Given {
                time: NOW,
                seconds: 0.25,
                ..Given::by("O'Hara 王", wanted.given[1].answer.clone())
            };
            wanted.given[2].reason = String::new();
            // The reviewer's correction is an annotation of its own there.
            let correction =
                Given { time: NOW + 5000, ..Given::by("rita", task.given[1].correction.clone()) };
            wanted.given.insert(2, correction);
            assert_eq!(read_again(&config, &written, Format::LabelStudio), [wanted]);
        }
    }
}

#[tokio::test]
async fn label_studio_has_no_ties_and_says_so() {
    let (config, _) = kinds().remove(5);
    let data = data(json!({ "left": "a", "right": "b" }));
    let gold = Some(Answer::Preference(Side::Tie));
    let task = NewTask { key: "1".to_owned(), data, gold, ..NewTask::default() };
    for written in exported(&config, &task, Format::LabelStudio).await {
        assert_eq!(lost(&written), ["answers that are a tie"]);
    }
}

#[tokio::test]
async fn coco_holds_the_shapes_of_the_answer_that_stands_for_the_task() {
    for (config, task) in kinds()
        .into_iter()
        .filter(|(config, _)| matches!(config.kind, Kind::ImageBoxes | Kind::ImagePolygons))
    {
        for written in exported(&config, &task, Format::Coco).await {
            assert!(lost(&written).contains(&"keys that are not the image's path"));
            assert!(lost(&written).contains(&"who answered, when, and what reviewers said"));
            let again = read_again(&config, &written, Format::Coco).remove(0);
            assert_eq!(again.key, "photos/a b/猫.jpg");
            assert_eq!(again.data["width"], 641);
            same_shapes(again.gold.as_ref().unwrap(), task.gold.as_ref().unwrap());
        }
    }
}

#[tokio::test]
async fn yolo_holds_the_shapes_and_the_paths() {
    for (config, task) in kinds()
        .into_iter()
        .filter(|(config, _)| matches!(config.kind, Kind::ImageBoxes | Kind::ImagePolygons))
    {
        for written in exported(&config, &task, Format::Yolo).await {
            let paths: Vec<&str> = written.files.iter().map(|(path, _)| path.as_str()).collect();
            assert_eq!(paths, ["classes.txt", "images.txt", "labels/photos/a b/猫.txt"]);
            assert!(lost(&written).contains(&"sizes of images"));
            let zipped = formats::pack(&written.files).unwrap();
            let unpacked = formats::unpack(&zipped).unwrap();
            assert_eq!(unpacked, written.files);
            let again = read_again(&config, &written, Format::Yolo).remove(0);
            assert_eq!(again.data["image"], "photos/a b/猫.jpg");
            same_shapes(again.gold.as_ref().unwrap(), task.gold.as_ref().unwrap());
        }
    }
}

/// The same to a billionth of a percent, which is what formats in pixels keep.
fn same_shapes(found: &Answer, wanted: &Answer) {
    let numbers = |answer: &Answer| -> Vec<(String, Vec<f64>)> {
        match answer {
            Answer::Boxes(drawing) => {
                let read = |s: &Box| (s.label.clone(), vec![s.x, s.y, s.width, s.height]);
                drawing.shapes.iter().map(read).collect()
            }
            Answer::Polygons(drawing) => {
                let read = |s: &Polygon| (s.label.clone(), s.points.concat());
                drawing.shapes.iter().map(read).collect()
            }
            other => panic!("{other:?} has no shapes"),
        }
    };
    let (found, wanted) = (numbers(found), numbers(wanted));
    assert_eq!(found.len(), wanted.len());
    for ((label, found), (wanted_label, wanted)) in found.iter().zip(&wanted) {
        assert_eq!((label, found.len()), (wanted_label, wanted.len()));
        for (a, b) in found.iter().zip(wanted) {
            assert!((a - b).abs() < 2e-9, "{a} is not {b}");
        }
    }
}

#[tokio::test]
async fn only_what_was_reviewed() {
    let (config, task) = kinds().remove(0);
    for fixture in fixtures().await {
        let work = fixture.made(Spec { config: config.clone(), policy: overlap(2) }).await;
        let other = NewTask { key: "other".to_owned(), given: Vec::new(), ..task.clone() };
        add(&work, &[task.clone(), other]).await;
        let reviewed = work.finished(Only::Reviewed).await.unwrap();
        assert_eq!(reviewed.len(), 1);
        assert_eq!(reviewed[0].turns.len(), 1);
        assert_eq!(work.finished(Only::Answered).await.unwrap().len(), 1);
        assert_eq!(work.finished(Only::All).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn the_answer_that_stands_for_a_task() {
    let config = config(Kind::TextClassification, false);
    for fixture in fixtures().await {
        let work = fixture.made(Spec { config: config.clone(), policy: overlap(3) }).await;
        let by =
            |who: &str, label: &str, time| Given { time, ..Given::by(who, Some(choice(label))) };
        let text = data(json!({ "text": "a" }));
        let task = |key: &str, given| NewTask {
            key: key.to_owned(),
            data: text.clone(),
            given,
            ..NewTask::default()
        };
        let reviewed = Given { reviewer: "rita".to_owned(), ..by("c", "猫", NOW + 9) };
        add(
            &work,
            &[
                task(
                    "majority",
                    vec![by("a", "dog", NOW), by("b", "cat", NOW), by("c", "cat", NOW)],
                ),
                task("earliest", vec![by("a", "dog", NOW + 1), by("b", "cat", NOW)]),
                task("reviewed", vec![by("a", "dog", NOW), by("b", "dog", NOW), reviewed]),
            ],
        )
        .await;
        let chosen: Vec<_> = work.finished(Only::All).await.unwrap();
        let chosen: Vec<_> = chosen.iter().map(|one| one.chosen().cloned().unwrap()).collect();
        assert_eq!(chosen, [choice("cat"), choice("cat"), choice("猫")]);
    }
}

/// A key that is a number is no task's number of ours.
#[tokio::test]
async fn label_studio_tells_tasks_apart_whatever_their_keys() {
    let (config, task) = kinds().remove(0);
    let keyed = |key: &str| NewTask { key: key.to_owned(), given: Vec::new(), ..task.clone() };
    for keys in [["2", "x"], ["2", "1"], ["01", "1"]] {
        let tasks = keys.map(keyed);
        for fixture in fixtures().await {
            let work = fixture.made(Spec { config: config.clone(), policy: overlap(1) }).await;
            add(&work, &tasks).await;
            let written = work.export(Format::LabelStudio, Only::All).await.unwrap();
            let json: serde_json::Value = serde_json::from_slice(&written.files[0].1).unwrap();
            assert_ne!(json[0]["id"], json[1]["id"]);
            assert_eq!(read_again(&config, &written, Format::LabelStudio), tasks);
        }
    }
}
