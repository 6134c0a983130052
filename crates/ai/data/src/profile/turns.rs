//! Whose turn it is: projects one after the other, whatever each of them has waiting.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

pub(super) struct Turns(Arc<Mutex<Queue>>);

struct Queue {
    free: usize,
    /// The project that was served last comes last.
    waiting: VecDeque<(String, VecDeque<oneshot::Sender<Turn>>)>,
}

/// Ends when dropped.
pub(super) struct Turn(Option<Arc<Mutex<Queue>>>);

fn locked(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let (project, mut its) = self.waiting.pop_front()?;
        let next = its.pop_front();
        if !its.is_empty() {
            self.waiting.push_back((project, its));
        }
        next
    }
}

/// Gives what is free to who waits.
fn serve(queue: &Arc<Mutex<Queue>>) {
    loop {
        let next = {
            let mut queue = locked(queue);
            let next = if queue.free > 0 { queue.next() } else { None };
            queue.free -= usize::from(next.is_some());
            next
        };
        let Some(next) = next else { return };
        if let Err(mut unwanted) = next.send(Turn(Some(queue.clone()))) {
            // Nobody waits for it any more.
            unwanted.0 = None;
            locked(queue).free += 1;
        }
    }
}

impl Turns {
    /// So many at a time.
    pub fn new(at_once: usize) -> Turns {
        Turns(Arc::new(Mutex::new(Queue { free: at_once, waiting: VecDeque::new() })))
    }

    /// Waits for the project's turn.
    pub async fn turn(&self, project: &str) -> Turn {
        let (send, turn) = oneshot::channel();
        {
            let mut queue = locked(&self.0);
            match queue.waiting.iter_mut().find(|(of, _)| of == project) {
                Some((_, its)) => its.push_back(send),
                None => queue.waiting.push_back((project.to_owned(), [send].into())),
            }
        }
        serve(&self.0);
        turn.await.expect("a sender that is not served stays in the queue")
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            locked(&queue).free += 1;
            serve(&queue);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_project_with_one_does_not_wait_for_all_of_another() {
        let turns = Arc::new(Turns::new(1));
        let first = turns.turn("a").await;
        let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
        let mut running = Vec::new();
        for project in ["a", "a", "a", "b", "c"] {
            let (turns, told) = (turns.clone(), told.clone());
            running.push(tokio::spawn(async move {
                let _turn = turns.turn(project).await;
                told.send(project).expect("listens");
            }));
            tokio::task::yield_now().await;
        }
        // One that gave up takes nobody's turn.
        let given_up = running.remove(1);
        given_up.abort();
        assert!(given_up.await.expect_err("aborted").is_cancelled());
        drop(first);
        for one in running {
            one.await.expect("ends");
        }
        drop(told);
        let mut seen = Vec::new();
        while let Some(project) = order.recv().await {
            seen.push(project);
        }
        assert_eq!(seen, ["a", "b", "c", "a"]);
        assert_eq!(locked(&turns.0).free, 1);
    }
}
