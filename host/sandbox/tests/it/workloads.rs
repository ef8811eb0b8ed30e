//! Workloads: Deployments and StatefulSets report ready replicas, as many as were asked for.

use crate::common::{Cluster, condition, number, quick_world};
use serde_json::{Value, json};

fn workload(kind: &str, replicas: u32) -> Value {
    let labels = json!({"app": "sample"});
    let mut workload = json!({"apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": "sample", "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    if kind == "StatefulSet" {
        workload["spec"]["serviceName"] = json!("sample");
    }
    workload
}

fn is_rolled_out(replicas: i64) -> impl Fn(&Value) -> bool {
    move |workload| {
        let counts = ["replicas", "readyReplicas", "updatedReplicas", "availableReplicas"];
        counts.iter().all(|count| number(workload, &format!("/status/{count}")).max(0) == replicas)
            && number(workload, "/status/observedGeneration") == number(workload, "/metadata/generation")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workloads_become_ready_and_follow_their_size() {
    let world = quick_world().await;
    let admin = Cluster::admin(&world).await;
    for kind in ["Deployment", "StatefulSet"] {
        let name = format!("{kind}.v1.apps");
        for replicas in [3, 1, 0, 2] {
            admin.apply(workload(kind, replicas)).await.expect("is accepted");
            admin.becomes(&name, "default", "sample", is_rolled_out(replicas.into())).await;
        }
    }
    let deployment = admin.exists("Deployment.v1.apps", "default", "sample").await;
    assert_eq!(condition(&deployment, "Available"), "True");
    world.stop().await;
}
