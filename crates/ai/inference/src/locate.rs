//! Finding files: the ONNX file of a model, and ONNX Runtime's library.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The ONNX file at a path: itself, or the one in a directory (`model.onnx`
/// first, as MLflow names it, else the only `*.onnx`).
pub(crate) fn model_file(path: &Path) -> Result<PathBuf> {
    let problem = |problem: String, hint| Err(Error::Load { problem, hint });
    if path.is_file() {
        return Ok(path.to_owned());
    }
    if !path.is_dir() {
        return problem(format!("there is nothing at {}", path.display()), "check the path");
    }
    let usual = [path.join("model.onnx"), path.join("data/model.onnx")];
    if let Some(found) = usual.into_iter().find(|file| file.is_file()) {
        return Ok(found);
    }
    let found = files_with(path, |name| name.ends_with(".onnx"));
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] if path.join("MLmodel").is_file() => problem(
            format!("the MLflow model in {} has no ONNX file", path.display()),
            "log the model with mlflow.onnx.log_model (convert it first, for instance with skl2onnx or torch.onnx.export)",
        ),
        [] => problem(
            format!("no *.onnx file is in {}", path.display()),
            "give the path of an ONNX file",
        ),
        several => problem(
            format!("{} ONNX files are in {}", several.len(), path.display()),
            "name one of them model.onnx, or give the path of one file",
        ),
    }
}

fn files_with(directory: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_str().is_some_and(&wanted));
    let mut found: Vec<PathBuf> =
        named.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    found.sort();
    found
}

/// ONNX Runtime's library: the given file, or the one that the PyPI package
/// `onnxruntime` has put into the given Python environment, else what
/// `ORT_DYLIB_PATH` names.
pub fn find_onnxruntime(given: Option<&Path>) -> Option<PathBuf> {
    let found = given.and_then(|path| match path.is_dir() {
        true => in_environment(path),
        false => Some(path.to_owned()),
    });
    found.or_else(|| {
        std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from).filter(|path| path.is_file())
    })
}

fn in_environment(environment: &Path) -> Option<PathBuf> {
    let libraries = ["lib", "lib64"].into_iter().map(|name| environment.join(name));
    let pythons = libraries.flat_map(|lib| std::fs::read_dir(lib).into_iter().flatten().flatten());
    let folders = pythons.map(|python| python.path().join("site-packages/onnxruntime/capi"));
    folders.flat_map(|capi| files_with(&capi, |name| name.starts_with("libonnxruntime.so"))).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_give_their_one_model_or_a_reason() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        let reason = || model_file(directory.path()).expect_err("refuses").to_string();
        assert!(reason().contains("no *.onnx file"));
        std::fs::write(at("MLmodel"), "flavors:").expect("writes");
        assert!(reason().contains("mlflow.onnx.log_model"));
        std::fs::write(at("a.onnx"), "").expect("writes");
        assert_eq!(model_file(directory.path()).expect("finds"), at("a.onnx"));
        std::fs::write(at("b.onnx"), "").expect("writes");
        assert!(reason().contains("2 ONNX files"));
        std::fs::write(at("model.onnx"), "").expect("writes");
        assert_eq!(model_file(directory.path()).expect("finds"), at("model.onnx"));
        assert!(model_file(&at("none")).is_err());
    }

    #[test]
    fn a_python_environment_gives_its_library() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(in_environment(directory.path()), None);
        let capi = directory.path().join("lib/python3.11/site-packages/onnxruntime/capi");
        std::fs::create_dir_all(&capi).expect("makes");
        std::fs::write(capi.join("libonnxruntime.so.1.32.0"), "").expect("writes");
        assert_eq!(in_environment(directory.path()), Some(capi.join("libonnxruntime.so.1.32.0")));
    }
}
