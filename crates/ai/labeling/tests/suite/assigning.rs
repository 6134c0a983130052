use dais_labeling::{Assigned, Assignment, NewTask, Policy};

use crate::databases::{NOW, add, answer, choice, fixtures, next, overlap, tasks};

#[tokio::test]
async fn people_work_through_their_lists() {
    for fixture in fixtures().await {
        let policy = Policy { assignment: Assignment::Person, ..overlap(1) };
        let work = fixture.texts(policy).await;
        add(&work, &tasks(3)).await;
        assert!(next(&work, "ada", NOW).await.is_none());
        let done = work.assign("mia", "ada", &[3, 1], NOW).await.unwrap();
        assert_eq!(done, Assigned { assigned: 2, full: 0 });
        let done = work.assign("mia", "bob", &[1, 2], NOW).await.unwrap();
        assert_eq!(done, Assigned { assigned: 1, full: 1 });
        let refused = work.assign("mia", "eve", &[9], NOW).await.unwrap_err();
        assert!(refused.to_string().contains("no task 9"), "{refused}");
        assert_eq!(answer(&work, "ada", "cat", NOW).await, Some(1));
        // A list does not expire.
        let year = 365 * 24 * crate::databases::HOUR;
        assert_eq!(next(&work, "ada", NOW).await.unwrap().task.task, 3);
        assert_eq!(answer(&work, "bob", "cat", NOW + year).await, Some(2));
        assert_eq!(answer(&work, "ada", "cat", NOW + year).await, Some(3));
        assert_eq!(answer(&work, "ada", "cat", NOW + year).await, None);
    }
}

#[tokio::test]
async fn lists_are_made_of_the_queue() {
    for fixture in fixtures().await {
        let policy = Policy { assignment: Assignment::Person, ..overlap(2) };
        let work = fixture.texts(policy).await;
        add(&work, &tasks(5)).await;
        for who in ["ada", "bob"] {
            let done = work.assign_next("mia", who, 3, NOW).await.unwrap();
            assert_eq!(done, Assigned { assigned: 3, full: 0 }, "{who}");
        }
        // Two people have the first three: the next of the queue are the others.
        let done = work.assign_next("mia", "eve", 10, NOW).await.unwrap();
        assert_eq!(done, Assigned { assigned: 2, full: 0 });
        assert_eq!(next(&work, "eve", NOW).await.unwrap().task.task, 4);
        // Nobody gets again what they have.
        let done = work.assign_next("mia", "ada", 10, NOW).await.unwrap();
        assert_eq!(done, Assigned { assigned: 2, full: 0 });
        assert!(work.assign_next("mia", "ada", 0, NOW).await.is_err());
    }
}

#[tokio::test]
async fn known_tasks_are_mixed_in_at_their_rate() {
    for fixture in fixtures().await {
        let work = fixture.texts(Policy { gold_rate: 0.25, ..overlap(1) }).await;
        let mut all = tasks(30);
        for task in &mut all[20..] {
            task.gold = Some(choice("cat"));
        }
        add(&work, &all).await;
        for who in ["ada", "bob"] {
            let mut known = 0;
            for _ in 0..12 {
                let held = next(&work, who, NOW).await.unwrap();
                assert_eq!(held.task.gold, None);
                known += i32::from(held.task.task > 20);
                answer(&work, who, "cat", NOW).await;
            }
            assert_eq!(known, 3, "{who}");
        }
    }
}

#[tokio::test]
async fn a_task_without_known_answer_is_left_where_known_ones_run_out() {
    for fixture in fixtures().await {
        let work = fixture.texts(Policy { gold_rate: 1.0, ..overlap(1) }).await;
        let known = NewTask { gold: Some(choice("cat")), ..tasks(2)[1].clone() };
        add(&work, &[tasks(1)[0].clone(), known]).await;
        assert_eq!(answer(&work, "ada", "cat", NOW).await, Some(2));
        assert_eq!(answer(&work, "ada", "cat", NOW).await, Some(1));
    }
}

#[tokio::test]
async fn what_somebody_leaves_undone_goes_to_others() {
    for fixture in fixtures().await {
        let policy = Policy { assignment: Assignment::Person, ..overlap(1) };
        let work = fixture.texts(policy).await;
        add(&work, &tasks(3)).await;
        work.assign("mia", "ada", &[1, 2, 3], NOW).await.unwrap();
        answer(&work, "ada", "cat", NOW).await;
        next(&work, "ada", NOW).await;
        assert_eq!(work.release("mia", "ada", NOW).await.unwrap(), 2);
        assert_eq!(work.release("mia", "ada", NOW).await.unwrap(), 0);
        let done = work.assign("mia", "bob", &[1, 2, 3], NOW).await.unwrap();
        assert_eq!(done, Assigned { assigned: 2, full: 1 });
    }
}
