//! What a job runs: its own command, or a version of an algorithm with what the job leaves
//! out filled in.

use std::collections::BTreeMap;

use dais_api::conditions::{Verdict, reason};
use dais_api::{
    AlgorithmInput, AlgorithmReference, DatasetInput, ResolvedAlgorithm, TrainingJob,
    TrainingJobStatus,
};
use kube::ResourceExt;
use serde_json::{Map, Value};

use crate::algorithm::{self, Filled, Found};
use crate::context::Context;
use crate::error::Result;

/// Everything that the pods of a job are made of, wherever it came from.
#[derive(Clone, Debug)]
pub struct Program {
    /// The job, complete: `spec.algorithm` is not looked at any more.
    pub job: TrainingJob,
    /// The parameters as JSON.
    pub parameters: Map<String, Value>,
    pub algorithm: Option<Taken>,
}

/// What of a program is an algorithm's.
#[derive(Clone, Debug)]
pub struct Taken {
    /// `name@v2`, or `project/name@v2` of another project's.
    pub reference: String,
    /// The project of the algorithm, where it is another.
    pub owner: Option<Owner>,
    /// The inputs that the job's datasets are for, by their places.
    pub inputs: Vec<Option<String>>,
    /// The environment is the algorithm's, and in its project.
    pub brings_environment: bool,
}

#[derive(Clone, Debug)]
pub struct Owner {
    pub project: String,
    /// `project/name`
    pub algorithm: String,
    pub version: String,
}

/// Why a job cannot begin.
pub enum Refusal {
    /// What is missing may come.
    Wait(Verdict),
    /// The job itself would have to be another.
    Never(Verdict),
}

/// Completes the job, and notes in its status what its algorithm gave it. The version is
/// settled once: what was noted stays until the job asks for another.
pub async fn complete(
    job: &TrainingJob,
    status: &mut TrainingJobStatus,
    context: &Context,
) -> Result<Result<Program, Refusal>> {
    let Some(reference) = &job.spec.algorithm else {
        let parameters = job.spec.parameters.iter();
        let parameters = parameters.map(|(name, text)| (name.clone(), text.clone().into()));
        let parameters = parameters.collect();
        return Ok(Ok(Program { job: job.clone(), parameters, algorithm: None }));
    };
    let project = job.namespace().unwrap_or_default();
    let noted = status.algorithm.as_ref().filter(|noted| noted.name == reference.name);
    let version = reference.pinned().or(noted.map(|noted| noted.version.as_str()));
    let settled =
        AlgorithmReference { version: version.map(ToOwned::to_owned), ..reference.clone() };
    let found = match algorithm::find(&context.client, &project, &settled).await? {
        Ok(found) => found,
        Err(words) => {
            let words = format!("spec.algorithm: {words}");
            return Ok(Err(Refusal::Wait(Verdict::no(reason::ALGORITHM_NOT_FOUND, words))));
        }
    };
    let never = |words: String| Refusal::Never(Verdict::no(reason::ARGUMENTS_INVALID, words));
    let filled = match algorithm::fill(&found.spec.parameters, &job.spec.parameters) {
        Ok(filled) => filled,
        Err(faults) => return Ok(Err(never(faults.join("; ")))),
    };
    let inputs = match bind(&found.spec.inputs, &job.spec.datasets) {
        Ok(inputs) => inputs,
        Err(words) => return Ok(Err(never(words))),
    };
    note(job, status, &found, &filled, context).await;
    Ok(Ok(merged(job, &project, found, filled, inputs)))
}

async fn note(
    job: &TrainingJob,
    status: &mut TrainingJobStatus,
    found: &Found,
    filled: &Filled,
    context: &Context,
) {
    let name = job.spec.algorithm.as_ref().map(|named| named.name.clone()).unwrap_or_default();
    let noted = ResolvedAlgorithm {
        name,
        version: found.version.clone(),
        deprecated: found.deprecated.clone(),
        parameters: filled.texts.clone(),
        resources: match job.spec.resources {
            Some(_) => None,
            None => found.spec.resources.clone(),
        },
    };
    let is_new = status.algorithm.as_ref().is_none_or(|known| known.version != noted.version);
    if let Some(why) = found.deprecated.as_ref().filter(|_| is_new) {
        let words = format!("{}@{} is deprecated: {why}", noted.name, noted.version);
        context.event(job, true, "Deprecated", &words).await;
    }
    status.algorithm = Some(noted);
}

fn merged(
    job: &TrainingJob,
    project: &str,
    found: Found,
    filled: Filled,
    inputs: Vec<Option<String>>,
) -> Program {
    let mut whole = job.clone();
    let (spec, given) = (&mut whole.spec, found.spec);
    let brings_environment = spec.environment.is_none() && given.environment.is_some();
    spec.command = given.command;
    spec.code = given.code;
    spec.environment = spec.environment.take().or(given.environment);
    spec.resources = spec.resources.take().or(given.resources);
    spec.checkpoints = spec.checkpoints.take().or(given.checkpoints);
    spec.model = spec.model.take().or(given.outputs.and_then(|outputs| outputs.model));
    spec.parameters = filled.texts;
    for (dataset, input) in spec.datasets.iter_mut().zip(&inputs) {
        let input = given.inputs.iter().find(|one| Some(&one.name) == input.as_ref());
        let path = input.and_then(|input| input.mount_path.clone());
        dataset.mount_path = dataset.mount_path.take().or(path);
    }
    let reference = job.spec.algorithm.as_ref().map(|named| named.name.clone()).unwrap_or_default();
    let owner = (found.project != project).then(|| Owner {
        algorithm: format!("{}/{}", found.project, found.name),
        project: found.project,
        version: found.version.clone(),
    });
    let taken = Taken {
        reference: format!("{reference}@{}", found.version),
        owner,
        inputs,
        brings_environment,
    };
    Program { job: whole, parameters: filled.values, algorithm: Some(taken) }
}

/// Which input each dataset is for: the one that it names, else the first that nobody does.
/// What is over is mounted for no input.
fn bind(
    inputs: &[AlgorithmInput],
    datasets: &[DatasetInput],
) -> Result<Vec<Option<String>>, String> {
    let names = || inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, dataset) in datasets.iter().enumerate() {
        let Some(wanted) = dataset.input.as_deref() else { continue };
        if !inputs.iter().any(|input| input.name == wanted) {
            return Err(format!(
                "spec.datasets[{at}].input: the algorithm has no input {wanted:?}; it has {}",
                if inputs.is_empty() { "none".to_owned() } else { names() }
            ));
        }
        if let Some(other) = taken.insert(wanted, at) {
            return Err(format!(
                "spec.datasets[{at}].input: spec.datasets[{other}] is for {wanted:?} already"
            ));
        }
    }
    let mut bound: Vec<Option<String>> = datasets.iter().map(|one| one.input.clone()).collect();
    let mut free = inputs.iter().filter(|input| !taken.contains_key(input.name.as_str()));
    for input in bound.iter_mut().filter(|input| input.is_none()) {
        *input = free.next().map(|input| input.name.clone());
    }
    if let Some(missing) = free.find(|input| !input.optional) {
        let about = missing.description.as_deref().map_or_else(String::new, |d| format!(" ({d})"));
        return Err(format!(
            "spec.datasets: the algorithm's input {:?}{about} has no dataset; add one with input: \
             {}",
            missing.name, missing.name
        ));
    }
    Ok(bound)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn inputs() -> Vec<AlgorithmInput> {
        serde_json::from_value(json!([
            {"name": "train"},
            {"name": "test", "optional": true},
            {"name": "names", "description": "one per class"},
        ]))
        .expect("inputs")
    }

    fn bound(datasets: Value) -> Result<Vec<Option<String>>, String> {
        bind(&inputs(), &serde_json::from_value::<Vec<DatasetInput>>(datasets).expect("datasets"))
    }

    #[test]
    fn datasets_find_their_inputs() {
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(
            bound(json!([{"name": "a"}, {"name": "b", "input": "train"}, {"name": "c"}])),
            Ok(vec![some("test"), some("train"), some("names")])
        );
        assert_eq!(
            bound(json!([{"name": "a", "input": "names"}, {"name": "b"}])),
            Ok(vec![some("names"), some("train")])
        );
        let over = bound(json!([{"name": "a"}, {"name": "b"}, {"name": "c"}, {"name": "d"}]));
        assert_eq!(over.map(|bound| bound[3].clone()), Ok(None));
    }

    #[test]
    fn what_lacks_or_is_no_input_is_said() {
        let missing = bound(json!([{"name": "a"}])).expect_err("no names");
        assert!(missing.contains("\"names\" (one per class) has no dataset"), "{missing}");
        let unknown = bound(json!([{"name": "a", "input": "x"}])).expect_err("no such input");
        assert!(unknown.starts_with("spec.datasets[0].input"), "{unknown}");
        assert!(unknown.contains("train, test, names"), "{unknown}");
        let twice = json!([{"name": "a", "input": "test"}, {"name": "b", "input": "test"}]);
        let twice = bound(twice).expect_err("twice");
        assert!(twice.starts_with("spec.datasets[1].input: spec.datasets[0]"), "{twice}");
    }
}
