//! What a model says of tasks: asked once, kept once, tried again, given up.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use dais_labeling::{Answer, Labeling, NewTask, Outcome, Predicted, Prediction, Unpredicted, Work};

use crate::databases::{HOUR, NOW, PROJECT, add, choice, fixtures, labels, overlap, tasks};

/// Names the database to the program that is to be killed.
const URL: &str = "DAIS_LABELING_PREDICTING";

fn said(label: &str) -> Prediction {
    Prediction { answer: choice(label), score: Some(0.5), model: "cats/1".to_owned() }
}

async fn take(work: &Work, asked: &[Unpredicted], outcome: impl Fn() -> Outcome, now: i64) {
    let config = work.spec().await.unwrap().config;
    let outcomes: Vec<_> = asked.iter().map(|one| (one.clone(), outcome())).collect();
    work.take_outcomes(&config, &outcomes, now).await.unwrap();
}

async fn waiting(work: &Work, now: i64) -> Vec<Unpredicted> {
    work.unpredicted(now, 1000).await.unwrap()
}

#[tokio::test]
async fn a_task_is_asked_about_until_it_has_a_prediction() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        let imported = NewTask { predictions: vec![said("dog")], ..tasks(4).pop().unwrap() };
        add(&work, &tasks(3)).await;
        add(&work, &[imported]).await;
        let asked = waiting(&work, NOW).await;
        assert_eq!(asked.iter().map(|one| one.task.task).collect::<Vec<_>>(), [1, 2, 3]);
        take(&work, &asked[..1], || Outcome::Said(said("cat")), NOW).await;
        // Told twice, it is written once, and what was there stays.
        take(&work, &asked[..1], || Outcome::Said(said("dog")), NOW).await;
        let whole = work.task(1).await.unwrap();
        assert_eq!(whole.task.predictions, [said("cat")]);
        assert_eq!(whole.history.iter().filter(|event| event.what == "predicted").count(), 1);
        assert_eq!(waiting(&work, NOW).await.len(), 2);
        let expected = Predicted { predicted: 2, waiting: 2, failed: 0, reason: None };
        assert_eq!(work.predicted().await.unwrap(), expected);
        // It is where people begin, and no answer.
        let held = work.next("ada", NOW).await.unwrap().unwrap();
        assert_eq!((held.task.predictions, held.turn.answer), (vec![said("cat")], None));
    }
}

#[tokio::test]
async fn a_task_that_fails_holds_up_no_other_and_is_given_up_at_last() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(2)).await;
        let useless = || Outcome::Useless("no \u{0} label".to_owned());
        let asked = waiting(&work, NOW).await;
        take(&work, &asked[..1], useless, NOW).await;
        assert_eq!(waiting(&work, NOW).await[0].task.task, 2);
        let mut now = NOW;
        for attempt in 1..5 {
            now += HOUR;
            let again = waiting(&work, now).await;
            let first = again.iter().find(|one| one.task.task == 1).unwrap();
            assert_eq!(first.attempts, attempt);
            take(&work, std::slice::from_ref(first), useless, now).await;
        }
        assert_eq!(waiting(&work, now + 1000 * HOUR).await.len(), 1);
        let found = work.predicted().await.unwrap();
        assert_eq!((found.waiting, found.failed), (1, 1));
        assert_eq!(found.reason.as_deref(), Some("t0: no  label"));
        assert_eq!(work.predict_again("mia", now).await.unwrap(), 1);
        assert_eq!(work.predict_again("mia", now).await.unwrap(), 0);
        assert_eq!(waiting(&work, now).await.len(), 2);
        // Where there is no answer at all, the task is not to blame.
        for _ in 0..20 {
            now += HOUR;
            let all = waiting(&work, now).await;
            assert_eq!(all.len(), 2);
            take(&work, &all, || Outcome::Unanswered("it is away".to_owned()), now).await;
            assert_eq!(waiting(&work, now).await.len(), 0);
        }
        assert_eq!(work.predicted().await.unwrap().failed, 0);
    }
}

#[tokio::test]
async fn what_was_said_under_another_configuration_is_asked_again() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(1)).await;
        let asked = waiting(&work, NOW).await;
        let former = labels(dais_labeling::Kind::TextSpans);
        let outcome = (asked[0].clone(), Outcome::Said(said("cat")));
        work.take_outcomes(&former, &[outcome], NOW).await.unwrap();
        assert_eq!(waiting(&work, NOW).await.len(), 1);
    }
}

/// What the killed program does: keeps what is said of three tasks at a time, and tells so.
#[tokio::test]
async fn predicts_until_it_is_killed() {
    let Ok(url) = std::env::var(URL) else { return };
    let work = Labeling::open(&url).await.unwrap().work(PROJECT, "cats");
    loop {
        let asked = work.unpredicted(NOW, 3).await.unwrap();
        take(&work, &asked, || Outcome::Said(said("cat")), NOW).await;
        for one in asked {
            println!("\npredicted {}", one.task.task);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_loses_no_prediction_and_doubles_none() {
    const ALL: usize = 3_000;
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        add(&work, &tasks(ALL)).await;
        let url = fixture.url.clone();
        let told = tokio::task::spawn_blocking(move || killed_after(&url, 20)).await.unwrap();
        assert!(told.len() >= 20 && told.len() < ALL);
        let after = Labeling::open(&fixture.url).await.unwrap().work(PROJECT, "cats");
        for task in &told {
            assert_eq!(after.task(*task).await.unwrap().task.predictions.len(), 1, "task {task}");
        }
        let had = after.predicted().await.unwrap().predicted;
        let rest = after.unpredicted(NOW, ALL as u32).await.unwrap();
        assert_eq!(had as usize + rest.len(), ALL);
        take(&after, &rest, || Outcome::Said(said("cat")), NOW).await;
        for task in (1..=ALL as i64).step_by(97).chain(told) {
            let whole = after.task(task).await.unwrap();
            assert_eq!(whole.task.predictions, [said("cat")]);
            assert!(matches!(whole.task.predictions[0].answer, Answer::Choices(_)));
            let noted = whole.history.iter().filter(|event| event.what == "predicted").count();
            assert_eq!(noted, 1, "task {task}");
        }
    }
}

/// The tasks that the program said were predicted until it died.
fn killed_after(url: &str, count: usize) -> Vec<i64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "predicting::predicts_until_it_is_killed", "--nocapture"])
        .env(URL, url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        if let Some(task) = line.strip_prefix("predicted ") {
            told.extend(task.parse::<i64>().ok());
        }
        if told.len() == count {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    told
}
