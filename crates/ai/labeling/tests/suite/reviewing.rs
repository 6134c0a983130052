use dais_labeling::{
    Decision, Error, Policy, Rejected, Reviewed, Reviewer, TaskState, Turn, TurnState, Work,
};

use crate::databases::{NOW, RITA, add, answer, choice, edit, fixtures, next, overlap, tasks};

fn reviewed(annotator: &str, version: i64, decision: Decision) -> Reviewed {
    Reviewed {
        annotator: annotator.to_owned(),
        version,
        answer: (decision == Decision::Correct).then(|| choice("dog")),
        comment: if decision == Decision::Reject { "look again" } else { "" }.to_owned(),
        decision,
    }
}

/// Decides on the answer as it is now.
pub async fn decide(work: &Work, task: i64, annotator: &str, decision: Decision) -> Turn {
    let whole = work.task(task).await.unwrap();
    let turn = whole.turns.iter().find(|turn| turn.annotator == annotator).unwrap();
    work.review(RITA, task, &reviewed(annotator, turn.version, decision), NOW).await.unwrap()
}

#[tokio::test]
async fn answers_are_accepted_and_corrected_and_both_are_kept() {
    for fixture in fixtures().await {
        let work = fixture.texts(Policy { review: true, ..overlap(2) }).await;
        add(&work, &tasks(1)).await;
        answer(&work, "ada", "cat", NOW).await;
        answer(&work, "bob", "猫", NOW).await;
        let waiting = work.to_review(RITA, None, 1).await.unwrap();
        assert_eq!(waiting.items[0].turn.annotator, "ada");
        assert_eq!(waiting.next.as_deref(), Some("1:ada"));
        let rest = work.to_review(RITA, Some((1, "ada")), 5).await.unwrap();
        assert_eq!((rest.items.len(), rest.next), (1, None));
        assert_eq!(decide(&work, 1, "ada", Decision::Accept).await.state, TurnState::Accepted);
        assert_eq!(work.task(1).await.unwrap().task.state, TaskState::Answered);
        let turn = decide(&work, 1, "bob", Decision::Correct).await;
        assert_eq!((turn.answer, turn.correction), (Some(choice("猫")), Some(choice("dog"))));
        let whole = work.task(1).await.unwrap();
        assert_eq!(whole.task.state, TaskState::Reviewed);
        assert_eq!(work.progress().await.unwrap().to_review, 0);
        let what: Vec<(&str, &str)> =
            whole.history.iter().map(|one| (one.who.as_str(), one.what.as_str())).collect();
        assert_eq!(what[4..], [("rita", "accepted"), ("rita", "corrected")]);
    }
}

#[tokio::test]
async fn a_rejected_answer_comes_back_to_its_annotator() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(2)).await;
        answer(&work, "ada", "cat", NOW).await;
        let turn = decide(&work, 1, "ada", Decision::Reject).await;
        assert_eq!((turn.state, turn.comment.as_str()), (TurnState::Returned, "look again"));
        assert_eq!(work.task(1).await.unwrap().task.state, TaskState::Todo);
        // Bob gets the other one, ada hers.
        assert_eq!(next(&work, "bob", NOW).await.unwrap().task.task, 2);
        let held = next(&work, "ada", NOW).await.unwrap();
        assert_eq!((held.task.task, held.turn.answer.clone()), (1, Some(choice("cat"))));
        assert_eq!(held.turn.comment, "look again");
        work.submit("ada", 1, &edit(held.turn.version, "dog"), NOW).await.unwrap();
    }
}

#[tokio::test]
async fn a_rejected_answer_goes_to_somebody_else() {
    for fixture in fixtures().await {
        let policy = Policy { rejected: Rejected::ToQueue, ..overlap(1) };
        let work = fixture.texts(policy).await;
        add(&work, &tasks(1)).await;
        answer(&work, "ada", "cat", NOW).await;
        decide(&work, 1, "ada", Decision::Reject).await;
        assert!(next(&work, "ada", NOW).await.is_none());
        assert_eq!(answer(&work, "bob", "dog", NOW).await, Some(1));
    }
}

#[tokio::test]
async fn what_a_reviewer_did_not_see_is_not_decided() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(1)).await;
        answer(&work, "ada", "cat", NOW).await;
        let accept = reviewed("ada", 1, Decision::Accept);
        work.undo("ada", NOW).await.unwrap();
        let refused = work.review(RITA, 1, &accept, NOW).await.unwrap_err();
        assert!(matches!(refused, Error::Conflict { field: "state", .. }), "{refused}");
        answer(&work, "ada", "dog", NOW).await;
        let refused = work.review(RITA, 1, &accept, NOW).await.unwrap_err();
        assert!(matches!(refused, Error::Conflict { field: "version", .. }), "{refused}");
        let silent = Reviewed { comment: String::new(), ..reviewed("ada", 3, Decision::Reject) };
        let refused = work.review(RITA, 1, &silent, NOW).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid { field, .. } if field == "comment"));
        let ada = Reviewer { user: "ada", own: false };
        let accept = reviewed("ada", 3, Decision::Accept);
        let refused = work.review(ada, 1, &accept, NOW).await.unwrap_err();
        assert!(matches!(refused, Error::Forbidden { .. }), "{refused}");
        assert_eq!(work.to_review(ada, None, 5).await.unwrap().items, []);
        work.review(Reviewer { own: true, ..ada }, 1, &accept, NOW).await.unwrap();
    }
}
