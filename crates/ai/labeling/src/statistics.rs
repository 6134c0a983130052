//! Figures of a labelling project: how far it is, how fast people are, how they agree.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::agreement::measure::{Agreement, Compared, Item, agreement, compare};
use crate::sql::{fetch, number, text};
use crate::store::Work;
use crate::task::{TaskState, TurnState, optional};
use crate::{Error, Result};

/// Tasks without a known answer, by state, and what people did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    pub tasks: i64,
    pub todo: i64,
    pub started: i64,
    pub answered: i64,
    pub reviewed: i64,
    /// Those that need nothing more: reviewed, or answered where there is no review.
    pub done: i64,
    /// Answers to look at.
    pub to_review: i64,
    /// Tasks with a known answer.
    pub gold: i64,
    /// By annotator and then state.
    pub turns: BTreeMap<String, BTreeMap<String, i64>>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statistics {
    pub progress: Progress,
    pub agreement: Agreement,
    pub annotators: Vec<Annotator>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotator {
    pub annotator: String,
    /// That count now.
    pub answers: i64,
    pub skipped: i64,
    pub accepted: i64,
    pub corrected: i64,
    /// Rejections, however the answer ended.
    pub rejected: i64,
    /// From when a task was opened to its answer.
    pub median_seconds: Option<f64>,
    #[serde(flatten)]
    pub compared: Compared,
}

/// An answer that counts, as it is stored.
struct Stored {
    task: i64,
    annotator: String,
    answer: String,
    gold: String,
    milliseconds: i64,
}

impl Work {
    pub async fn progress(&self) -> Result<Progress> {
        let known = self.known().await?;
        let work = known.work;
        let query = "SELECT state, CASE WHEN gold = '' THEN 0 ELSE 1 END, COUNT(*),
            CAST(SUM(pending) AS BIGINT)
            FROM labeling_tasks WHERE work = $1
            GROUP BY state, CASE WHEN gold = '' THEN 0 ELSE 1 END";
        let mut progress = Progress::default();
        for row in fetch(self.pool(), query, [work.into()], "count tasks").await? {
            let count = number(&row, 2)?;
            if number(&row, 1)? == 1 {
                progress.gold += count;
                continue;
            }
            progress.tasks += count;
            progress.to_review += number(&row, 3)?;
            match TaskState::parse(&text(&row, 0)?) {
                Some(TaskState::Started) => progress.started += count,
                Some(TaskState::Answered) => progress.answered += count,
                Some(TaskState::Reviewed) => progress.reviewed += count,
                Some(TaskState::Todo) | None => progress.todo += count,
            }
        }
        progress.done = match known.spec.policy.review {
            true => progress.reviewed,
            false => progress.answered + progress.reviewed,
        };
        let query = "SELECT annotator, state, COUNT(*) FROM labeling_turns WHERE work = $1
            GROUP BY annotator, state";
        for row in fetch(self.pool(), query, [work.into()], "count answers").await? {
            let of = progress.turns.entry(text(&row, 0)?).or_default();
            of.insert(text(&row, 1)?, number(&row, 2)?);
        }
        Ok(progress)
    }

    /// All figures; reads every answer that counts.
    pub async fn statistics(&self) -> Result<Statistics> {
        let known = self.known().await?;
        let progress = self.progress().await?;
        let rejected = self.rejections(known.work).await?;
        let stored = self.answers(known.work).await?;
        let computed = move || -> Result<Statistics> {
            let seconds = medians(&stored);
            let items = items(stored)?;
            let compared = compare(&items);
            let of = |(name, turns): (&String, &BTreeMap<String, i64>)| {
                let count = |state: TurnState| turns.get(state.word()).copied().unwrap_or(0);
                let (accepted, corrected) =
                    (count(TurnState::Accepted), count(TurnState::Corrected));
                Annotator {
                    annotator: name.clone(),
                    answers: count(TurnState::Submitted) + accepted + corrected,
                    skipped: count(TurnState::Skipped),
                    accepted,
                    corrected,
                    rejected: rejected.get(name).copied().unwrap_or(0),
                    median_seconds: seconds.get(name).copied(),
                    compared: compared.get(name).cloned().unwrap_or_default(),
                }
            };
            Ok(Statistics {
                annotators: progress.turns.iter().map(of).collect(),
                agreement: agreement(&known.spec.config, &items),
                progress,
            })
        };
        let done = tokio::task::spawn_blocking(computed).await;
        done.map_err(|source| Error::Write { what: "statistics", source: source.into() })?
    }

    async fn rejections(&self, work: i64) -> Result<BTreeMap<String, i64>> {
        let query = "SELECT whose, COUNT(*) FROM labeling_history
            WHERE work = $1 AND what = 'rejected' GROUP BY whose";
        let rows = fetch(self.pool(), query, [work.into()], "count rejections").await?;
        rows.iter().map(|row| Ok((text(row, 0)?, number(row, 1)?))).collect()
    }

    async fn answers(&self, work: i64) -> Result<Vec<Stored>> {
        let query = "SELECT u.task, u.annotator, u.answer, t.gold, u.submitted - u.leased
            FROM labeling_turns u JOIN labeling_tasks t ON t.work = u.work AND t.task = u.task
            WHERE u.work = $1 AND u.state IN ('submitted', 'accepted', 'corrected')
            ORDER BY u.task, u.annotator";
        let rows = fetch(self.pool(), query, [work.into()], "read answers").await?;
        let read = |row| {
            Ok(Stored {
                task: number(row, 0)?,
                annotator: text(row, 1)?,
                answer: text(row, 2)?,
                gold: text(row, 3)?,
                milliseconds: number(row, 4)?,
            })
        };
        rows.iter().map(read).collect()
    }
}

fn items(stored: Vec<Stored>) -> Result<Vec<Item>> {
    let mut items: Vec<Item> = Vec::new();
    let mut last = None;
    for one in stored {
        if last != Some(one.task) {
            last = Some(one.task);
            let gold = optional("a known answer", &one.gold)?;
            items.push(Item { gold, answers: Vec::new() });
        }
        if let (Some(item), Some(answer)) = (items.last_mut(), optional("an answer", &one.answer)?)
        {
            item.answers.push((one.annotator, answer));
        }
    }
    Ok(items)
}

/// Seconds of each annotator. Answers without a duration, as from elsewhere, say nothing.
fn medians(stored: &[Stored]) -> BTreeMap<String, f64> {
    let mut took: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for one in stored.iter().filter(|one| one.milliseconds > 0) {
        took.entry(&one.annotator).or_default().push(one.milliseconds);
    }
    let median = |mut all: Vec<i64>| {
        all.sort_unstable();
        let half = all.len() / 2;
        let twice = if all.len() % 2 == 1 { 2 * all[half] } else { all[half - 1] + all[half] };
        twice as f64 / 2000.0
    };
    took.into_iter().map(|(name, all)| (name.to_owned(), median(all))).collect()
}
