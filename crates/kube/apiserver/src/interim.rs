//! Stand-ins for parts of `dais-schema` that are being written. Permissive.
#![allow(dead_code, clippy::all)]

pub mod jsonpath {
    use serde_json::Value;
    #[derive(Clone, Debug)]
    pub struct JsonPath(String);
    impl JsonPath {
        pub fn parse(p: &str) -> Result<JsonPath, String> { Ok(JsonPath(p.to_owned())) }
        pub fn find<'a>(&self, o: &'a Value) -> Vec<&'a Value> {
            let mut at = vec![o];
            let mut rest = self.0.trim_start_matches('.');
            while !rest.is_empty() {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (key, after) = rest.split_at(end);
                if !key.is_empty() { let key = key.replace("\\", ""); at = at.iter().filter_map(|v| v.get(&key)).collect(); }
                rest = after;
                if let Some(inner) = rest.strip_prefix('[') {
                    let Some((expr, after)) = inner.split_once(']') else { return vec![] };
                    if let Some(f) = expr.strip_prefix("?(@.") {
                        let (k, v) = f.trim_end_matches(')').split_once("==").unwrap_or(("", ""));
                        let v = v.trim_matches(['"', '\'']);
                        at = at.iter().filter_map(|x| x.as_array()).flatten().filter(|x| x.get(k.trim()).and_then(Value::as_str) == Some(v)).collect();
                    } else if let Ok(i) = expr.parse::<usize>() {
                        at = at.iter().filter_map(|x| x.get(i)).collect();
                    } else {
                        at = at.iter().filter_map(|x| x.as_array()).flatten().collect();
                    }
                    rest = after;
                }
                rest = rest.strip_prefix('.').unwrap_or(rest);
            }
            at
        }
    }
}

pub mod custom {
    use serde_json::{Value, json};
    #[derive(Clone, Debug)]
    pub struct CustomSchema { v: Value }
    impl CustomSchema {
        pub fn compile(v: &Value) -> Result<CustomSchema, crate::schema::Error> { Ok(CustomSchema { v: v.clone(), }) }
        pub fn schema(&self) -> &crate::schema::Schema { unreachable!() }
        pub fn default(&self, o: &mut Value) { fill(&self.v, o) }
        pub fn prune(&self, _: &mut Value) -> Vec<String> { vec![] }
        pub fn validate(&self, _: &Value, _: Option<&Value>) -> Vec<crate::schema::FieldError> { vec![] }
    }
    fn fill(s: &Value, o: &mut Value) {
        if let Some(map) = o.as_object_mut() {
            for (k, p) in s["properties"].as_object().into_iter().flatten() {
                if !map.contains_key(k) { if let Some(d) = p.get("default") { map.insert(k.clone(), d.clone()); } }
                if let Some(x) = map.get_mut(k) { fill(p, x) }
            }
        }
        if let Some(list) = o.as_array_mut() { for x in list { fill(&s["items"], x) } }
    }
    pub mod definition {
        use super::*;
        pub fn default(d: &mut Value) {
            let kind = d["spec"]["names"]["kind"].as_str().unwrap_or("").to_owned();
            if d["spec"]["names"]["singular"].is_null() { d["spec"]["names"]["singular"] = kind.to_lowercase().into(); }
            if d["spec"]["names"]["listKind"].is_null() { d["spec"]["names"]["listKind"] = format!("{kind}List").into(); }
            if d["spec"]["conversion"].is_null() { d["spec"]["conversion"] = json!({"strategy": "None"}); }
        }
        pub fn validate(_: &Value, _: Option<&Value>) -> Vec<crate::schema::FieldError> { vec![] }
    }
}

pub mod openapi {
    use crate::schema::Gvk;
    pub struct Resource { pub gvk: Gvk, pub plural: String, pub namespaced: bool, pub verbs: Vec<String>, pub subresources: Vec<Subresource> }
    pub struct Subresource { pub name: String, pub gvk: Gvk, pub verbs: Vec<String> }
    pub struct CustomKind<'a> { pub gvk: Gvk, pub plural: String, pub namespaced: bool, pub schema: Option<&'a serde_json::Value>, pub status: bool, pub scale: bool }
    pub fn v3(_: &str, _: &str, _: &[Resource], _: &[CustomKind<'_>]) -> Vec<u8> { br#"{"openapi":"3.0.0","info":{"title":"Kubernetes","version":"v1.36.2"},"paths":{},"components":{"schemas":{}}}"#.to_vec() }
    pub fn v2(_: &[Resource], _: &[CustomKind<'_>]) -> Vec<u8> { br#"{"swagger":"2.0","info":{"title":"Kubernetes","version":"v1.36.2"},"paths":{},"definitions":{}}"#.to_vec() }
}

pub mod strategic {
    use serde_json::Value;
    pub fn deep(o: &mut Value, p: &Value) {
        match (o, p) {
            (Value::Object(o), Value::Object(p)) => {
                for (k, v) in p {
                    if v.is_null() { o.shift_remove(k); continue }
                    match o.get_mut(k) { Some(x) => deep(x, v), None => { o.insert(k.clone(), v.clone()); } }
                }
            }
            (Value::Array(o), Value::Array(p)) if p.iter().all(|x| x.get("name").is_some()) || p.iter().all(|x| x.get("type").is_some()) => {
                let key = if p.iter().all(|x| x.get("name").is_some()) { "name" } else { "type" };
                for v in p {
                    match o.iter_mut().find(|x| x.get(key) == v.get(key)) { Some(x) => deep(x, v), None => o.push(v.clone()) }
                }
            }
            (o, p) => *o = p.clone(),
        }
    }
    pub fn apply(_: &crate::schema::Schema, o: &Value, p: &[u8]) -> Result<(Value, Vec<String>), crate::schema::Error> {
        let p: Value = serde_json::from_slice(p).map_err(|e| crate::schema::Error::BadRequest(format!("error decoding patch: {e}")))?;
        let mut o = o.clone(); deep(&mut o, &p); Ok((o, vec![]))
    }
    pub fn go_printed(v: &Value) -> String { v.to_string() }
}
