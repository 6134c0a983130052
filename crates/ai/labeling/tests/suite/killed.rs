//! A program that is killed in the middle of its work: this test's own, started again.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use dais_labeling::{Filter, Labeling};

use crate::databases::{NOW, PROJECT, add, answer, fixtures, overlap, tasks};

/// Names the database to the program that is to be killed.
const URL: &str = "DAIS_LABELING_KILLED";

/// What the killed program does: answers, and says which after each was acknowledged.
#[tokio::test]
async fn answers_until_it_is_killed() {
    let Ok(url) = std::env::var(URL) else { return };
    let work = Labeling::open(&url).await.unwrap().work(PROJECT, "cats");
    while let Some(task) = answer(&work, "ada", "cat", NOW).await {
        println!("\nanswered {task}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_kill_and_nothing_is_half_made() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(5_000)).await;
        let url = fixture.url.clone();
        let answered = tokio::task::spawn_blocking(move || killed_after(&url, 25)).await.unwrap();
        assert!(answered.len() >= 25 && answered.len() < 5_000);

        let after = Labeling::open(&fixture.url).await.unwrap().work(PROJECT, "cats");
        for task in &answered {
            assert_eq!(after.task(*task).await.unwrap().task.answers, 1, "task {task}");
        }
        let filter = Filter { annotator: Some("ada".to_owned()), ..Filter::default() };
        for task in after.tasks(&filter, 0, 1000).await.unwrap().items {
            let whole = after.task(task.task).await.unwrap();
            let counted = whole.turns.iter().filter(|turn| turn.state.answered()).count() as i64;
            assert_eq!(whole.task.answers, counted);
            let noted = whole.history.iter().filter(|event| event.what == "submitted").count();
            assert_eq!(counted, noted as i64);
        }
        // Whoever goes on finds all the rest.
        let next = answer(&after, "ada", "dog", NOW).await.unwrap();
        assert!(!answered.contains(&next));
    }
}

/// The tasks that the program said were answered until it died.
fn killed_after(url: &str, count: usize) -> Vec<i64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::answers_until_it_is_killed", "--nocapture"])
        .env(URL, url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answered = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        if let Some(task) = line.strip_prefix("answered ") {
            answered.extend(task.parse::<i64>().ok());
        }
        if answered.len() == count {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    answered
}
