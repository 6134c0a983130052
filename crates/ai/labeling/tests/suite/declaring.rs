use dais_labeling::{Error, Filter, Kind, Spec};

use crate::databases::{NOW, PROJECT, add, answer, declared, fixtures, labels, overlap, tasks};

#[tokio::test]
async fn one_that_is_made_again_starts_empty() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(2)).await;
        let spec = work.spec().await.unwrap();
        fixture.labeling.declare(&declared("cats", "uid-2"), &spec, NOW).await.unwrap();
        assert_eq!(work.tasks(&Filter::default(), 0, 5).await.unwrap().items, []);
        assert_eq!(fixture.labeling.declared(PROJECT).await.unwrap().len(), 2);
        add(&work, &tasks(1)).await;
        fixture.labeling.forget("uid-1").await.unwrap();
        fixture.labeling.forget("uid-1").await.unwrap();
        assert_eq!(work.tasks(&Filter::default(), 0, 5).await.unwrap().items.len(), 1);
        fixture.labeling.forget_project(PROJECT).await.unwrap();
        let gone = work.tasks(&Filter::default(), 0, 5).await.unwrap_err();
        assert!(matches!(gone, Error::NotFound { .. }), "{gone}");
        assert!(matches!(work.next("ada", NOW).await.unwrap_err(), Error::NotFound { .. }));
    }
}

#[tokio::test]
async fn projects_do_not_see_each_other() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(1)).await;
        let other = fixture.labeling.work("other", "cats");
        assert!(matches!(other.task(1).await.unwrap_err(), Error::NotFound { .. }));
        let nul = fixture.labeling.work(PROJECT, "ca\0ts");
        assert!(matches!(nul.next("ada", NOW).await.unwrap_err(), Error::NotFound { .. }));
    }
}

#[tokio::test]
async fn a_configuration_changes_as_far_as_answers_allow() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(2)).await;
        answer(&work, "ada", "cat", NOW).await;
        let cats = declared("cats", "uid-1");
        let mut spec = work.spec().await.unwrap();
        spec.config.labels.retain(|label| label.name != "cat");
        let refused = fixture.labeling.declare(&cats, &spec, NOW).await.unwrap_err();
        assert!(refused.to_string().contains("'cat' is in 1 answers"), "{refused}");
        let boxes = Spec { config: labels(Kind::ImageBoxes), policy: overlap(1) };
        fixture.labeling.declare(&cats, &boxes, NOW).await.unwrap_err();
        let mut spec = work.spec().await.unwrap();
        spec.config.labels.retain(|label| label.name != "dog");
        fixture.labeling.declare(&cats, &spec, NOW).await.unwrap();
        assert_eq!(work.spec().await.unwrap(), spec);
    }
}

#[tokio::test]
async fn more_people_a_task_opens_what_was_done_and_fewer_closes_it() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(2)).await;
        answer(&work, "ada", "cat", NOW).await;
        answer(&work, "bob", "cat", NOW).await;
        assert_eq!(answer(&work, "bob", "cat", NOW).await, None);
        let spec = Spec { policy: overlap(2), ..work.spec().await.unwrap() };
        let cats = declared("cats", "uid-1");
        fixture.labeling.declare(&cats, &spec, NOW).await.unwrap();
        assert_eq!(work.task(1).await.unwrap().task.state.word(), "started");
        assert_eq!(answer(&work, "bob", "dog", NOW).await, Some(1));
        let spec = Spec { policy: overlap(1), ..spec };
        fixture.labeling.declare(&cats, &spec, NOW).await.unwrap();
        assert_eq!(answer(&work, "ada", "dog", NOW).await, None);
    }
}
