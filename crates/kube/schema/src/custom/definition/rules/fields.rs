//! Which schema an expression's parts have, as far as it takes to see that a selected
//! field is not declared. What is not understood is believed.

use std::collections::HashMap;

use kube_cel::cel::IdedExpr;
use kube_cel::cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, SelectExpr, operators};

use crate::custom::rules::escaped;
use crate::custom::structural::{Kind, Structural};

/// The first field that is selected but not declared.
pub(super) fn undefined(expression: &IdedExpr, this: &Structural) -> Option<String> {
    let mut walk = Walk { scope: HashMap::new(), undefined: None };
    walk.scope.insert("self".to_owned(), Some(this));
    // A field of an optional old value is a field of the value, if there is one.
    walk.scope.insert("oldSelf".to_owned(), Some(this));
    walk.schema_of(expression);
    walk.undefined
}

struct Walk<'s> {
    scope: HashMap<String, Option<&'s Structural>>,
    undefined: Option<String>,
}

impl<'s> Walk<'s> {
    /// `None` if it isn't known.
    fn schema_of(&mut self, expression: &IdedExpr) -> Option<&'s Structural> {
        match &expression.expr {
            Expr::Ident(name) => self.scope.get(name).copied().flatten(),
            Expr::Select(select) => self.selected(select),
            Expr::Call(call) => {
                if let Some(target) = &call.target {
                    self.schema_of(target);
                }
                let of_args: Vec<_> = call.args.iter().map(|arg| self.schema_of(arg)).collect();
                let indexed = of_args.first().filter(|_| call.func_name == operators::INDEX);
                indexed.copied().flatten().and_then(contents)
            }
            Expr::Comprehension(comprehension) => {
                self.comprehension(comprehension);
                None
            }
            Expr::List(list) => {
                for element in &list.elements {
                    self.schema_of(element);
                }
                None
            }
            Expr::Map(map) => {
                self.entries(map.entries.iter().map(|entry| &entry.expr));
                None
            }
            Expr::Struct(structure) => {
                self.entries(structure.entries.iter().map(|entry| &entry.expr));
                None
            }
            Expr::Literal(_) | Expr::Unspecified => None,
        }
    }

    fn selected(&mut self, select: &SelectExpr) -> Option<&'s Structural> {
        let schema = self.schema_of(&select.operand)?;
        let field = select.field.as_str();
        let declared = schema.properties.iter().find(|(name, _)| escaped(name) == field);
        if let Some((_, declared)) = declared {
            return Some(declared);
        }
        let system = schema.embedded && matches!(field, "apiVersion" | "kind" | "metadata");
        let open = schema.preserve || schema.any_additional || schema.int_or_string || system;
        if schema.additional.is_none() && !open && schema.kind == Some(Kind::Object) {
            self.undefined.get_or_insert_with(|| field.to_owned());
        }
        schema.additional.as_deref()
    }

    fn comprehension(&mut self, comprehension: &ComprehensionExpr) {
        let range = self.schema_of(&comprehension.iter_range);
        let is_map = range.is_some_and(|schema| schema.kind != Some(Kind::Array));
        self.schema_of(&comprehension.accu_init);
        let outer = self.scope.clone();
        let value = range.and_then(contents);
        // Of a map the first variable is the key, of a list with two the position.
        let (first, second) = match &comprehension.iter_var2 {
            Some(second) => (None, Some(second)),
            None => (value.filter(|_| !is_map), None),
        };
        self.scope.insert(comprehension.iter_var.clone(), first);
        if let Some(second) = second {
            self.scope.insert(second.clone(), value);
        }
        self.scope.insert(comprehension.accu_var.clone(), None);
        self.schema_of(&comprehension.loop_cond);
        self.schema_of(&comprehension.loop_step);
        self.schema_of(&comprehension.result);
        self.scope = outer;
    }

    fn entries<'e>(&mut self, entries: impl Iterator<Item = &'e EntryExpr>) {
        for entry in entries {
            match entry {
                EntryExpr::StructField(field) => {
                    self.schema_of(&field.value);
                }
                EntryExpr::MapEntry(entry) => {
                    self.schema_of(&entry.key);
                    self.schema_of(&entry.value);
                }
            }
        }
    }
}

/// What a list or map holds.
fn contents(schema: &Structural) -> Option<&Structural> {
    schema.items.as_deref().or(schema.additional.as_deref())
}
