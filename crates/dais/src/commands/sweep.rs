//! `dais sweep`: submits a search over parameters and tells of its trials.

mod space;

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use dais_api::conditions::{self, READY};
use dais_api::{
    AlgorithmName, EarlyStopping, Goal, Objective, Phase, SearchAlgorithm, StoppingRule, Sweep,
    SweepSpec, Trial, TrialState,
};
use futures::{StreamExt, TryStreamExt};
use kube::api::PostParams;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};

use super::run;
use crate::cli::{self, Format, Target};
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};

pub async fn run(target: &Target, args: cli::Sweep) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let parameters = args.space.iter().map(|text| space::parameter(text));
    let spec = SweepSpec {
        parameters: parameters.collect::<Result<_>>()?,
        objective: Objective {
            metric: args.metric.clone(),
            goal: if args.minimize { Goal::Minimize } else { Goal::Maximize },
            target: args.target,
        },
        algorithm: SearchAlgorithm {
            name: match args.method {
                cli::Method::Grid => AlgorithmName::Grid,
                cli::Method::Random => AlgorithmName::Random,
                cli::Method::Tpe => AlgorithmName::Tpe,
            },
            seed: Some(args.seed),
            startup_trials: None,
        },
        early_stopping: args.early_stopping.map(|rule| EarlyStopping {
            name: match rule {
                cli::Stopping::Median => StoppingRule::Median,
                cli::Stopping::Halving => StoppingRule::Halving,
            },
            ..EarlyStopping::default()
        }),
        max_trials: args.trials,
        parallel_trials: args.parallel,
        max_failed_trials: 3,
        suspend: false,
        stop: false,
        job: run::prepare(&connection, target, &args.job).await?,
    };
    let sweeps = Api::<Sweep>::namespaced(connection.kube(&target.project)?, &target.project);
    let mut sweep = Sweep::new(args.job.name.as_deref().unwrap_or_default(), spec);
    if args.job.name.is_none() {
        sweep.metadata.name = None;
        sweep.metadata.generate_name = Some(format!("{}-", run::base(&args.job)));
    }
    let made =
        sweeps.create(&PostParams::default(), &sweep).await.context("submitting the sweep")?;
    let name = made.name_any();
    if args.job.detach {
        print(target.output, &made, Table::default)?;
        if target.output == Format::Table {
            println!("{name}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{} {name}", say("submitted", "已提交"));
    let ended = tokio::select! {
        ended = to_the_end(sweeps, &name) => ended?,
        _ = tokio::signal::ctrl_c() => {
            eprintln!(
                "{} `dais get sweeps {name} -o yaml`, `dais stop {name} --kind sweep`",
                say("the search goes on without this terminal:", "搜索将继续运行："),
            );
            return Ok(ExitCode::from(130));
        }
    };
    let status = ended.status.clone().unwrap_or_default();
    print(target.output, &ended, || table(&status.trials, status.best.as_ref()))?;
    let phase = status.phase.unwrap_or_default();
    Ok(if phase == Phase::Succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Follows the sweep, telling of each trial that ends.
async fn to_the_end(sweeps: Api<Sweep>, name: &str) -> Result<Sweep> {
    let only = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut changes = watcher(sweeps, only).default_backoff().touched_objects().boxed();
    let mut told = BTreeSet::new();
    while let Some(sweep) = changes.try_next().await.context("watching the sweep")? {
        if sweep.metadata.deletion_timestamp.is_some() {
            bail!("the sweep was deleted");
        }
        let status = sweep.status.clone().unwrap_or_default();
        let ended = status.trials.iter().filter(|trial| trial.state.is_final());
        for trial in ended.filter(|trial| told.insert(trial.number)) {
            let best = status.best.as_ref().is_some_and(|best| best.number == trial.number);
            let mark = if best { say("  the best so far", "  目前最佳") } else { "" };
            eprintln!("{:>4}  {}  {}{mark}", trial.number, outcome(trial), parameters(trial));
        }
        if status.phase.unwrap_or_default().is_final() {
            let why = conditions::find(&status.conditions, READY);
            eprintln!("{}", why.map_or("", |why| why.message.as_str()));
            return Ok(sweep);
        }
    }
    bail!("the platform ended the watch; `dais get sweeps {name}` says how it stands")
}

fn outcome(trial: &Trial) -> String {
    match (trial.state, trial.value) {
        (TrialState::Failed, _) => say("failed", "失败").to_owned(),
        (TrialState::Pruned, _) => say("pruned", "提前终止").to_owned(),
        (_, Some(value)) => format!("{value}"),
        (state, None) => format!("{state:?}"),
    }
}

fn parameters(trial: &Trial) -> String {
    let pairs = trial.parameters.iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join(" ")
}

fn table(trials: &[Trial], best: Option<&Trial>) -> Table {
    let mut table = Table::new(&["TRIAL", "VALUE", "PARAMETERS", "JOB", "WHY"], "");
    for trial in trials {
        let star = if best.is_some_and(|best| best.number == trial.number) { "*" } else { "" };
        table.row(vec![
            format!("{}{star}", trial.number),
            outcome(trial),
            parameters(trial),
            trial.job.clone(),
            trial.reason.clone().unwrap_or_default().chars().take(80).collect(),
        ]);
    }
    table
}
