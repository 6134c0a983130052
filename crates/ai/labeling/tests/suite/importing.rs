use std::sync::Mutex;

use dais_labeling::{Error, Filter, Given, NewTask, TaskState, TurnState};
use serde_json::json;

use crate::databases::{NOW, add, answer, choice, data, fixtures, overlap, tasks};

#[tokio::test]
async fn tasks_come_in_once_and_are_listed_page_by_page() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        let told = Mutex::new(Vec::new());
        let tell = |done| told.lock().unwrap().push(done);
        assert_eq!(work.import("mia", &tasks(600), NOW, tell).await.unwrap().new, 600);
        assert_eq!(*told.lock().unwrap(), [250, 500, 600]);
        assert_eq!(add(&work, &tasks(603)).await, (3, 600));
        let (mut after, mut keys) = (0, Vec::new());
        loop {
            let page = work.tasks(&Filter::default(), after, 250).await.unwrap();
            keys.extend(page.items.into_iter().map(|task| task.key));
            match page.next {
                Some(next) => after = next.parse().unwrap(),
                None => break,
            }
        }
        assert_eq!(keys, tasks(603).into_iter().map(|task| task.key).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn one_bad_task_keeps_all_out_and_is_named() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        let mut bad = tasks(5);
        bad[3].data = data(json!({ "text": 7 }));
        let refused = work.import("mia", &bad, NOW, |_| ()).await.unwrap_err();
        assert!(
            matches!(&refused, Error::Invalid { field, .. } if field == "tasks[3].data.text"),
            "{refused}"
        );
        bad[3] = NewTask { gold: Some(choice("cow")), ..tasks(4)[3].clone() };
        let refused = work.import("mia", &bad, NOW, |_| ()).await.unwrap_err();
        assert!(refused.to_string().starts_with("tasks[3].gold.choices[0]: 'cow'"), "{refused}");
        bad[3] = NewTask { key: String::new(), ..tasks(4)[3].clone() };
        work.import("mia", &bad, NOW, |_| ()).await.unwrap_err();
        assert_eq!(work.tasks(&Filter::default(), 0, 10).await.unwrap().items, []);
    }
}

#[tokio::test]
async fn answers_that_come_along_count() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(2)).await;
        let given = |annotator: &str, answer| Given {
            time: NOW,
            seconds: 2.5,
            ..Given::by(annotator, answer)
        };
        let mut new = tasks(2);
        new[0].given = vec![
            given("王 伟", Some(choice("猫"))),
            given("O'Hara", Some(choice("猫"))),
            given("\"x\"", None),
        ];
        add(&work, &new).await;
        let whole = work.task(1).await.unwrap();
        assert_eq!((whole.task.state, whole.task.agreement), (TaskState::Answered, Some(1.0)));
        let turn = whole.turns.iter().find(|turn| turn.annotator == "王 伟").unwrap();
        assert_eq!((turn.submitted - turn.leased, turn.state), (2500, TurnState::Submitted));
        assert!(whole.turns.iter().any(|turn| turn.state == TurnState::Skipped));
        // The second task is what is left for anybody.
        assert_eq!(answer(&work, "ada", "cat", NOW).await, Some(2));
        assert_eq!(answer(&work, "ada", "cat", NOW).await, None);
    }
}

#[tokio::test]
async fn lists_are_filtered() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(2)).await;
        add(&work, &tasks(4)).await;
        for (who, labels) in [("ada", ["cat", "dog", "cat"]), ("bob", ["cat", "cat", "猫"])] {
            for label in labels {
                answer(&work, who, label, NOW).await;
            }
        }
        let listed = async |filter: Filter| {
            let page = work.tasks(&filter, 0, 10).await.unwrap();
            page.items.into_iter().map(|task| task.task).collect::<Vec<_>>()
        };
        let any = Filter::default;
        assert_eq!(listed(Filter { state: Some(TaskState::Answered), ..any() }).await, [1, 2, 3]);
        assert_eq!(listed(Filter { state: Some(TaskState::Todo), ..any() }).await, [4]);
        assert_eq!(listed(Filter { label: Some("猫".to_owned()), ..any() }).await, [3]);
        assert_eq!(listed(Filter { agreement_below: Some(0.5), ..any() }).await, [2, 3]);
        let ada = Filter { annotator: Some("ada".to_owned()), ..any() };
        assert_eq!(listed(ada.clone()).await, [1, 2, 3]);
        assert_eq!(listed(Filter { label: Some("dog".to_owned()), ..ada }).await, [2]);
    }
}
