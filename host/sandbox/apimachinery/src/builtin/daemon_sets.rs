//! DaemonSets: the number that counts the changes of the pod template, from before there was `metadata.generation`.

use serde_json::{Value, json};

const GENERATION: &str = "deprecated.daemonset.template.generation";

/// Gives a DaemonSet that says no number the first one.
pub(crate) fn number(set: &mut Value) {
    if set["metadata"].is_object() && set["metadata"]["annotations"][GENERATION].is_null() {
        set["metadata"]["annotations"][GENERATION] = "1".into();
    }
}

/// Counts a change of the template; otherwise the number stays, whatever the new object says.
pub(crate) fn count(old: &Value, new: &mut Value) {
    let last: i64 = old["metadata"]["annotations"][GENERATION].as_str().and_then(|n| n.parse().ok()).unwrap_or(1);
    let changed = old["spec"]["template"] != new["spec"]["template"];
    if new["metadata"].is_object() {
        let annotations = &mut new["metadata"]["annotations"];
        if !annotations.is_object() {
            *annotations = json!({});
        }
        annotations[GENERATION] = (last + i64::from(changed)).to_string().into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_of_the_template_is_counted() {
        let set = |image: &str| json!({"metadata": {}, "spec": {"template": {"image": image}}});
        let mut old = set("a");
        number(&mut old);
        for (image, expected) in [("a", "1"), ("b", "2")] {
            let mut new = set(image);
            count(&old, &mut new);
            assert_eq!(new["metadata"]["annotations"][GENERATION], expected, "{image}");
        }
    }
}
