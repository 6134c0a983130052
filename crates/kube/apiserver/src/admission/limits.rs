//! LimitRanges: defaults for containers, and bounds on what they ask for.

use serde_json::{Map, Value};

use crate::http::handle::Call;
use crate::object;
use crate::registry::Resource;
use crate::status::Failure;
use dais_schema::quantity::Quantity;

/// Applies the limits of the namespace to a pod or a claim.
///
/// # Errors
/// 403 that names every bound that is passed.
pub(crate) async fn on_create(
    call: &Call,
    resource: &Resource,
    object: &mut Value,
) -> Result<(), Failure> {
    let ranges = call.catalog.expect("", "v1", "limitranges");
    let ranges = call.server.objects.all(ranges, object::namespace(object)).await?;
    if ranges.is_empty() {
        return Ok(());
    }
    let limits: Vec<&Value> = ranges
        .iter()
        .filter_map(|entry| entry.object.pointer("/spec/limits").and_then(Value::as_array))
        .flatten()
        .collect();
    let is_pod = resource.is("", "pods");
    if is_pod {
        fill(&limits, object);
    }
    let mut errors = Vec::new();
    for limit in &limits {
        match (object::text(limit, "/type"), is_pod) {
            ("Container", true) => {
                for container in containers(object) {
                    bounds(limit, "Container", &Amounts::of(container), &mut errors);
                }
            }
            ("Pod", true) => bounds(limit, "Pod", &Amounts::sum(object), &mut errors),
            ("PersistentVolumeClaim", false) => {
                let spec = object.get("spec").cloned().unwrap_or_default();
                bounds(limit, "PersistentVolumeClaim", &Amounts::of(&spec), &mut errors);
            }
            _ => {}
        }
    }
    match errors.len() {
        0 => Ok(()),
        1 => Err(Failure::forbidden(resource.subject(object::name(object)), &errors[0])),
        _ => Err(Failure::forbidden(
            resource.subject(object::name(object)),
            &format!("[{}]", errors.join(", ")),
        )),
    }
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["/spec/containers", "/spec/initContainers"]
        .into_iter()
        .filter_map(|list| pod.pointer(list).and_then(Value::as_array))
        .flatten()
}

/// Fills in default requests and limits, and notes that it did.
fn fill(limits: &[&Value], pod: &mut Value) {
    let mut notes = Vec::new();
    for list in ["/spec/containers", "/spec/initContainers"] {
        let kind = if list.ends_with("initContainers") { "init container" } else { "container" };
        let containers = pod.pointer_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
            let name = container.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let resources = object::entry_map(container, "resources");
            for (defaults, field, word) in
                [("defaultRequest", "requests", "request"), ("default", "limits", "limit")]
            {
                let set = fill_one(limits, (defaults, field), resources);
                if !set.is_empty() {
                    notes.push(format!("{} {word} for {kind} {name}", set.join(", ")));
                }
            }
        }
    }
    if !notes.is_empty() {
        let text = format!("LimitRanger plugin set: {}", notes.join("; "));
        object::entry_map(object::metadata_mut(pod), "annotations")
            .insert("kubernetes.io/limit-ranger".into(), text.into());
    }
}

/// A container-wide default limit is also the default request; what the container
/// limits itself is not.
fn fill_one(
    limits: &[&Value],
    (defaults, field): (&str, &str),
    resources: &mut Map<String, Value>,
) -> Vec<String> {
    let mut set = Vec::new();
    for limit in limits.iter().filter(|limit| object::text(limit, "/type") == "Container") {
        let mut wanted =
            limit.get(defaults).and_then(Value::as_object).cloned().unwrap_or_default();
        if defaults == "defaultRequest" {
            for (name, amount) in
                limit.get("default").and_then(Value::as_object).into_iter().flatten()
            {
                wanted.entry(name.clone()).or_insert_with(|| amount.clone());
            }
        }
        for (name, amount) in wanted {
            let there = resources.get(field).and_then(|map| map.get(&name)).is_some();
            if !there {
                object::entry_map(resources, field).insert(name.clone(), amount);
                set.push(name);
            }
        }
    }
    set.sort();
    set
}

/// What is asked for and what is the limit, by resource.
#[derive(Default)]
struct Amounts {
    requests: Map<String, Value>,
    limits: Map<String, Value>,
}

impl Amounts {
    fn of(container: &Value) -> Amounts {
        let map = |field: &str| {
            container
                .pointer(&format!("/resources/{field}"))
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default()
        };
        Amounts { requests: map("requests"), limits: map("limits") }
    }

    fn sum(pod: &Value) -> Amounts {
        let mut sum = Amounts::default();
        for container in
            pod.pointer("/spec/containers").and_then(Value::as_array).into_iter().flatten()
        {
            let own = Amounts::of(container);
            add(&mut sum.requests, &own.requests);
            add(&mut sum.limits, &own.limits);
        }
        sum
    }
}

fn add(sum: &mut Map<String, Value>, own: &Map<String, Value>) {
    for (name, amount) in own {
        let total = match (sum.get(name).and_then(parse), parse(amount)) {
            (Some(one), Some(other)) => Value::from(one.add(&other).to_string()),
            _ => amount.clone(),
        };
        sum.insert(name.clone(), total);
    }
}

fn parse(value: &Value) -> Option<Quantity> {
    Quantity::parse(value.as_str()?).ok()
}

fn bounds(limit: &Value, kind: &str, amounts: &Amounts, errors: &mut Vec<String>) {
    let map = |field: &str| limit.get(field).and_then(Value::as_object).into_iter().flatten();
    let shown = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for (name, least) in map("min") {
        for (word, given) in
            [("request", amounts.requests.get(name)), ("limit", amounts.limits.get(name))]
        {
            if let (Some(given), Some(least)) = (given, parse(least))
                && parse(given).is_some_and(|amount| amount < least)
            {
                errors.push(format!(
                    "minimum {name} usage per {kind} is {least}, but {word} is {}",
                    shown(given)
                ));
            }
        }
        if !amounts.requests.contains_key(name) {
            errors.push(format!(
                "minimum {name} usage per {kind} is {}.  No request is specified",
                shown(least)
            ));
        }
    }
    for (name, most) in map("max") {
        let Some(most) = parse(most) else { continue };
        let (request, top) = (amounts.requests.get(name), amounts.limits.get(name));
        let over =
            |given: Option<&Value>| given.and_then(parse).is_some_and(|amount| amount > most);
        if over(top) {
            errors.push(format!(
                "maximum {name} usage per {kind} is {most}, but limit is {}",
                top.map(shown).unwrap_or_default()
            ));
        } else if over(request) {
            errors.push(format!(
                "maximum {name} usage per {kind} is {most}, but request is {}",
                request.map(shown).unwrap_or_default()
            ));
        } else if top.is_none() && kind != "PersistentVolumeClaim" {
            errors
                .push(format!("maximum {name} usage per {kind} is {most}.  No limit is specified"));
        }
    }
    for (name, ratio) in map("maxLimitRequestRatio") {
        let (request, top) =
            (amounts.requests.get(name).and_then(parse), amounts.limits.get(name).and_then(parse));
        let (Some(request), Some(top), Some(ratio)) = (request, top, parse(ratio)) else {
            continue;
        };
        let given = top.milli_value() as f64 / request.milli_value().max(1) as f64;
        if given > ratio.milli_value() as f64 / 1000.0 {
            errors.push(format!("{name} max limit to request ratio per {kind} is {ratio}, but provided ratio is {given:.6}"));
        }
    }
}
