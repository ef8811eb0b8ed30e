//! A real control plane and several `backplane run` on it, which share the guest `website` in shards.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use backplane_runtime::rbac::{lease_rules, read_rules, usual_plural, write_rules};
use backplane_tests::driver::Driver;
use backplane_tests::fixture::cache_dir;
use backplane_tests::guests::{define, guest};
use backplane_tests::process::backplane;
use backplane_tests::real::{ControlPlane, Parts, PlaneOptions, PlaneToken, Program};
use backplane_tests::wait::eventually;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::judge;

/// Shards of the plugin, and so leases.
pub(crate) const SHARDS: u32 = 3;
/// Namespaces of the pages; every shard has two.
pub(crate) const NAMESPACES: [&str; 6] = ["team-0", "team-1", "team-4", "team-5", "team-12", "team-16"];
pub(crate) const LIMIT: Duration = Duration::from_secs(90);
const DAEMON: &str = "system:serviceaccount:backplane:backplane";
const TOKEN: &str = "the-daemon";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// How the replicas of a test are set up.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) lease: &'static str,
    pub(crate) renew: &'static str,
    pub(crate) retry: &'static str,
}

/// What `backplane.toml` says where nothing is set.
pub(crate) const USUAL: Pace = Pace { lease: "10s", renew: "6s", retry: "2s" };
/// Faster, so that many leases run out in a short time.
pub(crate) const FAST: Pace = Pace { lease: "4s", renew: "2400ms", retry: "600ms" };

/// Whether the kernel ends a replica that is stopped for too long.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frozen {
    Ends,
    Wakes,
}

pub(crate) struct Stage {
    pub(crate) replicas: BTreeMap<String, Program>,
    pub(crate) client: kube::Client,
    pub(crate) plane: ControlPlane,
    pace: Pace,
    next: u32,
}

impl Stage {
    pub(crate) async fn start(parts: &Parts, pace: Pace) -> Result<Self> {
        let some = |shard| NAMESPACES.iter().any(|namespace| judge::shard_of(namespace) == shard);
        ensure!((0..SHARDS).all(some), "a shard without namespaces has nothing to write");
        let token = PlaneToken { token: TOKEN.into(), user: DAEMON.into(), groups: Vec::new() };
        let options = PlaneOptions {
            tokens: vec![token],
            audit_policy: Some(judge::POLICY.to_owned()),
            controllers: false,
            ..PlaneOptions::default()
        };
        let plane = ControlPlane::start_with(parts, options).await?;
        let client = plane.client().await?;
        let stage = Self { replicas: BTreeMap::new(), client, plane, pace, next: 0 };
        for namespace in NAMESPACES.iter().chain(&["backplane"]) {
            let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
            stage.ask(Method::POST, "/api/v1/namespaces", Some(&body)).await?;
        }
        define(&Driver::Client(stage.client.clone())).await?;
        stage.grant().await?;
        Ok(stage)
    }

    /// What `backplane plugin check` says that daemon and plugin need, and not more.
    async fn grant(&self) -> Result<()> {
        let file = self.plane.folder().join("grant.toml");
        let settings = backplane_runtime::settings::Settings::parse(&file, &self.plugin(), self.plane.folder())?;
        let prepared = backplane_runtime::Prepared::new(settings, &file).await?;
        let (name, declared) = prepared.declarations().pop().context("one plugin")?;
        let account = format!("backplane-{name}");
        let impersonate = json!({"apiGroups": [""], "resources": ["serviceaccounts"], "resourceNames": [account],
            "verbs": ["impersonate"]});
        let definitions = json!({"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"],
            "verbs": ["get", "list", "watch"]});
        let reads = [read_rules(&declared, usual_plural), lease_rules(), vec![impersonate, definitions]].concat();
        let daemon = json!({"kind": "User", "name": DAEMON, "apiGroup": "rbac.authorization.k8s.io"});
        let plugin = json!({"kind": "ServiceAccount", "name": account, "namespace": "backplane"});
        let both = [("backplane", reads, daemon), (&*account, write_rules(&declared, usual_plural), plugin)];
        for (name, rules, subject) in both {
            let api = "rbac.authorization.k8s.io/v1";
            let role = json!({"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules});
            self.ask(Method::POST, &format!("{RBAC}/clusterroles"), Some(&role)).await?;
            let reference = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name});
            let binding = json!({"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": {"name": name},
                "roleRef": reference, "subjects": [subject]});
            self.ask(Method::POST, &format!("{RBAC}/clusterrolebindings"), Some(&binding)).await?;
        }
        Ok(())
    }

    fn plugin(&self) -> String {
        format!("[[plugin]]\npath = {:?}\nshards = {SHARDS}\n", guest("website.wasm"))
    }

    /// Starts another replica; gives the name by which its requests are signed, up to the part that it makes itself.
    pub(crate) fn add(&mut self, frozen: Frozen) -> Result<String> {
        let name = format!("r{}", self.next);
        self.next += 1;
        let folder = self.plane.folder();
        let kubeconfig = folder.join("daemon.kubeconfig");
        std::fs::write(&kubeconfig, self.plane.kubeconfig_for(TOKEN))?;
        let Pace { lease, renew, retry } = self.pace;
        let text = format!(
            "observe = {{ listen = \"127.0.0.1:0\" }}\ncluster = {{ kubeconfig = {kubeconfig:?} }}\n\
             engine = {{ cache-dir = {:?} }}\n[replicas]\nidentity = {name:?}\nlease-duration = {lease:?}\n\
             renew-deadline = {renew:?}\nretry-period = {retry:?}\nend-when-frozen = {}\n{}",
            cache_dir(),
            frozen == Frozen::Ends,
            self.plugin()
        );
        let config = folder.join(format!("{name}.toml"));
        std::fs::write(&config, text)?;
        let mut command = Command::new(backplane());
        command.args(["run", "--log", "info", "--config"]).arg(&config);
        self.replicas.insert(name.clone(), Program::start(&name, folder, &mut command)?);
        Ok(name)
    }

    pub(crate) fn kill(&mut self, name: &str) {
        drop(self.replicas.remove(name));
    }

    pub(crate) fn signal(&self, name: &str, signal: &str) -> Result<()> {
        self.replicas.get(name).with_context(|| format!("{name} does not run"))?.signal(signal)
    }

    /// Whether a replica's process has ended.
    pub(crate) fn has_ended(&mut self, name: &str) -> bool {
        self.replicas.get_mut(name).is_none_or(|program| program.check().is_err())
    }

    /// Waits until it has.
    pub(crate) async fn ended(&mut self, name: &str) -> Result<()> {
        let begin = Instant::now();
        while !self.has_ended(name) {
            ensure!(begin.elapsed() < LIMIT, "{name} still runs after {LIMIT:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    pub(crate) fn last_lines(&self, name: &str) -> String {
        self.replicas.get(name).map(|program| program.last_lines(30)).unwrap_or_default()
    }

    /// Who holds each shard, by the name up to the part made at each start; those that nobody holds are left out.
    pub(crate) async fn holders(&self) -> Result<BTreeMap<u32, String>> {
        let path = "/apis/coordination.k8s.io/v1/namespaces/backplane/leases";
        let list = self.ask(Method::GET, path, None).await?;
        let leases = list["items"].as_array().cloned().unwrap_or_default();
        Ok(leases.iter().filter_map(judge::holder).collect())
    }

    /// Waits until every shard is held by one of these replicas, and each of them holds one if there are enough.
    pub(crate) async fn shared_by(&self, replicas: &[String]) -> Result<BTreeMap<u32, String>> {
        let wanted = replicas.len().min(SHARDS as usize);
        eventually(&format!("shards shared by {replicas:?}"), LIMIT, async || {
            let holders = self.holders().await?;
            let used: std::collections::BTreeSet<_> = holders.values().collect();
            let good = holders.len() == SHARDS as usize
                && used.len() == wanted
                && holders.values().all(|holder| replicas.contains(holder));
            let logs = || replicas.iter().map(|name| self.last_lines(name)).collect::<Vec<_>>().join("\n--\n");
            Ok(if good { Ok(holders) } else { Err(format!("{holders:?}\n{}", logs())) })
        })
        .await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let kind = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        let request = Request::builder().method(method.clone()).uri(path).header("content-type", kind);
        let request = request.body(body.map(Value::to_string).unwrap_or_default().into_bytes())?;
        let answer = tokio::time::timeout(Duration::from_secs(10), self.client.request_text(request)).await;
        match answer {
            Ok(answer) => Ok(serde_json::from_str(&answer.with_context(|| format!("{method} {path}"))?)?),
            Err(_) => bail!("{method} {path}: no answer"),
        }
    }
}
