//! Keeps one ConfigMap for each Note and says so in its status.
//!
//! The bench `reconcile` compares it with the same logic on kube-rs and on controller-runtime.

use backplane_sdk::prelude::*;

/// A text that somebody wants in a ConfigMap.
#[derive(Object, Deserialize)]
#[object(group = "bench.example.org", version = "v1", kind = "Note")]
struct Note {
    spec: NoteSpec,
}

#[derive(Deserialize)]
struct NoteSpec {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    ready: bool,
    text: &'a str,
    child: &'a str,
}

#[reconciler(owns = [ConfigMap])]
fn reconcile(note: Note, cluster: &Cluster) -> Result<Response> {
    cluster.apply(&child(&note))?;
    Response::new(Outcome::Done).status(&Status { ready: true, text: &note.spec.text, child: note.name() })
}

fn child(note: &Obj<Note>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": note.name(),
            "namespace": note.namespace(),
            "labels": {"note": note.name()},
            "ownerReferences": [note.owner_reference()],
        },
        "data": {"text": note.spec.text},
    })
}

#[cfg(test)]
mod tests {
    use backplane_sdk::testing::FakeCluster;

    use super::*;

    #[test]
    fn a_note_gets_its_child_and_its_status() {
        let fake = FakeCluster::new();
        let object = fake.put(json!({
            "apiVersion": "bench.example.org/v1", "kind": "Note", "metadata": {"name": "a", "namespace": "n"},
            "spec": {"text": "hello"},
        }));
        let response = NoteController::reconcile(&Request::first(object), &fake.cluster()).expect("reconciled");
        assert_eq!(response.status, Some(json!({"ready": true, "text": "hello", "child": "a"})));
        assert_eq!(fake.take_writes(), ["apply ConfigMap n/a"]);
        let child = fake.object(&ConfigMap::KIND, &Key::new("n", "a")).expect("child");
        assert_eq!(child["data"], json!({"text": "hello"}));
        assert_eq!(child["metadata"]["ownerReferences"][0]["kind"], "Note");
    }
}
