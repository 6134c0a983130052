//! One copy of each text, and a number for it: the same few names and values make up
//! all labels.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

#[derive(Default)]
pub struct Symbols {
    texts: Vec<Arc<str>>,
    numbers: HashTable<u32>,
    hasher: RandomState,
}

impl Symbols {
    pub fn find(&self, text: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(text);
        self.numbers.find(hash, |number| *self.texts[*number as usize] == *text).copied()
    }

    /// The text's number, a new one when it is new.
    pub fn number(&mut self, text: &str) -> u32 {
        if let Some(known) = self.find(text) {
            return known;
        }
        let number =
            u32::try_from(self.texts.len()).expect("memory ends before four billion texts");
        self.texts.push(text.into());
        let (texts, hasher) = (&self.texts, &self.hasher);
        let hash = |number: &u32| hasher.hash_one(&*texts[*number as usize]);
        self.numbers.insert_unique(hasher.hash_one(text), number, hash);
        number
    }

    /// In the order of their numbers.
    pub fn texts(&self) -> &[Arc<str>] {
        &self.texts
    }

    pub fn text(&self, number: u32) -> &Arc<str> {
        &self.texts[number as usize]
    }
}
