//! Texts of alerts with places to be filled in: the part of Go's `text/template` that
//! alert rules use, with Prometheus's functions.
//!
//! `{{ … }}` holds a pipeline of operands and function calls, `if`, `range` or `with`,
//! and variables. `$labels` and `$value` are the alert's. Not there: `define`,
//! `template`, `block`, and functions that make links to Prometheus's own pages other
//! than `graphLink` and `tableLink`. Start reading at [`Template`].

mod execute;
mod functions;
mod humanize;
mod lex;
mod parse;
mod printf;
mod value;

use std::collections::BTreeMap;

use crate::error::Result;
use crate::labels::Labels;
use crate::sample::Vector;
use execute::Run;
use value::Value;

/// What a template's places are filled with.
pub struct Data<'a> {
    pub labels: &'a Labels,
    pub value: f64,
    pub external_url: &'a str,
    /// Milliseconds since 1970.
    pub now: i64,
    /// Answers the function `query`.
    pub query: &'a dyn Fn(&str) -> Result<Vector>,
}

/// A template that was read.
#[derive(Debug)]
pub struct Template(Vec<parse::Node>);

impl Template {
    /// Fails with what is wrong, in words.
    pub fn parse(text: &str) -> std::result::Result<Template, String> {
        parse::parse(text).map(Template)
    }

    /// The text with its places filled in. Fails with what is wrong: a function that
    /// does not fit its arguments, a query that fails, a budget that is used up.
    pub fn expand(&self, data: &Data<'_>) -> std::result::Result<String, String> {
        let labels = value::labels(data.labels);
        let none = Value::Labels(BTreeMap::new());
        let url = Value::Text(data.external_url.to_owned());
        let dot = Value::Struct(vec![
            ("Labels", labels.clone()),
            ("ExternalLabels", none.clone()),
            ("ExternalURL", url.clone()),
            ("Value", Value::Float(data.value)),
        ]);
        let variables = [
            ("", dot.clone()),
            ("labels", labels),
            ("externalLabels", none),
            ("externalURL", url),
            ("value", Value::Float(data.value)),
        ];
        let mut run = Run::new(data, variables.map(|(name, value)| (name.to_owned(), value)));
        run.nodes(&self.0, &dot)?;
        Ok(run.into_output())
    }
}

/// The address of the page that lists what a query gives, without its beginning.
pub fn link(query: &str) -> String {
    functions::link(query, 1)
}

/// A number as the API writes an alert's value: `1e+00`.
pub fn exponential(number: f64) -> String {
    printf::shortest_exponential(number)
}

/// The text filled in, or what hinders it in the place of the text, as Prometheus does:
/// an alert must be sent all the same.
pub fn expand(text: &str, data: &Data<'_>) -> String {
    let expanded = Template::parse(text).and_then(|template| template.expand(data));
    expanded.unwrap_or_else(|reason| format!("<error expanding template: {reason}>"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    fn expanded(text: &str) -> std::result::Result<String, String> {
        let labels = Labels::new([("instance", "node-1:9100"), ("job", "node")]);
        let query = |query: &str| match query {
            "up" => Ok(["b", "a"]
                .map(|job| {
                    (Labels::new([("job", job)]), Sample { time: 0, value: job.len() as f64 })
                })
                .to_vec()),
            other => Err(crate::Error::BadData(format!("no {other}"))),
        };
        let data = Data {
            labels: &labels,
            value: 1234567.0,
            external_url: "http://dais",
            now: 0,
            query: &query,
        };
        Template::parse(text)?.expand(&data)
    }

    #[test]
    fn places_are_filled() {
        for (text, expected) in [
            ("plain", "plain"),
            ("{{ $value }} on {{ $labels.instance }}", "1.234567e+06 on node-1:9100"),
            ("{{ .Value }} {{.Labels.job}} [{{ $labels.none }}]", "1.234567e+06 node []"),
            ("a {{- /* says nothing */ -}} b", "ab"),
            ("{{ $value | humanize }}, {{ humanize1024 $value }}", "1.235M, 1.177Mi"),
            ("{{ humanizeDuration 93784.5 }} {{ humanizeDuration 0.0123 }}", "1d 2h 3m 4s 12.3ms"),
            ("{{ 0.1234567 | humanizePercentage }}", "12.35%"),
            (
                "{{ printf \"%.2f|%5s|%-5d|%q\" $value \"a\" 7 \"b\" }}",
                "1234567.00|    a|7    |\"b\"",
            ),
            ("{{ if gt $value 5.0 }}high{{ else }}low{{ end }}", "high"),
            ("{{ if lt $value 5.0 }}a{{ else if eq $labels.job \"x\" \"node\" }}b{{ end }}", "b"),
            ("{{ if and (ne 1 2) (not false) }}yes{{ end }}", "yes"),
            (
                "{{ range query \"up\" | sortByLabel \"job\" }}{{ .Labels.job }}={{ .Value }} {{ end }}",
                "a=1 b=1 ",
            ),
            (
                "{{ range $i, $s := query \"up\" }}{{ $i }}:{{ label \"job\" $s }} {{ else }}none{{ end }}",
                "0:b 1:a ",
            ),
            ("{{ query \"up\" | first | value | printf \"%.1f\" }}", "1.0"),
            ("{{ with query \"up\" }}{{ . | first | label \"job\" }}{{ end }}", "b"),
            (
                "{{ range $k, $v := $labels }}{{ $k }}={{ $v }};{{ end }}",
                "instance=node-1:9100;job=node;",
            ),
            (
                "{{ $labels.job | toUpper }} {{ title \"ab cd\" }} {{ stripPort $labels.instance }}",
                "NODE Ab Cd node-1",
            ),
            ("{{ reReplaceAll \"(.*):.*\" \"$1!\" $labels.instance }}", "node-1!"),
            ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
            ("{{ (query \"up\" | first).Labels.job }} {{ len (query \"up\") }}", "b 2"),
            ("{{ if match \"^no\" $labels.job }}m{{ end }}{{ index $labels \"job\" }}", "mnode"),
            ("{{ \"raw\" }}{{ `a\\b` }}{{ true }}{{ 0x10 }}{{ 1e3 }}", "rawa\\btrue161000"),
            ("{{ parseDuration \"1h30m\" }} {{ externalURL }}", "5400 http://dais"),
            ("{{ humanizeTimestamp 1435065584.128 }}", "2015-06-23 13:19:44.128 +0000 UTC"),
            ("{{ graphLink \"up > 1\" }}", "/graph?g0.expr=up+%3E+1&g0.tab=0"),
        ] {
            assert_eq!(expanded(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn faults_are_told_and_nothing_runs_for_ever() {
        for (text, word) in [
            ("{{ $value", "unclosed action"),
            ("{{ if true }}a", "end"),
            ("{{ end }}", "unexpected {{end}}"),
            ("{{ nothing }}", "\"nothing\" not defined"),
            ("{{ $none }}", "undefined variable"),
            ("{{ query \"down\" | first }}", "no down"),
            ("{{ first (query \"up\" | sortByLabel) }}", "sortByLabel"),
            ("{{ .Nothing }}", "Nothing"),
            ("{{ humanize \"x\" }}", "humanize"),
            ("{{ template \"x\" }}", "template"),
            ("{{ printf \"%1000000000d\" 1 }}", "width"),
            ("{{ lt 1 \"a\" }}", "incompatible types"),
        ] {
            let reason = expanded(text).unwrap_err();
            assert!(reason.contains(word), "{text}: {reason}");
        }
        let deep = "(".repeat(10_000);
        assert!(expanded(&format!("{{{{ {deep} }}}}")).unwrap_err().contains("nested"));
        let long = ".a".repeat(50_000);
        assert!(expanded(&format!("{{{{ $labels{long} }}}}")).unwrap_err().contains("50 fields"));
        let doubled = "{{ $x = print $x $x }}".repeat(40);
        let endless = format!("{{{{ $x := \"aaaa\" }}}}{doubled}");
        assert!(expanded(&endless).unwrap_err().contains("budget"));
        let many = "{{ range query \"up\" }}".repeat(30) + "x" + &"{{ end }}".repeat(30);
        assert!(expanded(&many).unwrap_err().contains("budget"));
    }
}
