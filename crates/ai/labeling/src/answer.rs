//! What an annotator says about a task, and whether it fits the configuration.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::{Kind, LabelConfig, shown};
use crate::{Error, Result, polygons};

/// Comparing two answers takes time with the square of these; at most about a second.
const MOST_SHAPES: usize = 1_000;
const MOST_CORNERS: usize = 10_000;
const MOST_POINTS: usize = 2_000;
/// Pixels along one side of an image.
const LARGEST_SIDE: u32 = 1 << 20;

/// `{"choices": […]}`, `{"boxes": {size?, shapes}}`, `{"polygons": {size?, shapes}}`,
/// `{"spans": […]}` or `{"preference": "left"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    Choices(Vec<String>),
    Boxes(Drawing<Box>),
    Polygons(Drawing<Polygon>),
    Spans(Vec<Span>),
    Preference(Side),
}

/// Shapes on an image. Coordinates are percent of its width and height, from its upper
/// left corner, as Label Studio has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawing<Shape> {
    /// Of the image; formats in pixels need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    pub shapes: Vec<Shape>,
}

/// In pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Box {
    /// The page's own name of the shape.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    pub label: String,
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
    /// Degrees clockwise around the upper left corner.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rotation: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Polygon {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    pub label: String,
    /// `[x, y]`; the last is joined to the first.
    pub points: Vec<[f64; 2]>,
}

/// Characters `start..end` of the text, counted as Unicode scalar values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    pub label: String,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    Left,
    Right,
    Tie,
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

impl Side {
    pub fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Tie => "tie",
        }
    }
}

impl Answer {
    /// The labels in it, each once, in the order of the answer.
    pub fn labels(&self) -> Vec<&str> {
        let all: Vec<&str> = match self {
            Self::Choices(choices) => choices.iter().map(String::as_str).collect(),
            Self::Boxes(drawing) => drawing.shapes.iter().map(|s| s.label.as_str()).collect(),
            Self::Polygons(drawing) => drawing.shapes.iter().map(|s| s.label.as_str()).collect(),
            Self::Spans(spans) => spans.iter().map(|s| s.label.as_str()).collect(),
            Self::Preference(side) => vec![side.word()],
        };
        let mut once = Vec::with_capacity(all.len());
        for label in all {
            if !once.contains(&label) {
                once.push(label);
            }
        }
        once
    }

    fn len(&self) -> usize {
        match self {
            Self::Choices(choices) => choices.len(),
            Self::Boxes(drawing) => drawing.shapes.len(),
            Self::Polygons(drawing) => drawing.shapes.len(),
            Self::Spans(spans) => spans.len(),
            Self::Preference(_) => 1,
        }
    }

    /// Whether it may stand as a draft: everything but the number of labels is checked.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field inside the answer.
    pub fn validate_draft(&self, config: &LabelConfig, data: &Map<String, Value>) -> Result<()> {
        match (self, config.kind) {
            (Self::Choices(choices), Kind::ImageClassification | Kind::TextClassification) => {
                choices_fit(choices, config)
            }
            (Self::Boxes(drawing), Kind::ImageBoxes) => drawing_fits(drawing, config, "boxes"),
            (Self::Polygons(drawing), Kind::ImagePolygons) => {
                drawing_fits(drawing, config, "polygons")
            }
            (Self::Spans(spans), Kind::TextSpans) => spans_fit(spans, config, data),
            (Self::Preference(side), Kind::Preference) => match side {
                Side::Tie if !config.ties => Err(Error::invalid(
                    "preference",
                    "is tie, which this project does not take",
                    "choose left or right",
                )),
                _ => Ok(()),
            },
            _ => Err(Error::invalid(
                "",
                format!("has {}", self.word()),
                format!("answer with {}", expected(config.kind)),
            )),
        }
    }

    /// Whether it may be submitted.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field inside the answer.
    pub fn validate(&self, config: &LabelConfig, data: &Map<String, Value>) -> Result<()> {
        self.validate_draft(config, data)?;
        let (least, most) = (config.minimum as usize, config.maximum.map(|most| most as usize));
        if self.len() < least {
            return Err(Error::invalid(
                self.word(),
                format!("has {}", self.len()),
                format!("give at least {least}"),
            ));
        }
        match most {
            Some(most) if self.len() > most => Err(Error::invalid(
                self.word(),
                format!("has {}", self.len()),
                format!("give at most {most}"),
            )),
            _ => Ok(()),
        }
    }

    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Choices(_) => "choices",
            Self::Boxes(_) => "boxes",
            Self::Polygons(_) => "polygons",
            Self::Spans(_) => "spans",
            Self::Preference(_) => "preference",
        }
    }
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::ImageClassification | Kind::TextClassification => "{\"choices\": [\"…\"]}",
        Kind::ImageBoxes => "{\"boxes\": {\"shapes\": […]}}",
        Kind::ImagePolygons => "{\"polygons\": {\"shapes\": […]}}",
        Kind::TextSpans => "{\"spans\": […]}",
        Kind::Preference => "{\"preference\": \"left\"}",
    }
}

fn choices_fit(choices: &[String], config: &LabelConfig) -> Result<()> {
    if choices.len() > 1 && !config.several {
        return Err(Error::invalid(
            "choices",
            format!("has {}", choices.len()),
            "choose one: this project does not take several",
        ));
    }
    for (at, choice) in choices.iter().enumerate() {
        label_fits(&format!("choices[{at}]"), choice, config)?;
        if choices[..at].contains(choice) {
            return Err(Error::invalid(
                format!("choices[{at}]"),
                format!("'{}' is there twice", shown(choice)),
                "choose it once",
            ));
        }
    }
    Ok(())
}

fn label_fits(field: &str, label: &str, config: &LabelConfig) -> Result<()> {
    if config.has_label(label) {
        return Ok(());
    }
    let few: Vec<&str> = config.labels.iter().take(10).map(|l| l.name.as_str()).collect();
    Err(Error::invalid(
        field,
        format!("'{}' is no label of this project", shown(label)),
        format!("take one of its labels, like {}", few.join(", ")),
    ))
}

fn few_enough(field: &str, count: usize, most: usize) -> Result<()> {
    match count <= most {
        true => Ok(()),
        false => Err(Error::invalid(field, format!("has {count}"), format!("give at most {most}"))),
    }
}

fn spans_fit(spans: &[Span], config: &LabelConfig, data: &Map<String, Value>) -> Result<()> {
    few_enough("spans", spans.len(), MOST_SHAPES)?;
    let text = data.get(config.fields()[0]).and_then(Value::as_str).unwrap_or_default();
    let length = text.chars().count();
    for (at, span) in spans.iter().enumerate() {
        label_fits(&format!("spans[{at}].label"), &span.label, config)?;
        if span.start >= span.end || span.end > length {
            return Err(Error::invalid(
                format!("spans[{at}]"),
                format!("{}..{} is not in a text of {length} characters", span.start, span.end),
                "count Unicode characters from 0; the end is after the last",
            ));
        }
    }
    Ok(())
}

/// What boxes and polygons share.
trait Shape {
    fn label(&self) -> &str;
    fn fits(&self) -> Result<()>;
    fn corners(&self) -> usize;
}

fn drawing_fits<S: Shape>(drawing: &Drawing<S>, config: &LabelConfig, word: &str) -> Result<()> {
    few_enough(&format!("{word}.shapes"), drawing.shapes.len(), MOST_SHAPES)?;
    if let Some(size) = drawing.size {
        let sides = 1..=LARGEST_SIDE;
        if !sides.contains(&size.width) || !sides.contains(&size.height) {
            return Err(Error::invalid(
                format!("{word}.size"),
                format!("is {} × {}", size.width, size.height),
                format!("give the image's pixels, 1 to {LARGEST_SIDE}"),
            ));
        }
    }
    let corners = drawing.shapes.iter().map(Shape::corners).sum();
    few_enough(&format!("{word}.shapes: corners together"), corners, MOST_CORNERS)?;
    for (at, shape) in drawing.shapes.iter().enumerate() {
        let outer = format!("{word}.shapes[{at}]");
        label_fits(&format!("{outer}.label"), shape.label(), config)?;
        shape.fits().map_err(|error| error.within(&outer))?;
    }
    Ok(())
}

/// Tools round: a shape that ends a little outside its image is one that ends there.
const SLACK: f64 = 0.01;

fn percent(field: impl Into<String>, number: f64) -> Result<()> {
    match (-SLACK..=100.0 + SLACK).contains(&number) {
        true => Ok(()),
        false => Err(Error::invalid(
            field,
            format!("is {number}"),
            "coordinates are percent of the image, 0 to 100",
        )),
    }
}

impl Shape for Box {
    fn label(&self) -> &str {
        &self.label
    }

    fn corners(&self) -> usize {
        4
    }

    fn fits(&self) -> Result<()> {
        let empty = |field, length| {
            Error::invalid(field, format!("is {length}"), "give it a width and a height above 0")
        };
        for (field, length) in [("width", self.width), ("height", self.height)] {
            if length.is_nan() || length <= 0.0 {
                return Err(empty(field, length));
            }
        }
        percent("x", self.x)?;
        percent("y", self.y)?;
        if self.rotation == 0.0 {
            percent("x + width", self.x + self.width)?;
            return percent("y + height", self.y + self.height);
        }
        if !(-360.0..=360.0).contains(&self.rotation) {
            return Err(Error::invalid(
                "rotation",
                format!("is {}", self.rotation),
                "give degrees from -360 to 360",
            ));
        }
        percent("width", self.width)?;
        percent("height", self.height)
    }
}

impl Shape for Polygon {
    fn label(&self) -> &str {
        &self.label
    }

    fn corners(&self) -> usize {
        self.points.len()
    }

    fn fits(&self) -> Result<()> {
        if !(3..=MOST_POINTS).contains(&self.points.len()) {
            return Err(Error::invalid(
                "points",
                format!("has {}", self.points.len()),
                format!("give 3 to {MOST_POINTS} corners"),
            ));
        }
        for (at, [x, y]) in self.points.iter().enumerate() {
            percent(format!("points[{at}][0]"), *x)?;
            percent(format!("points[{at}][1]"), *y)?;
        }
        match polygons::area(&self.points) > 0.0 {
            true => Ok(()),
            false => Err(Error::invalid("points", "enclose nothing", "draw a shape with an area")),
        }
    }
}
