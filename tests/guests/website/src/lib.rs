//! Keeps one Deployment and one Service for each Website.

use backplane_sdk::prelude::*;

/// A page that somebody wants served.
#[derive(Object, Deserialize)]
#[object(group = "demo.example.org", version = "v1", kind = "Website")]
struct Website {
    spec: WebsiteSpec,
}

#[derive(Deserialize)]
struct WebsiteSpec {
    image: String,
    #[serde(default = "one")]
    replicas: i32,
}

fn one() -> i32 {
    1
}

#[derive(Serialize)]
struct Status {
    ready: bool,
}

#[reconciler(owns = [Deployment, Service])]
fn reconcile(site: Website, cluster: &Cluster) -> Result<Outcome> {
    if site.spec.replicas < 0 {
        refuse!("InvalidReplicas", "spec.replicas is {}, at least 0 is needed", site.spec.replicas);
    }
    cluster.apply(&deployment(&site))?;
    cluster.apply(&service(&site))?;
    let ready = cluster.get::<Deployment>(&site.key())?.is_some_and(|d| d.is_available());
    cluster.apply_status(&site, &Status { ready })?;
    Ok(if ready { Outcome::Done } else { Outcome::AwaitChange })
}

fn deployment(site: &Obj<Website>) -> Value {
    let labels = json!({"website": site.name()});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": child(site),
        "spec": {
            "replicas": site.spec.replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": site.spec.image, "ports": [{"containerPort": 80}]}]},
            },
        },
    })
}

fn service(site: &Obj<Website>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": child(site),
        "spec": {"selector": {"website": site.name()}, "ports": [{"port": 80}]},
    })
}

/// Children share name and namespace with their Website, and go when it goes.
fn child(site: &Obj<Website>) -> Value {
    json!({"name": site.name(), "namespace": site.namespace(), "ownerReferences": [site.owner_reference()]})
}
