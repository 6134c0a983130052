//! Stand-ins for parts of `dais-schema` that are being written. Permissive.
#![allow(dead_code, clippy::all)]

pub mod jsonpath {
    use serde_json::Value;
    #[derive(Clone, Debug)]
    pub struct JsonPath(String);
    impl JsonPath {
        pub fn parse(p: &str) -> Result<JsonPath, String> {
            Ok(JsonPath(p.to_owned()))
        }
        pub fn find<'a>(&self, o: &'a Value) -> Vec<&'a Value> {
            let mut at = vec![o];
            let mut rest = self.0.trim_start_matches('.');
            while !rest.is_empty() {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (key, after) = rest.split_at(end);
                if !key.is_empty() {
                    let key = key.replace("\\", "");
                    at = at.iter().filter_map(|v| v.get(&key)).collect();
                }
                rest = after;
                if let Some(inner) = rest.strip_prefix('[') {
                    let Some((expr, after)) = inner.split_once(']') else { return vec![] };
                    if let Some(f) = expr.strip_prefix("?(@.") {
                        let (k, v) = f.trim_end_matches(')').split_once("==").unwrap_or(("", ""));
                        let v = v.trim_matches(['"', '\'']);
                        at = at
                            .iter()
                            .filter_map(|x| x.as_array())
                            .flatten()
                            .filter(|x| x.get(k.trim()).and_then(Value::as_str) == Some(v))
                            .collect();
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

pub mod definition {
    use serde_json::{Value, json};
    pub fn default(d: &mut Value) {
        let kind = d["spec"]["names"]["kind"].as_str().unwrap_or("").to_owned();
        if d["spec"]["names"]["singular"].is_null() {
            d["spec"]["names"]["singular"] = kind.to_lowercase().into();
        }
        if d["spec"]["names"]["listKind"].is_null() {
            d["spec"]["names"]["listKind"] = format!("{kind}List").into();
        }
        if d["spec"]["conversion"].is_null() {
            d["spec"]["conversion"] = json!({"strategy": "None"});
        }
    }
    pub fn validate(_: &Value, _: Option<&Value>) -> Vec<crate::schema::FieldError> {
        vec![]
    }
}

pub mod openapi {
    use crate::schema::Gvk;
    pub struct Resource {
        pub gvk: Gvk,
        pub plural: String,
        pub namespaced: bool,
        pub verbs: Vec<String>,
        pub subresources: Vec<Subresource>,
    }
    pub struct Subresource {
        pub name: String,
        pub gvk: Gvk,
        pub verbs: Vec<String>,
    }
    pub struct CustomKind<'a> {
        pub gvk: Gvk,
        pub plural: String,
        pub namespaced: bool,
        pub schema: Option<&'a serde_json::Value>,
        pub status: bool,
        pub scale: bool,
    }
    pub fn v3(_: &str, _: &str, _: &[Resource], _: &[CustomKind<'_>]) -> Vec<u8> {
        br#"{"openapi":"3.0.0","info":{"title":"Kubernetes","version":"v1.36.2"},"paths":{},"components":{"schemas":{}}}"#.to_vec()
    }
    pub fn v2(_: &[Resource], _: &[CustomKind<'_>]) -> Vec<u8> {
        br#"{"swagger":"2.0","info":{"title":"Kubernetes","version":"v1.36.2"},"paths":{},"definitions":{}}"#.to_vec()
    }
}
