//! Data points as series.

use std::collections::{BTreeMap, HashMap};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, HistogramDataPoint, Metric, NumberDataPoint, SummaryDataPoint,
    metric::Data, number_data_point,
};

use super::super::take::Taken;
use super::names::{self, Kind};
use crate::labels::{Labels, NAME};
use crate::promql::format_number;
use crate::sample::{STALE, Sample, Series};
use crate::text::About;

/// A flag of a point: the series has ended.
const NO_RECORDED_VALUE: u32 = 1;

/// Attributes of a resource that become labels of all its series, in the names that
/// scraped series carry them. The others are in `target_info`.
const PROMOTED: [(&str, &str); 4] = [
    ("k8s.namespace.name", "namespace"),
    ("k8s.pod.name", "pod"),
    ("k8s.container.name", "container"),
    ("k8s.node.name", "node"),
];
/// What `job` and `instance` are made of.
const IDENTITY: [&str; 3] = ["service.name", "service.namespace", "service.instance.id"];

#[derive(Default)]
pub struct Translated {
    pub series: Vec<Series>,
    pub about: Vec<(String, About)>,
}

/// What cannot be kept is noted in `taken`.
pub fn translate(request: ExportMetricsServiceRequest, taken: &mut Taken) -> Translated {
    let mut translated = Translated::default();
    for resource in request.resource_metrics {
        let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let common = common_labels(&attributes);
        let mut target = Target { common, series: HashMap::new(), newest: None };
        for metric in resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
            translated.about.extend(target.add(metric, taken));
        }
        target.tell(&attributes);
        let series = target.series.into_iter();
        translated.series.extend(series.map(|(labels, samples)| Series { labels, samples }));
    }
    translated
}

/// One resource's series.
struct Target {
    common: Vec<(String, String)>,
    series: HashMap<Labels, Vec<Sample>>,
    newest: Option<i64>,
}

fn common_labels(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let get = |name: &str| {
        attributes.iter().find(|pair| pair.key == name).map(|pair| text(pair.value.as_ref()))
    };
    let mut common: Vec<(String, String)> = PROMOTED
        .iter()
        .filter_map(|(attribute, label)| Some(((*label).to_owned(), get(attribute)?)))
        .collect();
    if let Some(name) = get("service.name") {
        let job = match get("service.namespace") {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name,
        };
        common.push(("job".into(), job));
    }
    common.extend(get("service.instance.id").map(|instance| ("instance".to_owned(), instance)));
    common
}

impl Target {
    fn add(&mut self, metric: Metric, taken: &mut Taken) -> Option<(String, About)> {
        const DELTA: &str =
            "are of delta temporality; set the exporter's temporality preference to cumulative";
        let is_delta = |temporality: i32| temporality != AggregationTemporality::Cumulative as i32;
        let named = |kind: Kind| names::metric(&metric.name, &metric.unit, kind);
        let about = |name: String, kind: &str| {
            let about =
                About { kind: kind.into(), help: metric.description.clone(), unit: String::new() };
            Some((name, about))
        };
        match metric.data {
            Some(Data::Gauge(gauge)) => {
                let name = named(Kind::Gauge);
                gauge.data_points.into_iter().for_each(|point| self.number(&name, point));
                about(name, "gauge")
            }
            Some(Data::Sum(sum)) if is_delta(sum.aggregation_temporality) => {
                taken.refuse(DELTA, sum.data_points.len(), None);
                None
            }
            Some(Data::Sum(sum)) => {
                let (kind, word) = match sum.is_monotonic {
                    true => (Kind::Counter, "counter"),
                    // A sum that may fall is what Prometheus calls a gauge.
                    false => (Kind::Other, "gauge"),
                };
                let name = named(kind);
                sum.data_points.into_iter().for_each(|point| self.number(&name, point));
                about(name, word)
            }
            Some(Data::Histogram(histogram)) if is_delta(histogram.aggregation_temporality) => {
                taken.refuse(DELTA, histogram.data_points.len(), None);
                None
            }
            Some(Data::Histogram(histogram)) => {
                let name = named(Kind::Other);
                histogram.data_points.into_iter().for_each(|point| self.histogram(&name, point));
                about(name, "histogram")
            }
            Some(Data::Summary(summary)) => {
                let name = named(Kind::Other);
                summary.data_points.into_iter().for_each(|point| self.summary(&name, point));
                about(name, "summary")
            }
            Some(Data::ExponentialHistogram(histogram)) => {
                let reason = "are exponential histograms, which are not kept; use explicit buckets";
                taken.refuse(reason, histogram.data_points.len(), None);
                None
            }
            None => None,
        }
    }

    fn number(&mut self, name: &str, point: NumberDataPoint) {
        let value = match point.value {
            _ if point.flags & NO_RECORDED_VALUE != 0 => STALE,
            Some(number_data_point::Value::AsDouble(value)) => value,
            Some(number_data_point::Value::AsInt(value)) => value as f64,
            None => STALE,
        };
        let labels = self.labels(&point.attributes);
        self.put(&labels, name, None, milliseconds(point.time_unix_nano), value);
    }

    fn histogram(&mut self, name: &str, point: HistogramDataPoint) {
        let (time, labels) = (milliseconds(point.time_unix_nano), self.labels(&point.attributes));
        let is_stale = point.flags & NO_RECORDED_VALUE != 0;
        let value = |value: f64| if is_stale { STALE } else { value };
        let mut below = 0;
        for (bound, count) in point.explicit_bounds.iter().zip(&point.bucket_counts) {
            below += count;
            let bound = format_number(*bound);
            let le = Some(("le", bound.as_str()));
            self.put(&labels, &format!("{name}_bucket"), le, time, value(below as f64));
        }
        let count = value(point.count as f64);
        self.put(&labels, &format!("{name}_bucket"), Some(("le", "+Inf")), time, count);
        self.put(&labels, &format!("{name}_count"), None, time, count);
        if let Some(sum) = point.sum {
            self.put(&labels, &format!("{name}_sum"), None, time, value(sum));
        }
    }

    fn summary(&mut self, name: &str, point: SummaryDataPoint) {
        let (time, labels) = (milliseconds(point.time_unix_nano), self.labels(&point.attributes));
        let is_stale = point.flags & NO_RECORDED_VALUE != 0;
        let value = |value: f64| if is_stale { STALE } else { value };
        for quantile in &point.quantile_values {
            let rank = format_number(quantile.quantile);
            let label = Some(("quantile", rank.as_str()));
            self.put(&labels, name, label, time, value(quantile.value));
        }
        self.put(&labels, &format!("{name}_sum"), None, time, value(point.sum));
        self.put(&labels, &format!("{name}_count"), None, time, value(point.count as f64));
    }

    /// The point's labels and its resource's, of which the latter win: a tenant's
    /// namespace is not an attribute of a point.
    fn labels(&self, attributes: &[KeyValue]) -> Labels {
        let mut pairs: BTreeMap<String, String> = BTreeMap::new();
        for pair in attributes {
            let value = text(pair.value.as_ref());
            let known = pairs.entry(names::label(&pair.key)).or_default();
            // Two attributes that become one label are told both.
            *known = if known.is_empty() { value } else { format!("{known};{value}") };
        }
        Labels::new(pairs.into_iter().chain(self.common.iter().cloned()))
    }

    fn put(
        &mut self,
        labels: &Labels,
        name: &str,
        extra: Option<(&str, &str)>,
        time: i64,
        value: f64,
    ) {
        let mut labels = labels.with(NAME, name);
        if let Some((name, value)) = extra {
            labels = labels.with(name, value);
        }
        self.newest = self.newest.max(Some(time));
        self.series.entry(labels).or_default().push(Sample { time, value });
    }

    /// `target_info`: what else is known of the resource.
    fn tell(&mut self, attributes: &[KeyValue]) {
        let is_other = |pair: &&KeyValue| {
            !IDENTITY.contains(&pair.key.as_str())
                && PROMOTED.iter().all(|(attribute, _)| *attribute != pair.key)
        };
        let others: Vec<KeyValue> = attributes.iter().filter(is_other).cloned().collect();
        let Some(time) = self.newest.filter(|_| !others.is_empty()) else { return };
        let labels = self.labels(&others);
        self.put(&labels, "target_info", None, time, 1.0);
    }
}

fn milliseconds(nanoseconds: u64) -> i64 {
    i64::try_from(nanoseconds / 1_000_000).unwrap_or(i64::MAX)
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::BoolValue(truth)) => truth.to_string(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::DoubleValue(number)) => format_number(*number),
        None => String::new(),
        // Lists, maps and bytes, as JSON.
        Some(other) => serde_json::to_string(other).unwrap_or_default(),
    }
}
