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

#[cfg(test)]
mod tests {
    use backplane_sdk::testing::FakeCluster;

    use super::*;

    fn website(replicas: i32) -> (FakeCluster, Request) {
        let fake = FakeCluster::new();
        let object = fake.put(json!({
            "apiVersion": "demo.example.org/v1", "kind": "Website", "metadata": {"name": "home", "namespace": "demo"},
            "spec": {"image": "nginx:1.29", "replicas": replicas},
        }));
        (fake, Request::first(object))
    }

    fn look(fake: &FakeCluster, request: &Request) -> Outcome {
        WebsiteController::reconcile(request, &fake.cluster()).unwrap_or_else(Response::from).outcome
    }

    #[test]
    fn a_website_gets_its_children_and_waits_for_them() {
        let (fake, request) = website(2);
        assert_eq!(look(&fake, &request), Outcome::AwaitChange);
        let writes = ["apply Deployment demo/home", "apply Service demo/home", "apply-status Website demo/home"];
        assert_eq!(fake.take_writes(), writes);
        let mut deployment = fake.object(&Deployment::KIND, &Key::new("demo", "home")).expect("deployment");
        assert_eq!(deployment["metadata"]["ownerReferences"][0]["kind"], "Website");
        deployment["status"] = json!({"observedGeneration": 1, "updatedReplicas": 2, "availableReplicas": 2});
        fake.put(deployment);
        assert_eq!(look(&fake, &request), Outcome::Done);
        let site = fake.object(&Website::KIND, &request.object.key()).expect("website");
        assert_eq!(site["status"], json!({"ready": true}));
    }

    #[test]
    fn a_second_look_writes_nothing() {
        let (fake, request) = website(1);
        look(&fake, &request);
        fake.take_writes();
        look(&fake, &request);
        assert_eq!(fake.take_writes(), Vec::<String>::new());
    }

    #[test]
    fn a_negative_number_of_replicas_is_refused() {
        let (fake, request) = website(-1);
        let Outcome::Refused { message, .. } = look(&fake, &request) else { panic!("not refused") };
        assert!(message.contains("spec.replicas"), "{message}");
        assert_eq!(fake.take_writes(), Vec::<String>::new());
    }

    #[test]
    fn a_website_that_is_gone_or_going_is_left_alone() {
        let (fake, request) = website(1);
        fake.remove(&request.object);
        assert_eq!(look(&fake, &request), Outcome::Done);
        assert_eq!(fake.objects(), []);
    }

    #[test]
    fn the_declaration_names_what_the_page_uses() {
        let declaration = WebsiteController::declare();
        assert_eq!(declaration.name, "website");
        assert_eq!(declaration.reconciles, [Website::KIND]);
        assert_eq!(declaration.reads[1], Read::of(Service::KIND).wakes(Wake::owners(Website::KIND)));
        let verbs: Vec<_> = declaration.writes.iter().map(|write| write.verbs.clone()).collect();
        let children = vec![Verb::Apply, Verb::Delete];
        assert_eq!(verbs, [vec![Verb::ApplyStatus], children.clone(), children]);
    }
}
