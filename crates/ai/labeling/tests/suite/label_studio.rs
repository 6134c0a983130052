//! Against Label Studio's own package from PyPI: its validators and its converter take what we
//! write, and we take what it writes. `DAIS_TEST_PYTHON` is a Python that has it; `CI=true`
//! insists on it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use dais_labeling::{Answer, Format, Kind, LabelConfig, Unsigned, formats};
use serde_json::{Value, json};

use crate::databases::data;
use crate::exporting::{exported, kinds};

fn python() -> Option<String> {
    let python = std::env::var("DAIS_TEST_PYTHON").ok().filter(|path| !path.is_empty());
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(python.is_some() || !ci, "DAIS_TEST_PYTHON must be set where CI=true");
    if python.is_none() {
        eprintln!("skipped: DAIS_TEST_PYTHON is not set");
    }
    python
}

fn ask(python: &str, what: &str, question: &Value) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/label_studio.py");
    let mut running = Command::new(python)
        .args([script, what])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    running.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "{question:#}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The labelling interface that our results are of.
fn interface(config: &LabelConfig) -> String {
    let all = |tag: &str| -> String {
        let one = |label: &str| format!("<{tag} value=\"{label}\"/>");
        config.labels.iter().map(|label| one(&label.name)).collect()
    };
    let text = "<Text name=\"text\" value=\"$text\"/>";
    let image = "<Image name=\"image\" value=\"$image\"/>";
    let choice = if config.several { "multiple" } else { "single" };
    let choices = |to: &str| {
        let all = all("Choice");
        format!("<Choices name=\"label\" toName=\"{to}\" choice=\"{choice}\">{all}</Choices>")
    };
    let regions = |tag: &str, to: &str| {
        format!("<{tag} name=\"label\" toName=\"{to}\">{}</{tag}>", all("Label"))
    };
    let inside = match config.kind {
        Kind::TextClassification => format!("{text}{}", choices("text")),
        Kind::ImageClassification => format!("{image}{}", choices("image")),
        Kind::ImageBoxes => format!("{image}{}", regions("RectangleLabels", "image")),
        Kind::ImagePolygons => format!("{image}{}", regions("PolygonLabels", "image")),
        Kind::TextSpans => format!("{text}{}", regions("Labels", "text")),
        Kind::Preference => "<Text name=\"left\" value=\"$left\"/>\
            <Text name=\"right\" value=\"$right\"/>\
            <Pairwise name=\"label\" toName=\"left,right\"/>"
            .to_owned(),
    };
    format!("<View>{inside}</View>")
}

fn numbers(value: &Value) -> Vec<f64> {
    let all = value.as_array().unwrap().iter();
    all.flat_map(|one| match one {
        Value::Array(_) => numbers(one),
        one => vec![one.as_f64().unwrap()],
    })
    .collect()
}

#[tokio::test]
async fn its_validators_and_converter_take_what_we_write() {
    let Some(python) = python() else { return };
    for (config, task) in kinds() {
        let written = exported(&config, &task, Format::LabelStudio).await.remove(0);
        let tasks: Value = serde_json::from_slice(&written.files[0].1).unwrap();
        let question = json!({"config": interface(&config), "tasks": tasks});
        let found = ask(&python, "check", &question);
        assert_eq!(found["problems"], json!([]), "{:?}: {tasks:#}", config.kind);
        // The converter speaks of the first annotation: what the first person answered.
        let least = &found["least"][0];
        match &task.given[0].answer.clone().unwrap() {
            Answer::Choices(all) if all.len() == 1 => assert_eq!(least["label"], json!(all[0])),
            Answer::Choices(all) => assert_eq!(least["label"]["choices"], json!(all)),
            Answer::Preference(side) => {
                assert_eq!(least["label"], json!([{"selected": side.word()}]))
            }
            Answer::Spans(spans) => {
                assert_eq!(least["label"].as_array().unwrap().len(), spans.len(), "{least:#}");
                assert_eq!(least["label"][0]["start"], spans[0].start);
                assert_eq!(least["label"][0]["text"], "cat", "{least:#}");
            }
            Answer::Boxes(_) | Answer::Polygons(_) => {
                let ours = exported(&config, &task, Format::Coco).await.remove(0);
                let ours: Value = serde_json::from_slice(&ours.files[0].1).unwrap();
                same_shapes(&config, &ours, &found["coco"]);
            }
        }
    }
}

/// Our own COCO and theirs, made of the same answer, in pixels.
fn same_shapes(config: &LabelConfig, ours: &Value, theirs: &Value) {
    let member = if config.kind == Kind::ImageBoxes { "bbox" } else { "segmentation" };
    let shapes = |coco: &Value| -> Vec<Vec<f64>> {
        coco["annotations"].as_array().unwrap().iter().map(|one| numbers(&one[member])).collect()
    };
    let (ours, theirs) = (shapes(ours), shapes(theirs));
    assert!(!ours.is_empty() && theirs.len() >= ours.len(), "{theirs:?}");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours.len(), theirs.len());
        for (a, b) in ours.iter().zip(theirs) {
            assert!((a - b).abs() < 1e-6, "{a} is not {b}");
        }
    }
}

#[tokio::test]
async fn what_it_writes_is_taken_as_it_is_meant() {
    let Some(python) = python() else { return };
    for (config, task) in kinds().into_iter().filter(|(c, _)| c.kind != Kind::Preference) {
        let answer = task.gold.clone().unwrap();
        let regions: Value = match &answer {
            Answer::Choices(all) => json!([{"choices": all}]),
            Answer::Spans(all) => all
                .iter()
                .map(|s| json!({"label": s.label, "start": s.start, "end": s.end}))
                .collect(),
            Answer::Boxes(drawing) => drawing
                .shapes
                .iter()
                .map(|s| {
                    json!({"label": s.label, "x": s.x, "y": s.y, "width": s.width,
                        "height": s.height, "rotation": s.rotation})
                })
                .collect(),
            Answer::Polygons(drawing) => drawing
                .shapes
                .iter()
                .map(|s| json!({"label": s.label, "points": s.points}))
                .collect(),
            Answer::Preference(_) => unreachable!("left out above"),
        };
        let tasks = json!([{"id": 5, "data": task.data}]);
        let question = json!({"config": interface(&config), "tasks": tasks, "regions": regions});
        let theirs = ask(&python, "write", &question);
        let file = vec![("tasks.json".to_owned(), theirs.to_string().into_bytes())];
        let read = formats::read(Format::LabelStudio, &config, &Unsigned::Gold, &file).unwrap();
        assert_eq!(read.lost, [], "{:?}", config.kind);
        let read = &read.tasks[0];
        assert_eq!((read.key.as_str(), &read.data), ("5", &data(json!(task.data))));
        let given = &read.given[0];
        assert_eq!((given.annotator.as_str(), given.seconds), ("17", 1.5));
        assert_eq!(plain(given.answer.as_ref().unwrap()), plain(&answer), "{:?}", config.kind);
        let prediction = &read.predictions[0];
        assert_eq!((prediction.model.as_str(), prediction.score), ("theirs", Some(0.5)));
        assert_eq!(plain(&prediction.answer), plain(&answer));
    }
}

/// Without what the package gives of its own: regions' ids; and without images' sizes, which
/// it does not know.
fn plain(answer: &Answer) -> Answer {
    let mut answer = answer.clone();
    match &mut answer {
        Answer::Boxes(drawing) => {
            drawing.size = None;
            drawing.shapes.iter_mut().for_each(|shape| shape.id.clear());
        }
        Answer::Polygons(drawing) => {
            drawing.size = None;
            drawing.shapes.iter_mut().for_each(|shape| shape.id.clear());
        }
        Answer::Spans(spans) => spans.iter_mut().for_each(|span| span.id.clear()),
        Answer::Choices(_) | Answer::Preference(_) => {}
    }
    answer
}
