//! The built-in engine.
//!
//! Where it can, it plans once for shapes of any length; models that it can
//! only plan for known shapes get a plan for each shape that is asked, the
//! most recent of which are kept.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::tract_ndarray::ArrayD;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::InferenceFact;
use tract_onnx::tract_hir::infer::InferenceModelExt;

use super::{Engine, Source, scaler};
use crate::datatype::Datatype;
use crate::error::{Error, Result};
use crate::specification::{Dimension, Specification};
use crate::tensor::{self, Data, each};

type Plan = Arc<TypedRunnableModel>;
type Shapes = Vec<Vec<usize>>;

/// Plans for known shapes that are kept.
const KEPT: usize = 16;

pub(super) struct Tract {
    specification: Specification,
    any_shape: Option<Plan>,
    model: ModelProto,
    directory: Option<String>,
    /// Most recently used last.
    plans: Mutex<Vec<(Shapes, Plan)>>,
}

impl Tract {
    pub fn load(source: &Source<'_>) -> Result<Tract, String> {
        let directory = source.file.parent().and_then(Path::to_str).map(str::to_owned);
        let mut model = source.model.clone();
        scaler::replace(&mut model);
        let mut tract = Tract {
            specification: source.specification.clone(),
            any_shape: None,
            model,
            directory,
            plans: Mutex::default(),
        };
        match tract.plan(None) {
            Ok(plan) => tract.any_shape = Some(plan),
            Err(error) => {
                // What fails here too can never run.
                let smallest: Shapes =
                    tract.specification.inputs.iter().map(|input| smallest(&input.shape)).collect();
                tract.plan(Some(&smallest)).map_err(|_| format!("{error:#}"))?;
                tracing::info!(%error, "tract plans this model for each shape anew");
            }
        }
        Ok(tract)
    }

    /// A plan for these input shapes, or for all that the model allows.
    fn plan(&self, shapes: Option<&Shapes>) -> TractResult<Plan> {
        let onnx = tract_onnx::onnx().with_ignore_output_shapes(true).with_ignore_value_info(true);
        let parsed = onnx.parse(&self.model, self.directory.as_deref())?;
        if !parsed.unresolved_inputs.is_empty() {
            return Err(TractError::msg(format!(
                "inputs are not defined: {:?}",
                parsed.unresolved_inputs
            )));
        }
        let mut model = parsed.model;
        let names: Vec<&str> =
            self.specification.inputs.iter().map(|input| input.name.as_str()).collect();
        model.set_input_names(&names)?;
        for (index, input) in self.specification.inputs.iter().enumerate() {
            let dimensions: Vec<TDim> = match shapes {
                Some(shapes) => shapes[index].iter().map(|length| length.to_dim()).collect(),
                None => {
                    let symbol = |(axis, dimension): (usize, &Dimension)| match dimension {
                        Dimension::Fixed(length) => length.to_dim(),
                        Dimension::Named(name) => model.symbols.sym(name).to_dim(),
                        Dimension::Any => {
                            model.symbols.sym(&format!("input{index}_axis{axis}")).to_dim()
                        }
                    };
                    input.shape.iter().enumerate().map(symbol).collect()
                }
            };
            model.set_input_fact(
                index,
                InferenceFact::dt_shape(datum_type(input.datatype), dimensions),
            )?;
        }
        model.into_typed()?.into_optimized()?.into_runnable()
    }

    fn plan_for(&self, shapes: Shapes) -> TractResult<Plan> {
        if let Some(plan) = &self.any_shape {
            return Ok(plan.clone());
        }
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = plans.iter().position(|(known, _)| *known == shapes) {
            let known = plans.remove(at);
            let plan = known.1.clone();
            plans.push(known);
            return Ok(plan);
        }
        drop(plans);
        let plan = self.plan(Some(&shapes))?;
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if plans.len() >= KEPT {
            plans.remove(0);
        }
        plans.push((shapes, plan.clone()));
        Ok(plan)
    }
}

fn smallest(shape: &[Dimension]) -> Vec<usize> {
    let length = |dimension: &Dimension| match dimension {
        Dimension::Fixed(length) => *length,
        Dimension::Named(_) | Dimension::Any => 1,
    };
    shape.iter().map(length).collect()
}

fn datum_type(datatype: Datatype) -> DatumType {
    match datatype {
        Datatype::Bool => DatumType::Bool,
        Datatype::Uint8 => DatumType::U8,
        Datatype::Uint16 => DatumType::U16,
        Datatype::Uint32 => DatumType::U32,
        Datatype::Uint64 => DatumType::U64,
        Datatype::Int8 => DatumType::I8,
        Datatype::Int16 => DatumType::I16,
        Datatype::Int32 => DatumType::I32,
        Datatype::Int64 => DatumType::I64,
        Datatype::Fp16 => DatumType::F16,
        Datatype::Fp32 => DatumType::F32,
        Datatype::Fp64 => DatumType::F64,
        Datatype::Bytes => DatumType::String,
    }
}

impl Engine for Tract {
    fn name(&self) -> &'static str {
        "tract"
    }

    fn version(&self) -> String {
        // The release in Cargo.lock: the library does not tell its own.
        "0.23".into()
    }

    fn run(&self, inputs: Vec<tensor::Tensor>) -> Result<Vec<tensor::Tensor>> {
        let failed = |error: TractError| Error::Engine(format!("{error:#}"));
        let plan = self
            .plan_for(inputs.iter().map(|input| input.shape.clone()).collect())
            .map_err(failed)?;
        let inputs = inputs
            .into_iter()
            .map(into_tract)
            .collect::<TractResult<TVec<TValue>>>()
            .map_err(failed)?;
        let outputs = plan.run(inputs).map_err(failed)?;
        let names = self.specification.outputs.iter().map(|output| output.name.clone());
        names.zip(outputs).map(|(name, output)| from_tract(name, &output).map_err(failed)).collect()
    }
}

fn into_tract(tensor: tensor::Tensor) -> TractResult<TValue> {
    each!(tensor.data, vector => Ok(ArrayD::from_shape_vec(tensor.shape, vector)?.into_tensor().into_tvalue()))
}

fn from_tract(name: String, value: &Tensor) -> TractResult<tensor::Tensor> {
    fn all<T: Datum + Clone>(value: &Tensor) -> TractResult<Vec<T>> {
        Ok(value.to_plain_array_view::<T>()?.iter().cloned().collect())
    }
    let data = match value.datum_type() {
        DatumType::Bool => Data::Bool(all(value)?),
        DatumType::U8 => Data::Uint8(all(value)?),
        DatumType::U16 => Data::Uint16(all(value)?),
        DatumType::U32 => Data::Uint32(all(value)?),
        DatumType::U64 => Data::Uint64(all(value)?),
        DatumType::I8 => Data::Int8(all(value)?),
        DatumType::I16 => Data::Int16(all(value)?),
        DatumType::I32 => Data::Int32(all(value)?),
        DatumType::I64 => Data::Int64(all(value)?),
        DatumType::F16 => Data::Fp16(all(value)?),
        DatumType::F32 => Data::Fp32(all(value)?),
        DatumType::F64 => Data::Fp64(all(value)?),
        DatumType::String => Data::Bytes(all(value)?),
        DatumType::TDim => Data::Int64(all(value.cast_to::<i64>()?.as_ref())?),
        other => {
            return Err(TractError::msg(format!(
                "the output '{name}' has the type {other:?}, which the protocol lacks"
            )));
        }
    };
    Ok(tensor::Tensor { name, shape: value.shape().to_vec(), data })
}
