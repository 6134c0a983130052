//! Outcomes out of the CSV files of a dataset's version (RFC 4180, with a header line).

use std::path::Path;

use anyhow::{Context, Result, bail};
use dais_api::abtest::DatasetColumns;
use dais_gateway::key_hash;
use dais_outcomes::{Row, Whose};

/// Rows of one dataset: about 1 GB in the store.
const MOST: usize = 5_000_000;

/// All rows of all CSV files below a folder; `test` is its uid and its salt.
pub fn read(folder: &Path, columns: &DatasetColumns, test: (&str, &str)) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut files = 0;
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.context("listing its files")?;
        let path = entry.path();
        let is_csv = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
        if !entry.file_type().is_file() || !is_csv {
            continue;
        }
        files += 1;
        let shown = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        let opened = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_path(path);
        let reader = opened.with_context(|| format!("reading {shown}"))?;
        of_file(reader, columns, test, &mut rows).with_context(|| format!("in {shown}"))?;
    }
    if files == 0 {
        bail!("it has no file that ends in .csv; write the outcomes as CSV with a header line");
    }
    Ok(rows)
}

fn of_file(
    mut reader: csv::Reader<std::fs::File>,
    columns: &DatasetColumns,
    test: (&str, &str),
    rows: &mut Vec<Row>,
) -> Result<()> {
    let headers = reader.headers().context("reading the header line")?.clone();
    let place = |name: &str| -> Result<usize> {
        let found = headers.iter().position(|header| header == name);
        found.with_context(|| {
            let known: Vec<&str> = headers.iter().take(50).collect();
            format!("there is no column {name:?}; there are {}", known.join(", "))
        })
    };
    let whose = match (&columns.key, &columns.request_id) {
        (Some(key), _) => (place(key)?, true),
        (None, Some(request)) => (place(request)?, false),
        (None, None) => bail!("set key or requestId of the dataset's columns"),
    };
    let value = place(&columns.value)?;
    let time = columns.time.as_deref().map(place).transpose()?;
    for record in reader.records() {
        let record = record.context("reading a line")?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(
            row(&record, whose, (value, time), test).with_context(|| format!("line {line}"))?,
        );
        if rows.len() > MOST {
            bail!("it has more than {MOST} rows; sum them up for each key");
        }
    }
    Ok(())
}

fn row(
    record: &csv::StringRecord,
    (at, is_key): (usize, bool),
    (value, time): (usize, Option<usize>),
    (test, salt): (&str, &str),
) -> Result<Row> {
    let cell = |at: usize| record.get(at).unwrap_or_default().trim();
    let whose = match is_key {
        true => Whose::Subject {
            test: test.to_owned(),
            subject: key_hash(salt, cell(at)).cast_signed(),
        },
        false => Whose::Request(cell(at).to_owned()),
    };
    let number: f64 =
        cell(value).parse().ok().filter(|number: &f64| number.is_finite()).with_context(|| {
            format!("{:?} is not a number", cell(value).chars().take(50).collect::<String>())
        })?;
    let time = time.map(|at| milliseconds(cell(at))).transpose()?;
    Ok(Row { whose, value: number, time })
}

/// RFC 3339, or seconds since 1970.
pub fn milliseconds(text: &str) -> Result<i64> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.as_millisecond());
    }
    let seconds = text.parse::<f64>().ok().filter(|seconds| seconds.abs() < 1e11);
    let seconds = seconds.with_context(|| {
        let shown: String = text.chars().take(50).collect();
        format!("{shown:?} is no time: write 2026-11-24T10:30:00Z, or seconds since 1970")
    })?;
    Ok((seconds * 1000.0) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> DatasetColumns {
        DatasetColumns {
            name: "sales".to_owned(),
            key: Some("user".to_owned()),
            value: "amount".to_owned(),
            time: Some("at".to_owned()),
            ..DatasetColumns::default()
        }
    }

    fn found(text: &str) -> Result<Vec<Row>> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.csv"), text).unwrap();
        read(folder.path(), &columns(), ("uid", "salt"))
    }

    #[test]
    fn rows_are_of_the_keys_that_the_gateway_knows() {
        let rows = found("user,amount,at\n\"王, 五\",2.5,2026-11-24T10:30:00Z\nb,1,1764000000\n");
        let rows = rows.unwrap();
        let subject = key_hash("salt", "王, 五").cast_signed();
        assert_eq!(rows[0].whose, Whose::Subject { test: "uid".to_owned(), subject });
        assert_eq!((rows[0].value, rows[1].time), (2.5, Some(1_764_000_000_000)));
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_place() {
        let said = |text: &str| format!("{:#}", found(text).unwrap_err());
        assert!(
            said("user,price,at\n").contains("no column \"amount\"; there are user, price, at")
        );
        assert!(said("user,amount,at\na,1,0\nb,x,0\n").contains("a.csv: line 3: \"x\" is not"));
        assert!(said("user,amount,at\na,NaN,0\n").contains("is not a number"));
        assert!(said("user,amount,at\na,1,gestern\n").contains("is no time"));
        assert!(said("user,amount,at\na,1\n").contains("line"));
        let empty = tempfile::tempdir().unwrap();
        assert!(read(empty.path(), &columns(), ("", "")).unwrap_err().to_string().contains(".csv"));
    }
}
