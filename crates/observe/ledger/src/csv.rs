//! Tables for spreadsheets: RFC 4180, with a mark by which Excel knows UTF-8.

use crate::entries::Entry;
use crate::groups::Group;

/// The byte order mark.
pub(crate) const MARK: &str = "\u{feff}";

/// One line. A cell that a spreadsheet would take for a formula begins with an
/// apostrophe, which makes it text.
pub(crate) fn line(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    format!("{}\r\n", cells.join(","))
}

fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    match cell.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    }
}

/// Columns of use; `by` names the first.
pub(crate) fn group_head(by: &str) -> String {
    line(&words(&[
        by,
        "project",
        "jobs",
        "runs",
        "cpu_hours",
        "memory_gib_hours",
        "accelerator_hours",
        "accelerators",
        "cost",
        "currency",
    ]))
}

pub(crate) fn group(group: &Group, currency: &str) -> String {
    let Group { name, project, totals, jobs, runs } = group;
    line(&[
        name.clone(),
        project.clone(),
        jobs.to_string(),
        runs.to_string(),
        number(totals.cpu_hours),
        number(totals.memory_gib_hours),
        number(totals.accelerator_hours),
        kinds(totals),
        totals.cost.map(number).unwrap_or_default(),
        currency.to_owned(),
    ])
}

/// Columns of entries.
pub(crate) fn entry_head() -> String {
    line(&words(&[
        "started",
        "ended",
        "seconds",
        "user",
        "workspace",
        "project",
        "app",
        "kind",
        "object",
        "pod",
        "container",
        "attempt",
        "node",
        "cpu_request",
        "memory_request_bytes",
        "memory_peak_bytes",
        "exit_code",
        "reason",
        "complete",
        "cpu_hours",
        "memory_gib_hours",
        "accelerator_hours",
        "accelerators",
        "cost",
        "currency",
    ]))
}

pub(crate) fn entry(entry: &Entry, currency: &str) -> String {
    let totals = &entry.totals;
    line(&[
        entry.started.clone(),
        entry.ended.clone().unwrap_or_default(),
        number(entry.seconds),
        entry.user.clone(),
        entry.workspace.clone(),
        entry.project.clone(),
        entry.app.clone(),
        entry.kind.clone(),
        entry.object.clone(),
        entry.pod.clone(),
        entry.container.clone(),
        entry.attempt.to_string(),
        entry.node.clone(),
        number(entry.cpu_request),
        entry.memory_request.to_string(),
        entry.memory_peak.to_string(),
        entry.exit_code.map(|code| code.to_string()).unwrap_or_default(),
        entry.reason.clone(),
        entry.complete.to_string(),
        number(totals.cpu_hours),
        number(totals.memory_gib_hours),
        number(totals.accelerator_hours),
        kinds(totals),
        totals.cost.map(number).unwrap_or_default(),
        currency.to_owned(),
    ])
}

/// `nvidia.com/gpu NVIDIA-H100 1.5; …`.
fn kinds(totals: &crate::Totals) -> String {
    let one = |own: &crate::AcceleratorHours| {
        let name = [own.resource.as_str(), own.model.as_str()].join(" ");
        format!("{} {}", name.trim(), number(own.hours))
    };
    totals.accelerators.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Six digits behind the point: a second of an hour is still seen.
fn number(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text_and_quotes_are_doubled() {
        let cells = words(&["=1+1", "@cmd", "-2", "+3", "a,b", "say \"hi\"", "张三", ""]);
        assert_eq!(line(&cells), "'=1+1,'@cmd,'-2,'+3,\"a,b\",\"say \"\"hi\"\"\",张三,\r\n");
        assert_eq!(quoted("\t=x"), "'\t=x");
        assert_eq!(quoted("=a,b"), "\"'=a,b\"");
    }

    #[test]
    fn numbers_are_short_and_never_lose_a_second() {
        assert_eq!(number(1.0 / 3600.0), "0.000278");
        assert_eq!(number(2.0), "2");
        assert_eq!(number(0.0), "0");
    }
}
