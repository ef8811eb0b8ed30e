//! What `#[reconciler]` makes of a function that uses all of it.

use backplane_sdk::prelude::*;
use backplane_sdk::testing::FakeCluster;

#[derive(Object, Deserialize)]
#[object(group = "demo.example.org", version = "v1")]
struct Pool {
    spec: PoolSpec,
}

#[derive(Deserialize)]
struct PoolSpec {
    size: u32,
}

/// Settings of the plugin.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Limits {
    most: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { most: 3 }
    }
}

#[reconciler(
    name = "pools",
    owns = [Deployment],
    reads = [ConfigMap],
    endpoints = ["cloud"],
    settings = Limits,
    finalizer = "demo.example.org/pool",
    on_delete = empty,
)]
fn reconcile(pool: Obj<Pool>, cluster: &Cluster, limits: &Limits) -> Result<Response> {
    if pool.spec.size > limits.most {
        refuse!("TooLarge", "spec.size is {}, at most {} are allowed", pool.spec.size, limits.most);
    }
    cluster.apply(&water(&pool))?;
    Ok(Response::new(Outcome::Done).condition(Condition::holds("Ready", "Full")))
}

/// A pool is empty when nobody is left in it.
fn empty(pool: Obj<Pool>, cluster: &Cluster, _: &Limits) -> Result<Outcome> {
    let swimmers = cluster.get::<ConfigMap>(&pool.key().sibling("swimmers"))?;
    cluster.delete(&Deployment::KIND.at(&pool.key()))?;
    Ok(Outcome::done_if(swimmers.is_none()))
}

fn water(pool: &Obj<Pool>) -> Value {
    let metadata =
        json!({"name": pool.name(), "namespace": pool.namespace(), "ownerReferences": [pool.owner_reference()]});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata})
}

const FINALIZER: &str = "demo.example.org/pool";

fn pool(size: u32) -> (FakeCluster, Request) {
    let fake = FakeCluster::new();
    let object = fake.put(json!({
        "apiVersion": "demo.example.org/v1", "kind": "Pool", "metadata": {"name": "p", "namespace": "n"}, "spec": {"size": size},
    }));
    (fake, Request::first(object))
}

fn look(fake: &FakeCluster, request: &Request) -> Response {
    PoolController::reconcile(request, &fake.cluster()).unwrap_or_else(Response::from)
}

#[test]
fn the_declaration_says_everything_that_the_attribute_says() {
    let expected = Declaration::new("pools", env!("CARGO_PKG_VERSION"))
        .reconciles(Pool::KIND)
        .writes(Pool::KIND, &[Verb::ApplyStatus, Verb::Patch])
        .reads(Read::of(Deployment::KIND).wakes(Wake::owners(Pool::KIND)))
        .writes(Deployment::KIND, &[Verb::Apply, Verb::Delete])
        .reads(ConfigMap::KIND)
        .calls("cloud");
    assert_eq!(PoolController::declare(), expected);
}

#[test]
fn settings_are_judged_by_their_type() {
    assert_eq!(PoolController::configure(br#"{"most": 5}"#), Ok(()));
    let refusal = PoolController::configure(br#"{"mots": 5}"#).expect_err("refused");
    assert!(refusal.contains("mots"), "{refusal}");
}

#[test]
fn a_finalizer_is_set_before_the_first_child() {
    let (fake, request) = pool(1);
    assert_eq!(look(&fake, &request), Response::new(Outcome::Done).condition(Condition::holds("Ready", "Full")));
    assert_eq!(fake.take_writes(), ["patch Pool n/p", "apply Deployment n/p"]);
}

#[test]
fn a_refusal_names_what_the_settings_allow() {
    let (fake, request) = pool(4);
    let Outcome::Refused { message, .. } = look(&fake, &request).outcome else { panic!("not refused") };
    assert_eq!(message, "spec.size is 4, at most 3 are allowed");
}

#[test]
fn an_object_stays_until_its_removal_is_done() {
    let (fake, request) = pool(1);
    look(&fake, &request);
    let swimmers =
        fake.put(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "swimmers", "namespace": "n"}}));
    fake.ask_to_delete(&request.object);
    assert_eq!(look(&fake, &request).outcome, Outcome::AwaitChange);
    let waiting = fake.object(&Pool::KIND, &request.object.key()).expect("still there");
    assert_eq!(waiting["metadata"]["finalizers"], json!([FINALIZER]));
    fake.remove(&swimmers);
    assert_eq!(look(&fake, &request).outcome, Outcome::Done);
    assert_eq!(fake.objects(), []);
}

#[test]
fn a_lost_race_is_run_again_soon() {
    let (fake, request) = pool(1);
    fake.fail_next_write(Error::Conflict("somebody was faster".into()));
    assert!(matches!(look(&fake, &request).outcome, Outcome::RequeueAfter(_)));
}
