//! What runs a model: one trait, two engines, and the choice between them.

mod onnxruntime;
mod scaler;
mod tract;

use std::path::Path;

use tract_onnx::pb::ModelProto;

use crate::error::{Error, Result};
use crate::specification::Specification;
use crate::tensor::Tensor;

/// Which engine to use.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Choice {
    /// ONNX Runtime when its library is found and takes the model, else tract.
    #[default]
    Auto,
    Tract,
    OnnxRuntime,
}

pub(crate) trait Engine: Send + Sync {
    /// For metadata and metrics.
    fn name(&self) -> &'static str;
    fn version(&self) -> String;

    /// Inputs in the model's order, already checked; outputs in the model's
    /// order. Blocks for as long as it computes.
    fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>>;
}

/// A model as read, to be handed to an engine.
pub(crate) struct Source<'a> {
    pub model: &'a ModelProto,
    pub file: &'a Path,
    /// The model in memory is no longer the one in the file.
    pub changed: bool,
    pub specification: &'a Specification,
    /// Requests that compute at the same time.
    pub threads: usize,
}

pub(crate) fn load(
    source: &Source<'_>,
    choice: Choice,
    library: Option<&Path>,
) -> Result<Box<dyn Engine>> {
    let mut before = String::new();
    if choice != Choice::Tract {
        match (library, choice) {
            (Some(library), _) => match onnxruntime::OnnxRuntime::load(source, library) {
                Ok(engine) => return Ok(Box::new(engine)),
                Err(problem) if choice == Choice::OnnxRuntime => {
                    return Err(Error::Load {
                        problem,
                        hint: "check the library and whether the model loads in onnxruntime",
                    });
                }
                Err(problem) => {
                    tracing::warn!(library = %library.display(), problem, "onnx runtime did not take the model, trying tract");
                    before = format!("onnxruntime: {problem}; tract: ");
                }
            },
            (None, Choice::OnnxRuntime) => {
                return Err(Error::Load {
                    problem: "no ONNX Runtime library was found".into(),
                    hint: "set ORT_DYLIB_PATH to libonnxruntime.so, or install onnxruntime into the Python environment",
                });
            }
            (None, _) => {}
        }
    }
    match tract::Tract::load(source) {
        Ok(engine) => Ok(Box::new(engine)),
        Err(problem) => Err(Error::Load {
            problem: format!("{before}{problem}"),
            hint: "install onnxruntime into the Python environment (it knows more operators), or export with another opset",
        }),
    }
}
