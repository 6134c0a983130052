use dais_labeling::{NewTask, Policy};

use crate::databases::{NOW, add, answer, choice, edit, fixtures, next, overlap, tasks};

#[tokio::test]
async fn figures_of_people_labels_and_the_whole() {
    for fixture in fixtures().await {
        let work = fixture.texts(Policy { gold_rate: 0.25, ..overlap(2) }).await;
        let mut all = tasks(4);
        all[3] = NewTask { gold: Some(choice("cat")), ..all[3].clone() };
        add(&work, &all).await;
        // Ada takes 1 and 9 seconds and once 5; the fourth that she gets has a known answer.
        for (label, seconds) in [("cat", 1), ("dog", 9), ("cat", 5), ("dog", 5)] {
            let held = next(&work, "ada", NOW).await.unwrap();
            let sent = NOW + seconds * 1000;
            work.submit("ada", held.task.task, &edit(0, label), sent).await.unwrap();
        }
        for label in ["cat", "dog", "dog"] {
            answer(&work, "bob", label, NOW).await;
        }
        crate::reviewing::decide(&work, 3, "bob", dais_labeling::Decision::Reject).await;
        let found = work.statistics().await.unwrap();
        let progress = &found.progress;
        assert_eq!((progress.tasks, progress.gold, progress.answered), (3, 1, 2));
        assert_eq!(progress.turns["ada"]["submitted"], 4);
        let ada = found.annotators.iter().find(|one| one.annotator == "ada").unwrap();
        assert_eq!((ada.answers, ada.median_seconds), (4, Some(5.0)));
        assert_eq!((ada.compared.gold_tasks, ada.compared.gold_exact), (1, Some(0.0)));
        let bob = found.annotators.iter().find(|one| one.annotator == "bob").unwrap();
        assert_eq!((bob.answers, bob.rejected, bob.median_seconds), (2, 1, Some(1.0)));
        assert_eq!((found.agreement.tasks, found.agreement.mean), (2, Some(1.0)));
        assert_eq!(found.agreement.pairs[0].cohen_kappa, Some(1.0));
        assert_eq!(found.agreement.labels[0].answers, 3);
        let json = serde_json::to_value(&found).unwrap();
        assert_eq!(json["annotators"][0]["goldAccuracy"], 0.0);
    }
}

#[tokio::test]
async fn an_empty_project_has_figures_too() {
    for fixture in fixtures().await {
        let work = fixture.texts(overlap(1)).await;
        let found = work.statistics().await.unwrap();
        assert_eq!((found.agreement.mean, found.agreement.fleiss_kappa), (None, None));
    }
}
