//! Files that others wrote.

use dais_labeling::{Answer, Error, Format, Kind, Read, Unsigned, formats};
use serde_json::{Value, json};

use crate::databases::labels;

fn read(format: Format, kind: Kind, files: &[(&str, &str)]) -> Result<Read, Error> {
    let files: Vec<_> =
        files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    formats::read(format, &labels(kind), &Unsigned::Prediction, &files)
}

fn refused(format: Format, kind: Kind, text: &str) -> String {
    let Err(error) = read(format, kind, &[("file", text)]) else { panic!("takes {text}") };
    assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn json_lines_name_the_line_and_the_field() {
    let refused = |text: &str| refused(Format::JsonLines, Kind::TextClassification, text);
    let good = r#"{"key": "a", "data": {"text": "x"}}"#;
    assert!(refused(&format!("{good}\n\n{{")).starts_with("line 3: EOF"));
    assert!(refused(r#"{"key": "a", "data": {"text": 7}}"#).starts_with("line 1.data.text:"));
    assert!(refused(r#"{"key": "a", "data": 7}"#).starts_with("line 1: data:"));
    assert!(refused(r#"{"key": "a", "data": {}, "keys": 1}"#).contains("unknown field `keys`"));
    let deep = format!("{{\"key\": \"a\", \"data\": {}1{}}}", "[".repeat(5000), "]".repeat(5000));
    assert!(refused(&deep).contains("recursion limit"), "deep nesting");
    let files = vec![("file".to_owned(), vec![0xff, 0xfe])];
    let config = labels(Kind::TextClassification);
    let error = formats::read(Format::JsonLines, &config, &Unsigned::Gold, &files).unwrap_err();
    assert!(error.to_string().contains("byte 0 is not UTF-8"), "{error}");
}

#[test]
fn csv_names_the_line_and_the_column() {
    let refused = |text: &str| refused(Format::Csv, Kind::TextClassification, text);
    assert!(refused("key,text\na,x\nb,x,y\n").starts_with("line 3:"));
    assert!(refused("key,text,key\n").contains("'key' is there twice"));
    assert!(refused("key,text,gold\na,x,cow\n").starts_with("line 2.gold.choices[0]: 'cow'"));
    assert!(refused("key,text,gold\na,x,\"[1\"\n").starts_with("line 2, column gold:"));
    assert!(refused("key,text\na,x\na,y\n").starts_with("line 3, column key: 'a' was something"));
    let time = "key,text,annotator,answer,time\na,x,ada,cat,soon\n";
    assert!(refused(time).starts_with("line 2, column time: 'soon' is no number"));
}

#[test]
fn csv_of_other_people_is_taken() {
    let text = "\u{feff}text,answer\r\n\"a, b\",cat\r\n,dog\r\n";
    let config = labels(Kind::TextClassification);
    let files = vec![("file".to_owned(), text.as_bytes().to_vec())];
    let error = formats::read(Format::Csv, &config, &Unsigned::Gold, &files).unwrap_err();
    assert!(error.to_string().starts_with("line 3.data.text"), "{error}");
    let files = vec![("file".to_owned(), text.as_bytes()[..28].to_vec())];
    let read = formats::read(Format::Csv, &config, &Unsigned::Gold, &files).unwrap();
    assert_eq!(read.tasks[0].key, "line 2");
    assert_eq!(read.tasks[0].gold, Some(Answer::Choices(vec!["cat".to_owned()])));
}

/// As Label Studio 1.x exports it, with what we have no place for.
fn label_studio(result: Value) -> Value {
    json!([{
        "id": 7, "inner_id": 1, "project": 83, "file_upload": "x.json", "total_annotations": 1,
        "data": { "text": "😀 the cat\nsat" }, "meta": { "source": "web" },
        "annotations": [
            { "id": 1001, "result": result, "completed_by": 10, "was_cancelled": false,
              "ground_truth": false, "lead_time": 4.288,
              "created_at": "2021-03-09T22:16:08.728353Z" },
            { "result": [], "completed_by": { "email": "a@b.c" }, "was_cancelled": true },
        ],
        "predictions": [],
    }])
}

#[test]
fn label_studio_reads_what_it_can_and_names_the_rest() {
    let result = |start: usize, end: usize, text: &str| {
        json!({ "id": "x", "from_name": "label", "to_name": "text", "type": "labels",
            "origin": "manual",
            "value": { "start": start, "end": end, "text": text, "labels": ["cat", "dog"] } })
    };
    let file = label_studio(json!([
        result(6, 9, "cat"),
        // The same in UTF-16 units, as older versions counted.
        result(7, 10, "cat"),
        result(6, 13, "cat\\nsat"),
        { "type": "relation", "from_id": "x", "to_id": "y" },
    ]));
    let read = read(Format::LabelStudio, Kind::TextSpans, &[("file", &file.to_string())]).unwrap();
    let task = &read.tasks[0];
    assert_eq!((task.key.as_str(), task.given.len()), ("7", 2));
    let given = &task.given[0];
    assert_eq!((given.annotator.as_str(), given.seconds), ("10", 4.288));
    assert_eq!(given.time, 1_615_328_168_728);
    let Some(Answer::Spans(spans)) = &given.answer else { panic!("spans") };
    let places: Vec<_> = spans.iter().map(|span| (span.start, span.end)).collect();
    assert_eq!(places, [(6, 9), (6, 9), (6, 13)]);
    assert_eq!(task.given[1].answer, None);
    let lost: Vec<&str> = read.lost.iter().map(|lost| lost.what.as_str()).collect();
    let wanted = [
        "'origin' of a result",
        "'source' of a task's meta",
        "further labels of a region",
        "results of type 'relation'",
    ];
    assert_eq!(lost, wanted);
    assert_eq!(read.lost[3].first, "[0].annotations[0].result[3]");
}

#[test]
fn label_studio_refuses_what_is_wrong_with_its_place() {
    let refused = |file: Value| refused(Format::LabelStudio, Kind::TextSpans, &file.to_string());
    let of = |value: Value| label_studio(json!([{ "type": "labels", "value": value }]));
    let start = refused(of(json!({ "start": -1, "end": 2, "labels": ["cat"] })));
    assert!(start.starts_with("[0].annotations[0].result[0].value.start: is not"), "{start}");
    let label = refused(of(json!({ "start": 0, "end": 2, "labels": ["cow"] })));
    assert!(label.starts_with("[0].given[0].answer.spans[0].label: 'cow'"), "{label}");
    assert!(refused(of(json!({ "start": 0, "end": 99, "labels": ["cat"] }))).contains("0..99"));
    assert!(refused(json!({})).contains("invalid type"));
    assert!(refused(json!([7])).contains("[0].data"));
    assert!(refused(json!([{ "data": {} }])).contains("[0].id"));
}

#[test]
fn coco_refuses_what_is_wrong_with_its_place() {
    let file = |annotation: Value| {
        json!({
            "images": [{ "id": 1, "file_name": "a.jpg", "width": 10, "height": 10 }],
            "categories": [{ "id": 3, "name": "cat" }],
            "annotations": [annotation],
        })
        .to_string()
    };
    let good = json!({ "id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4] });
    let taken = read(Format::Coco, Kind::ImageBoxes, &[("file", &file(good.clone()))]).unwrap();
    assert_eq!(taken.tasks[0].predictions.len(), 1);
    for (change, wanted) in [
        (json!({ "image_id": 9 }), "annotations[0].image_id: there is no 9"),
        (json!({ "category_id": 1 }), "annotations[0].category_id: there is no 1"),
        (json!({ "bbox": [1, 2, 3] }), "file: annotations[0].bbox:"),
        (
            json!({ "bbox": [1, 2, 30, 4] }),
            "images[0] (a.jpg).predictions[0].answer.boxes.shapes[0]",
        ),
        (
            json!({ "bbox": [1, 2, -3, 4] }),
            "images[0] (a.jpg).predictions[0].answer.boxes.shapes[0]",
        ),
    ] {
        let mut annotation = good.clone();
        annotation.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let error = refused(Format::Coco, Kind::ImageBoxes, &file(annotation));
        assert!(error.starts_with(wanted), "{error}");
    }
    let error = refused(Format::Coco, Kind::TextSpans, "{}");
    assert!(error.contains("COCO holds boxes and polygons"), "{error}");
    let mask = json!({ "id": 1, "image_id": 1, "category_id": 3,
        "segmentation": { "counts": [1, 2], "size": [10, 10] }, "iscrowd": 1 });
    let read = read(Format::Coco, Kind::ImagePolygons, &[("file", &file(mask))]).unwrap();
    assert_eq!(read.lost[0].what, "shapes without an outline of corners");
}

#[test]
fn yolo_refuses_what_is_wrong_with_its_place() {
    let read = |labels: &str| {
        let files = [("classes.txt", "cat\ndog\n"), ("a/b.jpg", ""), ("labels/a/b.txt", labels)];
        read(Format::Yolo, Kind::ImageBoxes, &files)
    };
    let error = |labels: &str| read(labels).unwrap_err().to_string();
    assert_eq!(read("1 0.5 0.5 0.2 0.2\n").unwrap().tasks[0].key, "a/b.jpg");
    assert!(error("0 0.5 0.5 0.2\n").starts_with("labels/a/b.txt line 1: has 3 numbers"));
    assert!(error("\n2 0.5 0.5 0.2 0.2").starts_with("labels/a/b.txt line 2: there is no class"));
    assert!(error("0 0.5 NaN 0.2 0.2").contains("'NaN' is no number"));
    assert!(error("0 0.5 0.5 2 0.2").starts_with("labels/a/b.txt.predictions[0]"));
    let escaping = [("classes.txt", "cat\n"), ("images.txt", "../../etc/passwd.jpg\n")];
    let refused = self::read(Format::Yolo, Kind::ImageBoxes, &escaping).unwrap_err();
    assert!(refused.to_string().contains("is no path"), "{refused}");
    assert!(matches!(formats::unpack(b"no zip"), Err(Error::Invalid { .. })));
}
