//! Reading: use summed up by person, application and so on, and over time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;
use utoipa::ToSchema;

use crate::error::Attempt;
use crate::prices::PriceList;
use crate::range::Range;
use crate::sql::{By, Filter, Scope, Sql};
use crate::totals::Totals;
use crate::{Ledger, Result};

/// What one person, application … used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Empty for what belongs to nobody.
    pub name: String,
    /// Of an application or a run: its project.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project: String,
    #[serde(flatten)]
    pub totals: Totals,
    /// Jobs that ran in the range.
    pub jobs: i64,
    /// Containers that ran in the range.
    pub runs: i64,
}

/// What one group used in each step of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// Steps without use are left out.
    pub points: Vec<Point>,
}

/// Use within one hour or day.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Point {
    /// Where the step begins, RFC 3339.
    pub time: String,
    #[serde(flatten)]
    pub totals: Totals,
}

/// A question to the ledger.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) by: By,
    pub(crate) range: Range,
    pub(crate) filter: &'a Filter,
    pub(crate) scope: &'a Scope,
    pub(crate) prices: Option<&'a PriceList>,
    /// Only these entries, where given.
    pub(crate) entries: Option<&'a [String]>,
}

/// Steps of time: their length and how far local time is ahead of UTC.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) length: i64,
    pub(crate) offset: i64,
}

/// Project, name, step.
type Key = (String, String, i64);

impl Ledger {
    pub(crate) async fn groups(&self, question: Question<'_>) -> Result<Vec<Group>> {
        let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
        for (key, totals) in self.sums(question, None).await? {
            let (project, name, _) = key.clone();
            groups.insert(key, Group { name, project, totals, ..Group::default() });
        }
        for row in self.count(question).await? {
            let read = |row: &AnyRow| -> std::result::Result<_, sqlx::Error> {
                Ok((
                    (row.try_get(0)?, row.try_get(1)?, 0),
                    row.try_get::<i64, _>(2)?,
                    row.try_get::<i64, _>(3)?,
                ))
            };
            let (key, runs, jobs) = read(&row).attempt("read use")?;
            if let Some(group) = groups.get_mut(&key) {
                (group.runs, group.jobs) = (runs, jobs);
            }
        }
        Ok(groups.into_values().collect())
    }

    pub(crate) async fn series(&self, question: Question<'_>, step: Step) -> Result<Vec<Series>> {
        let mut all: BTreeMap<(String, String), Series> = BTreeMap::new();
        for ((project, name, at), totals) in self.sums(question, Some(step)).await? {
            let series = all.entry((project.clone(), name.clone())).or_insert_with(|| Series {
                name,
                project,
                points: Vec::new(),
            });
            let begins = at.saturating_mul(step.length).saturating_sub(step.offset);
            let time = Timestamp::from_millisecond(begins).unwrap_or_default().to_string();
            series.points.push(Point { time, totals });
        }
        Ok(all.into_values().collect())
    }

    async fn sums(
        &self,
        question: Question<'_>,
        step: Option<Step>,
    ) -> Result<BTreeMap<Key, Totals>> {
        let mut sums: BTreeMap<Key, Totals> = BTreeMap::new();
        let price = |at: i64| {
            let at = usize::try_from(at).ok()?.checked_sub(1)?;
            question.prices?.prices.get(at)
        };
        for row in self.machines(question, step).await? {
            let (key, period) = key(&row)?;
            let used = (row.try_get(4).attempt("read use")?, row.try_get(5).attempt("read use")?);
            let totals = sums.entry(key).or_default();
            if question.prices.is_some() {
                totals.pay(0.0);
            }
            totals.add_machine(used, price(period));
        }
        for row in self.accelerators(question, step).await? {
            let (key, period) = key(&row)?;
            let seconds: f64 = row.try_get(4).attempt("read use")?;
            let resource: String = row.try_get(5).attempt("read use")?;
            let model: String = row.try_get(6).attempt("read use")?;
            let totals = sums.entry(key).or_default();
            totals.add_accelerators((&resource, &model), seconds, price(period));
        }
        Ok(sums)
    }

    async fn machines(&self, question: Question<'_>, step: Option<Step>) -> Result<Vec<AnyRow>> {
        let mut sql = Sql::default();
        let (keys, names) = keys(&mut sql, question, step);
        let mut rest = from(&mut sql, question, "");
        let share = std::mem::take(&mut rest.share);
        let text = format!(
            "SELECT {keys}, SUM(h.cpu_seconds * {share}), SUM(h.memory_byte_seconds * {share})
             {} GROUP BY {names}",
            rest.text
        );
        sql.replace(text).rows(self.pool(), "sum up use").await
    }

    async fn accelerators(
        &self,
        question: Question<'_>,
        step: Option<Step>,
    ) -> Result<Vec<AnyRow>> {
        let mut sql = Sql::default();
        let (keys, names) = keys(&mut sql, question, step);
        let rest = from(&mut sql, question, "JOIN ledger_accelerators a ON a.entry = h.entry");
        let text = format!(
            "SELECT {keys}, SUM(a.held * (h.ends_at - h.begins_at) * {} / 1000), a.resource, a.model
             {} GROUP BY {names}, a.resource, a.model",
            rest.share, rest.text
        );
        sql.replace(text).rows(self.pool(), "sum up accelerators").await
    }

    async fn count(&self, question: Question<'_>) -> Result<Vec<AnyRow>> {
        let mut sql = Sql::default();
        let (project, name) = question.by.columns();
        let kinds: Vec<String> = self.job_kinds().iter().map(|kind| sql.text(kind)).collect();
        let job = match kinds.is_empty() {
            true => "NULL".to_owned(),
            false => format!(
                "CASE WHEN e.kind IN ({}) THEN e.project || '/' || e.kind || '/' || e.object END",
                kinds.join(", ")
            ),
        };
        let rest = from(&mut sql, question, "");
        let text = format!(
            "SELECT {project} AS k1, {name} AS k2, COUNT(DISTINCT e.entry), COUNT(DISTINCT {job})
             {} GROUP BY k1, k2",
            rest.text
        );
        sql.replace(text).rows(self.pool(), "count runs").await
    }
}

/// Columns of a sum's key, to select and to group by.
fn keys(sql: &mut Sql, question: Question<'_>, step: Option<Step>) -> (String, String) {
    let (project, name) = question.by.columns();
    let step = match step {
        Some(Step { length, offset }) => {
            let (offset, length) = (sql.number(offset), sql.number(length));
            format!("(h.begins_at + {offset}) / {length}")
        }
        None => "CAST(0 AS BIGINT)".to_owned(),
    };
    let begins = question.prices.map(PriceList::begins).unwrap_or_default();
    // Which period's prices hold: how many have begun.
    let period = begins.iter().fold("CAST(0 AS BIGINT)".to_owned(), |text, begin| {
        let begin = sql.number(*begin);
        format!("{text} + CASE WHEN h.hour >= {begin} THEN 1 ELSE 0 END")
    });
    (
        format!("{project} AS k1, {name} AS k2, {step} AS k3, {period} AS k4"),
        "k1, k2, k3, k4".to_owned(),
    )
}

struct Rest {
    text: String,
    share: String,
}

/// Everything from FROM on.
fn from(sql: &mut Sql, question: Question<'_>, joins: &str) -> Rest {
    sql.push(&format!(
        "FROM ledger_hours h JOIN ledger_entries e ON e.entry = h.entry {joins} WHERE"
    ));
    let share = sql.within(&question.range);
    sql.filter(question.filter, question.scope);
    if let Some(entries) = question.entries {
        let places: Vec<String> = entries.iter().map(|entry| sql.text(entry)).collect();
        sql.push(&format!(" AND e.entry IN ({})", places.join(", ")));
    }
    Rest { text: sql.take_text(), share }
}

fn key(row: &AnyRow) -> Result<(Key, i64)> {
    let read = |row: &AnyRow| -> std::result::Result<_, sqlx::Error> {
        let step: i64 = row.try_get(2)?;
        Ok(((row.try_get(0)?, row.try_get(1)?, step), row.try_get(3)?))
    };
    read(row).attempt("read use")
}
