use dais_labeling::{Error, Policy, TaskState, TurnState};

use crate::databases::{HOUR, NOW, add, answer, edit, fixtures, next, overlap, tasks};

#[tokio::test]
async fn a_draft_is_kept_and_a_stale_writer_refused() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(2)).await;
        let held = next(&work, "ada", NOW).await.unwrap();
        assert_eq!((held.task.key.as_str(), held.turn.version), ("t0", 0));
        let turn = work.draft("ada", 1, &edit(0, "cat"), NOW).await.unwrap();
        assert_eq!(turn.version, 1);
        let stale = work.draft("ada", 1, &edit(0, "dog"), NOW).await.unwrap_err();
        assert!(matches!(stale, Error::Conflict { field: "version", .. }), "{stale}");
        let stale = work.submit("ada", 1, &edit(0, "dog"), NOW).await.unwrap_err();
        assert!(matches!(stale, Error::Conflict { field: "version", .. }), "{stale}");
        let same = next(&work, "ada", NOW + 1).await.unwrap();
        assert_eq!((same.task.task, same.turn.answer), (1, turn.answer));
        let done = work.submit("ada", 1, &edit(1, "dog"), NOW + 5).await.unwrap();
        assert_eq!((done.state, done.version), (TurnState::Submitted, 2));
        let again = work.submit("ada", 1, &edit(1, "dog"), NOW + 9).await.unwrap();
        assert_eq!(again, done);
        let late = work.draft("ada", 1, &edit(2, "cat"), NOW).await.unwrap_err();
        assert!(matches!(late, Error::Conflict { field: "state", .. }), "{late}");
        assert!(matches!(
            work.draft("bob", 1, &edit(0, "cat"), NOW).await.unwrap_err(),
            Error::NotFound { .. }
        ));
        let whole = work.task(1).await.unwrap();
        assert_eq!(whole.task.state, TaskState::Answered);
        let what: Vec<&str> = whole.history.iter().map(|event| event.what.as_str()).collect();
        assert_eq!(what, ["leased", "submitted"]);
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_refused_with_words() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(1)).await;
        next(&work, "ada", NOW).await.unwrap();
        let refused = work.submit("ada", 1, &edit(0, "cow"), NOW).await.unwrap_err();
        assert!(refused.to_string().contains("answer.choices[0]: 'cow' is no label"), "{refused}");
    }
}

#[tokio::test]
async fn a_task_goes_back_when_its_time_passed_and_the_draft_stays() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(1)).await;
        next(&work, "ada", NOW).await.unwrap();
        work.draft("ada", 1, &edit(0, "cat"), NOW).await.unwrap();
        assert!(next(&work, "bob", NOW + HOUR - 1).await.is_none());
        // Nobody else wanted it: it is still ada's.
        let held = next(&work, "ada", NOW + HOUR).await.unwrap();
        assert_eq!(held.turn.expires, Some(NOW + 2 * HOUR));
        let held = next(&work, "bob", NOW + 2 * HOUR).await.unwrap();
        assert_eq!((held.task.task, held.turn.answer), (1, None));
        let late = work.submit("ada", 1, &edit(1, "cat"), NOW + 2 * HOUR).await.unwrap_err();
        assert!(late.to_string().contains("others have it"), "{late}");
        // Bob lets it pass as well, and it comes back to ada with what she wrote.
        let held = next(&work, "ada", NOW + 3 * HOUR).await.unwrap();
        assert_eq!((held.task.task, held.turn.version), (1, 1));
        assert!(held.turn.answer.is_some());
        work.submit("ada", 1, &edit(1, "cat"), NOW + 3 * HOUR).await.unwrap();
    }
}

#[tokio::test]
async fn who_comes_late_may_submit_while_there_is_room() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(2)).await;
        add(&work, &tasks(1)).await;
        next(&work, "ada", NOW).await.unwrap();
        next(&work, "bob", NOW + HOUR).await.unwrap();
        let whole = work.task(1).await.unwrap();
        assert_eq!(whole.turns[0].state, TurnState::Expired);
        work.submit("ada", 1, &edit(0, "cat"), NOW + HOUR).await.unwrap();
        assert!(next(&work, "eve", NOW + HOUR).await.is_none());
    }
}

#[tokio::test]
async fn a_skipped_task_goes_to_others_alone() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(1)).await;
        next(&work, "ada", NOW).await.unwrap();
        assert!(work.skip("ada", 1, " ", NOW).await.is_err());
        let turn = work.skip("ada", 1, "看不清", NOW).await.unwrap();
        assert_eq!((turn.state, turn.reason.as_str()), (TurnState::Skipped, "看不清"));
        assert!(next(&work, "ada", NOW).await.is_none());
        assert_eq!(answer(&work, "bob", "cat", NOW).await, Some(1));
        assert!(work.skip("bob", 1, "late", NOW).await.is_err());
    }
}

#[tokio::test]
async fn the_last_submission_is_taken_back_until_it_is_reviewed() {
    for fixture in fixtures().await {
        let policy = Policy { review: true, ..overlap(1) };
        let work = fixture.texts(policy).await;
        add(&work, &tasks(3)).await;
        assert!(work.undo("ada", NOW).await.is_err());
        answer(&work, "ada", "cat", NOW).await;
        answer(&work, "ada", "dog", NOW + 9000).await;
        let held = work.undo("ada", NOW + HOUR).await.unwrap();
        assert_eq!((held.task.task, held.turn.state), (2, TurnState::Leased));
        assert_eq!(work.task(2).await.unwrap().task.state, TaskState::Todo);
        let refused = work.undo("ada", NOW).await.unwrap_err();
        assert!(refused.to_string().contains("another task is open"), "{refused}");
        assert_eq!(answer(&work, "ada", "猫", NOW + HOUR).await, Some(2));
        crate::reviewing::decide(&work, 2, "ada", dais_labeling::Decision::Accept).await;
        let refused = work.undo("ada", NOW).await.unwrap_err();
        assert!(refused.to_string().contains("was reviewed"), "{refused}");
    }
}
