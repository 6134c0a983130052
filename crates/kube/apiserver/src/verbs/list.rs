//! List: selectors, pages, and what a resource version means for them.

use std::time::Duration;

use dais_schema::FieldError;
use dais_store::{ListOptions, Revision};
use serde_json::Value;

use crate::http::handle::Call;
use crate::http::respond::{Answer, List};
use crate::select::Selector;
use crate::status::Failure;
use crate::storage::continuation::Continuation;

/// How long a request waits for a version that has not been reached, as in Kubernetes.
const PATIENCE: Duration = Duration::from_secs(3);

pub(crate) async fn list(call: &Call) -> Result<Answer, Failure> {
    let selector = Selector::parse(&call.query, &call.resource)?;
    Ok(Answer::list(page(call, &selector).await?))
}

/// One page of the objects that a selector wants.
pub(crate) async fn page(call: &Call, selector: &Selector) -> Result<List, Failure> {
    call.query.integer("timeoutSeconds")?;
    let limit = call
        .query
        .integer("limit")?
        .and_then(|limit| usize::try_from(limit).ok())
        .filter(|limit| *limit > 0);
    let asked = Asked::parse(call)?;
    let at = match &asked {
        Asked::Newest => None,
        Asked::NotOlder(revision) => {
            wait_for(call, Some(*revision)).await?;
            None
        }
        Asked::Exactly(revision) => {
            wait_for(call, Some(*revision)).await?;
            Some(*revision)
        }
        Asked::Continue(token) => Some(token.revision),
    };
    let start_after = match &asked {
        Asked::Continue(token) => Some(token.after.clone()),
        _ => None,
    };
    let limit = if call.query.get("resourceVersion") == Some("0") { None } else { limit };
    collect(call, selector, Wanted { at, start_after, limit }).await
}

struct Wanted {
    at: Option<Revision>,
    /// Relative to the listed prefix.
    start_after: Option<String>,
    limit: Option<usize>,
}

async fn collect(call: &Call, selector: &Selector, wanted: Wanted) -> Result<List, Failure> {
    let prefix = call.resource.scope_prefix(call.namespace());
    let mut at = wanted.at;
    let mut after = wanted.start_after;
    let mut entries = Vec::new();
    loop {
        let missing = wanted.limit.map(|limit| limit - entries.len());
        // With a selector more is read than is kept: not one object at a time.
        let ask = missing
            .map(|missing| if selector.is_everything() { missing } else { missing.max(200) });
        let options = ListOptions {
            start_after: after.as_ref().map(|after| format!("{prefix}{after}")),
            limit: ask,
            at,
        };
        let listed = call.server.objects.list(&call.resource, &prefix, options).await?;
        at = Some(listed.revision);
        let before = entries.len();
        let mut remaining = listed.remaining;
        let total = listed.entries.len();
        for (position, entry) in listed.entries.into_iter().enumerate() {
            if selector.is_everything() || selector.matches(&call.resource, &entry.object) {
                entries.push(entry);
                if Some(entries.len()) == wanted.limit {
                    remaining += total - position - 1;
                    break;
                }
            }
        }
        let full = wanted.limit.is_some_and(|limit| entries.len() >= limit);
        if full || listed.remaining == 0 {
            return Ok(finish(call, selector, (entries, listed.revision, remaining)));
        }
        debug_assert!(entries.len() >= before);
        after = listed.last;
    }
}

type Collected = (Vec<std::sync::Arc<crate::storage::Entry>>, Revision, usize);

fn finish(call: &Call, selector: &Selector, (entries, revision, remaining): Collected) -> List {
    let last = entries.last().filter(|_| remaining > 0);
    let continuation = last
        .map(|entry| Continuation { revision, after: relative_key(call, &entry.object) }.encode());
    let remaining = (continuation.is_some() && selector.is_everything()).then_some(remaining);
    List { entries, revision, continuation, remaining }
}

fn relative_key(call: &Call, object: &Value) -> String {
    let key = call.resource.key(crate::object::namespace(object), crate::object::name(object));
    key[call.resource.scope_prefix(call.namespace()).len()..].to_owned()
}

/// What the version parameters of a list ask for.
enum Asked {
    Newest,
    NotOlder(Revision),
    Exactly(Revision),
    Continue(Continuation),
}

impl Asked {
    fn parse(call: &Call) -> Result<Asked, Failure> {
        let given = call.query.get("resourceVersion").filter(|text| !text.is_empty());
        let matching = call.query.get("resourceVersionMatch").filter(|text| !text.is_empty());
        let token = call.query.get("continue").filter(|text| !text.is_empty());
        check_match(call, given, matching, token)?;
        if let Some(token) = token {
            if given.is_some_and(|version| version != "0") {
                return Err(Failure::bad_request(
                    "specifying resource version is not allowed when using continue",
                ));
            }
            return Continuation::decode(token).map(Asked::Continue);
        }
        let revision = version(call, "resourceVersion").map_err(|text| {
            Failure::bad_request(format!("resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"))
        })?;
        match (revision, matching) {
            (None | Some(0), _) => Ok(Asked::Newest),
            (Some(revision), Some("Exact")) => Ok(Asked::Exactly(revision)),
            // A page with a version and no rule is served at exactly that version.
            (Some(revision), None)
                if call.query.integer("limit")?.is_some_and(|limit| limit > 0) =>
            {
                Ok(Asked::Exactly(revision))
            }
            (Some(revision), _) => Ok(Asked::NotOlder(revision)),
        }
    }
}

fn check_match(
    call: &Call,
    given: Option<&str>,
    matching: Option<&str>,
    token: Option<&str>,
) -> Result<(), Failure> {
    let mut errors = Vec::new();
    let field = "resourceVersionMatch";
    if let Some(rule) = matching {
        if given.is_none() {
            errors.push(FieldError::forbidden(
                field,
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            ));
        }
        if token.is_some() {
            errors.push(FieldError::forbidden(
                field,
                "resourceVersionMatch is forbidden when continue is provided",
            ));
        }
        if !matches!(rule, "Exact" | "NotOlderThan") {
            errors.push(FieldError::unsupported(
                field,
                &Value::from(rule),
                &["Exact", "NotOlderThan", ""],
            ));
        }
        if rule == "Exact" && given == Some("0") {
            let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            errors.push(FieldError::forbidden(field, why));
        }
    }
    if call.query.get("sendInitialEvents").is_some_and(|text| !text.is_empty()) {
        errors.push(FieldError::forbidden(
            "sendInitialEvents",
            "sendInitialEvents is forbidden for list",
        ));
    }
    if errors.is_empty() { Ok(()) } else { Err(Failure::invalid_options("ListOptions", &errors)) }
}

/// A version parameter; the offending text where it is no number.
pub(crate) fn version(call: &Call, name: &str) -> Result<Option<Revision>, String> {
    match call.query.get(name).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| text.to_owned()),
    }
}

/// What a get or a watch says of a version that is no number.
pub(crate) fn unparsable(call: &Call) -> Failure {
    let text = call.query.get("resourceVersion").unwrap_or_default();
    Failure::unreasoned(format!(
        "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
    ))
}

/// Waits until a version is reached.
///
/// # Errors
/// 504 when it is not reached in time.
pub(crate) async fn wait_for(call: &Call, revision: Option<Revision>) -> Result<(), Failure> {
    let store = call.server.objects.store();
    let Some(revision) = revision.filter(|revision| *revision > store.revision()) else {
        return Ok(());
    };
    let deadline = tokio::time::Instant::now() + PATIENCE;
    // A version from the future is almost always a mistake and seldom a race, so
    // looking a few times costs less than a notification for everybody.
    while store.revision() < revision {
        if tokio::time::Instant::now() >= deadline {
            return Err(Failure::too_new(revision, store.revision()));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
