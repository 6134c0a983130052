//! `dais abtest`: tests between models, as tables, and what is to become of them.

mod show;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use dais_api::abtest::DecisionState;
use dais_api::conditions::{self, READY};
use dais_api::{ABTest, ABTestPhase};
use kube::api::{Patch, PatchParams};
use kube::runtime::wait::await_condition;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::cli::{Abtest, Format, Target};
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};

/// How long the controller may take to say what becomes of a winner.
const PATIENCE: Duration = Duration::from_secs(10);

pub async fn run(target: &Target, action: Abtest) -> Result<ExitCode> {
    let client = Connection::open(target)?.kube(&target.project)?;
    let tests = Api::<ABTest>::namespaced(client, &target.project);
    match action {
        Abtest::List => list(target, &tests).await?,
        Abtest::Show { name } => {
            let test = read(&tests, &name).await?;
            match target.output {
                Format::Table => print!("{}", show::text(&test)),
                format => print(format, &test, || show::figures(&test))?,
            }
        }
        Abtest::Promote { name, variant } => {
            let variant = match variant {
                Some(variant) => variant,
                None => winner(&read(&tests, &name).await?)?,
            };
            change(&tests, &name, json!({"promote": variant})).await?;
            // What becomes of it: it may have to be approved first.
            let promoted = |test: Option<&ABTest>| promotion(test).is_some();
            let told = await_condition(tests, &name, promoted);
            match tokio::time::timeout(PATIENCE, told).await {
                Ok(told) => {
                    let told = told.with_context(|| format!("following test {name:?}"))?;
                    println!("{name}: {}", promotion(told.as_ref()).unwrap_or_default());
                }
                Err(_) => println!("{name}: {variant} {}", say("takes over", "正在接管")),
            }
        }
        Abtest::Pause { name } => {
            change(&tests, &name, json!({"suspend": true})).await?;
            println!(
                "{name} {}",
                say("pauses: everybody gets the control", "已暂停：所有人使用对照组")
            );
        }
        Abtest::Resume { name } => {
            change(&tests, &name, json!({"suspend": false})).await?;
            println!("{name} {}", say("goes on", "将继续运行"));
        }
        Abtest::Stop { name } => {
            change(&tests, &name, json!({"stop": true})).await?;
            println!(
                "{name} {}",
                say("ends for good: everybody gets the control", "已永久结束：所有人使用对照组")
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What the controller says of the winner.
fn promotion(test: Option<&ABTest>) -> Option<&str> {
    Some(&test?.status.as_ref()?.promotion.as_ref()?.message)
}

async fn read(tests: &Api<ABTest>, name: &str) -> Result<ABTest> {
    tests
        .get(name)
        .await
        .with_context(|| format!("reading test {name:?}; `dais abtest list` lists what there is"))
}

async fn change(tests: &Api<ABTest>, name: &str, spec: Value) -> Result<()> {
    let change = Patch::Merge(json!({ "spec": spec }));
    let changed = tests.patch(name, &PatchParams::default(), &change).await;
    changed.map(drop).with_context(|| format!("changing test {name:?}"))
}

fn winner(test: &ABTest) -> Result<String> {
    let decision = test.status.as_ref().and_then(|status| status.decision.clone());
    let decision = decision.unwrap_or_default();
    match decision.winner.filter(|_| decision.state == DecisionState::Winner) {
        Some(winner) => Ok(winner),
        None => bail!(
            "no variant has won ({}); say which one: --variant {}",
            if decision.message.is_empty() { "nothing is known yet" } else { &decision.message },
            test.spec.variants.last().map_or("b", |variant| variant.name.as_str()),
        ),
    }
}

async fn list(target: &Target, tests: &Api<ABTest>) -> Result<()> {
    let mut all = tests.list(&Default::default()).await?.items;
    all.sort_by_key(|test| std::cmp::Reverse(test.creation_timestamp()));
    print(target.output, &all, || table(&all))
}

fn table(tests: &[ABTest]) -> Table {
    let empty = say(
        "no tests yet: `dais apply -f test.yaml` makes one",
        "还没有实验：`dais apply -f test.yaml` 可以创建一个",
    );
    let mut table = Table::new(&["NAME", "PHASE", "SUBJECTS", "WINNER", "WHY"], empty);
    for test in tests {
        let status = test.status.clone().unwrap_or_default();
        let decision = status.decision.unwrap_or_default();
        let ready = conditions::find(&status.conditions, READY);
        let why = ready.map(|ready| ready.message.clone()).unwrap_or_default();
        let decided = decision.state != DecisionState::Open;
        table.row(vec![
            test.name_any(),
            phase(status.phase.unwrap_or_default()),
            status.subjects.to_string(),
            decision.winner.unwrap_or_default(),
            if decided { decision.message } else { why },
        ]);
    }
    table
}

fn phase(phase: ABTestPhase) -> String {
    format!("{phase:?}")
}
