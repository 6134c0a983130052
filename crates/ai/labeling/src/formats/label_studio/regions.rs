//! Answers as lists of results, one for each region or choice.

use serde_json::{Map, Value, json};

use crate::answer::{Answer, Box, Drawing, Polygon, Side, Size, Span};
use crate::config::{Kind, LabelConfig, shown};
use crate::formats::Report;
use crate::{Error, Result};

/// The control of the labelling interface that results are from.
const FROM: &str = "label";

/// The `type` of a kind's results, which is also the member that holds a region's labels.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::ImageClassification | Kind::TextClassification => "choices",
        Kind::ImageBoxes => "rectanglelabels",
        Kind::ImagePolygons => "polygonlabels",
        Kind::TextSpans => "labels",
        Kind::Preference => "pairwise",
    }
}

pub(super) fn results(
    config: &LabelConfig,
    data: &Map<String, Value>,
    answer: &Answer,
) -> Vec<Value> {
    // Of a preference the object on the left: a result is of one object there, too.
    let to = config.fields()[0];
    let result = |id: &str, value: Value| {
        let mut result = json!({
            "from_name": FROM,
            "to_name": to,
            "type": word(config.kind),
            "value": value,
        });
        if !id.is_empty() {
            result["id"] = id.into();
        }
        result
    };
    let sized = |mut result: Value, size: Option<Size>| {
        if let Some(size) = size {
            result["original_width"] = size.width.into();
            result["original_height"] = size.height.into();
            result["image_rotation"] = 0.into();
        }
        result
    };
    match answer {
        Answer::Choices(choices) if choices.is_empty() => Vec::new(),
        Answer::Choices(choices) => vec![result("", json!({ "choices": choices }))],
        Answer::Preference(side) => vec![result("", json!({ "selected": side.word() }))],
        Answer::Spans(spans) => {
            let text: Vec<char> = shown_text(config, data).chars().collect();
            let span = |span: &Span| {
                let part: String =
                    text.get(span.start..span.end).unwrap_or_default().iter().collect();
                let Span { id, label, start, end } = span;
                result(id, json!({ "start": start, "end": end, "text": part, "labels": [label] }))
            };
            spans.iter().map(span).collect()
        }
        Answer::Boxes(drawing) => {
            let each = drawing.shapes.iter().map(|shape| {
                let Box { id, label, x, y, width, height, rotation } = shape;
                let value = json!({ "x": x, "y": y, "width": width, "height": height,
                    "rotation": rotation, "rectanglelabels": [label] });
                sized(result(id, value), drawing.size)
            });
            each.collect()
        }
        Answer::Polygons(drawing) => {
            let each = drawing.shapes.iter().map(|shape| {
                let Polygon { id, label, points } = shape;
                let value = json!({ "points": points, "closed": true, "polygonlabels": [label] });
                sized(result(id, value), drawing.size)
            });
            each.collect()
        }
    }
}

fn shown_text<'a>(config: &LabelConfig, data: &'a Map<String, Value>) -> &'a str {
    data.get(config.fields()[0]).and_then(Value::as_str).unwrap_or_default()
}

/// What an annotation's results say; `None` when they say nothing that can be an answer.
pub(super) fn answer(
    config: &LabelConfig,
    data: &Map<String, Value>,
    results: &[Value],
    place: &str,
    report: &mut Report,
) -> Result<Option<Answer>> {
    let mut reading = Reading { config, data, place: String::new(), report };
    let (mut size, mut seen) = (None, Vec::new());
    for (at, result) in results.iter().enumerate() {
        reading.place = format!("{place}.result[{at}]");
        let type_ = result["type"].as_str().unwrap_or_default();
        if type_ != word(config.kind) {
            let what = format!("results of type '{}'", shown(type_));
            reading.report.add(what, || reading.place.clone());
            continue;
        }
        reading.leave_out(result, &RESULT_MEMBERS, "of a result");
        reading.leave_out(&result["value"], value_members(config.kind), "of a result's value");
        if let Some(found) = size_of(result) {
            if size.is_some_and(|size| size != found) {
                reading.report.add("image sizes that differ in a task", || reading.place.clone());
            }
            size = Some(found);
        }
        seen.push((reading.place.clone(), result));
    }
    reading.together(seen, size)
}

const RESULT_MEMBERS: [&str; 8] = [
    "id",
    "type",
    "value",
    "from_name",
    "to_name",
    "original_width",
    "original_height",
    "image_rotation",
];

fn value_members(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::ImageClassification | Kind::TextClassification => &["choices"],
        Kind::ImageBoxes => &["x", "y", "width", "height", "rotation", "rectanglelabels"],
        Kind::ImagePolygons => &["points", "closed", "polygonlabels"],
        Kind::TextSpans => &["start", "end", "text", "labels"],
        Kind::Preference => &["selected"],
    }
}

fn size_of(result: &Value) -> Option<Size> {
    let side = |name: &str| result[name].as_u64().and_then(|side| u32::try_from(side).ok());
    Some(Size { width: side("original_width")?, height: side("original_height")? })
}

struct Reading<'a> {
    config: &'a LabelConfig,
    data: &'a Map<String, Value>,
    place: String,
    report: &'a mut Report,
}

impl Reading<'_> {
    fn leave_out(&mut self, value: &Value, known: &[&str], of: &str) {
        for key in value.as_object().into_iter().flat_map(Map::keys) {
            if !known.contains(&key.as_str()) {
                self.report.add(format!("'{}' {of}", shown(key)), || self.place.clone());
            }
        }
    }

    fn together(
        &mut self,
        each: Vec<(String, &Value)>,
        size: Option<Size>,
    ) -> Result<Option<Answer>> {
        match self.config.kind {
            Kind::ImageClassification | Kind::TextClassification => {
                let mut all: Vec<String> = Vec::new();
                for choice in
                    self.every(each, |reading, value, _| reading.texts(value, "choices"))?
                {
                    all.extend(choice);
                }
                Ok(Some(Answer::Choices(all)))
            }
            Kind::ImageBoxes => {
                let shapes = self.every(each, Self::rectangle)?;
                Ok(Some(Answer::Boxes(Drawing { size, shapes })))
            }
            Kind::ImagePolygons => {
                let shapes = self.every(each, Self::polygon)?;
                Ok(Some(Answer::Polygons(Drawing { size, shapes })))
            }
            Kind::TextSpans => Ok(Some(Answer::Spans(self.every(each, Self::span)?))),
            Kind::Preference => {
                let sides = self.every(each, Self::side)?;
                Ok(sides.first().map(|side| Answer::Preference(*side)))
            }
        }
    }

    /// Reads each result's value; the id of its region comes along.
    fn every<T>(
        &mut self,
        each: Vec<(String, &Value)>,
        read: impl Fn(&mut Self, &Value, String) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut all = Vec::with_capacity(each.len());
        for (place, result) in each {
            self.place = place;
            let id = result["id"].as_str().unwrap_or_default().to_owned();
            all.push(read(self, &result["value"], id)?);
        }
        Ok(all)
    }

    fn wrong<T>(&self, member: &str, expected: &str) -> Result<T> {
        let field = format!("{}.value.{member}", self.place);
        Err(Error::invalid(
            field,
            format!("is not {expected}"),
            "look at Label Studio's task format",
        ))
    }

    fn number(&self, value: &Value, member: &str) -> Result<f64> {
        value[member].as_f64().map_or_else(|| self.wrong(member, "a number"), Ok)
    }

    fn offset(&self, value: &Value, member: &str) -> Result<usize> {
        let whole = value[member].as_u64().and_then(|number| usize::try_from(number).ok());
        whole.map_or_else(|| self.wrong(member, "a whole number"), Ok)
    }

    fn texts(&self, value: &Value, member: &str) -> Result<Vec<String>> {
        let read = |item: &Value| item.as_str().map(str::to_owned);
        let list = value[member].as_array().and_then(|list| list.iter().map(read).collect());
        list.map_or_else(|| self.wrong(member, "a list of texts"), Ok)
    }

    /// The label of a region, of which we hold one.
    fn label(&mut self, value: &Value) -> Result<String> {
        let member = word(self.config.kind);
        let mut labels = self.texts(value, member)?.into_iter();
        let Some(label) = labels.next() else { return self.wrong(member, "a list with a label") };
        if labels.next().is_some() {
            self.report.add("further labels of a region", || self.place.clone());
        }
        Ok(label)
    }

    fn rectangle(&mut self, value: &Value, id: String) -> Result<Box> {
        let rotation = match &value["rotation"] {
            Value::Null => 0.0,
            _ => self.number(value, "rotation")?,
        };
        let label = self.label(value)?;
        let number = |member| self.number(value, member);
        Ok(Box {
            id,
            label,
            x: number("x")?,
            y: number("y")?,
            width: number("width")?,
            height: number("height")?,
            rotation,
        })
    }

    fn polygon(&mut self, value: &Value, id: String) -> Result<Polygon> {
        let pair = |point: &Value| match point.as_array().map(Vec::as_slice) {
            Some([x, y]) => Some([x.as_f64()?, y.as_f64()?]),
            _ => None,
        };
        let points = value["points"].as_array();
        let points = points.and_then(|points| points.iter().map(pair).collect());
        let Some(points) = points else { return self.wrong("points", "a list of [x, y]") };
        if value["closed"] == false {
            self.report.add("polygons that are open", || self.place.clone());
        }
        Ok(Polygon { id, label: self.label(value)?, points })
    }

    /// Offsets are characters in today's Label Studio and UTF-16 units in older ones; the
    /// region's text tells which.
    fn span(&mut self, value: &Value, id: String) -> Result<Span> {
        let (start, end) = (self.offset(value, "start")?, self.offset(value, "end")?);
        let label = self.label(value)?;
        let text = shown_text(self.config, self.data);
        let span = |(start, end)| Span { id, label, start, end };
        let Some(part) = value["text"].as_str() else { return Ok(span((start, end))) };
        let is_part = |(start, end): (usize, usize)| {
            let found = text.chars().skip(start).take(end.saturating_sub(start));
            found.eq(part.chars()) || found_is_escaped(text, (start, end), part)
        };
        if is_part((start, end)) {
            return Ok(span((start, end)));
        }
        let in_characters = (characters(text, start), characters(text, end));
        if let (Some(from), Some(to)) = in_characters
            && is_part((from, to))
        {
            return Ok(span((from, to)));
        }
        self.report.add("the text of spans, which is not at their offsets", || self.place.clone());
        Ok(span((start, end)))
    }

    fn side(&mut self, value: &Value, _: String) -> Result<Side> {
        match value["selected"].as_str() {
            Some("left") => Ok(Side::Left),
            Some("right") => Ok(Side::Right),
            _ => self.wrong("selected", "left or right"),
        }
    }
}

/// Some versions write a line end in a region's text as `\n`, two characters.
fn found_is_escaped(text: &str, (start, end): (usize, usize), part: &str) -> bool {
    let found: String = text.chars().skip(start).take(end.saturating_sub(start)).collect();
    found.replace('\n', "\\n") == part
}

/// How many characters the first `units` UTF-16 units of a text are.
fn characters(text: &str, units: usize) -> Option<usize> {
    let (mut count, mut passed) = (0, 0);
    let mut characters = text.chars();
    while passed < units {
        passed += characters.next()?.len_utf16();
        count += 1;
    }
    (passed == units).then_some(count)
}
