//! The algorithms that come with dais, as they stand in `algorithms/`.
//!
//! Owns their files. Does not know how they get into a project: that is done as the person who
//! wants them there, by the same steps as for anybody's own.

use anyhow::{Context, Result};
use dais_api::{Algorithm, Environment};
use serde_json::Value;

/// One of them.
pub struct Work {
    pub name: &'static str,
    declared: &'static str,
    main: &'static str,
}

macro_rules! work {
    ($name:literal) => {
        Work {
            name: $name,
            declared: include_str!(concat!("../../../algorithms/", $name, "/algorithm.yaml")),
            main: include_str!(concat!("../../../algorithms/", $name, "/main.py")),
        }
    };
}

/// All of them, in the order in which they are shown.
pub const WORKS: [Work; 6] = [
    work!("classification"),
    work!("regression"),
    work!("boosting"),
    work!("clustering"),
    work!("time-series"),
    work!("neural-network"),
];

/// What all of them stand on.
const COMMON: [(&str, &str); 4] = [
    ("graph.py", include_str!("../../../algorithms/common/graph.py")),
    ("job.py", include_str!("../../../algorithms/common/job.py")),
    ("results.py", include_str!("../../../algorithms/common/results.py")),
    ("tables.py", include_str!("../../../algorithms/common/tables.py")),
];

pub fn find(name: &str) -> Option<&'static Work> {
    WORKS.iter().find(|work| work.name == name)
}

impl Work {
    /// The files of its code, by their names.
    pub fn files(&self) -> Vec<(&'static str, &'static str)> {
        let mut files = COMMON.to_vec();
        files.push(("main.py", self.main));
        files.sort_unstable();
        files
    }

    /// Its code as a tar archive; the same each time.
    pub fn archive(&self) -> Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, text) in self.files() {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(text.len() as u64);
            archive
                .append_data(&mut header, name, text.as_bytes())
                .with_context(|| format!("packing {name}"))?;
        }
        archive.into_inner().context("packing the code")
    }

    /// What it runs in and what it is, without its code.
    pub fn objects(&self) -> Result<(Environment, Algorithm)> {
        let [environment, algorithm]: [Value; 2] = serde_saphyr::from_multiple(self.declared)
            .with_context(|| format!("reading {}", self.name))
            .and_then(|documents: Vec<Value>| {
                documents.try_into().ok().context("it is not two documents")
            })?;
        let environment = serde_json::from_value(environment);
        let algorithm = serde_json::from_value(algorithm);
        Ok((environment.context("its Environment")?, algorithm.context("its Algorithm")?))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn each_is_whole_and_its_schema_is_one() {
        for work in &WORKS {
            let (environment, algorithm) = work.objects().unwrap();
            assert_eq!(environment.metadata.name.as_deref(), Some(work.name));
            assert_eq!(algorithm.metadata.name.as_deref(), Some(work.name));
            assert_eq!(algorithm.spec.environment.as_deref(), Some(work.name));
            dais_controllers::algorithm::check(&algorithm.spec.parameters).unwrap();
            assert!(algorithm.spec.title.is_some() && algorithm.spec.description.is_some());
            let zh = algorithm.metadata.annotations.unwrap_or_default();
            assert!(zh.contains_key("dais.io/title-zh"), "{}", work.name);
            let properties = &algorithm.spec.parameters["properties"];
            for (name, property) in properties.as_object().unwrap() {
                assert!(property["title"].is_string(), "{} {name}", work.name);
                assert!(property["x-title-zh"].is_string(), "{} {name}", work.name);
            }
            assert_eq!(work.archive().unwrap(), work.archive().unwrap());
        }
    }

    #[test]
    fn none_is_left_out() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../algorithms");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(Result::unwrap)
            .filter(|entry| entry.path().join("algorithm.yaml").exists())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        there.sort();
        let mut known: Vec<&str> = WORKS.iter().map(|work| work.name).collect();
        known.sort_unstable();
        assert_eq!(there, known);
    }
}
