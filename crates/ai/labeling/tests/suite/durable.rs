//! Two programs on one database, and one that ends in the middle.

use std::collections::BTreeMap;
use std::sync::Arc;

use dais_labeling::{Filter, Labeling};
use tokio::sync::Notify;

use crate::databases::{NOW, PROJECT, add, answer, fixtures, overlap, tasks};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_programs_give_no_task_out_beyond_its_overlap() {
    for fixture in fixtures().await {
        add(&fixture.texts(overlap(1)).await, &tasks(40)).await;
        let other = Labeling::open(&fixture.url).await.unwrap();
        let people = (0..6).map(|person| {
            let labeling = if person % 2 == 0 { &fixture.labeling } else { &other };
            let work = labeling.work(PROJECT, "cats");
            tokio::spawn(async move {
                let (who, mut had) = (format!("person {person}"), Vec::new());
                while let Some(task) = answer(&work, &who, "cat", NOW).await {
                    had.push(task);
                }
                had
            })
        });
        let mut hands: BTreeMap<i64, u32> = BTreeMap::new();
        for person in people.collect::<Vec<_>>() {
            let had = person.await.unwrap();
            had.into_iter().for_each(|task| *hands.entry(task).or_default() += 1);
        }
        assert!(hands.len() == 40 && hands.values().all(|people| *people == 1), "{hands:?}");
        other.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_import_that_ends_in_the_middle_leaves_nothing() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        let half = Arc::new(Notify::new());
        let told = half.clone();
        let importing = tokio::spawn({
            let work = work.clone();
            async move { work.import("mia", &tasks(20_000), NOW, |_| told.notify_one()).await }
        });
        half.notified().await;
        importing.abort();
        assert!(importing.await.is_err_and(|ended| ended.is_cancelled()));
        let after = Labeling::open(&fixture.url).await.unwrap().work(PROJECT, "cats");
        assert_eq!(after.tasks(&Filter::default(), 0, 5).await.unwrap().items, []);
        assert_eq!(add(&after, &tasks(3)).await, (3, 0));
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_start() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(2)).await;
        answer(&work, "ada", "cat", NOW).await;
        let other = Labeling::open(&fixture.url).await.unwrap().work(PROJECT, "cats");
        let whole = other.task(1).await.unwrap();
        assert_eq!(whole, work.task(1).await.unwrap());
        assert_eq!(whole.task.answers, 1);
    }
}
