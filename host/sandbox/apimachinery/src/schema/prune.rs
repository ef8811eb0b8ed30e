//! Pruning: fields that the schema does not know leave, and their paths are remembered.
//!
//! Source: `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning`.

use serde_json::Value;

use super::{Additional, Schema};
use crate::builtin;

pub(super) fn apply(schema: &Schema, value: &mut Value) -> Vec<String> {
    let mut pruner = Pruner { path: String::new(), unknown: Vec::new() };
    pruner.walk(Some(schema), value);
    pruner.unknown.sort();
    pruner.unknown
}

struct Pruner {
    path: String,
    unknown: Vec<String>,
}

impl Pruner {
    fn walk(&mut self, schema: Option<&Schema>, value: &mut Value) {
        let told = self.unknown.len();
        self.children(schema.map(|schema| builtin::resolved(schema, value)), value);
        if schema.is_some_and(builtin::decodes_itself) {
            self.unknown.truncate(told);
        }
    }

    fn children(&mut self, schema: Option<&Schema>, value: &mut Value) {
        match value {
            Value::Object(map) => {
                let known = std::mem::take(map).into_iter().filter_map(|(name, mut member)| {
                    let mark = self.enter(&name);
                    let keep = self.member(schema, &name, &mut member);
                    self.path.truncate(mark);
                    keep.then_some((name, member))
                });
                *map = known.collect();
            }
            Value::Array(items) => {
                let item_schema = schema.and_then(|s| s.items.as_deref());
                if item_schema.is_none() && schema.is_some_and(|s| s.preserve_unknown) {
                    return;
                }
                for (i, item) in items.iter_mut().enumerate() {
                    let mark = self.path.len();
                    self.path.push_str(&format!("[{i}]"));
                    self.walk(item_schema, item);
                    self.path.truncate(mark);
                }
            }
            _ => {}
        }
    }

    /// Whether the member stays; it has then been pruned itself.
    fn member(&mut self, schema: Option<&Schema>, name: &str, member: &mut Value) -> bool {
        let property = schema.and_then(|s| s.properties.get(name));
        match (property, schema.map(|s| &s.additional)) {
            (Some(property), _) => self.walk(Some(property), member),
            (None, Some(Additional::Schema(additional))) => self.walk(Some(additional), member),
            (None, Some(Additional::Any)) if !schema.is_some_and(|s| s.preserve_unknown) => self.walk(None, member),
            _ if schema.is_some_and(|s| s.preserve_unknown) => {}
            _ => {
                self.unknown.push(self.path.clone());
                return false;
            }
        }
        true
    }

    fn enter(&mut self, name: &str) -> usize {
        let mark = self.path.len();
        if mark > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        mark
    }
}
