//! `dais jobs`: training jobs with their state in words.

use std::process::ExitCode;

use anyhow::Result;
use dais_api::conditions::{self, READY};
use dais_api::{ProducedModel, TrainingJob};
use kube::{Api, ResourceExt};

use crate::cli::Target;
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};

pub async fn run(target: &Target) -> Result<ExitCode> {
    let client = Connection::open(target)?.kube(&target.project)?;
    let mut jobs = Api::<TrainingJob>::namespaced(client, &target.project)
        .list(&Default::default())
        .await?
        .items;
    jobs.sort_by_key(|job| std::cmp::Reverse(job.creation_timestamp()));
    print(target.output, &jobs, || table(&jobs))?;
    Ok(ExitCode::SUCCESS)
}

fn table(jobs: &[TrainingJob]) -> Table {
    let empty = say(
        "no jobs yet: `dais run -- python train.py` makes one",
        "还没有任务：`dais run -- python train.py` 可以创建一个",
    );
    let mut table = Table::new(&["NAME", "PHASE", "EXIT", "MODEL", "WHY"], empty);
    for job in jobs {
        let status = job.status.clone().unwrap_or_default();
        let model = |model: &ProducedModel| format!("models:/{}/{}", model.name, model.version);
        let ready = conditions::find(&status.conditions, READY);
        table.row(vec![
            job.name_any(),
            status.phase.map_or_else(|| "Pending".to_owned(), |phase| format!("{phase:?}")),
            status.exit_code.map_or_else(String::new, |code| code.to_string()),
            status.models.first().map_or_else(String::new, model),
            ready.map_or_else(String::new, |ready| first_line(&ready.message)),
        ]);
    }
    table
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().chars().take(90).collect()
}
