//! Tasks out of the files of a dataset's version: an image each, or a row of a table each.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result, bail};
use dais_api::{LabelingKind, LabelingProjectSpec};
use dais_labeling::NewTask;
use glob::{MatchOptions, Pattern};
use serde_json::{Map, Value};

/// Tasks of one dataset; more is a sign of the wrong file.
const MOST: usize = 1_000_000;
const IMAGES: [&str; 7] = ["png", "jpg", "jpeg", "gif", "webp", "bmp", "avif"];
const MATCH: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// What a file is to labelling.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Image,
    Csv,
    JsonLines,
    Text,
}

/// All tasks of the files that the spec names, in the order of their paths.
///
/// # Errors
/// Words for a person: a bad row with its file and line, no file that fits.
pub fn read(folder: &Path, spec: &LabelingProjectSpec) -> Result<Vec<NewTask>> {
    let pattern = spec.files.as_deref().map(Pattern::new).transpose();
    let pattern = pattern.map_err(|error| anyhow::anyhow!("spec.files: {error}"))?;
    let mut tasks = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.context("listing the dataset's files")?;
        let path = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let Some(shown) = path.to_str().filter(|_| entry.file_type().is_file()) else { continue };
        let is_named = pattern.as_ref().is_none_or(|one| one.matches_with(shown, MATCH));
        let Some(source) = source(path, spec.config.kind).filter(|_| is_named) else { continue };
        of_file(entry.path(), shown, source, spec, &mut tasks)
            .with_context(|| format!("in {shown}"))?;
        if tasks.len() > MOST {
            bail!("there are more than {MOST} tasks; name fewer files in spec.files");
        }
    }
    if tasks.is_empty() {
        bail!("{}", nothing(spec));
    }
    Ok(tasks)
}

fn nothing(spec: &LabelingProjectSpec) -> String {
    let wanted = match is_image(spec.config.kind) {
        true => format!("an image ({})", IMAGES.join(", ")),
        false => "a table (.csv with a header line, .jsonl) or a .txt file".to_owned(),
    };
    match &spec.files {
        Some(files) => {
            format!("spec.files: no file of the dataset that {files:?} names is {wanted}")
        }
        None => format!("spec.dataset: none of its files is {wanted}"),
    }
}

fn is_image(kind: LabelingKind) -> bool {
    use LabelingKind::{ImageBoxes, ImageClassification, ImagePolygons};
    matches!(kind, ImageClassification | ImageBoxes | ImagePolygons)
}

fn source(path: &Path, kind: LabelingKind) -> Option<Source> {
    let end = path.extension()?.to_str()?.to_ascii_lowercase();
    match (is_image(kind), end.as_str()) {
        (true, end) => IMAGES.contains(&end).then_some(Source::Image),
        (false, "csv") => Some(Source::Csv),
        (false, "jsonl" | "ndjson") => Some(Source::JsonLines),
        (false, "txt") if kind != LabelingKind::Preference => Some(Source::Text),
        (false, _) => None,
    }
}

fn of_file(
    path: &Path,
    shown: &str,
    source: Source,
    spec: &LabelingProjectSpec,
    tasks: &mut Vec<NewTask>,
) -> Result<()> {
    let wanted = fields(spec);
    let task = |key: String, data: Map<String, Value>| NewTask { key, data, ..NewTask::default() };
    match source {
        Source::Image => {
            let data = Map::from_iter([("image".to_owned(), shown.into())]);
            tasks.push(task(shown.to_owned(), data));
        }
        Source::Text => {
            let text = std::fs::read_to_string(path).context("reading it as UTF-8")?;
            let data = Map::from_iter([(wanted[0].clone(), text.into())]);
            tasks.push(task(shown.to_owned(), data));
        }
        Source::Csv => {
            let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_path(path)?;
            let head = reader.headers().context("reading the header line")?.clone();
            let known: BTreeSet<&str> = head.iter().collect();
            for field in &wanted {
                if !known.contains(field.as_str()) {
                    let some: Vec<&str> = head.iter().take(50).collect();
                    bail!(
                        "there is no column {field:?}; name one of {} in spec.config.fields",
                        some.join(", ")
                    );
                }
            }
            for record in reader.records() {
                let record = record.context("reading a row")?;
                let line = record.position().map_or(0, csv::Position::line);
                let cells = head.iter().zip(&record);
                let data = cells.map(|(name, cell)| (name.to_owned(), cell.into())).collect();
                tasks.push(task(format!("{shown}#{line}"), data));
            }
        }
        Source::JsonLines => {
            for (line, text) in (1..).zip(BufReader::new(File::open(path)?).lines()) {
                let text = text.with_context(|| format!("line {line}"))?;
                if text.trim().is_empty() {
                    continue;
                }
                let data: Map<String, Value> = serde_json::from_str(&text)
                    .with_context(|| format!("line {line} is no JSON object"))?;
                if let Some(field) = wanted.iter().find(|field| !data.contains_key(*field)) {
                    bail!("line {line} has no {field:?}; name the fields in spec.config.fields");
                }
                tasks.push(task(format!("{shown}#{line}"), data));
            }
        }
    }
    Ok(())
}

fn fields(spec: &LabelingProjectSpec) -> Vec<String> {
    let defaults: &[&str] = match spec.config.kind {
        LabelingKind::Preference => &["left", "right"],
        _ => &["text"],
    };
    match spec.config.fields.is_empty() {
        true => defaults.iter().map(|name| (*name).to_owned()).collect(),
        false => spec.config.fields.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(
        kind: LabelingKind,
        files: &[(&str, &str)],
        named: Option<&str>,
    ) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let mut spec = LabelingProjectSpec {
            files: named.map(str::to_owned),
            ..LabelingProjectSpec::default()
        };
        spec.config.kind = kind;
        let tasks = read(folder.path(), &spec)?;
        Ok(tasks.iter().map(|task| format!("{} {:?}", task.key, task.data.values())).collect())
    }

    #[test]
    fn rows_and_files_become_tasks() {
        let files = [
            ("a.csv", "id,text\n1,\"two\nlines\"\n2,好\n"),
            ("b/c.jsonl", "{\"text\": \"x\"}\n\n{\"text\": \"y\", \"n\": 1}\n"),
            ("d.txt", "z"),
            ("e.png", ""),
        ];
        let text = found(LabelingKind::TextClassification, &files, None).unwrap();
        let keys: Vec<&str> = text.iter().filter_map(|one| one.split(' ').next()).collect();
        assert_eq!(keys, ["a.csv#2", "a.csv#4", "b/c.jsonl#1", "b/c.jsonl#3", "d.txt"]);
        assert!(text[1].contains("好"), "{text:?}");
        assert_eq!(found(LabelingKind::TextSpans, &files, Some("b/*")).unwrap().len(), 2);
        assert_eq!(found(LabelingKind::ImageBoxes, &files, Some("*.png")).unwrap().len(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_place() {
        let why = |kind, files: &[(&str, &str)], named| {
            format!("{:#}", found(kind, files, named).unwrap_err())
        };
        let text = LabelingKind::TextClassification;
        assert!(why(text, &[("a.csv", "x,y\n1,2\n")], None).contains("no column \"text\""));
        assert!(why(text, &[("a.jsonl", "{\"text\": 1}\n[]\n")], None).contains("line 2"));
        assert!(why(text, &[("a.png", "")], None).contains("spec.dataset"));
        assert!(why(text, &[("a.csv", "")], Some("[")).contains("spec.files"));
        assert!(
            why(LabelingKind::Preference, &[("a.txt", "x")], None).contains("none of its files")
        );
    }
}
