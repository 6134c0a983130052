//! Custom resource definitions and the objects they describe.
//!
//! [`definition`] checks and defaults definitions, [`CustomSchema`] is one version's
//! structural schema compiled for use: defaulting, pruning, validation, merge.

pub mod definition;
mod fill;
mod format;
mod graph;
mod prune;
mod rules;
mod structural;
mod validate;

use std::sync::Arc;

use serde_json::Value;

use crate::error::Result;
use crate::field_error::{FieldError, FieldErrorKind};
use crate::types::Schema;
use structural::{Kind, Structural};

/// A compiled structural schema. Cheap to clone.
#[derive(Clone, Debug)]
pub struct CustomSchema {
    schema: Schema,
    root: Arc<Structural>,
}

impl CustomSchema {
    /// Compiles `spec.versions[].schema.openAPIV3Schema` of an accepted definition. CEL rules
    /// are compiled on first use. A missing schema (null) keeps everything.
    pub fn compile(open_api_v3_schema: &Value) -> Result<CustomSchema> {
        let mut root = Structural::parse(open_api_v3_schema);
        root.kind = Some(Kind::Object);
        root.preserve |= open_api_v3_schema.is_null();
        Ok(CustomSchema { schema: graph::schema_of(&root), root: Arc::new(root) })
    }

    /// The type view, for [`crate::apply`].
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Fills in defaults, as the real server does when it reads a request or the store.
    /// Run after [`CustomSchema::prune`].
    pub fn default(&self, object: &mut Value) {
        fill::fill(&self.root, object);
    }

    /// Drops what the schema doesn't know and returns the dropped paths (`spec.nested.zz`),
    /// also of `metadata` (`metadata.bogus`). For warnings: `unknown field "<path>"`.
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        prune::prune_resource(&self.root, object)
    }

    /// Checks an object against the schema, list types and CEL rules. `old` is the stored
    /// object on update (transition rules). Metadata is checked by [`crate::names`].
    pub fn validate(&self, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let mut errors = validate::validate(&self.root, object, "");
        if !self.root.has_rules() {
            return errors;
        }
        if validate::blocks_rules(&errors) {
            errors.push(FieldError {
                kind: FieldErrorKind::Invalid,
                field: "<nil>".to_owned(),
                message: "Invalid value: null: some validation rules were not checked because \
                          the object was invalid; correct the existing errors to complete \
                          validation"
                    .to_owned(),
            });
        } else {
            errors.extend(rules::run(&self.root, object, old, ""));
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(spec: Value) -> CustomSchema {
        let root = json!({"type": "object", "properties": {"spec": spec}});
        CustomSchema::compile(&root).expect("structural")
    }

    fn causes(errors: Vec<FieldError>) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn unknown_fields_go_and_defaults_come() {
        let schema = schema(json!({"type": "object", "properties": {
            "a": {"type": "string", "default": "x"}, "n": {"type": "string", "nullable": true},
            "deep": {"type": "object", "default": {}, "properties": {
                "i": {"type": "integer", "default": 7}}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}));
        let mut object = json!({"apiVersion": "g/v1", "kind": "K", "metadata": {"name": "x",
            "bogus": 1}, "spec": {"a": null, "n": null, "zz": 1, "free": {"any": 1}}, "other": {}});
        assert_eq!(schema.prune(&mut object), ["metadata.bogus", "spec.zz", "other"]);
        schema.default(&mut object);
        let wanted = json!({"a": "x", "n": null, "free": {"any": 1}, "deep": {"i": 7}});
        assert_eq!(object["spec"], wanted);
    }

    #[test]
    fn whole_numbers_become_integers() {
        let integer = json!({"type": "integer"});
        let schema = schema(json!({"type": "object", "properties": {
            "i": integer, "wide": {"type": "integer", "format": "int64"},
            "list": {"type": "array", "items": {"type": "integer", "format": "int32"}},
            "map": {"type": "object", "additionalProperties": integer},
            "either": {"x-kubernetes-int-or-string": true}, "n": {"type": "number"},
            "filled": {"type": "integer", "default": 7.0},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}));
        let mut object = json!({"spec": {"i": 1.0, "wide": -2.0, "list": [3.0, 1e3], "map": {"a": 4.0},
            "either": 5.0, "n": 0.5, "free": {"ports": [{"port": 80.0, "ratio": 0.5}]}}});
        schema.default(&mut object);
        let wanted = json!({"i": 1, "wide": -2, "list": [3, 1000], "map": {"a": 4}, "either": 5,
            "n": 0.5, "filled": 7, "free": {"ports": [{"port": 80, "ratio": 0.5}]}});
        assert_eq!(object["spec"], wanted);
        assert_eq!(schema.validate(&object, None), []);
    }

    #[test]
    fn what_no_client_can_read_is_refused() {
        let schema = schema(json!({"type": "object", "properties": {
            "i": {"type": "integer"}, "narrow": {"type": "integer", "format": "int32"},
            "wide": {"type": "integer", "format": "int64"},
            "either": {"x-kubernetes-int-or-string": true},
            "at": {"type": "string", "format": "date-time"}}}));
        let refused = |spec: Value| {
            let mut object = json!({"spec": spec});
            schema.default(&mut object);
            causes(schema.validate(&object, None)).join(", ")
        };
        let words = "in body must fit 64 bits; use a whole number from -9223372036854775808 to \
                     9223372036854775807";
        for beyond in [json!(1e19), json!(-1e19), json!(u64::MAX)] {
            assert!(refused(json!({"i": beyond})).ends_with(&format!("spec.i {words}")));
            assert!(refused(json!({"either": beyond})).ends_with(&format!("spec.either {words}")));
            assert!(refused(json!({"wide": beyond})).ends_with("with format int64 in spec.wide"));
        }
        assert!(refused(json!({"narrow": 3e9})).ends_with("with format int32 in spec.narrow"));
        assert_eq!(refused(json!({"i": i64::MIN, "wide": i64::MAX, "narrow": i32::MAX})), "");
        assert_eq!(
            refused(json!({"at": "9999-12-31T23:59:59Z"})),
            "spec.at: Invalid value: \"9999-12-31T23:59:59Z\": spec.at in body must be of type \
            date-time: \"9999-12-31T23:59:59Z\"; use a date that exists, before \
            9999-12-30T22:00:00Z"
        );
        assert_eq!(refused(json!({"at": "9999-12-30T00:00:00Z"})), "");
    }

    #[test]
    fn violations_have_the_servers_words() {
        let schema = schema(json!({"type": "object", "required": ["size"], "properties": {
            "size": {"type": "integer", "minimum": 1}, "color": {"enum": ["red"], "type": "string"},
            "l": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}}}));
        let errors = schema.validate(&json!({"spec": {"color": "blue", "l": ["a", "a"]}}), None);
        assert_eq!(
            causes(errors),
            [
                "spec.size: Required value",
                "spec.color: Unsupported value: \"blue\": supported values: \"red\"",
                "spec.l[1]: Duplicate value: \"a\""
            ]
        );
        let errors = schema.validate(&json!({"spec": {"size": 0}}), None);
        assert_eq!(
            causes(errors),
            ["spec.size: Invalid value: 0: spec.size in body should be \
            greater than or equal to 1"]
        );
    }

    #[test]
    fn rules_see_the_old_value() {
        let schema = schema(json!({"type": "object", "properties": {"once": {"type": "string",
            "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "immutable"}]}},
            "x-kubernetes-validations": [{"rule": "self.once != 'bad'"}]}));
        let object = |once: &str| json!({"spec": {"once": once}});
        assert!(schema.validate(&object("a"), None).is_empty());
        assert_eq!(
            causes(schema.validate(&object("b"), Some(&object("a")))),
            ["spec.once: Invalid value: \"b\": immutable"]
        );
        assert_eq!(
            causes(schema.validate(&object("bad"), None)),
            ["spec: Invalid value: failed rule: self.once != 'bad'"]
        );
    }
}
