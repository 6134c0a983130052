//! `dais vulnerabilities`: what is known against the packages of an Environment.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;

use crate::cli::{Target, Vulnerabilities};
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};

pub async fn run(target: &Target, args: Vulnerabilities) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let (project, name) = (&target.project, &args.environment);
    let path = format!("/api/environments/{project}/{name}/vulnerabilities");
    let answer: Value = connection.get(&path).await?;
    let is_known = answer["packages"].is_array();
    print(target.output, &answer, || table(&answer))?;
    for line in notes(&answer) {
        eprintln!("{line}");
    }
    // Nothing known is no good news.
    Ok(if is_known { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn table(answer: &Value) -> Table {
    let empty = match answer["packages"].is_array() {
        true => say("no known vulnerabilities", "没有已知漏洞"),
        false => {
            say("unknown: there are no advisories to compare with", "未知：没有可供比对的漏洞公告")
        }
    };
    let head = ["PACKAGE", "VERSION", "SEVERITY", "ID", "FIXED-IN", "SUMMARY"];
    let mut table = Table::new(&head, empty);
    for package in answer["packages"].as_array().into_iter().flatten() {
        let of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for flaw in package["vulnerabilities"].as_array().into_iter().flatten() {
            let fixed: Vec<String> =
                flaw["fixedIn"].as_array().into_iter().flatten().map(&of).collect();
            let score = flaw["score"].as_f64();
            let severity = of(&flaw["severity"]);
            table.row(vec![
                of(&package["name"]),
                of(&package["version"]),
                score.map_or(severity.clone(), |score| format!("{severity} {score:.1}")),
                of(&flaw["id"]),
                if fixed.is_empty() { "—".to_owned() } else { fixed.join(", ") },
                of(&flaw["summary"]),
            ]);
        }
    }
    table
}

/// What the figures rest on.
fn notes(answer: &Value) -> Vec<String> {
    let data = &answer["data"];
    let mut notes = Vec::new();
    match data["state"].as_str().unwrap_or_default() {
        "available" | "outdated" => {
            let count = data["advisories"].as_u64().unwrap_or_default();
            let newest = data["newest"].as_str().unwrap_or("—");
            notes.push(
                say(
                    &format!("compared with {count} advisories, the newest of {newest}"),
                    &format!("已与 {count} 条公告比对，最新一条更新于 {newest}"),
                )
                .to_owned(),
            );
        }
        _ => notes.push(
            say(
                "set where advisories are: dais up --advisories FOLDER (docs/environments.md)",
                "请设置漏洞公告的位置：dais up --advisories 目录（见 docs/environments.zh-CN.md）",
            )
            .to_owned(),
        ),
    }
    if let Some(reason) = data["reason"].as_str() {
        notes.push(format!(
            "{}: {reason}",
            say("the advisories cannot be read now", "目前无法读取漏洞公告")
        ));
    }
    let packages = answer["packages"].as_array().into_iter().flatten();
    let unknown: Vec<&str> = packages
        .filter(|package| package["isComparable"] == false)
        .filter_map(|package| package["name"].as_str())
        .collect();
    if !unknown.is_empty() {
        let words = say("versions that cannot be compared", "无法比较版本的软件包");
        notes.push(format!("{words}: {}", unknown.join(", ")));
    }
    notes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_known_is_a_row_and_what_is_not_is_said() {
        let flaw = json!({"id": "X-1", "severity": "high", "score": 7.5, "summary": "crashes", "fixedIn": ["2.0"]});
        let answer = json!({
            "data": {"state": "available", "advisories": 3, "newest": "2026-05-01T10:00:00Z"},
            "packages": [
                {"name": "thorn", "version": "1.0", "isComparable": true, "vulnerabilities": [flaw]},
                {"name": "odd", "version": "2004c-x", "isComparable": false, "vulnerabilities": []},
            ],
        });
        assert_eq!(
            table(&answer).draw(),
            "PACKAGE   VERSION   SEVERITY   ID    FIXED-IN   SUMMARY\n\
             thorn     1.0       high 7.5   X-1   2.0        crashes\n"
        );
        assert!(notes(&answer).last().unwrap().ends_with("odd"));
        let nothing = json!({"data": {"state": "none"}, "packages": null});
        assert!(notes(&nothing)[0].contains("--advisories"));
        assert!(!table(&nothing).draw().contains("no known"));
    }
}
