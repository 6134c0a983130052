//! COCO's object detection format: boxes and polygons in pixels.
//! <https://cocodataset.org/#format-data>
//!
//! A task is an image, its key the image's path. A polygon's `segmentation` is one part.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pixels::{from_percent, size, to_percent};
use super::{Report, Unsigned, utf8};
use crate::answer::{Answer, Box, Drawing, Polygon, Size};
use crate::config::{Kind, LabelConfig, shown};
use crate::finished::Finished;
use crate::new_task::NewTask;
use crate::polygons;
use crate::{Error, Result};

#[derive(Serialize, Deserialize)]
struct Coco {
    images: Vec<Image>,
    #[serde(default)]
    annotations: Vec<Annotation>,
    categories: Vec<Category>,
}

#[derive(Serialize, Deserialize)]
struct Image {
    id: i64,
    file_name: String,
    width: u32,
    height: u32,
}

#[derive(Serialize, Deserialize)]
struct Category {
    id: i64,
    name: String,
}

#[derive(Serialize, Deserialize)]
struct Annotation {
    id: i64,
    image_id: i64,
    category_id: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bbox: Option<[f64; 4]>,
    #[serde(default)]
    area: f64,
    /// Lists of corners, or a run-length mask, which we do not hold.
    #[serde(default)]
    segmentation: Value,
    #[serde(default)]
    iscrowd: i64,
}

/// # Errors
/// [`Error::Invalid`] for work that has no shapes.
pub(super) fn has_shapes(config: &LabelConfig, format: &str) -> Result<()> {
    match config.kind {
        Kind::ImageBoxes | Kind::ImagePolygons => Ok(()),
        _ => Err(Error::invalid(
            "format",
            format!("{format} holds boxes and polygons, which this work has not"),
            "take json-lines, csv or label-studio",
        )),
    }
}

/// Names what one answer on an image leaves out.
pub(super) fn report_rest(one: &Finished, path: &str, report: &mut Report) {
    let place = || format!("task {}", one.task.key);
    if one.task.key != path {
        report.add("keys that are not the image's path", place);
    }
    if one.task.data.keys().any(|key| !["image", "width", "height"].contains(&key.as_str())) {
        report.add("further data of tasks", place);
    }
    if one.turns.len() > 1 {
        report.add("answers beside the one that stands for the task", place);
    }
    if !one.turns.is_empty() {
        report.add("who answered, when, and what reviewers said", place);
    }
    if !one.task.predictions.is_empty() {
        report.add("predictions", place);
    }
}

pub(super) fn write(
    config: &LabelConfig,
    finished: &[Finished],
    report: &mut Report,
) -> Result<Vec<u8>> {
    has_shapes(config, "COCO")?;
    let named = config.labels.iter().zip(1_i64..);
    let categories: Vec<Category> =
        named.map(|(label, id)| Category { id, name: label.name.clone() }).collect();
    let ids: BTreeMap<&str, i64> = categories.iter().map(|c| (c.name.as_str(), c.id)).collect();
    let (mut images, mut annotations) = (Vec::new(), Vec::new());
    for one in finished {
        let place = || format!("task {}", one.task.key);
        let path = one.task.data.get(config.fields()[0]).and_then(Value::as_str);
        let path = path.unwrap_or_default();
        let answer = one.chosen();
        let Some(size) = size(answer, &one.task.data) else {
            report.add("images whose size is not known, and what is on them", place);
            continue;
        };
        report_rest(one, path, report);
        let Size { width, height } = size;
        images.push(Image { id: one.task.task, file_name: path.to_owned(), width, height });
        for (label, bbox, corners) in shapes(answer, size, place, report) {
            let Some(category_id) = ids.get(label).copied() else { continue };
            let area = corners.as_ref().map_or(bbox[2] * bbox[3], |c| polygons::area(c));
            annotations.push(Annotation {
                id: annotations.len() as i64 + 1,
                image_id: one.task.task,
                category_id,
                bbox: Some(bbox),
                area,
                segmentation: corners.map_or(Value::Array(Vec::new()), |corners| {
                    vec![corners.into_iter().flatten().collect::<Vec<f64>>()].into()
                }),
                iscrowd: 0,
            });
        }
    }
    let coco = Coco { images, annotations, categories };
    let mut bytes = serde_json::to_vec_pretty(&coco).expect("our own types are JSON");
    bytes.push(b'\n');
    Ok(bytes)
}

type Corners = Vec<[f64; 2]>;

/// Label, bounding box and, of a polygon, corners of each shape; in pixels.
fn shapes<'a>(
    answer: Option<&'a Answer>,
    size: Size,
    place: impl Fn() -> String,
    report: &mut Report,
) -> Vec<(&'a str, [f64; 4], Option<Corners>)> {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let mut named = |id: &str| {
        if !id.is_empty() {
            report.add("names of shapes", &place);
        }
    };
    match answer {
        Some(Answer::Boxes(drawing)) => {
            drawing.shapes.iter().for_each(|shape| named(&shape.id));
            let upright = drawing.shapes.iter().filter(|shape| {
                if shape.rotation != 0.0 {
                    report.add("boxes that are turned", &place);
                }
                shape.rotation == 0.0
            });
            let read = |shape: &'a Box| {
                let across = |percent| from_percent(percent, width);
                let down = |percent| from_percent(percent, height);
                let (x, y) = (across(shape.x), down(shape.y));
                (shape.label.as_str(), [x, y, across(shape.width), down(shape.height)], None)
            };
            upright.map(read).collect()
        }
        Some(Answer::Polygons(drawing)) => {
            drawing.shapes.iter().for_each(|shape| named(&shape.id));
            let read = |shape: &'a Polygon| {
                let point = |[x, y]: &[f64; 2]| [from_percent(*x, width), from_percent(*y, height)];
                let corners: Corners = shape.points.iter().map(point).collect();
                (shape.label.as_str(), bounds(&corners), Some(corners))
            };
            drawing.shapes.iter().map(read).collect()
        }
        _ => Vec::new(),
    }
}

fn bounds(corners: &[[f64; 2]]) -> [f64; 4] {
    let low = |axis: usize| corners.iter().map(|c| c[axis]).fold(f64::MAX, f64::min);
    let high = |axis: usize| corners.iter().map(|c| c[axis]).fold(f64::MIN, f64::max);
    [low(0), low(1), high(0) - low(0), high(1) - low(1)]
}

pub(super) fn read(
    config: &LabelConfig,
    unsigned: &Unsigned,
    bytes: &[u8],
    report: &mut Report,
) -> Result<Vec<NewTask>> {
    has_shapes(config, "COCO")?;
    let hint = "send COCO's object detection format: images, annotations, categories";
    let mut json = serde_json::Deserializer::from_str(utf8("file", bytes)?);
    let coco: Coco = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| Error::invalid("file", error.to_string(), hint))?;
    let mut names = BTreeMap::new();
    for (at, category) in coco.categories.iter().enumerate() {
        if names.insert(category.id, category.name.as_str()).is_some() {
            let problem = format!("{} is there twice", category.id);
            return Err(Error::invalid(format!("categories[{at}].id"), problem, hint));
        }
    }
    let mut shapes: BTreeMap<i64, Vec<(usize, &Annotation)>> = BTreeMap::new();
    let images: BTreeSet<i64> = coco.images.iter().map(|image| image.id).collect();
    for (at, annotation) in coco.annotations.iter().enumerate() {
        let unknown = |member: &str, id: i64| {
            let problem = format!("there is no {id}");
            Err(Error::invalid(format!("annotations[{at}].{member}"), problem, hint))
        };
        if !images.contains(&annotation.image_id) {
            return unknown("image_id", annotation.image_id);
        }
        if !names.contains_key(&annotation.category_id) {
            return unknown("category_id", annotation.category_id);
        }
        shapes.entry(annotation.image_id).or_default().push((at, annotation));
    }
    let mut tasks = Vec::with_capacity(coco.images.len());
    for (at, image) in coco.images.iter().enumerate() {
        let place = format!("images[{at}]");
        if image.width == 0 || image.height == 0 {
            return Err(Error::invalid(place, "has no pixels", "give its width and height"));
        }
        let mut task = NewTask { key: image.file_name.clone(), ..NewTask::default() };
        task.data.insert(config.fields()[0].to_owned(), image.file_name.clone().into());
        task.data.insert("width".to_owned(), image.width.into());
        task.data.insert("height".to_owned(), image.height.into());
        if let Some(shapes) = shapes.get(&image.id) {
            let answer = drawn(config, image, &names, shapes, report)?;
            unsigned.give(&mut task, answer);
        }
        let fits = task.validate(config);
        fits.map_err(|error| error.within(&format!("{place} ({})", shown(&image.file_name))))?;
        tasks.push(task);
    }
    Ok(tasks)
}

fn drawn(
    config: &LabelConfig,
    image: &Image,
    names: &BTreeMap<i64, &str>,
    shapes: &[(usize, &Annotation)],
    report: &mut Report,
) -> Result<Answer> {
    let size = Some(Size { width: image.width, height: image.height });
    let (width, height) = (f64::from(image.width), f64::from(image.height));
    let label = |annotation: &Annotation| {
        names.get(&annotation.category_id).copied().unwrap_or_default().to_owned()
    };
    if config.kind == Kind::ImageBoxes {
        let mut boxes = Vec::with_capacity(shapes.len());
        for (at, annotation) in shapes {
            let Some([x, y, across, down]) = annotation.bbox else {
                let hint = "give [x, y, width, height] in pixels";
                return Err(Error::invalid(format!("annotations[{at}].bbox"), "is missing", hint));
            };
            if annotation.segmentation.as_array().is_none_or(|parts| !parts.is_empty())
                && !annotation.segmentation.is_null()
            {
                report.add("outlines beside boxes", || format!("annotations[{at}]"));
            }
            boxes.push(Box {
                id: String::new(),
                label: label(annotation),
                x: to_percent(x, width),
                y: to_percent(y, height),
                width: to_percent(across, width),
                height: to_percent(down, height),
                rotation: 0.0,
            });
        }
        return Ok(Answer::Boxes(Drawing { size, shapes: boxes }));
    }
    let mut polygons = Vec::with_capacity(shapes.len());
    for (at, annotation) in shapes {
        let parts = annotation.segmentation.as_array().map(Vec::as_slice).unwrap_or_default();
        if parts.is_empty() {
            report.add("shapes without an outline of corners", || format!("annotations[{at}]"));
        }
        if parts.len() > 1 {
            let what = "that parts belong to one shape";
            report.add(what, || format!("annotations[{at}]"));
        }
        for (part, corners) in parts.iter().enumerate() {
            let points = corners_of(corners).ok_or_else(|| {
                let field = format!("annotations[{at}].segmentation[{part}]");
                Error::invalid(field, "is not a list of x, y, x, y, …", "give pairs of numbers")
            })?;
            let point = |[x, y]: [f64; 2]| [to_percent(x, width), to_percent(y, height)];
            let points = points.into_iter().map(point).collect();
            polygons.push(Polygon { id: String::new(), label: label(annotation), points });
        }
    }
    Ok(Answer::Polygons(Drawing { size, shapes: polygons }))
}

fn corners_of(value: &Value) -> Option<Corners> {
    let numbers = value.as_array()?.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>()?;
    let whole = numbers.len() % 2 == 0;
    whole.then(|| numbers.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
}
