//! Label Studio's JSON: a list of tasks with annotations and predictions.
//! <https://labelstud.io/guide/task_format>
//!
//! A task's key is `meta.key`, or its `id` where there is none: we write `meta.key` when a
//! key of the export is no number. An annotator is
//! `completed_by`, a number or `{"email": …}`. A known answer is the annotation with
//! `ground_truth`; without `completed_by` it is nobody's answer.

mod read;
mod regions;
mod write;

pub(super) use read::read;
pub(super) use write::write;

/// Member of `meta` that holds a key that is no number.
const KEY: &str = "key";
