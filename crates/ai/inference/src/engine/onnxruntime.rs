//! ONNX Runtime, from a library found at run time.
//!
//! One library per process: the first that is loaded stays. A session uses its
//! own threads inside a request, and requests take turns.

use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use ort::environment::Environment;
use ort::session::{Session, SessionInputValue};
use ort::value::{DynValue, Tensor as OrtTensor, TensorElementType};
use prost::Message;

use super::{Engine, Source};
use crate::error::{Error, Result};
use crate::tensor::{Data, Tensor};

static ENVIRONMENT: OnceLock<Result<(Environment, String), String>> = OnceLock::new();

pub(super) struct OnnxRuntime {
    session: Mutex<Session>,
    inputs: Vec<String>,
    outputs: Vec<String>,
    version: String,
}

/// Loads the library once; also its version, which its file's name ends in.
fn environment(library: &Path) -> Result<&'static (Environment, String), String> {
    let loaded = ENVIRONMENT.get_or_init(|| {
        let builder = ort::init_from(library).map_err(|error| error.to_string())?;
        let environment = builder.build().map_err(|error| error.to_string())?;
        let name = library.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let version = name.split_once(".so.").map_or("unknown", |(_, version)| version).to_owned();
        Ok((environment, version))
    });
    loaded.as_ref().map_err(Clone::clone)
}

impl OnnxRuntime {
    pub fn load(source: &Source<'_>, library: &Path) -> Result<OnnxRuntime, String> {
        let (environment, version) = environment(library)?;
        let text = |error: ort::Error| error.to_string();
        let builder = Session::builder(environment).map_err(text)?;
        let mut builder =
            builder.with_intra_threads(source.threads).map_err(|error| error.to_string())?;
        let session = match source.changed {
            true => builder.commit_from_memory(&source.model.encode_to_vec()),
            // From the file, so that weights kept beside it are found.
            false => builder.commit_from_file(source.file),
        };
        Ok(OnnxRuntime {
            session: Mutex::new(session.map_err(text)?),
            inputs: source.specification.inputs.iter().map(|input| input.name.clone()).collect(),
            outputs: source.specification.output_names().into_iter().map(str::to_owned).collect(),
            version: version.clone(),
        })
    }
}

impl Engine for OnnxRuntime {
    fn name(&self) -> &'static str {
        "onnxruntime"
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let failed = |error: ort::Error| Error::Engine(error.to_string());
        let names = self.inputs.iter().map(String::as_str);
        let values =
            inputs.into_iter().map(into_ort).collect::<ort::Result<Vec<_>>>().map_err(failed)?;
        let values: Vec<(&str, SessionInputValue<'_>)> =
            names.zip(values.into_iter().map(Into::into)).collect();
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let outputs = session.run(values).map_err(failed)?;
        self.outputs
            .iter()
            .map(|name| match outputs.get(name) {
                Some(value) => from_ort(name, value),
                None => Err(Error::Engine(format!("it gave no output '{name}'"))),
            })
            .collect()
    }
}

fn into_ort(tensor: Tensor) -> ort::Result<DynValue> {
    let shape = tensor.shape;
    Ok(match tensor.data {
        Data::Bool(v) => OrtTensor::from_array((shape, v))?.into_dyn(),
        Data::Uint8(v) => OrtTensor::from_array((shape, v))?.into_dyn(),
        Data::Uint16(v) => OrtTensor::from_array((shape, v))?.into_dyn(),
        Data::Uint32(v) => OrtTensor::from_array((shape, v))?.into_dyn(),
        Data::Uint64(v) => OrtTensor::from_array((shape, v))?.into_dyn(),
        Data::Int8(v) => OrtTensor::from_array((shape, v))?.into_dyn(),
        Data::Int16(v) => OrtTensor::from_array((shape, v))?.into_dyn(),
        Data::Int32(v) => OrtTensor::from_array((shape, v))?.into_dyn(),
        Data::Int64(v) => OrtTensor::from_array((shape, v))?.into_dyn(),
        Data::Fp16(v) => OrtTensor::from_array((shape, v))?.into_dyn(),
        Data::Fp32(v) => OrtTensor::from_array((shape, v))?.into_dyn(),
        Data::Fp64(v) => OrtTensor::from_array((shape, v))?.into_dyn(),
        Data::Bytes(v) => OrtTensor::from_string_array((shape, v.as_slice()))?.into_dyn(),
    })
}

fn from_ort(name: &str, value: &DynValue) -> Result<Tensor> {
    let failed = |error: ort::Error| Error::Engine(error.to_string());
    macro_rules! numbers {
        ($variant:ident, $type:ty) => {{
            let (shape, elements) = value.try_extract_tensor::<$type>().map_err(failed)?;
            (shape.to_vec(), Data::$variant(elements.to_vec()))
        }};
    }
    let (shape, data) = match value.dtype().tensor_type() {
        Some(TensorElementType::Bool) => numbers!(Bool, bool),
        Some(TensorElementType::Uint8) => numbers!(Uint8, u8),
        Some(TensorElementType::Uint16) => numbers!(Uint16, u16),
        Some(TensorElementType::Uint32) => numbers!(Uint32, u32),
        Some(TensorElementType::Uint64) => numbers!(Uint64, u64),
        Some(TensorElementType::Int8) => numbers!(Int8, i8),
        Some(TensorElementType::Int16) => numbers!(Int16, i16),
        Some(TensorElementType::Int32) => numbers!(Int32, i32),
        Some(TensorElementType::Int64) => numbers!(Int64, i64),
        Some(TensorElementType::Float16) => numbers!(Fp16, tract_onnx::prelude::f16),
        Some(TensorElementType::Float32) => numbers!(Fp32, f32),
        Some(TensorElementType::Float64) => numbers!(Fp64, f64),
        Some(TensorElementType::String) => {
            let (shape, texts) = value.try_extract_strings().map_err(failed)?;
            (shape.to_vec(), Data::Bytes(texts))
        }
        other => {
            return Err(Error::Engine(format!(
                "the output '{name}' has the type {other:?}, which the protocol lacks"
            )));
        }
    };
    // Lengths of a computed tensor are never negative.
    let shape = shape.into_iter().map(|length| length.unsigned_abs() as usize).collect();
    Ok(Tensor { name: name.to_owned(), shape, data })
}
