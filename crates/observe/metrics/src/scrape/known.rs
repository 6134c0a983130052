//! The series of a target by the text that tells them, so that what was read once is
//! found again by one look: its place in the store, and whether it was told this time.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use foldhash::quality::RandomState;

use crate::error::Result;
use crate::labels::Labels;
use crate::sample::{STALE, Sample};
use crate::store::{self, Placed, Refusal, Store, moved};

/// Two hashes of a series' text. That two texts of one target have both in common is
/// less likely than a fault of memory.
pub type Key = (u64, u64);

#[derive(Default)]
pub struct Known {
    entries: HashMap<Key, Entry, foldhash::fast::RandomState>,
    hashers: (RandomState, RandomState),
    /// The head of the store that the places are in.
    generation: u64,
    /// Counts scrapes. It may start over: what is not told goes within one.
    turn: u16,
    /// Places of series whose text means something else now.
    orphans: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Entry {
    /// None: relabelling drops it.
    place: Option<u32>,
    turn: u16,
    /// It says itself when it ends.
    has_own_time: bool,
}

pub enum Whose {
    At(u32),
    Of(Labels),
    /// The same, where a new series must find room in its namespace.
    Bounded(Labels),
}

/// How many samples were refused.
#[derive(Debug, Default)]
pub struct Refused {
    /// Older than what is there.
    pub old: usize,
    /// Of new series, of which the namespace has as many as it may.
    pub new: usize,
}

/// Samples of one scrape.
#[derive(Default)]
pub struct Batch {
    samples: Vec<(Whose, Sample)>,
    told: Vec<(Key, bool)>,
    new: usize,
}

impl Batch {
    pub fn push(&mut self, key: Key, whose: Whose, sample: Sample, has_own_time: bool) {
        self.new += usize::from(!matches!(whose, Whose::At(_)));
        self.samples.push((whose, sample));
        self.told.push((key, has_own_time));
    }

    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Series that were not known.
    pub fn count_new(&self) -> usize {
        self.new
    }
}

impl Known {
    pub fn key(&self, text: &str) -> Key {
        (self.hashers.0.hash_one(text), self.hashers.1.hash_one(text))
    }

    /// None when it is new; `Some(None)` when it is dropped.
    pub fn find(&mut self, key: Key) -> Option<Option<u32>> {
        let entry = self.entries.get_mut(&key)?;
        if entry.place.is_none() {
            entry.turn = self.turn.wrapping_add(1);
        }
        Some(entry.place)
    }

    pub fn drop(&mut self, key: Key) {
        let entry = Entry { place: None, turn: self.turn.wrapping_add(1), has_own_time: true };
        self.entries.insert(key, entry);
    }

    /// Follows the store to its present head.
    pub fn catch_up(&mut self, store: &Store) {
        let (generation, moves) = store.moves_since(self.generation);
        if generation == self.generation {
            return;
        }
        self.generation = generation;
        // What nobody asked for through so many heads ended long ago.
        let Some(moves) = moves else {
            self.entries.clear();
            self.orphans.clear();
            return;
        };
        self.entries.retain(|_, entry| match &mut entry.place {
            None => true,
            Some(place) => moved(*place, &moves).map(|next| *place = next).is_some(),
        });
        self.orphans = self.orphans.iter().filter_map(|place| moved(*place, &moves)).collect();
    }

    /// Appends a scrape, and markers for the series that it no longer tells. Gives how
    /// many were refused; none, and nothing done, when the head is another by now.
    pub fn append(&mut self, store: &Store, batch: Batch, time: i64) -> Result<Option<Refused>> {
        let turn = self.turn.wrapping_add(1);
        // Also when it fails: what was told now and is not next time is gone then.
        self.turn = turn;
        for (key, has_own_time) in &batch.told {
            if let Some(entry) = self.entries.get_mut(key) {
                (entry.turn, entry.has_own_time) = (turn, *has_own_time);
            }
        }
        let gone = self.entries.values().filter(|entry| entry.turn != turn && !entry.has_own_time);
        let gone: Vec<u32> = gone.filter_map(|entry| entry.place).collect();
        let told = batch.samples.iter().map(|(whose, sample)| match whose {
            Whose::At(place) => (store::Whose::At(*place), *sample),
            Whose::Of(labels) => (store::Whose::Of(labels), *sample),
            Whose::Bounded(labels) => (store::Whose::Bounded(labels), *sample),
        });
        let mut all: Vec<(store::Whose<'_>, Sample)> = told.collect();
        all.extend(gone.into_iter().map(|place| ended(place, time)));
        let Some(placed) = store.append_at(self.generation, all.into_iter())? else {
            return Ok(None);
        };
        self.entries.retain(|_, entry| entry.turn == turn);
        self.remember(&batch, &placed);
        self.end_orphans(store, &placed, time)?;
        let is_new = |(_, reason): &&(usize, Refusal)| *reason == Refusal::TooMany;
        let new = placed.refused.iter().filter(is_new).count();
        Ok(Some(Refused { old: placed.refused.len() - new, new }))
    }

    fn remember(&mut self, batch: &Batch, placed: &Placed) {
        for ((key, has_own_time), place) in batch.told.iter().zip(&placed.places) {
            if place.is_some() {
                let entry = Entry { place: *place, turn: self.turn, has_own_time: *has_own_time };
                self.entries.insert(*key, entry);
            }
        }
    }

    /// Ends the series that go by no text any more.
    fn end_orphans(&mut self, store: &Store, placed: &Placed, time: i64) -> Result<()> {
        if self.orphans.is_empty() {
            return Ok(());
        }
        let told: HashSet<u32> = placed.places.iter().flatten().copied().collect();
        self.orphans.retain(|place| !told.contains(place));
        let ends: Vec<_> = self.orphans.iter().map(|place| ended(*place, time)).collect();
        // Where the head moved meanwhile they are tried again at the next scrape.
        if store.append_at(self.generation, ends.into_iter())?.is_some() {
            self.orphans.clear();
        }
        Ok(())
    }

    /// The same texts may be other series from now on.
    pub fn forget(&mut self) {
        let places = self.entries.drain().filter(|(_, entry)| !entry.has_own_time);
        self.orphans.extend(places.filter_map(|(_, entry)| entry.place));
    }

    /// Ends all series.
    pub fn end(&mut self, store: &Store, time: i64) -> Result<()> {
        self.forget();
        loop {
            self.catch_up(store);
            let ends: Vec<_> = self.orphans.iter().map(|place| ended(*place, time)).collect();
            if store.append_at(self.generation, ends.into_iter())?.is_some() {
                return Ok(());
            }
        }
    }
}

fn ended(place: u32, time: i64) -> (store::Whose<'static>, Sample) {
    (store::Whose::At(place), Sample { time, value: STALE })
}
