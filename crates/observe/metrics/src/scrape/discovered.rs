//! From what discovery found to a target: its labels say where it is and how it is
//! scraped, as in Prometheus.

use std::collections::BTreeMap;
use std::time::Duration;

use super::relabel::{Relabeling, relabel};
use super::{Reach, Target};
use crate::error::{Error, Result};

const ADDRESS: &str = "__address__";
/// Labels that begin with this do not become a series' labels.
const META: &str = "__";

impl Target {
    /// The target that these labels describe after `relabelings`: `__address__` (host and
    /// port), `__scheme__`, `__metrics_path__`, `__param_<name>`, `job`, and those that
    /// its series get. `None` when a step drops it.
    ///
    /// One that belongs to a namespace keeps it: no step moves its series to another,
    /// nor its address to another machine.
    ///
    /// # Errors
    /// [`Error::BadData`] when no address or no job is left, the scheme is none, or the
    /// address was moved.
    pub fn discovered(
        discovered: BTreeMap<String, String>,
        relabelings: &[Relabeling],
        namespace: Option<&str>,
    ) -> Result<Option<Target>> {
        let mut labels = discovered.clone();
        if !relabel(&mut labels, relabelings) {
            return Ok(None);
        }
        let missing = |what: &str| Error::BadData(format!("{what}: relabelling left none"));
        if namespace.is_some() && host(&labels) != host(&discovered) {
            let reason = "relabelling may change the port of a project's target, not the host";
            return Err(Error::BadData(format!("{ADDRESS}: {reason}")));
        }
        let url = url(&labels)?;
        let address = labels.get(ADDRESS).cloned().ok_or_else(|| missing(ADDRESS))?;
        let instance = labels.remove("instance").unwrap_or(address);
        let job = labels.remove("job").ok_or_else(|| missing("job"))?;
        labels.retain(|name, _| !name.starts_with(META));
        let mut target = Target::new(&job, &instance, Reach::Url(url));
        target.labels = labels.into_iter().collect();
        target.discovered = discovered;
        target.namespace = namespace.map(str::to_owned);
        Ok(Some(target))
    }

    pub fn within(mut self, timeout: Duration) -> Target {
        self.timeout = timeout;
        self
    }
}

fn host(labels: &BTreeMap<String, String>) -> Option<&str> {
    let address = labels.get(ADDRESS)?;
    Some(address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host))
}

fn url(labels: &BTreeMap<String, String>) -> Result<String> {
    let of = |name: &str| labels.get(name).map_or("", String::as_str);
    let scheme = match of("__scheme__") {
        "" => "http",
        scheme @ ("http" | "https") => scheme,
        other => return Err(Error::BadData(format!("__scheme__: {other:?} is not http or https"))),
    };
    let path = of("__metrics_path__");
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let mut url = reqwest::Url::parse(&format!("{scheme}://{}{path}", of(ADDRESS)))
        .map_err(|error| Error::BadData(format!("{ADDRESS}: {:?}: {error}", of(ADDRESS))))?;
    let params =
        labels.iter().filter_map(|(name, value)| Some((name.strip_prefix("__param_")?, value)));
    for (name, value) in params {
        url.query_pairs_mut().append_pair(name, value);
    }
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scrape::RelabelingConfig;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn labels_become_a_target() {
        let found = labels(&[
            ("__address__", "10.0.0.1:9090"),
            ("__metrics_path__", "/probe?x=1"),
            ("__param_module", "a b"),
            ("__meta_kubernetes_pod_name", "p-1"),
            ("job", "web"),
            ("namespace", "shop"),
        ]);
        let target = Target::discovered(found.clone(), &[], None).unwrap().unwrap();
        assert_eq!((target.job.as_str(), target.instance.as_str()), ("web", "10.0.0.1:9090"));
        assert_eq!(target.labels, [("namespace".to_owned(), "shop".to_owned())]);
        let Reach::Url(url) = &target.reach else { panic!("over HTTP") };
        assert_eq!(url, "http://10.0.0.1:9090/probe?x=1&module=a+b");

        let drop = RelabelingConfig {
            source_labels: vec!["__meta_kubernetes_pod_name".into()],
            regex: Some("p-.*".into()),
            action: Some("drop".into()),
            ..RelabelingConfig::default()
        };
        let drop = Relabeling::new(drop).unwrap();
        assert!(Target::discovered(found.clone(), &[drop], None).unwrap().is_none());
        assert!(Target::discovered(labels(&[("job", "web")]), &[], None).is_err());
        let odd = labels(&[("__address__", "h:1"), ("__scheme__", "file"), ("job", "x")]);
        assert!(Target::discovered(odd, &[], None).is_err());
    }

    #[test]
    fn a_projects_target_stays_on_its_own_pod() {
        let found = labels(&[("__address__", "10.0.0.1:9090"), ("job", "web")]);
        let to = |address: &str| {
            let step = RelabelingConfig {
                target_label: Some("__address__".into()),
                replacement: Some(address.into()),
                ..RelabelingConfig::default()
            };
            Target::discovered(found.clone(), &[Relabeling::new(step).unwrap()], Some("shop"))
        };
        assert!(to("127.0.0.1:6443").is_err());
        let target = to("10.0.0.1:8080").unwrap().unwrap();
        assert_eq!(target.namespace.as_deref(), Some("shop"));
    }
}
