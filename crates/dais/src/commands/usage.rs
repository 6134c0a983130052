//! `dais usage`: who used what, and what it cost.

use std::process::ExitCode;

use anyhow::Result;
use form_urlencoded::Serializer;
use reqwest::Method;
use serde_json::Value;

use crate::cli::{Format, Target, Usage, UsageBy};
use crate::client::{self, Connection};
use crate::language::say;
use crate::output::{Table, print};

pub async fn run(target: &Target, args: Usage) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let query = query(&args);
    if target.output == Format::Csv {
        let path = format!("/api/ledger/use.csv?{query}");
        let response = client::send(connection.request(Method::GET, &path)).await?;
        // The mark is for files that a spreadsheet opens; a pipe wants none.
        print!("{}", response.text().await?.trim_start_matches('\u{feff}'));
        return Ok(ExitCode::SUCCESS);
    }
    let answer: Value = connection.get(&format!("/api/ledger/use?{query}")).await?;
    print(target.output, &answer, || table(&answer, args.by))?;
    if target.output == Format::Table && answer["currency"].is_null() {
        eprintln!(
            "{}",
            say(
                "no costs: there is no price list (the portal's page People writes one)",
                "没有费用：尚无价目表（可在门户的“人员”页填写）",
            )
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn query(args: &Usage) -> String {
    let Usage { by, since, until, user, app, in_project } = args;
    let by = match by {
        UsageBy::User => "person",
        UsageBy::App => "application",
        UsageBy::Project => "project",
        UsageBy::Workspace => "workspace",
        UsageBy::Kind => "kind",
    };
    let mut query = Serializer::new(String::new());
    query.append_pair("by", by).append_pair("since", since);
    let others = [("until", until), ("user", user), ("app", app), ("project", in_project)];
    for (name, value) in others {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

fn table(answer: &Value, by: UsageBy) -> Table {
    let empty = say("nothing ran in that time that you may see", "该时间段内没有您可以查看的用量");
    let currency = answer["currency"].as_str();
    let name = match by {
        UsageBy::User => "USER",
        UsageBy::App => "APP",
        UsageBy::Project => "PROJECT",
        UsageBy::Workspace => "WORKSPACE",
        UsageBy::Kind => "KIND",
    };
    let mut head = vec![name];
    if by == UsageBy::App {
        head.push("PROJECT");
    }
    head.extend(["JOBS", "RUNS", "CPU-HOURS", "GIB-HOURS", "CARD-HOURS"]);
    let cost = currency.map(|currency| format!("COST ({currency})"));
    head.extend(cost.as_deref());
    let mut table = Table::new(&head, empty);
    let items = answer["items"].as_array().into_iter().flatten();
    let total = (answer["items"].as_array().is_some_and(|items| items.len() > 1))
        .then_some(&answer["total"]);
    for (item, name) in items
        .map(|item| (item, item["name"].as_str().unwrap_or_default()))
        .chain(total.map(|total| (total, say("total", "合计"))))
    {
        let number = |key: &str| amount(item[key].as_f64().unwrap_or(0.0));
        let mut row = vec![if name.is_empty() { "—" } else { name }.to_owned()];
        if by == UsageBy::App {
            row.push(item["project"].as_str().unwrap_or_default().to_owned());
        }
        row.extend(["jobs", "runs"].map(|key| item[key].to_string()));
        row.extend(["cpuHours", "memoryGiBHours", "acceleratorHours"].map(number));
        if currency.is_some() {
            row.push(format!("{:.2}", item["cost"].as_f64().unwrap_or(0.0)));
        }
        table.row(row);
    }
    table
}

/// A second of a core is 0.0003 hours; what is large needs no such digits.
fn amount(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        value if value < 0.0001 => "<0.0001".to_owned(),
        value if value < 0.1 => format!("{value:.4}"),
        value if value < 10.0 => format!("{value:.2}"),
        value => format!("{value:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn costs_have_a_column_when_there_are_prices() {
        let item = json!({
            "name": "ann", "jobs": 2, "runs": 3, "cpuHours": 1.5, "memoryGiBHours": 0.05,
            "acceleratorHours": 12.0, "cost": 120.456,
        });
        let answer = json!({"currency": "CNY", "items": [item], "total": {}});
        assert_eq!(
            table(&answer, UsageBy::User).draw(),
            "USER   JOBS   RUNS   CPU-HOURS   GIB-HOURS   CARD-HOURS   COST (CNY)\n\
             ann    2      3      1.50        0.0500      12.0         120.46\n"
        );
        let free = json!({"items": [], "total": {}});
        assert!(!table(&free, UsageBy::App).draw().contains("COST"));
    }
}
