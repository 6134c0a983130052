//! The model of a labelling project that is asked about its tasks: whether it may be, a
//! round of questions, and how far it is. Does not know what is asked, and how.

use std::time::Duration;

use dais_api::conditions::{self, PREANNOTATED, READY, Verdict, reason};
use dais_api::{
    InferenceService, LabelingProject, LabelingProjectStatus, Preannotation, PreannotationStatus,
};
use kube::ResourceExt;
use kube::api::Api;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::seams::{AskedRound, PredictingService, PredictionProgress};

/// Until a service is looked at again that does not answer, and tasks that failed.
const WAIT: Duration = Duration::from_secs(5);
/// Between two rounds; what else concerns the labelling project goes before.
const BREATH: Duration = Duration::from_millis(100);

/// Asks for a while, and says in `status` how far it is. When to go on; nothing where there
/// is nothing to ask.
pub(super) async fn carry_on(
    work: &LabelingProject,
    status: &mut LabelingProjectStatus,
    context: &Context,
) -> Result<Option<Duration>> {
    let Some(wanted) = &work.spec.preannotation else {
        status.preannotation = None;
        status.conditions.retain(|condition| condition.type_ != PREANNOTATED);
        return Ok(None);
    };
    let (refused, pause) = match ready(work, wanted, context).await? {
        Err(verdict) => (Some(verdict), WAIT),
        Ok(service) => {
            let round = context.labeling.predict(work, &service).await;
            match round.map_err(Error::seam("asking a service about tasks"))? {
                AskedRound::Unfinished => (None, BREATH),
                AskedRound::Finished => (None, WAIT),
                AskedRound::Unanswered(words) => {
                    (Some(Verdict::no(reason::SERVICE_NOT_READY, words)), WAIT)
                }
            }
        }
    };
    let progress = context.labeling.predictions(work).await;
    let progress = progress.map_err(Error::seam("counting predictions"))?;
    let verdict = refused.filter(|_| progress.waiting > 0).unwrap_or_else(|| verdict(&progress));
    status.preannotation = Some(PreannotationStatus {
        predicted: progress.predicted,
        waiting: progress.waiting,
        failed: progress.failed,
    });
    let generation = work.metadata.generation;
    conditions::set(&mut status.conditions, PREANNOTATED, &verdict, generation);
    Ok((progress.waiting > 0 && !wanted.suspend).then_some(pause))
}

/// The service to ask, or why it cannot be asked now.
async fn ready(
    work: &LabelingProject,
    wanted: &Preannotation,
    context: &Context,
) -> Result<Result<PredictingService, Verdict>> {
    if wanted.suspend {
        return Ok(Err(Verdict::no(reason::SUSPENDED, "spec.preannotation.suspend is true")));
    }
    let project = work.namespace().unwrap_or_default();
    let api = Api::<InferenceService>::namespaced(context.client.clone(), &project);
    let named = &wanted.service;
    let found =
        api.get_opt(named).await.map_err(Error::kube(format!("reading service {named}")))?;
    let Some(service) = found else {
        let words = format!("spec.preannotation.service: no InferenceService {named:?} here");
        return Ok(Err(Verdict::no(reason::SERVICE_NOT_FOUND, words)));
    };
    let status = service.status.clone().unwrap_or_default();
    if !conditions::is_true(&status.conditions, READY) {
        let ready = conditions::find(&status.conditions, READY);
        let why = ready.map_or("it has just been made", |ready| ready.message.as_str());
        let words = format!("waits for the service {named}: {why}");
        return Ok(Err(Verdict::no(reason::SERVICE_NOT_READY, words)));
    }
    let name = service.name_any();
    let model = wanted.model.clone().or(status.model_name).unwrap_or_else(|| name.clone());
    let model_of_answers = match status.model_version {
        Some(version) => format!("{model}/{version}"),
        None => model.clone(),
    };
    Ok(Ok(PredictingService { name, model, model_of_answers }))
}

fn verdict(progress: &PredictionProgress) -> Verdict {
    let PredictionProgress { predicted, waiting, failed, reason: why } = progress;
    let all = predicted + waiting + failed;
    let why = why.as_ref().map(|why| format!("; last failure: {why}")).unwrap_or_default();
    let words = format!("{predicted} of {all} tasks have a prediction{why}");
    match (waiting, failed) {
        (0, 0) => Verdict::yes(reason::AVAILABLE, words),
        (0, _) => Verdict::no(reason::TASKS_FAILED, words),
        _ => Verdict::no(reason::PROGRESSING, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_decides_the_word() {
        let of = |predicted, waiting, failed| {
            let reason = (failed > 0).then(|| "t1: no label".to_owned());
            verdict(&PredictionProgress { predicted, waiting, failed, reason })
        };
        assert_eq!(of(2, 0, 0), Verdict::yes(reason::AVAILABLE, "2 of 2 tasks have a prediction"));
        assert_eq!(of(1, 1, 1).reason, reason::PROGRESSING);
        let failed = of(1, 0, 1);
        assert_eq!(failed.reason, reason::TASKS_FAILED);
        assert!(
            failed.message.ends_with("1 of 2 tasks have a prediction; last failure: t1: no label")
        );
    }
}
