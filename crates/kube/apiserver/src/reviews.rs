//! Questions that are answered and not stored: who am I, may somebody do this.

use serde_json::{Map, Value, json};

use crate::authz::{Attributes, Policy, Rule};
use crate::config::UserInfo;
use crate::http::body;
use crate::http::handle::Call;
use crate::http::respond::Answer;
use crate::object;
use crate::registry::Resource;
use crate::status::Failure;
use crate::verbs::write;

pub(crate) fn is_review(resource: &Resource) -> bool {
    matches!(resource.group.as_str(), "authentication.k8s.io" | "authorization.k8s.io")
}

pub(crate) async fn create(call: &Call) -> Result<Answer, Failure> {
    let mut review = body::decode(&call.parts.headers, &call.body, None)?.value;
    write::check_kind(&call.resource, &mut review)?;
    object::metadata_mut(&mut review);
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
        _ => subject(call, spec)?,
    };
    let resource = spec.get("resourceAttributes").filter(|one| one.is_object());
    let path = spec.get("nonResourceAttributes").filter(|one| one.is_object());
    let text = |value: Option<&Value>, field: &str| value.map_or("", |one| object::text(one, field)).to_owned();
    if resource.is_some() == path.is_some() {
        let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        let error = crate::schema::FieldError::invalid("spec.resourceAttributes", &json!({}), why);
        return Err(Failure::invalid(call.resource.subject(""), &[error]));
    }
    let fields: Vec<String> =
        ["/verb", "/group", "/version", "/namespace", "/resource", "/subresource", "/name"].iter().map(|field| text(resource, field)).collect();
    if call.resource.namespaced && fields[3] != call.namespace() {
        let why = format!("spec.resourceAttributes.namespace must match namespace: {}", call.namespace());
        return Err(Failure::bad_request(why));
    }
    let verb = if resource.is_some() { fields[0].clone() } else { text(path, "/verb") };
    let address = text(path, "/path");
    let wanted = Attributes {
        verb: &verb,
        group: &fields[1],
        version: &fields[2],
        namespace: &fields[3],
        resource: &fields[4],
        subresource: &fields[5],
        name: &fields[6],
        path: path.map(|_| address.as_str()),
    };
    Ok(if policy.allows(&user, &wanted) {
        json!({"allowed": true, "reason": format!("RBAC: allowed for {}", quoted(&user.username))})
    } else {
        json!({"allowed": false})
    })
}

fn quoted(name: &str) -> String {
    format!("user {name:?}")
}

/// The user that a SubjectAccessReview asks about.
fn subject(call: &Call, spec: &Value) -> Result<UserInfo, Failure> {
    let username = object::text(spec, "/user").to_owned();
    let groups: Vec<String> =
        spec.get("groups").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    if username.is_empty() && groups.is_empty() {
        let error = crate::schema::FieldError::required("spec.user", "at least one of user or group must be specified");
        return Err(Failure::invalid(call.resource.subject(""), &[error]));
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
