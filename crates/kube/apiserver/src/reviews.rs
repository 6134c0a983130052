//! Questions that are answered and not stored: who am I, may somebody do this.

use serde_json::{Map, Value, json};

use crate::authz::{Attributes, Policy, Rule};
use crate::config::UserInfo;
use crate::http::body;
use crate::http::handle::Call;
use crate::http::respond::Answer;
use crate::object;
use crate::registry::Resource;
use crate::status::{Failure, Subject};
use crate::verbs::write;
use dais_schema::FieldError;

pub(crate) fn is_review(resource: &Resource) -> bool {
    matches!(resource.group.as_str(), "authentication.k8s.io" | "authorization.k8s.io")
}

pub(crate) async fn create(call: &Call) -> Result<Answer, Failure> {
    let mut review = body::decode(&call.parts.headers, &call.body, None)?.value;
    write::check_kind(&call.resource, &mut review)?;
    object::metadata_mut(&mut review);
    if call.resource.plural != "selfsubjectreviews"
        && call.resource.plural != "selfsubjectrulesreviews"
    {
        write::track(
            &call.resource,
            &mut review,
            None,
            &write::Writer::of(call, "CreateOptions")?,
            "",
        );
    }
    let policy = call.server.policy.current().await?;
    let status = match call.resource.plural.as_str() {
        "selfsubjectreviews" => {
            object::set_meta(&mut review, "creationTimestamp", object::now());
            json!({"userInfo": user_info(&call.user)})
        }
        "tokenreviews" => token(call, &review).await?,
        "selfsubjectrulesreviews" => rules(call, &policy, &review)?,
        _ => access(call, &policy, &review)?,
    };
    review["status"] = status;
    if call.resource.plural == "selfsubjectrulesreviews" {
        review["spec"] = json!({});
    }
    Ok(Answer::value(201, object::canonical(review)))
}

fn user_info(user: &UserInfo) -> Value {
    let mut info = Map::new();
    info.insert("username".into(), user.username.as_str().into());
    if let Some(uid) = &user.uid {
        info.insert("uid".into(), uid.as_str().into());
    }
    info.insert("groups".into(), user.groups.clone().into());
    if !user.extra.is_empty() {
        info.insert("extra".into(), json!(user.extra));
    }
    Value::Object(info)
}

async fn token(call: &Call, review: &Value) -> Result<Value, Failure> {
    let token = object::text(review, "/spec/token");
    if token.is_empty() {
        return Err(Failure::bad_request("token is required for TokenReview in authentication"));
    }
    Ok(match call.server.tokens.review(token).await {
        Some(user) => json!({"authenticated": true, "user": user_info(&user)}),
        None => json!({"user": {}, "error": "invalid bearer token"}),
    })
}

/// The three reviews about one request.
fn access(call: &Call, policy: &Policy, review: &Value) -> Result<Value, Failure> {
    let spec = review.get("spec").unwrap_or(&Value::Null);
    let user = match call.resource.plural.as_str() {
        "selfsubjectaccessreviews" => call.user.clone(),
        _ => subject(spec)?,
    };
    let resource = spec.get("resourceAttributes").filter(|one| one.is_object());
    let path = spec.get("nonResourceAttributes").filter(|one| one.is_object());
    let text = |value: Option<&Value>, field: &str| {
        value.map_or("", |one| object::text(one, field)).to_owned()
    };
    check_question(resource, path)?;
    let fields: Vec<String> =
        ["/verb", "/group", "/namespace", "/resource", "/subresource", "/name"]
            .iter()
            .map(|field| text(resource, field))
            .collect();
    if call.resource.namespaced && fields[2] != call.namespace() {
        let error = FieldError::invalid(
            "spec.resourceAttributes.namespace",
            &fields[2].as_str().into(),
            "must match metadata.namespace",
        );
        return Err(Failure::invalid(NAMELESS, &[error]));
    }
    let verb = if resource.is_some() { fields[0].clone() } else { text(path, "/verb") };
    let address = text(path, "/path");
    let wanted = Attributes {
        verb: &verb,
        group: &fields[1],
        namespace: &fields[2],
        resource: &fields[3],
        subresource: &fields[4],
        name: &fields[5],
        path: path.map(|_| address.as_str()),
    };
    Ok(match policy.reason(&user, &wanted) {
        Some(reason) if reason.is_empty() => json!({"allowed": true}),
        Some(reason) => json!({"allowed": true, "reason": reason}),
        None => json!({"allowed": false}),
    })
}

/// Kubernetes words what is wrong with a review without naming its kind.
const NAMELESS: Subject<'_> =
    Subject { group: "authorization.k8s.io", resource: "", kind: "", name: "" };

/// A review asks about a resource or about a path.
fn check_question(resource: Option<&Value>, path: Option<&Value>) -> Result<(), Failure> {
    let error = match (resource, path) {
        (Some(_), None) | (None, Some(_)) => return Ok(()),
        (None, None) => {
            let why =
                "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            FieldError::invalid("spec.resourceAttributes", &Value::Null, why)
        }
        (Some(_), Some(path)) => {
            let shown =
                json!({"Path": object::text(path, "/path"), "Verb": object::text(path, "/verb")});
            let why = "cannot be specified in combination with resourceAttributes";
            FieldError::invalid("spec.nonResourceAttributes", &shown, why)
        }
    };
    Err(Failure::invalid(NAMELESS, &[error]))
}

/// The user that a SubjectAccessReview asks about.
fn subject(spec: &Value) -> Result<UserInfo, Failure> {
    let username = object::text(spec, "/user").to_owned();
    let groups: Vec<String> = spec
        .get("groups")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if username.is_empty() && groups.is_empty() {
        let error = FieldError::invalid(
            "spec.user",
            &"".into(),
            "at least one of user or group must be specified",
        );
        return Err(Failure::invalid(NAMELESS, &[error]));
    }
    Ok(UserInfo { username, groups, ..UserInfo::default() })
}

fn rules(call: &Call, policy: &Policy, review: &Value) -> Result<Value, Failure> {
    let namespace = object::text(review, "/spec/namespace");
    if namespace.is_empty() {
        return Err(Failure::bad_request("no namespace on request"));
    }
    let everything = Rule { verbs: all(), api_groups: all(), resources: all(), ..Rule::default() };
    let every_path = Rule { verbs: all(), non_resource_urls: all(), ..Rule::default() };
    let mut rules = policy.rules_of(&call.user, namespace);
    if call.user.is_master() {
        rules.extend([&everything, &every_path]);
    }
    let resources: Vec<Value> = rules.iter().filter(|rule| !rule.resources.is_empty()).map(|rule| {
        let mut shown = json!({"verbs": rule.verbs, "apiGroups": rule.api_groups, "resources": rule.resources});
        if !rule.resource_names.is_empty() {
            shown["resourceNames"] = rule.resource_names.clone().into();
        }
        shown
    }).collect();
    let paths: Vec<Value> = rules
        .iter()
        .filter(|rule| !rule.non_resource_urls.is_empty())
        .map(|rule| json!({"verbs": rule.verbs, "nonResourceURLs": rule.non_resource_urls}))
        .collect();
    Ok(json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false}))
}

fn all() -> Vec<String> {
    vec!["*".to_owned()]
}
