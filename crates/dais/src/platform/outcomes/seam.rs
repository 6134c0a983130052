//! The controllers' seam to what tests counted.

use std::collections::BTreeMap;

use async_trait::async_trait;
use dais_api::abtest::{
    Builtin, DatasetColumns, Metric, MetricKind, MetricSource, OutcomeCounts, Series,
};
use dais_controllers::seams::{
    MetricReading, Outcomes as Reads, SeamError, TestQuestion, TestReading, VariantReading,
};
use dais_data::Data;
use dais_outcomes::{Counts, Measure};

use super::rows;

pub struct Seam {
    pub(super) outcomes: super::Outcomes,
    pub(super) data: Data,
}

fn failed(error: &dais_outcomes::Error) -> SeamError {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    SeamError(format!("{error}{}", cause.unwrap_or_default()))
}

#[async_trait]
impl Reads for Seam {
    async fn read(&self, question: TestQuestion<'_>) -> Result<TestReading, SeamError> {
        let window = question.window.saturating_mul(1000);
        let store = &self.outcomes.store;
        let mut metrics = Vec::new();
        for metric in &question.spec.metrics {
            metrics.push(self.metric(&question, metric, window).await?);
        }
        let counts = store.count((question.project, question.uid), window).await;
        let Counts { variants, joined, late, waiting } = counts.map_err(|e| failed(&e))?;
        let variants: BTreeMap<String, VariantReading> = variants
            .into_iter()
            .map(|(name, counts)| {
                let dais_outcomes::VariantCounts { subjects, requests, failures, crossed } = counts;
                (name, VariantReading { subjects, requests, failures, crossed })
            })
            .collect();
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let outcomes = OutcomeCounts {
            joined: whole(joined),
            late: whole(late),
            waiting: whole(waiting),
            dropped: whole(self.outcomes.dropped()),
        };
        Ok(TestReading { variants, outcomes, metrics })
    }

    async fn tests(&self) -> Result<Vec<String>, SeamError> {
        self.outcomes.store.tests().await.map_err(|e| failed(&e))
    }

    async fn forget(&self, uid: &str) -> Result<(), SeamError> {
        self.outcomes.store.forget(uid).await.map_err(|e| failed(&e))
    }
}

/// The name under which a metric's values are in the store; those of a dataset have a
/// colon, which no metric's name has.
pub(super) fn series(metric: &Metric) -> String {
    match &metric.source {
        Some(MetricSource { feedback: Some(name), .. }) => name.clone(),
        Some(MetricSource { dataset: Some(_), .. }) => format!("dataset:{}", metric.name),
        _ => metric.name.clone(),
    }
}

fn covariate(metric: &Metric, covariate: &Series) -> String {
    match &covariate.feedback {
        Some(name) => name.clone(),
        None => format!("dataset:{}:covariate", metric.name),
    }
}

impl Seam {
    async fn metric(
        &self,
        question: &TestQuestion<'_>,
        metric: &Metric,
        window: i64,
    ) -> Result<MetricReading, SeamError> {
        let of = series(metric);
        let known = metric.covariate.as_ref().map(|one| covariate(metric, one));
        let datasets = [
            (metric.source.as_ref().and_then(|source| source.dataset.as_ref()), Some(&of)),
            (metric.covariate.as_ref().and_then(|one| one.dataset.as_ref()), known.as_ref()),
        ];
        let mut message = None;
        for (columns, series) in datasets {
            let (Some(columns), Some(series)) = (columns, series) else { continue };
            if let Err(why) = self.import(question, columns, series).await? {
                message = Some(why);
            }
        }
        let covariate = known.as_deref();
        let builtin = metric.source.as_ref().and_then(|source| source.builtin);
        let measure = match (builtin, metric.kind) {
            (Some(Builtin::Latency), _) => Measure::Latency,
            (Some(Builtin::Errors), _) => Measure::Errors,
            (None, MetricKind::Proportion) => Measure::Proportion { of: &of, covariate },
            (None, MetricKind::Mean) => Measure::Mean { of: &of, covariate },
        };
        let variants = self.outcomes.store.summarise(question.uid, measure, window).await;
        Ok(MetricReading { variants: variants.map_err(|e| failed(&e))?, message })
    }

    /// Brings a dataset's rows into the store, unless they are there; the inner error says
    /// in words what is wrong with the dataset.
    async fn import(
        &self,
        question: &TestQuestion<'_>,
        columns: &DatasetColumns,
        series: &str,
    ) -> Result<Result<(), String>, SeamError> {
        let (name, version) = columns.name.split_once('@').unwrap_or((&columns.name, "latest"));
        let found = match self.data.version(question.project, name, version).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(format!("dataset {}: {error}", columns.name))),
        };
        // With the columns, since they may change while the version stays.
        let version = format!("{} {columns:?}", found.digest);
        let store = &self.outcomes.store;
        let known = store.imported(question.uid, series).await.map_err(|e| failed(&e))?;
        if known.as_deref() == Some(version.as_str()) {
            return Ok(Ok(()));
        }
        let holder = format!("outcomes:{}:{series}", question.uid);
        let of = (name, found.digest.as_str());
        let folder = self.data.materialize_dataset(question.project, of, &holder).await;
        let folder = match folder {
            Ok(folder) => folder,
            Err(error) => return Ok(Err(format!("dataset {}: {error}", columns.name))),
        };
        let (uid, salt) = (question.uid.to_owned(), question.salt.to_owned());
        let wanted = columns.clone();
        let read = tokio::task::spawn_blocking(move || rows::read(&folder, &wanted, (&uid, &salt)));
        let read = read.await;
        self.data.release(&holder).await.map_err(|error| SeamError(error.to_string()))?;
        let read = read.map_err(|error| SeamError(error.to_string()))?;
        let rows = match read {
            Ok(rows) => rows,
            Err(error) => return Ok(Err(format!("dataset {}: {error:#}", columns.name))),
        };
        let test = (question.project, question.uid);
        let now = super::milliseconds(std::time::SystemTime::now());
        let imported = store.import(test, (series, &version), &rows, now).await;
        imported.map(Ok).map_err(|e| failed(&e))
    }
}
