//! Which versions an advisory means: PEP 440's order, OSV's evaluation.

use std::str::FromStr;

use pep440_rs::Version;

use crate::osv::Event;

/// Characters of a version: real ones have some ten.
const LONGEST: usize = 200;
/// Events of one range: a fix on each of some branches.
const MOST_EVENTS: usize = 10_000;

/// A version that somebody has.
pub(crate) struct Installed {
    text: String,
    /// Without its local part: `2.1+cu121` has the flaws of `2.1`.
    version: Option<Version>,
}

impl Installed {
    pub(crate) fn new(text: &str) -> Self {
        let version = parse(text).map(Version::without_local);
        Self { text: text.to_owned(), version }
    }

    pub(crate) fn is_comparable(&self) -> bool {
        self.version.is_some()
    }

    pub(crate) fn is(&self, other: &str) -> bool {
        self.text == other || self.version.is_some() && self.version == parse(other)
    }
}

pub(crate) fn parse(text: &str) -> Option<Version> {
    (text.len() <= LONGEST).then(|| Version::from_str(text).ok())?
}

/// In this order where several are at one version: what is mended and introduced there
/// again is affected, and what is affected for the last time there still is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Fixed,
    Introduced,
    LastAffected,
}

/// Events by their versions; none is OSV's `0`, before every other.
#[derive(Debug)]
pub(crate) struct Range(Vec<(Option<Version>, Turn)>);

impl Range {
    /// `None` when one of the versions is not PEP 440's: its place is not known then.
    pub(crate) fn new(events: &[Event]) -> Option<Self> {
        if events.len() > MOST_EVENTS {
            return None;
        }
        let mut turns = Vec::new();
        for Event { introduced, fixed, last_affected } in events {
            let said = [
                (introduced, Turn::Introduced),
                (fixed, Turn::Fixed),
                (last_affected, Turn::LastAffected),
            ];
            for (text, turn) in said {
                match text.as_deref() {
                    None => {}
                    Some("0") => turns.push((None, turn)),
                    Some(text) => turns.push((Some(parse(text)?), turn)),
                }
            }
        }
        turns.sort();
        Some(Self(turns))
    }

    pub(crate) fn covers(&self, installed: &Installed) -> bool {
        if !installed.is_comparable() {
            return false;
        }
        let version = &installed.version;
        self.0.iter().fold(false, |is_inside, (at, turn)| match turn {
            Turn::Introduced if at <= version => true,
            Turn::Fixed if at <= version => false,
            Turn::LastAffected if at < version => false,
            _ => is_inside,
        })
    }

    /// The first version above that is mended.
    pub(crate) fn fixed_after(&self, installed: &Installed) -> Option<String> {
        let fixes = self.0.iter().filter(|(_, turn)| *turn == Turn::Fixed);
        let mut above = fixes.filter(|(at, _)| *at > installed.version);
        above.find_map(|(at, _)| at.as_ref()).map(ToString::to_string)
    }
}
