//! Hours of metrics by remote write (the protocol's version 1), in order of time.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use prost::Message;

use crate::cluster::cluster;

#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

pub async fn send(url: &str, series: usize, hours: u64, step: u64) -> Result<()> {
    let lines = cluster(series);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64;
    let mut request = WriteRequest {
        timeseries: lines
            .iter()
            .map(|line| {
                let name = ("__name__", line.name.to_owned());
                let mut labels: Vec<Label> = [name]
                    .into_iter()
                    .chain(line.labels.iter().cloned())
                    .map(|(name, value)| Label { name: name.to_owned(), value })
                    .collect();
                labels.sort_by(|left, right| left.name.cmp(&right.name));
                TimeSeries { labels, samples: vec![Sample::default()] }
            })
            .collect(),
    };
    let client = reqwest::Client::new();
    let mut packer = snap::raw::Encoder::new();
    let mut time = now - hours as i64 * 3600;
    while time <= now {
        for (at, line) in lines.iter().enumerate() {
            request.timeseries[at].samples[0] =
                Sample { value: line.value(at, time), timestamp: time * 1000 };
        }
        let body = packer.compress_vec(&request.encode_to_vec())?;
        let answer = client
            .post(url)
            .header("content-type", "application/x-protobuf")
            .header("content-encoding", "snappy")
            .header("x-prometheus-remote-write-version", "0.1.0")
            .body(body)
            .send()
            .await?;
        if !answer.status().is_success() {
            bail!("{url} answered {}: {}", answer.status(), answer.text().await?);
        }
        time += step as i64;
    }
    Ok(())
}
