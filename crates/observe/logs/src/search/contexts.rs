//! Points in time and scrolls: searches that go on looking at one state of the
//! store. Each belongs to the scope that opened it; to any other caller its id is
//! as unknown as one that never was.
//!
//! A context holds files of windows open, also of those that were dropped since;
//! so there are few of them and they end by themselves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use super::order::SortValue;
use super::request::Request;
use super::view::View;
use super::{Limits, render};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::scope::Scope;
use crate::store::Logs;
use crate::time;

/// The longest that a context lives without being used.
const MAX_KEEP: Duration = Duration::from_secs(24 * 3600);
/// One scope may hold this part of all contexts.
const SHARE: usize = 4;

/// The open contexts of a store.
#[derive(Default)]
pub struct Contexts {
    open: Mutex<HashMap<String, Context>>,
}

struct Context {
    scope: Scope,
    view: Arc<View>,
    until: Instant,
    keep: Duration,
    /// The index names of a point in time.
    indices: String,
    /// Where a scroll stands. `None`: this is a point in time.
    scroll: Option<Arc<Mutex<Request>>>,
}

impl Contexts {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Context>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        open.retain(|_, context| context.until > now);
        open
    }

    /// Ends what nobody used for long; the store calls it now and then.
    pub fn sweep(&self) {
        drop(self.lock());
    }

    fn add(&self, context: Context, limits: &Limits) -> Result<String> {
        let mut open = self.lock();
        let own = open.values().filter(|other| other.scope == context.scope).count();
        if open.len() >= limits.contexts || own >= limits.contexts.div_ceil(SHARE) {
            return Err(Error::Busy(format!(
                "[limit.contexts] too many open points in time and scrolls, {own} of them with these rights; close those that are done"
            )));
        }
        let id = Uuid::new_v4().simple().to_string();
        open.insert(id.clone(), context);
        Ok(id)
    }

    /// Ends a context of this scope; `false` when there is none.
    pub fn close(&self, id: &str, scope: &Scope) -> bool {
        let mut open = self.lock();
        let is_own = open.get(id).is_some_and(|context| context.scope == *scope);
        is_own && open.remove(id).is_some()
    }

    /// Ends all scrolls of this scope and says how many there were.
    pub fn close_scrolls(&self, scope: &Scope) -> usize {
        let mut open = self.lock();
        let before = open.len();
        open.retain(|_, context| context.scroll.is_none() || context.scope != *scope);
        before - open.len()
    }

    /// Uses a context of this scope, so that it lives on.
    fn touch<T>(
        &self,
        id: &str,
        keep: Option<Duration>,
        scope: &Scope,
        read: impl FnOnce(&Context) -> Option<T>,
    ) -> Result<T> {
        let mut open = self.lock();
        let context = open.get_mut(id).filter(|context| context.scope == *scope);
        let found = context.and_then(|context| {
            let found = read(context)?;
            context.keep = keep.unwrap_or(context.keep);
            context.until = Instant::now() + context.keep;
            Some(found)
        });
        found.ok_or_else(|| Error::NoContext(id.to_owned()))
    }
}

/// `keep_alive` or `scroll`: how long a context lives without being used.
pub fn parse_keep(text: &str, key: &str) -> Result<Duration> {
    let length = time::parse_length(text).and_then(|length| u64::try_from(length).ok());
    match length.map(Duration::from_nanos) {
        None => Err(Error::illegal(key, format!("[{text}] is no length such as 1m"))),
        Some(keep) if keep > MAX_KEEP => Err(Error::illegal(
            key,
            format!("Keep alive for request ({text}) is too large. It must be less than (1d)"),
        )),
        Some(keep) => Ok(keep),
    }
}

impl Logs {
    /// Holds on to the present state of the store, for searches with `pit`.
    pub fn open_pit(&self, indices: &str, keep: Duration, scope: &Scope) -> Result<String> {
        let context = Context {
            scope: scope.clone(),
            view: Arc::new(View::now(self)),
            until: Instant::now() + keep,
            keep,
            indices: indices.to_owned(),
            scroll: None,
        };
        self.contexts().add(context, &self.shared().config.limits)
    }

    pub(super) fn search_pit(
        &self,
        indices: &str,
        pit: &Value,
        body: &Value,
        scope: &Scope,
    ) -> Result<Value> {
        let started = Instant::now();
        let pit = Options::of(pit, "pit")?.only(&["id", "keep_alive"])?;
        let id = pit.text("id")?.ok_or_else(|| pit.bad("id", "the id of a point in time"))?;
        if indices != "_all" {
            return Err(Error::Query {
                kind: "action_request_validation_exception",
                clause: "pit".into(),
                reason: "[indices] cannot be used with point in time".into(),
            });
        }
        let keep =
            pit.text("keep_alive")?.map(|text| parse_keep(text, "keep_alive")).transpose()?;
        let (view, indices) = self.contexts().touch(id, keep, scope, |context| {
            context.scroll.is_none().then(|| (context.view.clone(), context.indices.clone()))
        })?;
        let request = Request::parse(&indices, body, scope)?;
        let answer = self.answer_in(&request, &view)?;
        let mut rendered = render(&request, answer, started);
        rendered["pit_id"] = id.into();
        Ok(rendered)
    }

    /// The first page of a search whose further pages `scroll` gives.
    pub fn open_scroll(
        &self,
        indices: &str,
        body: &Value,
        keep: Duration,
        scope: &Scope,
    ) -> Result<Value> {
        let started = Instant::now();
        let mut request = Request::parse(indices, body, scope)?;
        for key in ["from", "search_after", "pit"] {
            if body.get(key).is_some_and(|value| *value != json!(0)) {
                return Err(Error::illegal(key, format!("[{key}] cannot be used in a scroll")));
            }
        }
        let view = Arc::new(View::now(self));
        let answer = self.answer_in(&request, &view)?;
        let last = answer.hits.last().map(|hit| hit.sort.clone());
        let mut rendered = render(&request, answer, started);
        advance(&mut request, last);
        let context = Context {
            scope: scope.clone(),
            view,
            until: Instant::now() + keep,
            keep,
            indices: indices.to_owned(),
            scroll: Some(Arc::new(Mutex::new(request))),
        };
        rendered["_scroll_id"] = self.contexts().add(context, &self.shared().config.limits)?.into();
        Ok(rendered)
    }

    /// The next page of a scroll.
    pub fn scroll(&self, id: &str, keep: Option<Duration>, scope: &Scope) -> Result<Value> {
        let started = Instant::now();
        let (view, request) = self.contexts().touch(id, keep, scope, |context| {
            Some((context.view.clone(), context.scroll.clone()?))
        })?;
        let mut request = request.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = self.answer_in(&request, &view)?;
        let last = answer.hits.last().map(|hit| hit.sort.clone());
        let mut rendered = render(&request, answer, started);
        advance(&mut request, last);
        rendered["_scroll_id"] = id.into();
        Ok(rendered)
    }
}

/// The next page starts behind the last line of this one; only the first adds up.
fn advance(request: &mut Request, last: Option<Vec<SortValue>>) {
    request.aggregations.clear();
    request.search_after = last.or_else(|| request.search_after.take());
}
