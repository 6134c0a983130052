//! Tasks out of the files of a dataset's version: an image each, or a row of a table each.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use dais_api::{LabelingKind, LabelingProjectSpec};
use dais_labeling::NewTask;
use glob::{MatchOptions, Pattern};
use serde_json::{Map, Value};

/// Tasks of one dataset; more is a sign of the wrong file.
const MOST: usize = 1_000_000;
/// Bytes of one row or text: more than a person reads in a task.
const LARGEST: u64 = 1 << 20;
/// Bytes of all tasks of a dataset, as they are in memory while they are taken in.
const TOGETHER: u64 = 512 << 20;
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
    let mut tasks = Tasks::default();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.context("listing the dataset's files")?;
        let path = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let Some(shown) = path.to_str().filter(|_| entry.file_type().is_file()) else { continue };
        let is_named = pattern.as_ref().is_none_or(|one| one.matches_with(shown, MATCH));
        let Some(source) = source(path, spec.config.kind).filter(|_| is_named) else { continue };
        of_file(entry.path(), shown, source, spec, &mut tasks)
            .with_context(|| format!("in {shown}"))?;
    }
    if tasks.all.is_empty() {
        bail!("{}", nothing(spec));
    }
    Ok(tasks.all)
}

/// What was read so far.
#[derive(Default)]
struct Tasks {
    all: Vec<NewTask>,
    bytes: u64,
}

impl Tasks {
    /// `bytes` is what it takes in its file.
    fn push(&mut self, key: String, data: Map<String, Value>, bytes: u64) -> Result<()> {
        self.bytes += bytes;
        if self.all.len() == MOST {
            bail!("there are more than {MOST} tasks; name fewer files in spec.files");
        }
        if self.bytes > TOGETHER {
            let limit = TOGETHER >> 20;
            bail!("the tasks take more than {limit} MiB; name fewer files in spec.files");
        }
        self.all.push(NewTask { key, data, ..NewTask::default() });
        Ok(())
    }
}

/// A file of which each row is read up to [`LARGEST`] and no further.
struct Bounded<R> {
    inner: R,
    left: u64,
}

fn too_large() -> io::Error {
    let words = format!(
        "one row or text is over {} KiB, more than a task may hold (hint: split it, or name other \
         files in spec.files)",
        LARGEST >> 10
    );
    io::Error::new(io::ErrorKind::InvalidData, words)
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(too_large)?;
        Ok(count)
    }
}

/// The next line with its end; `None` after the last.
fn line(file: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut text = Vec::new();
    let count = file.take(LARGEST + 1).read_until(b'\n', &mut text)?;
    match count as u64 {
        0 => Ok(None),
        count if count > LARGEST => Err(too_large()),
        _ => String::from_utf8(text)
            .map(Some)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8")),
    }
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
    tasks: &mut Tasks,
) -> Result<()> {
    let wanted = fields(spec);
    match source {
        Source::Image => {
            let data = Map::from_iter([("image".to_owned(), shown.into())]);
            tasks.push(shown.to_owned(), data, shown.len() as u64)?;
        }
        Source::Text => {
            let (mut text, mut file) =
                (String::new(), Bounded { inner: File::open(path)?, left: LARGEST });
            let bytes = file.read_to_string(&mut text).context("reading it as UTF-8")? as u64;
            let data = Map::from_iter([(wanted[0].clone(), text.into())]);
            tasks.push(shown.to_owned(), data, bytes)?;
        }
        Source::Csv => {
            let file = Bounded { inner: File::open(path)?, left: LARGEST };
            let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(file);
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
            let mut record = csv::StringRecord::new();
            loop {
                reader.get_mut().left = LARGEST;
                if !reader.read_record(&mut record).context("reading a row")? {
                    break;
                }
                let line = record.position().map_or(0, csv::Position::line);
                let cells = head.iter().zip(&record);
                let data = cells.map(|(name, cell)| (name.to_owned(), cell.into())).collect();
                let bytes = record.as_slice().len() as u64;
                // What was read ahead with the row before did not count.
                if bytes > LARGEST {
                    return Err(too_large().into());
                }
                tasks.push(format!("{shown}#{line}"), data, bytes)?;
            }
        }
        Source::JsonLines => {
            let mut file = BufReader::new(File::open(path)?);
            for number in 1_u64.. {
                let read = line(&mut file).with_context(|| format!("line {number}"))?;
                let Some(text) = read else { break };
                if text.trim().is_empty() {
                    continue;
                }
                let data: Map<String, Value> = serde_json::from_str(&text)
                    .with_context(|| format!("line {number} is no JSON object"))?;
                if let Some(field) = wanted.iter().find(|field| !data.contains_key(*field)) {
                    bail!("line {number} has no {field:?}; name the fields in spec.config.fields");
                }
                tasks.push(format!("{shown}#{number}"), data, text.len() as u64)?;
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
    fn no_row_and_no_text_is_read_beyond_what_a_task_may_hold() {
        let long = "x".repeat(LARGEST as usize + 1);
        let fits = "x".repeat(LARGEST as usize / 2);
        let text = LabelingKind::TextClassification;
        let whole = |long: &str| {
            [
                ("a.txt", long.to_owned()),
                ("a.csv", format!("text\n\"{long}\"\n")),
                ("a.jsonl", format!("{{\"text\": \"{long}\"}}\n")),
            ]
        };
        for (path, content) in whole(&long) {
            let why = format!("{:#}", found(text, &[(path, &content)], None).unwrap_err());
            assert!(why.contains("1024 KiB") && why.contains(path), "{why}");
        }
        for (path, content) in whole(&fits) {
            assert_eq!(found(text, &[(path, &content)], None).unwrap().len(), 1, "{path}");
        }
        // Many rows may be longer than one.
        let rows = format!("text\n{}", format!("{fits}\n").repeat(5));
        assert_eq!(found(text, &[("a.csv", &rows)], None).unwrap().len(), 5);
        let mut tasks = Tasks { all: Vec::new(), bytes: TOGETHER };
        let why = tasks.push("a".to_owned(), Map::new(), 1).unwrap_err().to_string();
        assert!(why.contains("512 MiB"), "{why}");
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
