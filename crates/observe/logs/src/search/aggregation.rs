//! Aggregations: tantivy's own, which speak Elasticsearch's JSON, after the field
//! names are translated and what it does not know is refused by name.

use std::path::Path;

use serde_json::{Map, Value};
use tantivy::TantivyError;
use tantivy::aggregation::agg_req::Aggregations;
use tantivy::aggregation::intermediate_agg_result::IntermediateAggregationResults;
use tantivy::aggregation::{
    AggContextParams, AggregationLimitsGuard, DistributedAggregationCollector,
};

use crate::clause::Field;
use crate::error::{Error, Result};
use crate::schema::JSON_EXACT;

/// An aggregation may hold this much at a time; the idle platform fits into 120 MiB.
const MAX_BYTES: u64 = 64 << 20;
/// Elasticsearch's `search.max_buckets`.
const MAX_BUCKETS: u32 = 65_536;

const KNOWN: [&str; 12] = [
    "date_histogram",
    "terms",
    "histogram",
    "range",
    "avg",
    "min",
    "max",
    "sum",
    "value_count",
    "stats",
    "cardinality",
    "percentiles",
];

pub struct Plan {
    request: Aggregations,
    limits: AggregationLimitsGuard,
}

impl Plan {
    pub fn new(body: &Value) -> Result<Plan> {
        let translated = translate(body, "aggs")?;
        let request = serde_json::from_value(translated)
            .map_err(|error| Error::parsing("aggs", error.to_string()))?;
        Ok(Plan {
            request,
            limits: AggregationLimitsGuard::new(Some(MAX_BYTES), Some(MAX_BUCKETS)),
        })
    }

    pub fn collector(&self) -> DistributedAggregationCollector {
        let context = AggContextParams::new(self.limits.clone(), crate::schema::tokenizers());
        DistributedAggregationCollector::from_aggs(self.request.clone(), context)
    }

    pub fn merge(
        &self,
        all: &mut Option<IntermediateAggregationResults>,
        next: IntermediateAggregationResults,
    ) {
        match all {
            None => *all = Some(next),
            Some(all) => {
                if let Err(error) = all.merge_fruits(next) {
                    tracing::warn!(%error, "cannot merge the aggregations of two log windows");
                }
            }
        }
    }

    pub fn finish(self, all: Option<IntermediateAggregationResults>) -> Result<Value> {
        let result = all
            .unwrap_or_default()
            .into_final_result(self.request, self.limits)
            .map_err(|error| as_request_error(error, Path::new("")))?;
        Ok(serde_json::to_value(result).expect("aggregation results are plain JSON"))
    }
}

/// tantivy reports a bad aggregation like a broken index; the caller must learn which it was.
pub fn as_request_error(error: TantivyError, path: &Path) -> Error {
    match error {
        TantivyError::AggregationError(error) => Error::illegal("aggs", error.to_string()),
        TantivyError::InvalidArgument(reason) => Error::illegal("aggs", reason),
        source => Error::Index { path: path.to_owned(), doing: "searching", source },
    }
}

fn translate(body: &Value, at: &str) -> Result<Value> {
    let named = body
        .as_object()
        .ok_or_else(|| Error::parsing(at, format!("expected an object, found {body}")))?;
    let mut translated = Map::new();
    for (name, aggregation) in named {
        let at = format!("{at}.{name}");
        let parts =
            aggregation.as_object().ok_or_else(|| Error::parsing(&at, "expected an object"))?;
        let mut result = Map::new();
        for (kind, options) in parts {
            match kind.as_str() {
                "aggs" | "aggregations" => {
                    result.insert("aggs".into(), translate(options, &at)?);
                }
                "meta" => {}
                known if KNOWN.contains(&known) => {
                    result.insert(kind.clone(), options_of(known, options, &at)?);
                }
                unknown => {
                    return Err(Error::parsing(
                        at,
                        format!(
                            "Unknown aggregation type [{unknown}]; known are {}",
                            KNOWN.join(", ")
                        ),
                    ));
                }
            }
        }
        translated.insert(name.clone(), Value::Object(result));
    }
    Ok(Value::Object(translated))
}

fn options_of(kind: &str, options: &Value, at: &str) -> Result<Value> {
    let mut options =
        options.as_object().cloned().ok_or_else(|| Error::parsing(at, "expected an object"))?;
    let name = options
        .get("field")
        .and_then(Value::as_str)
        .ok_or_else(|| Error::parsing(at, format!("[{kind}] requires a [field]")))?;
    let field = match Field::named(name) {
        Field::Message => {
            return Err(Error::illegal(
                at,
                "Text fields are not optimised for aggregations: [message]; aggregate a keyword field",
            ));
        }
        Field::Dynamic(path) => format!("{JSON_EXACT}.{path}"),
        own => own.name().to_owned(),
    };
    options.insert("field".into(), field.into());
    if kind == "date_histogram" {
        date_histogram(&mut options, at)?;
    }
    Ok(Value::Object(options))
}

/// Calendar intervals of fixed length become fixed ones; months and years vary.
fn date_histogram(options: &mut Map<String, Value>, at: &str) -> Result<()> {
    for name in ["time_zone", "format", "keyed"] {
        options.shift_remove(name);
    }
    let Some(interval) =
        options.shift_remove("calendar_interval").or_else(|| options.shift_remove("interval"))
    else {
        if let Some(Value::String(fixed)) = options.get("fixed_interval")
            && fixed.ends_with('w')
        {
            return Err(Error::illegal(at, "fixed_interval knows ms, s, m, h and d"));
        }
        return Ok(());
    };
    let fixed = match interval.as_str().unwrap_or_default() {
        "second" => "1s",
        "minute" => "1m",
        "hour" => "1h",
        "day" => "1d",
        "week" | "1w" => "7d",
        "month" | "1M" | "quarter" | "1q" | "year" | "1y" => {
            return Err(Error::illegal(
                at,
                format!(
                    "calendar_interval [{interval}] is not supported; use fixed_interval, for example 30d"
                ),
            ));
        }
        other => other,
    };
    options.insert("fixed_interval".into(), fixed.into());
    Ok(())
}
