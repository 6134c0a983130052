//! `dais queues`: what there is, what is taken, who waits for what.

use std::process::ExitCode;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::cli::Target;
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};

pub async fn run(target: &Target, name: Option<&str>) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let answer: Value = connection.get("/api/queues").await?;
    let queues = answer["queues"].as_array().cloned().unwrap_or_default();
    let Some(name) = name else {
        print(target.output, &queues, || table(&queues))?;
        return Ok(ExitCode::SUCCESS);
    };
    let Some(queue) = queues.iter().find(|queue| queue["name"] == name) else {
        bail!("there is no queue {name:?} that you may use; `dais queues` lists them");
    };
    print(target.output, queue, || line(queue))?;
    Ok(ExitCode::SUCCESS)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn table(queues: &[Value]) -> Table {
    let empty = say(
        "no queues yet: `dais apply -f queue.yaml` makes one",
        "还没有队列：`dais apply -f queue.yaml` 可以创建一个",
    );
    let mut table =
        Table::new(&["NAME", "COHORT", "STRATEGY", "USED", "RUNNING", "WAITING"], empty);
    for queue in queues {
        let used = queue["resources"].as_array().into_iter().flatten().map(|resource| {
            let [name, used, own] =
                ["name", "used", "nominalQuota"].map(|key| text(&resource[key]));
            format!("{name} {used}/{own}")
        });
        let count = |key: &str| queue[key].as_array().map_or(0, Vec::len).to_string();
        table.row(vec![
            text(&queue["name"]),
            text(&queue["cohort"]),
            text(&queue["strategy"]),
            used.collect::<Vec<_>>().join(", "),
            count("holders"),
            count("line"),
        ]);
    }
    table
}

fn line(queue: &Value) -> Table {
    let empty = say("nobody waits", "无人等待");
    let mut table = Table::new(&["PLACE", "JOB", "PROJECT", "USER", "PRIORITY", "WHY"], empty);
    let holders = queue["holders"].as_array().into_iter().flatten().map(|holder| {
        let why = match holder["isLeaving"] == true {
            true => say("makes room", "正在让出"),
            false => say("runs", "运行中"),
        };
        (holder, "—".to_owned(), why.to_owned())
    });
    let waiting = queue["line"].as_array().into_iter().flatten();
    let waiting =
        waiting.map(|waiting| (waiting, text(&waiting["place"]), text(&waiting["message"])));
    for (job, place, why) in holders.chain(waiting) {
        table.row(vec![
            place,
            text(&job["name"]),
            text(&job["project"]),
            text(&job["user"]),
            text(&job["priority"]),
            why,
        ]);
    }
    table
}
