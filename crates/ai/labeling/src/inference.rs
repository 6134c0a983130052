//! What a model is asked about a task, and what its answer says: the Open Inference
//! Protocol v2 in JSON.
//!
//! Asked, one task at a time: an input for each field that is shown, named as the field is,
//! `BYTES` of shape `[1]`: the text, or the image's file in base64; `parameters.content_type`
//! says which (`str`, `base64`). Answered, either
//!
//! - `label`: `BYTES` `[k]` or `[1, k]`, for classes and preferences, or
//! - `answer`: `BYTES` `[1]`, an answer's JSON as `json-lines` has it, for any kind of work,
//!
//! and, where the model knows it, `score`: one number from 0 to 1. Other outputs are left
//! alone. An answer is hostile until all of it was checked: what is returned could be
//! submitted as it is.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Side};
use crate::config::{Kind, LabelConfig, shown};
use crate::new_task::Prediction;
use crate::{Error, Result};

/// Bytes of an answer: a thousand polygons.
pub const LARGEST_ANSWER: usize = 1 << 20;
/// Elements of an output: labels of one task.
const MOST_ELEMENTS: usize = 1000;
/// Of a model's name and version.
const LONGEST_NAME: usize = 253;

/// The body of the request; `image` is the file of a task of images, in base64.
pub fn question(config: &LabelConfig, data: &Map<String, Value>, image: Option<&str>) -> Value {
    let inputs = config.fields().into_iter().map(|field| {
        let (content, kind) = match image {
            Some(image) => (image, "base64"),
            None => (data.get(field).and_then(Value::as_str).unwrap_or_default(), "str"),
        };
        json!({
            "name": field, "datatype": "BYTES", "shape": [1], "data": [content],
            "parameters": {"content_type": kind},
        })
    });
    json!({ "inputs": inputs.collect::<Value>() })
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    model_name: Option<String>,
    #[serde(default)]
    model_version: Option<String>,
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    name: String,
    datatype: String,
    shape: Vec<u64>,
    data: Value,
}

/// What an answer says of a task with this data. `model` is its name where it does not
/// tell one.
///
/// # Errors
/// [`Error::Invalid`] with the output: what is wrong with it.
pub fn understood(
    config: &LabelConfig,
    data: &Map<String, Value>,
    model: &str,
    bytes: &[u8],
) -> Result<Prediction> {
    if bytes.len() > LARGEST_ANSWER {
        return Err(wrong("", format!("is over {} KiB", LARGEST_ANSWER >> 10)));
    }
    let said: Said = serde_json::from_slice(bytes)
        .map_err(|error| wrong("", format!("is no answer of the v2 protocol: {error}")))?;
    let output = |name: &str| said.outputs.iter().find(|output| output.name == name);
    let answer = match (output("answer"), output("label")) {
        (Some(whole), _) => whole.answer()?,
        (None, Some(labels)) => labels.labels(config.kind)?,
        (None, None) => return Err(wrong("", "has no output 'label' and none 'answer'")),
    };
    if matches!(&answer, Answer::Choices(choices) if choices.is_empty()) {
        return Err(wrong("label", "is empty"));
    }
    answer.validate(config, data).map_err(|error| error.within("answer"))?;
    let score = output("score").map(Output::score).transpose()?;
    let model = match (said.model_name.as_deref(), said.model_version.as_deref()) {
        (None | Some(""), _) => model.to_owned(),
        (Some(name), None | Some("")) => name.to_owned(),
        (Some(name), Some(version)) => format!("{name}/{version}"),
    };
    if model.len() > LONGEST_NAME || model.chars().any(char::is_control) {
        return Err(wrong("model_name", "is too long or has control characters"));
    }
    Ok(Prediction { answer, score, model })
}

fn wrong(output: &str, problem: impl Into<String>) -> Error {
    let field = match output {
        "" => "the answer".to_owned(),
        output => format!("output '{output}'"),
    };
    Error::invalid(field, problem, "docs/labelling.md says what a model answers")
}

impl Output {
    /// Its elements, flat or nested, as many as its shape says.
    fn elements(&self) -> Result<Vec<&Value>> {
        let mut found = Vec::new();
        flatten(&self.data, &mut found);
        let count = self.shape.iter().try_fold(1_u64, |product, side| product.checked_mul(*side));
        if found.len() > MOST_ELEMENTS {
            return Err(wrong(&self.name, format!("has more than {MOST_ELEMENTS} elements")));
        }
        match count == Some(found.len() as u64) {
            true => Ok(found),
            false => Err(wrong(
                &self.name,
                format!("has {} elements, and the shape {:?}", found.len(), self.shape),
            )),
        }
    }

    fn texts(&self) -> Result<Vec<&str>> {
        if self.datatype != "BYTES" {
            let found = shown(&self.datatype);
            return Err(wrong(&self.name, format!("is {found}, and should be BYTES")));
        }
        let text = |value: &'_ Value| value.as_str().is_some();
        let elements = self.elements()?;
        match elements.iter().all(|value| text(value)) {
            true => Ok(elements.into_iter().filter_map(Value::as_str).collect()),
            false => Err(wrong(&self.name, "has an element that is no text")),
        }
    }

    fn answer(&self) -> Result<Answer> {
        let texts = self.texts()?;
        let [text] = texts.as_slice() else {
            return Err(wrong(&self.name, format!("has {} elements, not one", texts.len())));
        };
        serde_json::from_str(text)
            .map_err(|error| wrong(&self.name, format!("holds no answer's JSON: {error}")))
    }

    fn labels(&self, kind: Kind) -> Result<Answer> {
        let texts = self.texts()?;
        match (kind, texts.as_slice()) {
            (kind, _) if kind.is_classification() => {
                Ok(Answer::Choices(texts.into_iter().map(str::to_owned).collect()))
            }
            (Kind::Preference, ["left"]) => Ok(Answer::Preference(Side::Left)),
            (Kind::Preference, ["right"]) => Ok(Answer::Preference(Side::Right)),
            (Kind::Preference, ["tie"]) => Ok(Answer::Preference(Side::Tie)),
            (Kind::Preference, _) => Err(wrong(&self.name, "is none of left, right and tie")),
            _ => Err(wrong(&self.name, "cannot say where; answer with the output 'answer'")),
        }
    }

    fn score(&self) -> Result<f64> {
        if !matches!(self.datatype.as_str(), "FP16" | "FP32" | "FP64") {
            return Err(wrong(&self.name, "is no FP16, FP32 or FP64"));
        }
        let elements = self.elements()?;
        let number = match elements.as_slice() {
            [one] => one.as_f64(),
            _ => {
                return Err(wrong(&self.name, format!("has {} elements, not one", elements.len())));
            }
        };
        number
            .filter(|score| (0.0..=1.0).contains(score))
            .ok_or_else(|| wrong(&self.name, "is no number from 0 to 1"))
    }
}

/// How deep it goes is bounded by the reader of JSON.
fn flatten<'a>(value: &'a Value, into: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| flatten(item, into)),
        element => into.push(element),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(kind: Value) -> LabelConfig {
        serde_json::from_value(json!({
            "kind": kind,
            "labels": [{"name": "good"}, {"name": "bad"}],
        }))
        .unwrap()
    }

    fn data() -> Map<String, Value> {
        json!({"text": "so good", "image": "a.png"}).as_object().unwrap().clone()
    }

    fn read(kind: &str, outputs: &Value) -> Result<Prediction, String> {
        let said = json!({"model_name": "m", "model_version": "3", "outputs": outputs});
        let config = config(json!(kind));
        understood(&config, &data(), "s", said.to_string().as_bytes())
            .map_err(|error| error.to_string())
    }

    fn label(data: Value, shape: Value) -> Value {
        json!({"name": "label", "datatype": "BYTES", "shape": shape, "data": data})
    }

    fn score(data: Value) -> Value {
        json!({"name": "score", "datatype": "FP32", "shape": [1], "data": [data]})
    }

    #[test]
    fn a_class_comes_with_its_score_and_the_models_name() {
        let whole = read(
            "textClassification",
            &json!([label(json!(["good"]), json!([1])), score(json!(0.75))]),
        );
        let expected = Prediction {
            answer: Answer::Choices(vec!["good".to_owned()]),
            score: Some(0.75),
            model: "m/3".to_owned(),
        };
        assert_eq!(whole.unwrap(), expected);
        let nested = read("textClassification", &json!([label(json!([["bad"]]), json!([1, 1]))]));
        assert_eq!(nested.unwrap().score, None);
        let nameless = br#"{"outputs": [{"name": "label", "datatype": "BYTES", "shape": [1], "data": ["bad"]}]}"#;
        let found = understood(&config(json!("textClassification")), &data(), "s", nameless);
        assert_eq!(found.unwrap().model, "s");
    }

    #[test]
    fn regions_come_as_json() {
        let answer = |text: &str| json!([{"name": "answer", "datatype": "BYTES", "shape": [1], "data": [text]}]);
        let spans = r#"{"spans": [{"label": "good", "start": 0, "end": 2}]}"#;
        assert!(read("textSpans", &answer(spans)).is_ok());
        let boxes =
            r#"{"boxes": {"shapes": [{"label": "bad", "x": 1, "y": 2, "width": 3, "height": 4}]}}"#;
        assert!(read("imageBoxes", &answer(boxes)).is_ok());
        for (kind, text, words) in [
            ("textSpans", r#"{"spans": [{"label": "good", "start": 0, "end": 99}]}"#, "0..99"),
            ("textSpans", r#"{"spans": [{"label": "ugly", "start": 0, "end": 1}]}"#, "'ugly'"),
            ("imageBoxes", spans, "has spans"),
            ("imageBoxes", "{", "no answer's JSON"),
            (
                "imageBoxes",
                r#"{"boxes": {"shapes": [{"label": "bad", "x": 1, "y": 2, "width": -3, "height": 4}]}}"#,
                "width",
            ),
        ] {
            let said = read(kind, &answer(text)).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn what_is_wrong_is_refused_in_words() {
        let good = || label(json!(["good"]), json!([1]));
        for (outputs, words) in [
            (json!([]), "no output 'label'"),
            (json!([label(json!(["ugly"]), json!([1]))]), "'ugly' is no label"),
            (json!([label(json!(["good", "bad"]), json!([2]))]), "has 2"),
            (json!([label(json!([]), json!([0]))]), "is empty"),
            (json!([label(json!(["good"]), json!([2]))]), "has 1 elements, and the shape [2]"),
            (json!([label(json!(["good"]), json!([u64::MAX, 2]))]), "the shape"),
            (json!([label(json!(vec!["good"; 1001]), json!([1001]))]), "more than 1000"),
            (json!([label(json!([1]), json!([1]))]), "no text"),
            (json!([label(json!(["good"]), json!([-1]))]), "no answer of the v2 protocol"),
            (
                json!([{"name": "label", "datatype": "FP32", "shape": [1], "data": ["good"]}]),
                "BYTES",
            ),
            (json!([good(), score(json!(1.5))]), "from 0 to 1"),
            (json!([good(), score(json!("NaN"))]), "from 0 to 1"),
            (json!([good(), score(Value::Null)]), "from 0 to 1"),
        ] {
            let said = read("textClassification", &outputs).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
        assert!(read("textSpans", &json!([good()])).unwrap_err().contains("cannot say where"));
        let of = |bytes: &[u8]| {
            understood(&config(json!("textClassification")), &data(), "s", bytes)
                .unwrap_err()
                .to_string()
        };
        let nan =
            br#"{"outputs": [{"name": "score", "datatype": "FP32", "shape": [1], "data": [NaN]}]}"#;
        assert!(of(nan).contains("v2 protocol"));
        assert!(of(&vec![b' '; LARGEST_ANSWER + 1]).contains("1024 KiB"));
        assert!(of(br#"{"model_name": "a\u0000", "outputs": [{"name": "label", "datatype": "BYTES", "shape": [1], "data": ["good"]}]}"#).contains("control"));
    }

    #[test]
    fn each_field_is_an_input() {
        let asked = question(&config(json!("textClassification")), &data(), None);
        assert_eq!(asked["inputs"][0]["data"], json!(["so good"]));
        assert_eq!(asked["inputs"][0]["name"], "text");
        let asked = question(&config(json!("imageBoxes")), &data(), Some("aGk="));
        assert_eq!(asked["inputs"][0]["data"], json!(["aGk="]));
        assert_eq!(asked["inputs"][0]["parameters"]["content_type"], "base64");
    }
}
