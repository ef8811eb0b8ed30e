//! Jobs: the labels by which a Job knows its pods, and what a CronJob leaves to the Jobs that it makes.
//!
//! Source: `k8s.io/kubernetes/pkg/registry/batch` and `pkg/apis/batch`.

use serde_json::{Map, Value, json};

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

/// A Job without labels has those of its pods.
pub(crate) fn label_as_template(job: &mut Value) {
    let labels = job.pointer("/spec/template/metadata/labels").filter(|labels| labels.is_object()).cloned();
    let own = job["metadata"]["labels"].as_object().is_some_and(|own| !own.is_empty());
    if let (Some(labels), false) = (labels, own) {
        job["metadata"]["labels"] = labels;
    }
}

/// Parts of a Job that are always written.
pub(crate) fn fill(job: &mut Map<String, Value>) {
    fill_template(job.get_mut("spec").and_then(|spec| spec.get_mut("template")));
}

/// Parts of a CronJob that are always written. What a Job is filled with waits for the Job.
pub(crate) fn fill_cron(cron: &mut Map<String, Value>) {
    let Some(job) = cron.get_mut("spec").and_then(|spec| spec.get_mut("jobTemplate")) else { return };
    if let Some(map) = job.as_object_mut() {
        map.entry("metadata").or_insert_with(|| json!({}));
    }
    fill_template(job.pointer_mut("/spec/template"));
}

fn fill_template(template: Option<&mut Value>) {
    if let Some(map) = template.and_then(Value::as_object_mut) {
        map.entry("metadata").or_insert_with(|| json!({}));
    }
}

fn or_set(place: &mut Value, value: &Value) {
    if place.is_null() {
        *place = value.clone();
    }
}

#[cfg(test)]
mod tests {
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
}
