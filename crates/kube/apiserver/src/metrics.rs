//! The server's own counters, in the names of kube-apiserver.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<Labels, (u64, f64)>>,
}

/// Verb, resource, code.
type Labels = (String, String, u16);

impl Metrics {
    /// Counts a request that ended. Reads are not told apart by resource, so that
    /// a client cannot make a series for every path it invents.
    pub fn count(&self, verb: &str, resource: &str, code: u16, took: Duration) {
        let resource = if code < 400 { resource } else { "" };
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, seconds) =
            requests.entry((verb.to_owned(), resource.to_owned(), code)).or_default();
        *count += 1;
        *seconds += took.as_secs_f64();
    }

    pub fn render(&self, revision: u64) -> String {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::from("# TYPE apiserver_request_total counter\n");
        for ((verb, resource, code), (count, _)) in requests.iter() {
            let _ = writeln!(
                text,
                "apiserver_request_total{{verb=\"{verb}\",resource=\"{resource}\",code=\"{code}\"}} {count}"
            );
        }
        text.push_str("# TYPE apiserver_request_duration_seconds summary\n");
        for ((verb, resource, code), (count, seconds)) in requests.iter() {
            let labels = format!("{{verb=\"{verb}\",resource=\"{resource}\",code=\"{code}\"}}");
            let _ = writeln!(text, "apiserver_request_duration_seconds_sum{labels} {seconds}");
            let _ = writeln!(text, "apiserver_request_duration_seconds_count{labels} {count}");
        }
        let _ = writeln!(
            text,
            "# TYPE apiserver_storage_revision gauge\napiserver_storage_revision {revision}"
        );
        text
    }
}
