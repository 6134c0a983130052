//! `dais run`: packs a folder, submits a training job, streams its log, and ends
//! with the job's exit code.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use dais_api::{
    AlgorithmReference, Checkpoints, CodeBundle, DatasetInput, DatasetReference, TrainingJob,
    TrainingJobSpec,
};
use k8s_openapi::api::core::v1::EnvVar;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::PostParams;
use kube::{Api, ResourceExt};

use super::limits::limits;
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
        job.metadata.generate_name = Some(format!("{}-", base(&args)));
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
    if !args.no_code && spec.algorithm.is_none() {
        spec.code = Some(upload_code(connection, target, &args.code).await?);
    }
    Ok(spec)
}

fn spec(args: &Run) -> Result<TrainingJobSpec> {
    Ok(TrainingJobSpec {
        command: command(&args.command),
        algorithm: args.algorithm.as_deref().map(algorithm).transpose()?,
        environment: args.environment.clone(),
        datasets: args.dataset.iter().map(|text| dataset(text)).collect::<Result<_>>()?,
        parameters: pairs("--parameter", &args.parameters)?,
        env: pairs("--env", &args.variables)?
            .into_iter()
            .map(|(name, value)| EnvVar { name, value: Some(value), ..EnvVar::default() })
            .collect(),
        model: args.model.clone(),
        resources: limits(args.cpu.as_deref(), args.memory.as_deref(), args.gpus),
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

/// A notebook alone is run as one.
fn command(words: &[String]) -> Vec<String> {
    match words {
        [notebook] if notebook.ends_with(".ipynb") => command_of(notebook),
        _ => None,
    }
    .unwrap_or_else(|| words.to_vec())
}

/// What runs a file, by its ending; `None` where nothing does.
pub fn command_of(file: &str) -> Option<Vec<String>> {
    let program = match file.rsplit_once('.')?.1 {
        // Runs the cells one after the other, magics too, and fails with the first that does.
        "ipynb" => "ipython",
        "py" => "python",
        "sh" => "bash",
        _ => return None,
    };
    Some(vec![program.to_owned(), file.to_owned()])
}

/// `name[@version]`, `project/name[@version]`
fn algorithm(text: &str) -> Result<AlgorithmReference> {
    let (name, version) = match text.split_once('@') {
        Some((name, version)) => (name, Some(version.to_owned())),
        None => (text, None),
    };
    let is_version = |version: &str| {
        let number = version.strip_prefix('v').and_then(|number| number.parse::<u64>().ok());
        version == "latest" || number.is_some_and(|number| number > 0)
    };
    if name.is_empty() || version.as_deref().is_some_and(|version| !is_version(version)) {
        bail!("--algorithm {text:?}: write name, name@v2 or project/name@v2");
    }
    Ok(AlgorithmReference { name: name.to_owned(), version })
}

/// `[input=]name[@version][:path]`
pub fn dataset(text: &str) -> Result<DatasetInput> {
    let (input, rest) = match text.split_once('=') {
        Some((input, rest)) => (Some(input.to_owned()), rest),
        None => (None, text),
    };
    let (reference, path) = match rest.split_once(':') {
        Some((reference, path)) => (reference, Some(path.to_owned())),
        None => (rest, None),
    };
    let DatasetReference { name, version } = reference.parse().context("--dataset")?;
    Ok(DatasetInput { name, version, mount_path: path, input })
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

/// The beginning of a name for a job that was given none.
pub fn base(args: &Run) -> String {
    match &args.algorithm {
        Some(algorithm) => {
            let name = algorithm.split('@').next().unwrap_or_default();
            name.rsplit('/').next().unwrap_or_default().chars().take(40).collect()
        }
        None => name_of(&args.command),
    }
}

/// What it runs, as a name.
pub fn name_of(command: &[String]) -> String {
    let is_script = |word: &&String| [".ipynb", ".py", ".sh"].iter().any(|end| word.ends_with(end));
    let script = command.iter().rev().find(is_script);
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
    Ok(CodeBundle { bundle: upload(connection, target, archive).await? })
}

/// Sends a packed folder; the digest of what was stored.
pub async fn upload(connection: &Connection, target: &Target, archive: Vec<u8>) -> Result<String> {
    let path = format!("/data/p/{}/code", target.project);
    let request = connection.request(reqwest::Method::PUT, &path).body(archive);
    let answer: serde_json::Value = client::answer(request).await.context("uploading the code")?;
    let bundle = answer["digest"].as_str().context("the platform named no bundle")?;
    Ok(bundle.to_owned())
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
    fn a_notebook_alone_is_run_as_one() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(command(&words("a/b.ipynb")), ["ipython", "a/b.ipynb"]);
        assert_eq!(command(&words("jupyter nbconvert b.ipynb")).len(), 3);
        assert_eq!(command(&words("./b.py")), ["./b.py"]);
        assert_eq!(command_of("readme"), None);
    }

    #[test]
    fn algorithms_are_read_with_project_and_version() {
        let far = algorithm("far/forest@v2").unwrap();
        assert_eq!((far.name.as_str(), far.version.as_deref()), ("far/forest", Some("v2")));
        assert_eq!(algorithm("forest").unwrap().version, None);
        for bad in ["@v1", "forest@2", "forest@v0", ""] {
            assert!(algorithm(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn datasets_are_read_with_version_and_path() {
        let input = dataset("digits@v2:/in").unwrap();
        assert_eq!((input.name.as_str(), input.version.as_deref()), ("digits", Some("v2")));
        assert_eq!(input.mount_path.as_deref(), Some("/in"));
        assert_eq!(dataset("train=digits").unwrap().input.as_deref(), Some("train"));
        assert!(dataset("digits@2").is_err());
        assert!(pairs("--env", &["A".to_owned()]).is_err());
    }
}
