//! Whose turn it is: a pure function of queues and jobs.
//!
//! Expected flow: what runs and what leaves takes its share; then the queues take
//! turns, the one with the smallest share first, and each offers its jobs in order.
//! A job that fits is let in. One that does not holds up those behind it where the
//! queue is strict, or while somebody makes room; else the next may try.
//!
//! Guarantees: no queue gives more than it and its cohort have; the same state leads
//! to the same plan; a job that waits is told for what.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use dais_api::conditions::reason;
use dais_api::{Preemption, Queue, QueueStrategy, StopPolicy, TrainingJob};
use dais_quantity::Amounts;
use kube::ResourceExt;

use super::book::Book;
use super::demand::{Demand, State};

/// Jobs at the head of a queue whose words follow every change; those behind are told
/// when something else becomes true of them.
const TOLD: usize = 20;

#[derive(Debug, Default)]
pub struct Plan {
    pub decisions: Vec<Decision>,
    /// Who waits in each queue, in order, with why.
    pub lines: BTreeMap<String, Vec<Waiting>>,
    /// Who has a share of a queue.
    pub holders: Vec<Standing>,
    pub book: Book,
}

/// A job that has a share.
#[derive(Debug)]
pub struct Standing {
    pub job: Arc<TrainingJob>,
    pub queue: String,
    pub amounts: Amounts,
    /// Whether it is on its way out.
    pub is_leaving: bool,
}

/// What is to be written into a job; no word takes the old one away.
#[derive(Debug)]
pub struct Decision {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub word: Option<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub queue: String,
    pub admitted: bool,
    pub reason: &'static str,
    pub message: String,
}

#[derive(Debug)]
pub struct Waiting {
    pub job: Arc<TrainingJob>,
    pub wants: Amounts,
    pub reason: &'static str,
    pub message: String,
}

pub fn plan(queues: &[Arc<Queue>], jobs: &[Arc<TrainingJob>]) -> Plan {
    let mut planning = Planning::new(queues, jobs.iter().filter_map(Demand::of).collect());
    planning.drain();
    planning.rest();
    planning.let_in();
    planning.tell();
    planning.plan
}

struct Planning {
    plan: Plan,
    /// Jobs that have a share.
    holders: Vec<Demand>,
    resting: Vec<Demand>,
    /// Jobs that may be let in, by queue, the last one first.
    offers: BTreeMap<String, Vec<Demand>>,
}

impl Planning {
    fn new(queues: &[Arc<Queue>], demands: Vec<Demand>) -> Self {
        let mut plan = Plan { book: Book::new(queues), ..Plan::default() };
        let (mut holders, mut resting, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        for demand in demands {
            match demand.state {
                State::Waiting => waiting.push(demand),
                State::Resting => resting.push(demand),
                State::Admitted | State::Leaving => {
                    plan.book.take(&demand.queue, &demand.amounts);
                    holders.push(demand);
                }
            }
        }
        waiting.sort_by_cached_key(Demand::turn);
        let mut offers: BTreeMap<String, Vec<Demand>> = BTreeMap::new();
        for demand in waiting {
            match obstacle(&plan.book, &demand) {
                Some((reason, message)) => wait(&mut plan, &demand, reason, message),
                None => offers.entry(demand.queue.clone()).or_default().push(demand),
            }
        }
        offers.values_mut().for_each(|offers| offers.reverse());
        Self { plan, holders, resting, offers }
    }

    /// Queues that are being emptied put their jobs back.
    fn drain(&mut self) {
        for holder in &mut self.holders {
            let spec = self.plan.book.spec(&holder.queue);
            let drained = spec.is_some_and(|spec| spec.stop_policy == StopPolicy::HoldAndDrain);
            if drained && holder.state == State::Admitted {
                holder.state = State::Leaving;
                let words = format!("Queue {:?} is being emptied", holder.queue);
                self.plan.decisions.push(holder.put_back(reason::HELD, words));
            }
        }
    }

    /// Suspended jobs ask again when they go on.
    fn rest(&mut self) {
        let words = self.resting.iter().map(|demand| demand.decision(None));
        self.plan.decisions.extend(words);
    }

    fn let_in(&mut self) {
        while let Some(queue) = self.next_queue() {
            let Some(offer) = self.offers.get_mut(&queue).and_then(Vec::pop) else {
                self.offers.remove(&queue);
                continue;
            };
            let Err(shortage) = self.plan.book.fits(&queue, &offer.amounts) else {
                self.admit(offer);
                continue;
            };
            wait(&mut self.plan, &offer, reason::QUEUED, shortage.words());
            let somebody_leaves = self.make_room(&offer);
            let spec = self.plan.book.spec(&queue);
            let is_strict = spec.is_some_and(|spec| spec.strategy == QueueStrategy::StrictFIFO);
            if is_strict || somebody_leaves {
                self.hold_up(&queue, &offer);
            }
        }
    }

    /// The queue that has taken least of its own, of those with somebody to offer.
    fn next_queue(&self) -> Option<String> {
        let share = |queue: &&String| self.plan.book.share(queue);
        let queues = self.offers.keys();
        queues.min_by(|a, b| share(a).total_cmp(&share(b))).cloned()
    }

    fn admit(&mut self, mut offer: Demand) {
        self.plan.book.take(&offer.queue, &offer.amounts);
        let word = Word {
            queue: offer.queue.clone(),
            admitted: true,
            reason: ADMITTED,
            message: format!("let in by Queue {:?}", offer.queue),
        };
        self.plan.decisions.push(offer.decision(Some(word)));
        offer.state = State::Admitted;
        self.holders.push(offer);
    }

    /// Those behind `first` wait for it.
    fn hold_up(&mut self, queue: &str, first: &Demand) {
        let behind = self.offers.remove(queue).unwrap_or_default();
        for demand in behind.iter().rev() {
            let words = format!("waits behind {}", as_seen_from(&demand.job, &first.job));
            wait(&mut self.plan, demand, reason::QUEUED, words);
        }
    }

    /// Puts jobs back so that `wanted` fits, where its queue does that; says whether
    /// somebody is on the way out.
    fn make_room(&mut self, wanted: &Demand) -> bool {
        let together = |holder: &Demand| self.plan.book.are_together(&holder.queue, &wanted.queue);
        let leaving = |holder: &Demand| holder.state == State::Leaving && together(holder);
        if self.holders.iter().any(leaving) {
            return true;
        }
        let spec = self.plan.book.spec(&wanted.queue);
        if spec.is_none_or(|spec| spec.preemption == Preemption::Never) {
            return false;
        }
        let victims = self.victims(wanted);
        for at in &victims {
            let victim = &mut self.holders[*at];
            victim.state = State::Leaving;
            let words = format!("made room for {}", as_seen_from(&victim.job, &wanted.job));
            self.plan.decisions.push(victim.put_back(reason::PREEMPTED, words));
        }
        !victims.is_empty()
    }

    /// The fewest that must go, the least important and newest first; none when that
    /// would not be enough.
    fn victims(&self, wanted: &Demand) -> Vec<usize> {
        let mut book = self.plan.book.clone();
        let own = book.is_own(&wanted.queue, &wanted.amounts);
        // What is lent comes back to whoever needs no more than its own.
        let borrowers = book.borrowers(&wanted.queue, &wanted.amounts).into_iter().filter(|_| own);
        let borrowers: HashSet<String> = borrowers.map(str::to_owned).collect();
        let may_go = |holder: &Demand| {
            holder.state == State::Admitted
                && (borrowers.contains(&holder.queue)
                    || holder.queue == wanted.queue && holder.priority < wanted.priority)
        };
        let mut order: Vec<usize> =
            (0..self.holders.len()).filter(|at| may_go(&self.holders[*at])).collect();
        order.sort_by_key(|at| {
            let holder = &self.holders[*at];
            let since = holder.job.status.as_ref().and_then(|s| s.admission.as_ref());
            (holder.priority, std::cmp::Reverse(since.map(|admission| admission.time.clone())))
        });
        let mut gone = Vec::new();
        for at in order {
            if book.fits(&wanted.queue, &wanted.amounts).is_ok() {
                break;
            }
            book.give_back(&self.holders[at].queue, &self.holders[at].amounts);
            gone.push(at);
        }
        if book.fits(&wanted.queue, &wanted.amounts).is_err() {
            return Vec::new();
        }
        // Whoever need not go stays, the most important first.
        let mut needed = Vec::new();
        for at in gone.into_iter().rev() {
            let holder = &self.holders[at];
            book.take(&holder.queue, &holder.amounts);
            if book.fits(&wanted.queue, &wanted.amounts).is_err() {
                book.give_back(&holder.queue, &holder.amounts);
                needed.push(at);
            }
        }
        needed
    }

    /// Words for those who wait, where they do not know them yet.
    fn tell(&mut self) {
        self.plan.holders.extend(self.holders.drain(..).map(|holder| Standing {
            is_leaving: holder.state == State::Leaving,
            job: holder.job,
            queue: holder.queue,
            amounts: holder.amounts,
        }));
        for (queue, line) in &mut self.plan.lines {
            line.sort_by_cached_key(|waiting| Demand::of(&waiting.job).map(|d| d.turn()));
            for (at, waiting) in line.iter_mut().enumerate() {
                if waiting.reason == reason::QUEUED {
                    let place = at + 1;
                    waiting.message =
                        format!("place {place} in Queue {queue:?}: {}", waiting.message);
                }
                let known = waiting.job.status.as_ref().and_then(|s| s.admission.as_ref());
                let is_known = known.is_some_and(|known| {
                    let same = known.reason == waiting.reason && known.queue == *queue;
                    // Why it was put back stays true until something else is.
                    let put_back = known.reason == reason::PREEMPTED;
                    (same || put_back)
                        && (at >= TOLD || known.message == waiting.message || put_back)
                });
                if is_known {
                    continue;
                }
                let word = Word {
                    queue: queue.clone(),
                    admitted: false,
                    reason: waiting.reason,
                    message: waiting.message.clone(),
                };
                self.plan.decisions.push(decision(&waiting.job, Some(word)));
            }
        }
    }
}

/// Reason of a job that was let in.
const ADMITTED: &str = "Admitted";

impl Demand {
    fn decision(&self, word: Option<Word>) -> Decision {
        decision(&self.job, word)
    }

    fn put_back(&self, reason: &'static str, message: String) -> Decision {
        let queue = self.queue.clone();
        self.decision(Some(Word { queue, admitted: false, reason, message }))
    }
}

fn decision(job: &TrainingJob, word: Option<Word>) -> Decision {
    Decision {
        namespace: job.namespace().unwrap_or_default(),
        name: job.name_any(),
        uid: job.uid().unwrap_or_default(),
        word,
    }
}

fn wait(plan: &mut Plan, demand: &Demand, reason: &'static str, message: String) {
    let (job, wants) = (demand.job.clone(), demand.amounts.clone());
    let waiting = Waiting { job, wants, reason, message };
    plan.lines.entry(demand.queue.clone()).or_default().push(waiting);
}

/// A job's name, for somebody who may know it.
fn as_seen_from(reader: &TrainingJob, job: &TrainingJob) -> String {
    if reader.namespace() == job.namespace() {
        return job.name_any();
    }
    "a job of another project".to_owned()
}

/// Why a job is not even offered.
fn obstacle(book: &Book, demand: &Demand) -> Option<(&'static str, String)> {
    let queue = &demand.queue;
    let project = demand.job.namespace().unwrap_or_default();
    let Some(spec) = book.spec(queue) else {
        let words = format!("spec.queue: there is no Queue {queue:?} (`dais queues` lists them)");
        return Some((reason::QUEUE_NOT_FOUND, words));
    };
    if !spec.projects.is_empty() && !spec.projects.contains(&project) {
        let words = format!("spec.queue: Queue {queue:?} is not for project {project:?}");
        return Some((reason::QUEUE_NOT_FOUND, words));
    }
    if spec.stop_policy != StopPolicy::None {
        let words = format!("Queue {queue:?} lets nobody in now");
        return Some((reason::HELD, words));
    }
    let shortage = book.could_fit(queue, &demand.amounts).err()?;
    let amount = |amount| dais_quantity::format(&shortage.resource, amount).0;
    let words = format!(
        "spec.resources: asks for {} {} over all replicas, Queue {queue:?} has {} at most",
        shortage.resource,
        amount(shortage.wanted),
        amount(shortage.of),
    );
    Some((reason::QUOTA_TOO_SMALL, words))
}

#[cfg(test)]
mod tests;
