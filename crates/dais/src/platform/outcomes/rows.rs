//! Outcomes out of the tables of a dataset's version: CSV, JSON Lines, Parquet.

use std::path::Path;

use anyhow::{Context, Result, bail};
use dais_api::abtest::DatasetColumns;
use dais_data::Texts;
use dais_gateway::key_hash;
use dais_outcomes::{Row, Whose};

/// Rows of one dataset: about 1 GB in the store.
const MOST: usize = 5_000_000;

/// All rows of all tables below a folder; `test` is its uid and its salt.
pub fn read(folder: &Path, columns: &DatasetColumns, test: (&str, &str)) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut files = 0;
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.context("listing its files")?;
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path();
        let shown = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        let opened = Texts::open(path).with_context(|| format!("reading {shown}"))?;
        let Some(table) = opened else { continue };
        files += 1;
        of_file(table, columns, test, &mut rows).with_context(|| format!("in {shown}"))?;
    }
    if files == 0 {
        bail!(
            "it has no table; write the outcomes as CSV with a header line (.csv), \
             JSON Lines (.jsonl) or Parquet"
        );
    }
    Ok(rows)
}

/// Where in a row things are.
struct Places {
    /// Of the key, or of the request's id.
    whose: usize,
    is_key: bool,
    value: usize,
    time: Option<usize>,
}

impl Places {
    fn found(table: &Texts, columns: &DatasetColumns) -> Result<Self> {
        let place = |name: &str| -> Result<usize> {
            let known = table.columns();
            let found = known.iter().position(|header| header.trim() == name);
            found.with_context(|| {
                let known: Vec<&str> = known.iter().take(50).map(String::as_str).collect();
                format!("there is no column {name:?}; there are {}", known.join(", "))
            })
        };
        let (whose, is_key) = match (&columns.key, &columns.request_id) {
            (Some(key), _) => (place(key)?, true),
            (None, Some(request)) => (place(request)?, false),
            (None, None) => bail!("set key or requestId of the dataset's columns"),
        };
        let time = columns.time.as_deref().map(place).transpose()?;
        Ok(Places { whose, is_key, value: place(&columns.value)?, time })
    }
}

fn of_file(
    mut table: Texts,
    columns: &DatasetColumns,
    test: (&str, &str),
    rows: &mut Vec<Row>,
) -> Result<()> {
    let places = Places::found(&table, columns)?;
    while table.advance().with_context(|| table.place())? {
        rows.push(row(&table, &places, test).with_context(|| table.place())?);
        if rows.len() > MOST {
            bail!("it has more than {MOST} rows; sum them up for each key");
        }
    }
    Ok(())
}

fn row(table: &Texts, places: &Places, (test, salt): (&str, &str)) -> Result<Row> {
    let cell = |at: usize| table.text(at).trim().to_owned();
    let whose = match places.is_key {
        true => Whose::Subject {
            test: test.to_owned(),
            subject: key_hash(salt, &cell(places.whose)).cast_signed(),
        },
        false => Whose::Request(cell(places.whose)),
    };
    let time = places.time.map(|at| milliseconds(&cell(at))).transpose()?;
    Ok(Row { whose, value: number(&cell(places.value))?, time })
}

/// A finite number; whether something happened counts 1 or 0.
fn number(text: &str) -> Result<f64> {
    let number = match text {
        "true" => Some(1.0),
        "false" => Some(0.0),
        _ => text.parse().ok().filter(|number: &f64| number.is_finite()),
    };
    number.with_context(|| {
        let shown: String = text.chars().take(50).collect();
        format!("{shown:?} is not a number")
    })
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
        found_in("a.csv", text)
    }

    fn found_in(name: &str, text: &str) -> Result<Vec<Row>> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("README.md"), "no table").unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
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
    fn json_lines_and_other_dialects_say_the_same() {
        let rows = found("user,amount,at\n007,2.5,0\nb,1,0\n").unwrap();
        let json = "{\"user\":\"007\",\"amount\":2.5,\"at\":0}\n{\"user\":\"b\",\"amount\":true,\"at\":\"1970-01-01T00:00:00Z\"}\n";
        assert_eq!(found_in("a.jsonl", json).unwrap(), rows);
        assert_eq!(found_in("a.tsv", "user\tamount\tat\n007\t2.5\t0\nb\ttrue\t0\n").unwrap(), rows);
        let said = found_in("a.jsonl", "{\"user\":1,\"amount\":1,\"at\":0}\n{\n").unwrap_err();
        assert!(format!("{said:#}").contains("a.jsonl: line 2"), "{said:#}");
        let broken = found_in("a.parquet", "PAR1 and nothing else").unwrap_err();
        assert!(format!("{broken:#}").contains("no readable Parquet"), "{broken:#}");
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
