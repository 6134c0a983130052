//! What is told of a request under a policy: to its test, to its shadow, to the record.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};

use crate::exposure::Exposure;
use crate::live::UnderWay;
use crate::policy::{Assignment, Choice, Policy, Record, is_drawn};
use crate::proxy::{Arrival, Forwarded, Way};
use crate::record::{Passing, Pending, Recorded, RecordedBody, content_type};
use crate::shadow::{self, Draft, Main};
use crate::span::Assigned;
use crate::table::Rule;
use crate::tee::{Kept, Tee};

/// Names one request of a test, to its caller and to its backend.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-dais-request-id");
/// The variant of a request that counts.
const VARIANT: HeaderName = HeaderName::from_static("x-dais-variant");

/// How a request ended, and who was chosen for it.
pub struct Outcome {
    pub forwarded: Forwarded,
    pub chosen: Option<Chosen>,
}

pub struct Chosen {
    service: Arc<str>,
    /// With the hash of the key, of a request that counts.
    counted: Option<(Arc<str>, u64)>,
}

impl From<Choice<'_>> for Chosen {
    fn from(choice: Choice<'_>) -> Self {
        let Choice { backend, variant, key_hash } = choice;
        Self { service: backend.service.clone(), counted: variant.cloned().zip(key_hash) }
    }
}

/// A request from where it is sent on to the head of its answer.
pub struct Observed<'a> {
    rule: &'a Rule,
    policy: &'a Policy,
    arrival: &'a Arrival<'a>,
    /// As in its header where a test gives one, else its trace's.
    id: String,
    method: Method,
    path: String,
    recording: Option<Recording>,
    draft: Option<Draft>,
    body: Kept,
}

/// A request that may be written down.
struct Recording {
    /// What is written down of its body.
    content_type: Option<HeaderValue>,
    is_drawn: bool,
    most: usize,
}

impl<'a> Observed<'a> {
    /// `request` is as the backend gets it.
    pub fn begin(
        (rule, policy): (&'a Rule, &'a Policy),
        arrival: &'a Arrival<'a>,
        request: &mut Request,
    ) -> Self {
        let id = match policy.assignment {
            Some(_) => {
                let id = format!("{:032x}", rand::random::<u128>());
                say(request.headers_mut(), REQUEST_ID, &id);
                id
            }
            None => format!("{:032x}", u128::from_be_bytes(arrival.identity.trace_id)),
        };
        let recording = policy.record.and_then(|record| Recording::of(record, request));
        let draft = policy.shadow.as_ref().and_then(|shadow| Draft::of(shadow, request));
        let recorded = recording.as_ref().map(|recording| recording.most);
        let kept = recorded.max(draft.as_ref().map(|_| shadow::MOST)).map(Kept::up_to);
        if kept.is_some() {
            let body = std::mem::take(request.body_mut());
            *request.body_mut() = Tee::body(body, kept.clone(), ());
        }
        Self {
            rule,
            policy,
            arrival,
            id,
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            recording,
            draft,
            body: kept.unwrap_or_default(),
        }
    }

    /// The answer as the caller gets it; `under_way` lives until its end.
    pub fn end(mut self, way: &Way, outcome: Outcome, under_way: UnderWay) -> Forwarded {
        let Outcome { mut forwarded, chosen } = outcome;
        if let Some(assignment) = &self.policy.assignment {
            let counted = chosen.as_ref().and_then(|chosen| chosen.counted.clone());
            self.tell_test(way, assignment, &mut forwarded, counted);
        }
        if forwarded.tunnel.is_some() {
            return Forwarded { under_way: Some(under_way), ..forwarded };
        }
        let draft = self.draft.take().filter(|_| forwarded.is_answered);
        let copy = draft.and_then(|draft| draft.take_slot(&self.policy.live));
        let is_failed = forwarded.response.status().is_server_error();
        let recording = self.recording.take();
        let recording = recording.filter(|recording| recording.is_drawn || is_failed);
        let recorded = recording.as_ref().map(|recording| recording.most);
        let kept = recorded.max(copy.as_ref().map(|_| shadow::MOST)).map(Kept::up_to);
        let response = kept.clone().unwrap_or_default();
        if let Some(copy) = copy {
            let main = Main {
                request_id: self.id.clone(),
                request: self.body.clone(),
                status: forwarded.response.status(),
                response: response.clone(),
            };
            tokio::spawn(copy.run(way.pool.clone(), main));
        }
        let head = &forwarded.response;
        let pending =
            recording.map(|recording| self.pending(way, (recording, chosen), head, response));
        let response = forwarded.response.map(|body| Tee::body(body, kept, (pending, under_way)));
        Forwarded { response, ..forwarded }
    }

    /// Says whose the request was and tells the test of it.
    fn tell_test(
        &self,
        way: &Way,
        assignment: &Assignment,
        forwarded: &mut Forwarded,
        counted: Option<(Arc<str>, u64)>,
    ) {
        let status = forwarded.response.status();
        let headers = forwarded.response.headers_mut();
        say(headers, REQUEST_ID, &self.id);
        headers.remove(VARIANT);
        let Some((variant, key_hash)) = counted else { return };
        say(headers, VARIANT, &variant);
        let test = &assignment.test;
        way.gateway.sinks().exposures.expose(Exposure {
            namespace: self.rule.target.namespace.clone(),
            test: test.clone(),
            uid: assignment.uid.clone(),
            variant: variant.clone(),
            request_id: self.id.clone(),
            key_hash,
            time: self.arrival.start,
            status,
            duration: self.arrival.began.elapsed(),
        });
        forwarded.assigned = Some(Assigned { test: test.clone(), variant });
    }

    /// What is written down when the answer has ended.
    fn pending(
        self,
        way: &Way,
        (recording, chosen): (Recording, Option<Chosen>),
        head: &Response<Body>,
        kept: Kept,
    ) -> Pending {
        let Recording { content_type: kind, most, .. } = recording;
        let backend = chosen.as_ref().map(|chosen| chosen.service.clone());
        let variant = chosen.and_then(|chosen| chosen.counted).map(|(variant, _)| variant);
        Pending {
            sink: way.gateway.sinks().records.clone(),
            request: Passing { content_type: kind, kept: self.body, most },
            response: Passing { content_type: content_type(head.headers()), kept, most },
            recorded: Some(Recorded {
                target: self.rule.target.clone(),
                identity: *self.arrival.identity,
                request_id: self.id,
                start: self.arrival.start,
                duration: self.arrival.began.elapsed(),
                method: self.method,
                path: self.path,
                user: self.arrival.user.clone(),
                status: head.status(),
                backend,
                variant,
                request: RecordedBody::default(),
                response: RecordedBody::default(),
            }),
        }
    }
}

impl Recording {
    fn of(record: Record, request: &Request) -> Option<Self> {
        let Record { percent, body_bytes, failures } = record;
        let is_drawn = is_drawn(percent);
        let content_type = content_type(request.headers());
        (is_drawn || failures).then_some(Self { content_type, is_drawn, most: body_bytes })
    }
}

/// A name that cannot stand in a header is left out.
fn say(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    match HeaderValue::from_str(value) {
        Ok(value) => drop(headers.insert(name, value)),
        Err(_) => drop(headers.remove(name)),
    }
}
