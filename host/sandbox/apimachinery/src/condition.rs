//! One condition in CEL over named values, as `matchConditions` of webhooks are.
//!
//! What cannot be compiled is said when it is read. Kubernetes' own function libraries are not known here, nor is
//! `authorizer`: a condition that uses them is refused by its compiler or fails when it is asked.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-matchconditions>.

use std::fmt;
use std::sync::Arc;

use cel::{Context, Env, Program};
use serde_json::Value;

use crate::schema::free_value;

/// A condition, ready to be asked.
#[derive(Clone)]
pub struct Condition {
    env: Arc<Env>,
    program: Arc<Program>,
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").finish_non_exhaustive()
    }
}

impl Condition {
    /// Reads an expression.
    ///
    /// # Errors
    /// Why it is none.
    pub fn compile(expression: &str) -> Result<Self, String> {
        let mut env = Env::stdlib();
        env.add_extension(cel::extensions::strings).map_err(|error| error.to_string())?;
        let program = env.compile(expression).map_err(|error| error.to_string())?;
        Ok(Self { env: Arc::new(env), program: Arc::new(program) })
    }

    /// Whether it holds for these values.
    ///
    /// # Errors
    /// Why that cannot be said: a field that is not there, a result that is neither true nor false.
    pub fn holds(&self, values: &[(&str, &Value)]) -> Result<bool, String> {
        let mut context = Context::with_env(Arc::clone(&self.env));
        for (name, value) in values {
            context.add_variable_from_value(*name, free_value(value));
        }
        match self.program.execute(&context) {
            Ok(cel::Value::Bool(holds)) => Ok(holds),
            Ok(_) => Err("expression does not evaluate to a boolean".into()),
            Err(error) => Err(error.to_string().to_lowercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_is_asked_about_named_values() {
        let object = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"replicas": 3}});
        let cases = [
            ("object.spec.replicas > 2", Ok(true)),
            ("object.metadata.labels['a'] == 'c'", Ok(false)),
            ("has(object.spec.paused) && object.spec.paused", Ok(false)),
            ("object.spec.replicas", Err(())),
            ("object.spec.nothing == 1", Err(())),
        ];
        for (text, expected) in cases {
            let condition = Condition::compile(text).expect(text);
            assert_eq!(condition.holds(&[("object", &object)]).map_err(drop), expected, "{text}");
        }
        assert!(Condition::compile("object.").is_err());
    }
}
