//! `serviceaccounts/token`: a token for the account, from whoever issues them.

use std::time::Duration;

use dais_schema::FieldError;
use serde_json::{Value, json};

use crate::config::TokenRequest;
use crate::http::body;
use crate::http::handle::Call;
use crate::http::respond::Answer;
use crate::object;
use crate::status::{Failure, Subject};

/// Bounds of Kubernetes for the life of a token, in seconds.
const SHORTEST: i64 = 600;
const LONGEST: i64 = 1 << 32;
const USUAL: i64 = 3600;

pub(crate) async fn create(call: &Call) -> Result<Answer, Failure> {
    let account =
        call.server.objects.expect(&call.resource, call.namespace(), &call.path.name).await?;
    let mut request = if call.body.is_empty() {
        json!({})
    } else {
        body::decode(&call.parts.headers, &call.body, None)?.value
    };
    let seconds =
        request.pointer("/spec/expirationSeconds").and_then(Value::as_i64).unwrap_or(USUAL);
    check_life(call, seconds)?;
    let audiences = request.pointer("/spec/audiences").and_then(Value::as_array);
    let audiences =
        audiences.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let bound = request.pointer("/spec/boundObjectRef").filter(|bound| bound.is_object()).cloned();
    let issued = call.server.tokens.issue(TokenRequest {
        namespace: call.namespace().to_owned(),
        service_account: call.path.name.clone(),
        uid: object::uid(&account.object).to_owned(),
        audiences,
        ttl: Duration::from_secs(seconds.unsigned_abs()),
        bound_object: bound,
    });
    let issued = issued.await.map_err(Failure::bad_request)?;
    if let Some(map) = request.as_object_mut() {
        map.insert("kind".into(), "TokenRequest".into());
        map.insert("apiVersion".into(), "authentication.k8s.io/v1".into());
    }
    object::set_meta(&mut request, "name", call.path.name.as_str());
    object::set_meta(&mut request, "namespace", call.namespace());
    object::set_meta(&mut request, "creationTimestamp", object::now());
    object::child_mut(&mut request, "spec").insert("expirationSeconds".into(), seconds.into());
    request["status"] = json!({"token": issued.token, "expirationTimestamp": issued.expires});
    Ok(Answer::value(201, object::canonical(request)))
}

fn check_life(call: &Call, seconds: i64) -> Result<(), Failure> {
    let why = if seconds < SHORTEST {
        "may not specify a duration less than 10 minutes"
    } else if seconds > LONGEST {
        "may not specify a duration larger than 2^32 seconds"
    } else {
        return Ok(());
    };
    let subject = Subject {
        group: "authentication.k8s.io",
        resource: "tokenrequests",
        kind: "TokenRequest",
        name: &call.path.name,
    };
    Err(Failure::invalid(
        subject,
        &[FieldError::invalid("spec.expirationSeconds", &seconds.into(), why)],
    ))
}
