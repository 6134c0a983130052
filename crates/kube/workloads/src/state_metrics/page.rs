//! The Prometheus text format, version 0.0.4. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A text in the making.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
}

/// The samples of one metric.
pub struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

/// Labels of a sample, in order.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

impl Page {
    /// Adds a gauge.
    pub fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "gauge", help)
    }

    /// Adds a counter.
    pub fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "counter", help)
    }

    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        // Writing to a String cannot fail.
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        Family { text: &mut self.text, name }
    }

    /// The finished text.
    pub fn into_text(self) -> String {
        self.text
    }
}

impl Family<'_> {
    /// Adds a sample.
    pub fn sample(&mut self, labels: Labels<'_>, value: impl Into<f64>) {
        self.text.push_str(self.name);
        self.text.push('{');
        for (index, (name, value)) in labels.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(self.text, "{comma}{name}=\"{}\"", escaped(value));
        }
        let _ = writeln!(self.text, "}} {}", value.into());
    }

    /// Adds a sample when there is a value.
    pub fn maybe(&mut self, labels: Labels<'_>, value: Option<impl Into<f64>>) {
        if let Some(value) = value {
            self.sample(labels, value);
        }
    }
}

fn escaped(value: &str) -> Cow<'_, str> {
    if value.contains(['\\', '"', '\n']) {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        value.replace('\n', "\\n").into()
    } else {
        value.into()
    }
}

/// A label key as the name of a metric's label: "dais.io/app" is `label_dais_io_app`.
pub fn label_name(key: &str) -> String {
    let name: String =
        key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("label_{name}")
}

/// The allowed labels of an object, as names and values.
pub fn allowed(
    labels: Option<&BTreeMap<String, String>>,
    allowed: &[String],
) -> Vec<(String, String)> {
    let shown = allowed.iter().filter_map(|key| {
        let value = labels?.get(key)?;
        Some((label_name(key), value.clone()))
    });
    shown.collect()
}

/// A resource's name and unit as kube-state-metrics writes them.
pub fn resource(name: &str) -> (String, &'static str) {
    let unit = match name {
        "cpu" => "core",
        name if dais_quantity::is_bytes(name) => "byte",
        _ => "integer",
    };
    let name = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    (name, unit)
}

/// Seconds since 1970.
pub fn seconds(time: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Time) -> f64 {
    time.0.as_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_text_format() {
        let mut page = Page::default();
        let mut family = page.gauge("kube_x", "Help.");
        family.sample(&[("a", "1"), ("b", "say \"hi\"\n")], 1.5);
        family.maybe(&[("a", "2")], None::<f64>);
        assert_eq!(
            page.into_text(),
            "# HELP kube_x Help.\n# TYPE kube_x gauge\nkube_x{a=\"1\",b=\"say \\\"hi\\\"\\n\"} 1.5\n"
        );
    }

    #[test]
    fn names_are_made_safe() {
        assert_eq!(label_name("app.kubernetes.io/name"), "label_app_kubernetes_io_name");
        assert_eq!(resource("nvidia.com/gpu"), ("nvidia_com_gpu".to_owned(), "integer"));
        assert_eq!(resource("memory").1, "byte");
    }
}
