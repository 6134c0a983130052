//! Many people at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use dais_labeling::{Filter, Work};

use crate::databases::{NOW, add, answer, edit, fixtures, overlap, tasks};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_gets_a_task_beyond_its_overlap_or_twice() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(2)).await;
        add(&work, &tasks(60)).await;
        let people = (0..12).map(|person| {
            let work = work.clone();
            tokio::spawn(async move {
                let who = format!("person {person}");
                let mut had = Vec::new();
                while let Some(task) = answer(&work, &who, "cat", NOW).await {
                    had.push(task);
                }
                had
            })
        });
        let mut hands: BTreeMap<i64, u32> = BTreeMap::new();
        for person in people.collect::<Vec<_>>() {
            let had = person.await.unwrap();
            assert_eq!(had.len(), had.iter().collect::<BTreeSet<_>>().len());
            had.into_iter().for_each(|task| *hands.entry(task).or_default() += 1);
        }
        assert_eq!(hands.len(), 60);
        assert!(hands.values().all(|people| *people == 2), "{hands:?}");
    }
}

/// How long each of `count` tasks was waited for, and answered after a draft.
async fn works(work: Work, who: String, count: usize) -> Vec<Duration> {
    let mut waited = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        let held = work.next(&who, NOW).await.unwrap().unwrap();
        waited.push(start.elapsed());
        work.draft(&who, held.task.task, &edit(0, "cat"), NOW).await.unwrap();
        work.submit(&who, held.task.task, &edit(1, "dog"), NOW).await.unwrap();
    }
    waited
}

fn shares(mut all: Vec<Duration>) -> String {
    all.sort();
    let at = |share: f64| all[(all.len() as f64 * share) as usize];
    format!("median {:?}, 99th percentile {:?}", at(0.5), at(0.99))
}

/// Prints figures; asserts on none of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_thousand_tasks_and_people_who_work_on_them() {
    for fixture in fixtures().await {
        let database = fixture.url.split(':').next().unwrap();
        let work = fixture.texts(overlap(2)).await;
        let all = tasks(50_000);
        let start = Instant::now();
        assert_eq!(add(&work, &all).await, (50_000, 0));
        eprintln!("{database}: 50,000 tasks imported in {:?}", start.elapsed());
        let alone = works(work.clone(), "ada".to_owned(), 300).await;
        eprintln!("{database}: next for one person: {}", shares(alone));
        let people =
            (0..8).map(|person| tokio::spawn(works(work.clone(), format!("{person}"), 100)));
        let mut waited = Vec::new();
        for person in people.collect::<Vec<_>>() {
            waited.extend(person.await.unwrap());
        }
        eprintln!("{database}: next for 8 who never pause: {}", shares(waited));
        let start = Instant::now();
        let found = work.statistics().await.unwrap();
        assert_eq!(found.annotators.len(), 9);
        eprintln!("{database}: statistics of 1,100 answers in {:?}", start.elapsed());
        let start = Instant::now();
        work.tasks(&Filter { agreement_below: Some(0.5), ..Filter::default() }, 0, 100)
            .await
            .unwrap();
        eprintln!("{database}: a filter that finds nothing among all in {:?}", start.elapsed());
    }
}
