//! `dais approvals`: who asked for which protected alias to move.

use std::process::ExitCode;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::Value;

use crate::cli::{Approvals, Target};
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};

/// Requests of one project.
pub fn address(project: &str) -> String {
    format!("/mlflow/p/{project}/api/2.0/dais/model-approvals")
}

pub async fn run(target: &Target, args: &Approvals) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let mut requests = Vec::new();
    let mut page = String::new();
    loop {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("max_results", "1000").append_pair("page_token", &page);
        query.append_pair("name", args.model.as_deref().unwrap_or_default());
        query.append_pair("state", if args.all { "" } else { "open" });
        let path = format!("{}?{}", address(&target.project), query.finish());
        let answer: Value = connection.get(&path).await?;
        requests.extend(answer["model_approvals"].as_array().cloned().unwrap_or_default());
        match answer["next_page_token"].as_str() {
            Some(next) => page = next.to_owned(),
            None => break,
        }
    }
    print(target.output, &requests, || table(&requests))?;
    Ok(ExitCode::SUCCESS)
}

pub fn table(requests: &[Value]) -> Table {
    let empty = say(
        "nothing to decide; `dais promote` asks for a protected alias to move, --all shows decided requests",
        "没有待处理的申请；`dais promote` 可申请移动受保护的别名，--all 显示已处理的申请",
    );
    let head = ["ID", "MODEL", "ALIAS", "CHANGE", "STATE", "BY", "WHEN", "WHY", "DECIDED"];
    let mut table = Table::new(&head, empty);
    for request in requests {
        let text = |key: &str| one_line(request[key].as_str().unwrap_or_default());
        table.row(vec![
            request["id"].to_string(),
            text("name"),
            text("alias"),
            format!("{} → {}", version(&request["from_version"]), version(&request["version"])),
            state(request).to_owned(),
            text("requested_by"),
            moment(&request["requested_at"]),
            text("reason"),
            decided(request),
        ]);
    }
    table
}

fn version(version: &Value) -> &str {
    version.as_str().unwrap_or("∅")
}

fn state(request: &Value) -> &str {
    match request["state"].as_str().unwrap_or_default() {
        "open" if request["stale"] == true => say("stale", "已过时"),
        "open" => say("open", "待处理"),
        "approved" => say("approved", "已批准"),
        "rejected" => say("rejected", "已驳回"),
        "withdrawn" => say("withdrawn", "已撤回"),
        other => other,
    }
}

fn decided(request: &Value) -> String {
    let Some(by) = request["decided_by"].as_str() else { return String::new() };
    let when = moment(&request["decided_at"]);
    match request["decision_reason"].as_str().filter(|reason| !reason.is_empty()) {
        Some(reason) => format!("{by}, {when}: {}", one_line(reason)),
        None => format!("{by}, {when}"),
    }
}

fn moment(milliseconds: &Value) -> String {
    let moment = milliseconds.as_i64().and_then(|at| Timestamp::from_millisecond(at).ok());
    moment.map_or(String::new(), |moment| moment.strftime("%Y-%m-%d %H:%M").to_string())
}

/// Reasons have paragraphs, rows have not.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::table;

    #[test]
    fn a_request_is_one_row() {
        let request = json!({
            "id": 7, "name": "digits", "alias": "production", "version": "3", "from_version": null,
            "state": "approved", "requested_by": "ann", "requested_at": 1_700_000_000_000_i64,
            "reason": "recall\nrose", "decided_by": "root", "decided_at": 1_700_000_060_000_i64,
            "decision_reason": "seen", "stale": false,
        });
        let drawn = table(&[request]).csv();
        let row = drawn.lines().nth(1).unwrap_or_default();
        assert_eq!(
            row,
            "7,digits,production,∅ → 3,approved,ann,2023-11-14 22:13,recall rose,\
             \"root, 2023-11-14 22:14: seen\""
        );
    }
}
