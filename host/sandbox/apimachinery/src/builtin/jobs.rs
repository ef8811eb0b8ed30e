//! Jobs: the labels by which a Job knows its pods.
//!
//! Source: `k8s.io/kubernetes/pkg/registry/batch` and `pkg/apis/batch`.

use serde_json::Value;

const UID_LABEL: &str = "batch.kubernetes.io/controller-uid";
/// Labels that hold the uid of the Job, and those that hold its name; the short ones are of old.
const OF_UID: [&str; 2] = ["controller-uid", UID_LABEL];
const OF_NAME: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];

/// Marks the pods of a new Job as its own, unless its author wants to see to that.
pub(crate) fn select_own_pods(job: &mut Value) {
    if job["spec"]["manualSelector"] != true && job["spec"].is_object() {
        let (name, uid) = (job["metadata"]["name"].clone(), job["metadata"]["uid"].clone());
        for (labels, value) in [(OF_NAME, name), (OF_UID, uid.clone())] {
            for label in labels {
                or_set(&mut job["spec"]["template"]["metadata"]["labels"][label], &value);
            }
        }
        or_set(&mut job["spec"]["selector"]["matchLabels"][UID_LABEL], &uid);
    }
    label_as_template(job);
}

/// Whether a Job has no labels of its own.
pub(crate) fn is_unlabelled(job: &Value) -> bool {
    job["metadata"]["labels"].as_object().is_none_or(|own| own.is_empty())
}

/// A Job without labels has those of its pods.
pub(crate) fn label_as_template(job: &mut Value) {
    if is_unlabelled(job) {
        share_labels(job);
    }
}

/// Gives a Job the labels of its pods. To the real server they are one and the same map when the Job came without any, so
/// that it has what is added to them.
pub(crate) fn share_labels(job: &mut Value) {
    let labels = job.pointer("/spec/template/metadata/labels").filter(|labels| labels.is_object()).cloned();
    if let Some(labels) = labels {
        job["metadata"]["labels"] = labels;
    }
}

fn or_set(place: &mut Value, value: &Value) {
    if place.is_null() {
        *place = value.clone();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_selects_its_own_pods_unless_told_otherwise() {
        let job = |manual: bool| {
            let mut job =
                json!({"metadata": {"name": "j", "uid": "u"}, "spec": {"manualSelector": manual, "template": {}}});
            select_own_pods(&mut job);
            job
        };
        let own = job(false);
        assert_eq!(own["spec"]["selector"]["matchLabels"], json!({UID_LABEL: "u"}));
        assert_eq!(own["spec"]["template"]["metadata"]["labels"]["job-name"], "j");
        assert_eq!(own["metadata"]["labels"], own["spec"]["template"]["metadata"]["labels"]);
        assert_eq!(job(true)["spec"], json!({"manualSelector": true, "template": {}}));
    }

    #[test]
    fn a_job_without_labels_shares_those_of_its_pods() {
        let mut job = json!({"metadata": {"labels": {}}, "spec": {"template": {"metadata": {"labels": {"a": "b"}}}}});
        assert!(is_unlabelled(&job));
        share_labels(&mut job);
        assert_eq!(job["metadata"]["labels"], json!({"a": "b"}));
        assert!(!is_unlabelled(&job));
    }
}
