//! `dais audit`: who changed what.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;

use crate::cli::{Audit, Target};
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};

pub async fn run(target: &Target, args: Audit) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let Audit { user, verb, resource, name, in_project, text, since, limit } = args;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &limit.to_string());
    let given = [
        ("user", user),
        ("verb", verb),
        ("resource", resource),
        ("name", name),
        ("project", in_project),
        ("text", text),
        ("since", since),
    ];
    for (name, value) in given {
        if let Some(value) = value {
            query.append_pair(name, &value);
        }
    }
    let answer: Value = connection.get(&format!("/api/audit?{}", query.finish())).await?;
    let records = answer["items"].as_array().cloned().unwrap_or_default();
    print(target.output, &records, || table(&records))?;
    Ok(ExitCode::SUCCESS)
}

fn table(records: &[Value]) -> Table {
    let empty = say("nothing on record matches", "没有匹配的审计记录");
    let head = ["TIME", "USER", "VERB", "OBJECT", "CODE", "FROM", "CHANGED"];
    let mut table = Table::new(&head, empty);
    for record in records {
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let object = ["namespace", "resource", "name"].map(text);
        let object: Vec<String> = object.into_iter().filter(|word| !word.is_empty()).collect();
        let changes = record["changes"].as_array().into_iter().flatten();
        let changes: Vec<String> = changes.map(change).collect();
        table.row(vec![
            text("time"),
            text("user"),
            text("verb"),
            object.join("/"),
            record["code"].to_string(),
            text("source"),
            changes.join("; "),
        ]);
    }
    table
}

/// `spec.replicas: 1 → 3`; whole objects are for `-o json`.
fn change(change: &Value) -> String {
    let path = change["path"].as_str().unwrap_or_default();
    let side = |name: &str| match change.get(name) {
        None => "∅".to_owned(),
        Some(Value::Object(_) | Value::Array(_)) => "…".to_owned(),
        Some(value) => value.to_string(),
    };
    match path.is_empty() {
        true => say("(the whole object)", "（整个对象）").to_owned(),
        false => format!("{path}: {} → {}", side("old"), side("new")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::change;

    #[test]
    fn a_change_is_one_line() {
        let replicas = json!({"path": "spec.replicas", "old": 1, "new": 3});
        assert_eq!(change(&replicas), "spec.replicas: 1 → 3");
        assert_eq!(change(&json!({"path": "spec.env", "new": [1]})), "spec.env: ∅ → …");
    }
}
