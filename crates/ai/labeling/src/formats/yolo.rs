//! YOLO's text files: a file for each image, a line for each shape, in shares of the image.
//!
//! `classes.txt` has a label a line, `images.txt` the path of each image, which the names of
//! the other files leave open; `labels/<path without ending>.txt` has `class cx cy w h` for
//! a box and `class x y x y …` for a polygon.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::coco::{has_shapes, report_rest};
use super::pixels::{from_percent, size, to_percent};
use super::{File, Report, Unsigned, utf8};
use crate::answer::{Answer, Box, Drawing, Polygon};
use crate::config::{Kind, LabelConfig, shown};
use crate::finished::Finished;
use crate::new_task::NewTask;
use crate::{Error, Result};

const CLASSES: &str = "classes.txt";
const IMAGES: &str = "images.txt";
const FOLDER: &str = "labels/";

/// The file for an image; none where the path would leave the folder or not fit in a line.
fn labels_of(path: &str) -> Option<String> {
    let parts = path.split('/');
    let safe = parts.clone().all(|part| !matches!(part, "" | "." | ".."));
    if !safe || path.chars().any(|c| c.is_control() || c == '\\') || path.trim() != path {
        return None;
    }
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let stem = if stem.is_empty() { name } else { stem };
    let slash = if folder.is_empty() { "" } else { "/" };
    Some(format!("{FOLDER}{folder}{slash}{stem}.txt"))
}

pub(super) fn write(
    config: &LabelConfig,
    finished: &[Finished],
    report: &mut Report,
) -> Result<Vec<File>> {
    has_shapes(config, "YOLO")?;
    let names: Vec<&str> = config.labels.iter().map(|label| label.name.as_str()).collect();
    let classes: BTreeMap<&str, usize> = names.iter().copied().zip(0..).collect();
    let lines = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let mut files = vec![(CLASSES.to_owned(), lines(&names).into_bytes())];
    let (mut images, mut taken) = (Vec::new(), BTreeSet::new());
    for one in finished {
        let place = || format!("task {}", one.task.key);
        let path = one.task.data.get(config.fields()[0]).and_then(Value::as_str);
        let path = path.unwrap_or_default();
        let Some(name) = labels_of(path) else {
            report.add("images whose path cannot name a file, and what is on them", place);
            continue;
        };
        if !taken.insert(name.clone()) {
            report.add("images whose path differs in its ending alone, and what is on them", place);
            continue;
        }
        report_rest(one, path, report);
        if size(one.chosen(), &one.task.data).is_some() {
            report.add("sizes of images", place);
        }
        images.push(path);
        if let Some(answer) = one.chosen() {
            files.push((name, text(answer, &classes, report, place).into_bytes()));
        }
    }
    files.insert(1, (IMAGES.to_owned(), lines(&images).into_bytes()));
    Ok(files)
}

fn text(
    answer: &Answer,
    classes: &BTreeMap<&str, usize>,
    report: &mut Report,
    place: impl Fn() -> String,
) -> String {
    let mut text = String::new();
    let mut line = |label: &str, numbers: &mut dyn Iterator<Item = f64>| {
        let Some(class) = classes.get(label) else { return };
        text.push_str(&class.to_string());
        numbers.for_each(|number| text.push_str(&format!(" {}", from_percent(number, 1.0))));
        text.push('\n');
    };
    match answer {
        Answer::Boxes(drawing) => {
            for shape in &drawing.shapes {
                if !shape.id.is_empty() {
                    report.add("names of shapes", &place);
                }
                if shape.rotation != 0.0 {
                    report.add("boxes that are turned", &place);
                    continue;
                }
                let Box { x, y, width, height, .. } = shape;
                let numbers = [x + width / 2.0, y + height / 2.0, *width, *height];
                line(&shape.label, &mut numbers.into_iter());
            }
        }
        Answer::Polygons(drawing) => {
            for shape in &drawing.shapes {
                if !shape.id.is_empty() {
                    report.add("names of shapes", &place);
                }
                line(&shape.label, &mut shape.points.iter().flatten().copied());
            }
        }
        Answer::Choices(_) | Answer::Spans(_) | Answer::Preference(_) => {}
    }
    text
}

/// `files` are `classes.txt`, the label files, and `images.txt` or the images themselves,
/// whose bytes are not looked at.
pub(super) fn read(
    config: &LabelConfig,
    unsigned: &Unsigned,
    files: &[File],
    report: &mut Report,
) -> Result<Vec<NewTask>> {
    has_shapes(config, "YOLO")?;
    let by_path: BTreeMap<&str, &[u8]> =
        files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    let listed = |name: &str| -> Result<Option<Vec<String>>> {
        let Some(bytes) = by_path.get(name) else { return Ok(None) };
        let lines = utf8(name, bytes)?.lines().map(str::trim_end);
        Ok(Some(lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()))
    };
    let classes = listed(CLASSES)?.ok_or_else(|| {
        Error::invalid(CLASSES, "is missing", "send it with a label on each line")
    })?;
    let images = match listed(IMAGES)? {
        Some(images) => images,
        None => files.iter().map(|(path, _)| path).filter(|path| is_image(path)).cloned().collect(),
    };
    let (mut tasks, mut used) = (Vec::new(), BTreeSet::new());
    for image in images {
        let name = labels_of(&image).ok_or_else(|| {
            let hint = "give paths inside the dataset, without ..";
            Error::invalid(IMAGES, format!("'{}' is no path", shown(&image)), hint)
        })?;
        let mut task = NewTask { key: image.clone(), ..NewTask::default() };
        task.data.insert(config.fields()[0].to_owned(), image.into());
        if let Some(bytes) = by_path.get(name.as_str()) {
            let answer = answer(config, &classes, &name, utf8(&name, bytes)?)?;
            unsigned.give(&mut task, answer);
            used.insert(name.clone());
        }
        task.validate(config).map_err(|error| error.within(&name))?;
        tasks.push(task);
    }
    for (path, _) in files {
        let stray = path.ends_with(".txt") && ![CLASSES, IMAGES].contains(&path.as_str());
        if stray && !used.contains(path) {
            report.add("label files of no image", || shown(path));
        }
    }
    Ok(tasks)
}

fn is_image(path: &str) -> bool {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    let known = ["jpg", "jpeg", "png", "bmp", "gif", "webp", "tif", "tiff"];
    ending.is_some_and(|ending| known.contains(&ending.as_str()))
}

fn answer(config: &LabelConfig, classes: &[String], file: &str, text: &str) -> Result<Answer> {
    let (mut boxes, mut polygons) = (Vec::new(), Vec::new());
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |problem: String, hint: &str| {
            Error::invalid(format!("{file} line {}", at + 1), problem, hint)
        };
        let mut words = line.split_ascii_whitespace();
        let class = words.next().unwrap_or_default();
        let known = class.parse().ok().and_then(|class: usize| classes.get(class));
        let label = known.ok_or_else(|| {
            let hint = "number the lines of classes.txt from 0";
            wrong(format!("there is no class '{}'", shown(class)), hint)
        })?;
        let number = |word: &str| {
            let read = word.parse::<f64>().ok().filter(|number| number.is_finite());
            read.map(|share| to_percent(share, 1.0)).ok_or_else(|| {
                wrong(format!("'{}' is no number", shown(word)), "give shares of the image")
            })
        };
        let numbers = words.map(number).collect::<Result<Vec<f64>>>()?;
        match (config.kind, numbers.as_slice()) {
            (Kind::ImageBoxes, [x, y, width, height]) => boxes.push(Box {
                id: String::new(),
                label: label.clone(),
                x: settled(x - width / 2.0),
                y: settled(y - height / 2.0),
                width: *width,
                height: *height,
                rotation: 0.0,
            }),
            (Kind::ImagePolygons, corners) if corners.len() >= 6 && corners.len() % 2 == 0 => {
                let points = corners.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
                polygons.push(Polygon { id: String::new(), label: label.clone(), points });
            }
            (Kind::ImageBoxes, _) => {
                let hint = "write: class, centre x, centre y, width, height";
                return Err(wrong(format!("has {} numbers", numbers.len()), hint));
            }
            _ => {
                let hint = "write: class, then x and y of three corners or more";
                return Err(wrong(format!("has {} numbers", numbers.len()), hint));
            }
        }
    }
    Ok(match config.kind {
        Kind::ImagePolygons => Answer::Polygons(Drawing { size: None, shapes: polygons }),
        _ => Answer::Boxes(Drawing { size: None, shapes: boxes }),
    })
}

fn settled(percent: f64) -> f64 {
    to_percent(percent, 100.0)
}
