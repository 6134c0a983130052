//! Prometheus's remote write, version 1: snappy around protobuf. What can be taken is
//! taken; 400 says what could not, and the sender must not send it again.

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prost::Message;

use super::take::{Taken, take};
use super::{Ingest, RESERVED, admitted, body, scope_of};
use crate::error::{Error, Result};
use crate::exemplars::Exemplar;
use crate::labels::{Labels, NAME};
use crate::sample::{Sample, Series};
use crate::scope::Scope;
use crate::text::About;

#[derive(Clone, PartialEq, Message)]
pub struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<TimeSeries>,
    #[prost(message, repeated, tag = "3")]
    metadata: Vec<MetricMetadata>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<WrittenSample>,
    #[prost(message, repeated, tag = "3")]
    exemplars: Vec<WrittenExemplar>,
    /// Native ones, which are not read.
    #[prost(bytes = "vec", repeated, tag = "4")]
    histograms: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct WrittenSample {
    #[prost(double, tag = "1")]
    value: f64,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct WrittenExemplar {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(double, tag = "2")]
    value: f64,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "3")]
    timestamp: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct MetricMetadata {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "4")]
    help: String,
    #[prost(string, tag = "5")]
    unit: String,
}

/// By the number in the protocol.
const KINDS: [&str; 8] =
    ["unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"];

pub async fn receive(
    State(ingest): State<Ingest>,
    scope: Option<Extension<Scope>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| kind.contains("io.prometheus.write.v2")) {
        let words = "remote write 2.0 is not spoken here; send 1.0 (protobuf_message: prometheus.WriteRequest)";
        return Ok((StatusCode::UNSUPPORTED_MEDIA_TYPE, words).into_response());
    }
    let scope = scope_of(scope);
    let taken = tokio::task::spawn_blocking(move || write(&ingest, &scope, &body));
    let taken = taken.await.map_err(|_| Error::Closed)??;
    Ok(match taken.complaint() {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(complaint) => (StatusCode::BAD_REQUEST, complaint).into_response(),
    })
}

fn write(ingest: &Ingest, scope: &Scope, body: &[u8]) -> Result<Taken> {
    let content = body::unsnapped(body)?;
    let request = WriteRequest::decode(content.as_slice())
        .map_err(|error| Error::BadData(format!("the body is no WriteRequest: {error}")))?;
    let mut taken = Taken::default();
    let mut all = Vec::with_capacity(request.timeseries.len());
    let mut exemplars = Vec::new();
    for written in request.timeseries {
        let labels = admitted(scope, labels_of(written.labels)?)?;
        if ingest.is_reserved(scope, &labels) {
            taken.refuse(RESERVED, written.samples.len(), Some(&labels));
            continue;
        }
        let reason = "are native histograms, which are not kept";
        taken.refuse(reason, written.histograms.len(), Some(&labels));
        let events = written.exemplars.into_iter().map(|event| {
            let own = event.labels.into_iter().map(|label| (label.name, label.value));
            let own = Labels::new(own);
            (labels.clone(), Exemplar { labels: own, value: event.value, time: event.timestamp })
        });
        exemplars.extend(events);
        let samples = written.samples.into_iter();
        let samples =
            samples.map(|sample| Sample { time: sample.timestamp, value: sample.value }).collect();
        all.push(Series { labels, samples });
    }
    // What a metric is called is for all who have it to read.
    if scope.namespaces.is_none() {
        ingest.metadata.note(request.metadata.into_iter().map(about).collect());
    }
    take(&ingest.store, scope, all, &mut taken)?;
    ingest.store.exemplars().note(exemplars);
    Ok(taken)
}

fn labels_of(written: Vec<Label>) -> Result<Labels> {
    let count = written.iter().filter(|label| !label.value.is_empty()).count();
    let labels = Labels::new(written.into_iter().map(|label| (label.name, label.value)));
    let fault = if labels.get(NAME).is_empty() {
        "it has no name"
    } else if labels.pairs().len() != count {
        "a label is there twice"
    } else if labels.iter().any(|(name, _)| name.is_empty()) {
        "a label has no name"
    } else {
        return Ok(labels);
    };
    Err(Error::BadData(format!("series {labels}: {fault}")))
}

fn about(metadata: MetricMetadata) -> (String, About) {
    let kind = usize::try_from(metadata.kind).ok().and_then(|kind| KINDS.get(kind));
    let kind = kind.copied().unwrap_or("unknown").to_owned();
    (metadata.name, About { kind, help: metadata.help, unit: metadata.unit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::Source;
    use crate::store::{Config, Store, now};

    fn series(pairs: &[(&str, &str)], samples: &[(i64, f64)]) -> TimeSeries {
        let label =
            |(name, value): &(&str, &str)| Label { name: (*name).into(), value: (*value).into() };
        let sample = |(timestamp, value): &(i64, f64)| WrittenSample {
            value: *value,
            timestamp: *timestamp,
        };
        TimeSeries {
            labels: pairs.iter().map(label).collect(),
            samples: samples.iter().map(sample).collect(),
            exemplars: vec![],
            histograms: vec![],
        }
    }

    fn send(ingest: &Ingest, scope: &Scope, timeseries: Vec<TimeSeries>) -> Result<Taken> {
        let request = WriteRequest { timeseries, metadata: vec![] };
        let body = snap::raw::Encoder::new().compress_vec(&request.encode_to_vec()).unwrap();
        write(ingest, scope, &body)
    }

    #[test]
    fn what_can_be_taken_is_and_the_rest_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(Config::new(directory.path())).unwrap();
        let ingest =
            Ingest { store: store.clone(), metadata: Default::default(), reserved: &["kube_"] };
        let now = now();
        let a = [("__name__", "x"), ("host", "a")];
        let times = [(now - 1000, 2.0), (now - 2000, 1.0), (now, 3.0)];
        let taken = send(&ingest, &Scope::all(), vec![series(&a, &times)]).unwrap();
        assert_eq!((taken.taken, taken.complaint()), (3, None));
        let again = send(&ingest, &Scope::all(), vec![series(&a, &times)]).unwrap();
        assert_eq!(again.complaint(), None, "a retry is no fault");
        let faults = [(now - 700_000, 0.0), (now, 9.0), (now + 700_000, 1.0), (now + 1, 4.0)];
        let b = [("__name__", "x"), ("host", "b")];
        let both = vec![series(&a, &faults), series(&b, &[(now, 7.0)])];
        let complaint = send(&ingest, &Scope::all(), both).unwrap().complaint().unwrap();
        for words in [
            "2 samples taken",
            "1 out of order",
            "1 have another value",
            "1 lie in the future",
            "host=\"a\"",
        ] {
            assert!(complaint.contains(words), "{complaint}");
        }
        let kept = store.select(&[], i64::MIN, i64::MAX).unwrap();
        let counts: Vec<usize> = kept.iter().map(|series| series.samples.len()).collect();
        assert_eq!(counts, [4, 1]);
    }

    #[test]
    fn a_caller_writes_its_own_namespaces_alone() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(Config::new(directory.path())).unwrap();
        let ingest =
            Ingest { store: store.clone(), metadata: Default::default(), reserved: &["kube_"] };
        let one = |pairs: &[(&str, &str)]| vec![series(pairs, &[(now(), 1.0)])];
        let bare = [("__name__", "x")];
        let blue = [("__name__", "x"), ("namespace", "blue")];
        let red = Scope::only(["red"]);
        assert!(send(&ingest, &red, one(&bare)).is_ok());
        assert!(matches!(send(&ingest, &red, one(&blue)), Err(Error::Forbidden(_))));
        assert!(matches!(send(&ingest, &Scope::nothing(), one(&bare)), Err(Error::Forbidden(_))));
        let two = Scope::only(["red", "green"]);
        assert!(matches!(send(&ingest, &two, one(&bare)), Err(Error::Forbidden(_))));
        let feigned = vec![
            series(&[("__name__", "kube_pod_labels"), ("namespace", "red")], &[(now(), 1.0)]),
            series(&bare, &[(now() + 1, 2.0)]),
        ];
        let complaint = send(&ingest, &red, feigned).unwrap().complaint().unwrap();
        assert!(complaint.starts_with("1 samples taken; not taken: 1 bear names"), "{complaint}");
        let kept = store.select(&[], i64::MIN, i64::MAX).unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].labels.get("namespace"), "red");
        let own = one(&[("__name__", "kube_pod_labels"), ("namespace", "red")]);
        assert_eq!(send(&ingest, &Scope::all(), own).unwrap().complaint(), None);
        for pairs in [&[("host", "a")][..], &[("__name__", "x"), ("a", "1"), ("a", "2")]] {
            assert!(matches!(send(&ingest, &Scope::all(), one(pairs)), Err(Error::BadData(_))));
        }
        assert!(write(&ingest, &Scope::all(), b"words").is_err());
    }
}
