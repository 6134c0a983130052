//! Summing up: sums over subjects, made by the database, so that what leaves it is a row
//! for each variant however many people there are.

use std::collections::BTreeMap;

use dais_statistics::{Counts as Proportion, Moments, PairMoments, PairSums, Statistic, Sums};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::error::Attempt;
use crate::import::ANY_TIME;
use crate::sql::Sql;
use crate::{Outcomes, Result};

/// How much earlier than its exposure an outcome may be by its sender's clock.
const SKEW_MS: i64 = 60_000;

/// Where values of subjects come from: the name under which they were sent or imported.
pub type Series<'a> = &'a str;

/// How a metric is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure<'a> {
    /// Mean seconds of a request.
    Latency,
    /// Share of requests that failed.
    Errors,
    /// Share of subjects with an outcome above 0.
    Proportion { of: Series<'a>, covariate: Option<Series<'a>> },
    /// Mean over subjects of the sum of their outcomes.
    Mean { of: Series<'a>, covariate: Option<Series<'a>> },
}

/// Of one variant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VariantCounts {
    pub subjects: u64,
    pub requests: u64,
    pub failures: u64,
    /// Subjects that were seen under another variant too.
    pub crossed: u64,
}

/// Of one test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub variants: BTreeMap<String, VariantCounts>,
    /// Outcomes of its subjects, and how many of those came after the window.
    pub joined: u64,
    pub late: u64,
    /// Outcomes of the project whose request is not known.
    pub waiting: u64,
}

impl Outcomes {
    /// Counts a test. The window is in milliseconds.
    pub async fn count(&self, (project, test): (&str, &str), window: i64) -> Result<Counts> {
        let rows = sqlx::query(
            "SELECT variant, COUNT(*), CAST(SUM(requests) AS BIGINT),
             CAST(SUM(failures) AS BIGINT), CAST(SUM(crossed) AS BIGINT)
             FROM outcomes_subjects WHERE test = $1 GROUP BY variant",
        )
        .bind(test)
        .fetch_all(self.pool())
        .await
        .attempt("count subjects")?;
        let variants = rows.iter().map(counted).collect::<Result<_, _>>();
        let mut sql = Sql::new("SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN ");
        let late = late(&mut sql, window);
        sql.push(&late).push(
            " THEN 1 ELSE 0 END), 0) AS BIGINT) FROM outcomes_values v
             JOIN outcomes_subjects f ON f.test = v.test AND f.subject = v.subject WHERE v.test = ",
        );
        let place = sql.text(test);
        sql.push(&place);
        let outcomes = sql.fetch(self.pool(), "count outcomes").await?;
        let waiting =
            sqlx::query("SELECT COUNT(*) FROM outcomes_values WHERE project = $1 AND test = ''")
                .bind(project)
                .fetch_one(self.pool())
                .await
                .attempt("count outcomes")?;
        let read = |row: Option<&AnyRow>, at| match row {
            Some(row) => whole(row, at).attempt("count outcomes"),
            None => Ok(0),
        };
        Ok(Counts {
            variants: variants.attempt("count subjects")?,
            joined: read(outcomes.first(), 0)?,
            late: read(outcomes.first(), 1)?,
            waiting: read(Some(&waiting), 0)?,
        })
    }

    /// One metric of each variant that has subjects. The window is in milliseconds.
    pub async fn summarise(
        &self,
        test: &str,
        measure: Measure<'_>,
        window: i64,
    ) -> Result<BTreeMap<String, Statistic>> {
        let sql = match measure {
            Measure::Latency => of_requests(test, "s.seconds"),
            Measure::Errors => of_requests(test, "CAST(s.failures AS DOUBLE PRECISION)"),
            Measure::Proportion { of, covariate } => {
                let x = "CASE WHEN COALESCE(o.total, 0) > 0 THEN 1.0 ELSE 0.0 END";
                of_subjects(test, x, (of, covariate), window)
            }
            Measure::Mean { of, covariate } => {
                of_subjects(test, "COALESCE(o.total, 0)", (of, covariate), window)
            }
        };
        let rows = sql.fetch(self.pool(), "sum up outcomes").await?;
        let read = |row: &AnyRow| Ok((row.try_get(0)?, statistic(row, measure)?));
        rows.iter().map(read).collect::<Result<_, sqlx::Error>>().attempt("sum up outcomes")
    }
}

fn whole(row: &AnyRow, at: usize) -> Result<u64, sqlx::Error> {
    Ok(u64::try_from(row.try_get::<i64, _>(at)?).unwrap_or(0))
}

fn counted(row: &AnyRow) -> Result<(String, VariantCounts), sqlx::Error> {
    let counts = VariantCounts {
        subjects: whole(row, 1)?,
        requests: whole(row, 2)?,
        failures: whole(row, 3)?,
        crossed: whole(row, 4)?,
    };
    Ok((row.try_get(0)?, counts))
}

/// When the subject `f` was shown what an outcome `v` is of.
const SINCE: &str = "(CASE WHEN v.since >= 0 THEN v.since ELSE f.first END)";

/// Whether it came after the window.
fn late(sql: &mut Sql, window: i64) -> String {
    format!("v.time > {SINCE} + {}", sql.number(window))
}

/// Whether an outcome `v` of a subject `f` counts.
fn within(sql: &mut Sql, window: i64) -> String {
    let (skew, window) = (sql.number(-SKEW_MS), sql.number(window));
    let any = sql.number(ANY_TIME);
    format!("(v.time = {any} OR (v.time >= {SINCE} + {skew} AND v.time <= {SINCE} + {window}))")
}

const SUMS: &str = "COUNT(*), CAST(SUM(x) AS DOUBLE PRECISION),
    CAST(SUM(x * x) AS DOUBLE PRECISION), CAST(SUM(y) AS DOUBLE PRECISION),
    CAST(SUM(y * y) AS DOUBLE PRECISION), CAST(SUM(x * y) AS DOUBLE PRECISION)";

fn of_requests(test: &str, value: &str) -> Sql {
    let mut sql = Sql::new(&format!(
        "SELECT variant, {SUMS} FROM (SELECT s.variant AS variant, {value} AS x,
         CAST(s.requests AS DOUBLE PRECISION) AS y FROM outcomes_subjects s WHERE s.test = "
    ));
    let place = sql.text(test);
    sql.push(&place).push(") AS each_one GROUP BY variant");
    sql
}

fn of_subjects(
    test: &str,
    value: &str,
    (of, covariate): (Series<'_>, Option<Series<'_>>),
    window: i64,
) -> Sql {
    let y = if covariate.is_some() { "COALESCE(c.total, 0)" } else { "0" };
    let mut sql = Sql::new(&format!(
        "SELECT variant, {SUMS} FROM (SELECT s.variant AS variant,
         CAST({value} AS DOUBLE PRECISION) AS x, CAST({y} AS DOUBLE PRECISION) AS y
         FROM outcomes_subjects s LEFT JOIN ("
    ));
    let within = within(&mut sql, window);
    totals(&mut sql, test, of, &within);
    sql.push(") AS o ON o.subject = s.subject");
    if let Some(covariate) = covariate {
        sql.push(" LEFT JOIN (");
        let any = sql.number(ANY_TIME);
        totals(&mut sql, test, covariate, &format!("(v.time = {any} OR v.time < f.first)"));
        sql.push(") AS c ON c.subject = s.subject");
    }
    sql.push(" WHERE s.test = ");
    let place = sql.text(test);
    sql.push(&place).push(") AS each_one GROUP BY variant");
    sql
}

/// The sum of each subject's values that count.
fn totals(sql: &mut Sql, test: &str, series: Series<'_>, counts: &str) {
    let (test, series) = (sql.text(test), sql.text(series));
    sql.push(&format!(
        "SELECT v.subject AS subject, SUM(v.value) AS total FROM outcomes_values v
         JOIN outcomes_subjects f ON f.test = v.test AND f.subject = v.subject
         WHERE v.test = {test} AND v.metric = {series} AND {counts} GROUP BY v.subject"
    ));
}

fn statistic(row: &AnyRow, measure: Measure<'_>) -> Result<Statistic, sqlx::Error> {
    let count = whole(row, 1)?;
    let (sum, sum_squares) = (row.try_get(2)?, row.try_get(3)?);
    let pair = || -> Result<PairMoments, sqlx::Error> {
        Ok(PairMoments::from(PairSums {
            count,
            first_sum: sum,
            first_sum_squares: sum_squares,
            second_sum: row.try_get(4)?,
            second_sum_squares: row.try_get(5)?,
            sum_products: row.try_get(6)?,
        }))
    };
    Ok(match measure {
        Measure::Latency | Measure::Errors => Statistic::Ratio(pair()?),
        Measure::Proportion { covariate: Some(_), .. }
        | Measure::Mean { covariate: Some(_), .. } => Statistic::Adjusted(pair()?),
        Measure::Proportion { covariate: None, .. } => {
            // A sum of ones: exact up to 2⁵³.
            Statistic::Proportion(Proportion { count, successes: sum as u64 })
        }
        Measure::Mean { covariate: None, .. } => {
            Statistic::Mean(Moments::from(Sums { count, sum, sum_squares }))
        }
    })
}
