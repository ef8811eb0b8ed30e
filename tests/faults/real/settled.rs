//! Ten thousand settled objects: a second look at all of them writes nothing, and what somebody else changed is repaired.
//!
//! Written once, run against the embedded server and the real one. The server's own count of writes decides, not ours.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use backplane_apiserver::{ApiServer, Env, Options as ServerOptions, Token};
use backplane_core::declaration::{Declaration, Read, Verb, Write};
use backplane_core::grant::{Grant, Permissions};
use backplane_core::ports::{Query, Reads, Writes};
use backplane_core::{Kind, ObjectRef, Selector};
use backplane_store::{Identity, Options, Store, View, Writer};
use backplane_tests::real::{ControlPlane, PlaneOptions, parts};
use backplane_tests::wait::{equal, eventually};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::{HeaderValue, Request};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};

use crate::user::User;

/// Objects.
const MANY: usize = 10_000;
/// Applied at the same time.
const HANDS: usize = 16;
const LIMIT: Duration = Duration::from_secs(60);

/// Somebody with one intent for each of many ConfigMaps.
struct Settled {
    store: Store,
    view: View,
    writer: Writer,
}

fn kind() -> Kind {
    Kind::new("", "v1", "ConfigMap")
}

fn intent(index: usize) -> Vec<u8> {
    let metadata = json!({"name": name(index), "namespace": "default", "labels": {"settled": "yes"}});
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata,
        "data": {"owned": format!("value {index}"), "also": "x".repeat(100)}});
    object.to_string().into_bytes()
}

fn name(index: usize) -> String {
    format!("settled-{index:05}")
}

fn permissions() -> Result<Arc<Permissions>> {
    let selector: Selector = "settled=yes".parse()?;
    let declaration = Declaration {
        name: "settler".into(),
        reads: vec![Read { kind: kind(), selector, wakes: vec![] }],
        writes: vec![Write { kind: kind(), verbs: vec![Verb::Apply] }],
        ..Declaration::default()
    };
    Ok(Arc::new(Permissions::new(declaration, Grant::default())))
}

impl Settled {
    /// Over a client of somebody who may do everything.
    async fn new(client: kube::Client) -> Result<Self> {
        let store = Store::new(client, Options::default());
        let view = store.view(permissions()?);
        let writer = store.writer(Identity::without_impersonation("settler"), permissions()?);
        view.settled().await;
        Ok(Self { store, view, writer })
    }

    /// Applies every intent, as a look at every object would.
    async fn pass(&self) -> Result<()> {
        let began = Instant::now();
        let applies = stream::iter(0..MANY).map(|index| async move { self.writer.apply(&intent(index)).await });
        applies.buffer_unordered(HANDS).try_for_each(|_| std::future::ready(Ok(()))).await?;
        println!("a pass over {MANY} objects took {:?}", began.elapsed());
        Ok(())
    }

    fn writes(&self) -> HashMap<&'static str, u64> {
        self.store.counters().writes().into_iter().map(|((_, result), count)| (result, count)).collect()
    }

    /// Waits until the cache has this value in an object.
    async fn sees(&self, index: usize, value: &str) -> Result<()> {
        eventually(value, LIMIT, async || {
            let object = ObjectRef::new(kind(), Some("default"), name(index));
            let bytes = self.view.get(&object)?.context("it is there")?;
            let seen = serde_json::from_slice::<Value>(&bytes)?["data"]["owned"].take();
            Ok(if seen == value { Ok(()) } else { Err(seen.to_string()) })
        })
        .await
    }
}

/// `writes` is the server's count of successful writes of ConfigMaps so far; `meddle` changes the field `owned` of one of them.
async fn settles(
    client: kube::Client,
    writes: impl AsyncFn() -> Result<usize>,
    meddle: impl AsyncFn(usize, &str) -> Result<()>,
) -> Result<()> {
    let settled = Settled::new(client).await?;
    settled.pass().await?;
    let all = settled.view.list(&kind(), &Query::default())?.len();
    equal("objects", &all, &MANY)?;
    let before = writes().await?;
    ensure!(before >= MANY, "the server knows of {before} writes");
    settled.pass().await?;
    equal("writes of the second pass", &(writes().await? - before), &0)?;
    equal("answered from the cache", &settled.writes().get("suppressed").copied(), &Some(MANY as u64))?;

    meddle(4711, "theirs").await?;
    settled.sees(4711, "theirs").await?;
    settled.pass().await?;
    equal("writes of the pass after a foreign change, and the change", &(writes().await? - before), &2)?;
    settled.sees(4711, "value 4711").await?;
    settled.store.shutdown().await;
    Ok(())
}

/// Only writes of ConfigMaps.
const POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [create, update, patch, delete]
  resources: [{group: \"\", resources: [configmaps]}]
- level: None
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_pass_over_ten_thousand_objects_writes_nothing_to_the_real_server() -> Result<()> {
    let Some(parts) = parts("ten thousand settled objects on the real server")? else { return Ok(()) };
    let options = PlaneOptions { controllers: false, audit_policy: Some(POLICY.into()), ..PlaneOptions::default() };
    let plane = ControlPlane::start_with(&parts, options).await?;
    let user = User::new(&plane.kubeconfig()).await?;
    let log = plane.audit_log().to_owned();
    let meddle = async |index: usize, value: &str| {
        let path = format!("/api/v1/namespaces/default/configmaps/{}", name(index));
        user.patch(&path, &json!({"data": {"owned": value}})).await.map(drop)
    };
    settles(plane.client().await?, async || audited(&log).await, meddle).await
}

/// Lines of an audit log about writes in our namespace, once it has come to rest.
async fn audited(log: &Path) -> Result<usize> {
    tokio::time::sleep(Duration::from_millis(500)).await;
    let text = std::fs::read_to_string(log)?;
    Ok(text.lines().filter(|line| line.contains("settled-")).count())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_pass_over_ten_thousand_objects_writes_nothing_to_the_embedded_server() -> Result<()> {
    let admin = Token { token: "admin".into(), user: "admin".into(), groups: vec!["system:masters".into()] };
    let server = ApiServer::new(Env::system(1), ServerOptions { tokens: vec![admin], ..ServerOptions::default() });
    let writes = Arc::<AtomicUsize>::default();
    let local = server.client();
    let meddle = async |index: usize, value: &str| {
        writes.fetch_add(1, Ordering::Relaxed);
        let patch = json!({"data": {"owned": value}});
        Ok(local.merge(&kind(), Some("default"), &name(index), &patch).await.map(drop)?)
    };
    settles(counting(server.clone(), Arc::clone(&writes)), async || Ok(writes.load(Ordering::Relaxed)), meddle).await
}

/// A client of the embedded server, at whose door requests that are no reads are counted.
fn counting(server: ApiServer, writes: Arc<AtomicUsize>) -> kube::Client {
    let service = tower::service_fn(move |request: Request<Body>| {
        let (server, writes) = (server.clone(), Arc::clone(&writes));
        async move {
            let (mut head, body) = request.into_parts();
            if head.method != http::Method::GET {
                writes.fetch_add(1, Ordering::Relaxed);
            }
            head.headers.insert("authorization", HeaderValue::from_static("Bearer admin"));
            let body: Bytes = body.collect().await?.to_bytes();
            Ok::<_, kube::Error>(server.handle(Request::from_parts(head, body)).await)
        }
    });
    kube::Client::new(service, "default")
}
