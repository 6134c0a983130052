//! `dais run`: packs a folder, submits a training job, streams its log, and ends
//! with the job's exit code.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use dais_api::{
    Checkpoints, CodeBundle, DatasetInput, DatasetReference, TrainingJob, TrainingJobSpec,
};
use k8s_openapi::api::core::v1::{EnvVar, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::PostParams;
use kube::{Api, ResourceExt};

use super::{follow, pack};
use crate::cli::{Format, Run, Target};
use crate::client::{self, Connection};
use crate::language::say;
use crate::output;

pub async fn run(target: &Target, args: Run) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let spec = prepare(&connection, target, &args).await?;
    let jobs = Api::<TrainingJob>::namespaced(connection.kube(&target.project)?, &target.project);
    let job = TrainingJob::new(args.name.as_deref().unwrap_or_default(), spec);
    let mut job = job;
    if args.name.is_none() {
        job.metadata.name = None;
        job.metadata.generate_name = Some(format!("{}-", name_of(&args.command)));
    }
    let made = jobs.create(&PostParams::default(), &job).await.context("submitting the job")?;
    let name = made.name_any();
    if args.detach {
        output::print(target.output, &made, output::Table::default)?;
        if target.output == Format::Table {
            println!("{name}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{} {name}", say("submitted", "已提交"));
    follow::to_the_end(&connection, target, &name).await
}

/// What a job does, its code uploaded.
pub async fn prepare(
    connection: &Connection,
    target: &Target,
    args: &Run,
) -> Result<TrainingJobSpec> {
    let mut spec = spec(args)?;
    if !args.no_code {
        spec.code = Some(upload_code(connection, target, &args.code).await?);
    }
    Ok(spec)
}

fn spec(args: &Run) -> Result<TrainingJobSpec> {
    Ok(TrainingJobSpec {
        command: args.command.clone(),
        environment: args.environment.clone(),
        datasets: args.dataset.iter().map(|text| dataset(text)).collect::<Result<_>>()?,
        parameters: pairs("--parameter", &args.parameters)?,
        env: pairs("--env", &args.variables)?
            .into_iter()
            .map(|(name, value)| EnvVar { name, value: Some(value), ..EnvVar::default() })
            .collect(),
        model: args.model.clone(),
        resources: resources(args),
        replicas: args.replicas,
        processes_per_replica: args.processes,
        queue: args.queue.clone(),
        priority: args.priority,
        checkpoints: args.checkpoints.as_ref().map(|size| Checkpoints {
            size: Some(Quantity(size.clone())),
            ..Checkpoints::default()
        }),
        retries: args.retries,
        active_deadline_seconds: args.deadline,
        ..TrainingJobSpec::default()
    })
}

/// `name[@version][:path]`
fn dataset(text: &str) -> Result<DatasetInput> {
    let (reference, path) = match text.split_once(':') {
        Some((reference, path)) => (reference, Some(path.to_owned())),
        None => (text, None),
    };
    let DatasetReference { name, version } = reference.parse().context("--dataset")?;
    Ok(DatasetInput { name, version, mount_path: path })
}

fn pairs(option: &str, texts: &[String]) -> Result<BTreeMap<String, String>> {
    texts
        .iter()
        .map(|text| match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => bail!("{option} {text:?}: write name=value"),
        })
        .collect()
}

fn resources(args: &Run) -> Option<ResourceRequirements> {
    let gpus = args.gpus.map(|count| count.to_string());
    let wanted = [("cpu", &args.cpu), ("memory", &args.memory), ("nvidia.com/gpu", &gpus)];
    let limits: BTreeMap<String, Quantity> = wanted
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Quantity(value.clone()?))))
        .collect();
    (!limits.is_empty())
        .then(|| ResourceRequirements { limits: Some(limits), ..ResourceRequirements::default() })
}

/// A name for a job that was given none: what it runs.
pub fn name_of(command: &[String]) -> String {
    let script = command.iter().rev().find(|word| word.ends_with(".py") || word.ends_with(".sh"));
    let word = script.or(command.first()).map_or("job", String::as_str);
    let stem = word.rsplit('/').next().unwrap_or(word).split('.').next().unwrap_or(word);
    let name: String = stem
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(40)
        .collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "job".to_owned() } else { name.to_owned() }
}

/// Packs a folder and sends it to the platform.
pub async fn upload_code(
    connection: &Connection,
    target: &Target,
    folder: &Path,
) -> Result<CodeBundle> {
    let archive = pack::folder(folder)?;
    eprintln!(
        "{} {} ({} KiB)",
        say("packing", "打包"),
        folder.display(),
        archive.len().div_ceil(1024)
    );
    let path = format!("/data/p/{}/code", target.project);
    let request = connection.request(reqwest::Method::PUT, &path).body(archive);
    let answer: serde_json::Value = client::answer(request).await.context("uploading the code")?;
    let bundle = answer["digest"].as_str().context("the platform named no bundle")?;
    Ok(CodeBundle { bundle: bundle.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_after_what_it_runs() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(name_of(&words("python src/Train_Model.py --x 1")), "train-model");
        assert_eq!(name_of(&words("/usr/bin/env true")), "env");
        assert_eq!(name_of(&words("!!")), "job");
    }

    #[test]
    fn datasets_are_read_with_version_and_path() {
        let input = dataset("digits@v2:/in").unwrap();
        assert_eq!((input.name.as_str(), input.version.as_deref()), ("digits", Some("v2")));
        assert_eq!(input.mount_path.as_deref(), Some("/in"));
        assert!(dataset("digits@2").is_err());
        assert!(pairs("--env", &["A".to_owned()]).is_err());
    }
}
