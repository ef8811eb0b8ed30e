//! The real, unpatched kubectl against the server over HTTPS. Where kubectl is not on the PATH, each test says so and ends.

#![expect(clippy::unwrap_used, reason = "a broken fixture fails its test")]

mod support;

use std::process::Stdio;
use std::time::Duration;

use support::World;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

/// Generous, for a busy machine; kubectl usually takes a tenth of a second.
const LIMIT: Duration = Duration::from_secs(60);

const WEBSITE: &str = "
apiVersion: demo.example.org/v1
kind: Website
metadata: {name: one, namespace: default}
spec: {host: a.example.org, paths: [{path: /, target: x}]}
";

/// kubectl with the administrator's kubeconfig, and a cache of its own.
struct Kubectl {
    world: World,
}

/// What a run of kubectl printed.
struct Run {
    ok: bool,
    out: String,
    err: String,
}

impl Kubectl {
    async fn found(world: World) -> Option<Self> {
        if Command::new("kubectl").arg("version").arg("--client").output().await.is_err() {
            assert!(std::env::var_os("BACKPLANE_CI").is_none(), "kubectl was not found, and CI skips nothing");
            println!("skipped: kubectl against the API server: kubectl was not found");
            return None;
        }
        Some(Self { world })
    }

    async fn with_websites() -> Option<Self> {
        Self::found(World::with_websites().await).await
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        let dir = self.world.dir.path();
        command
            .args(args)
            .env("KUBECONFIG", dir.join("kubeconfig"))
            .env("HOME", dir)
            .env("KUBECACHEDIR", dir.join("cache"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    async fn run(&self, args: &[&str], stdin: &str) -> Run {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(stdin.as_bytes()).await.unwrap();
        drop(input);
        let output = tokio::time::timeout(LIMIT, child.wait_with_output()).await.expect("kubectl ends").unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { ok: output.status.success(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs a command line that must succeed; gives back what it printed.
    async fn ok(&self, line: &str) -> String {
        self.ok_with(line, "").await
    }

    async fn ok_with(&self, line: &str, stdin: &str) -> String {
        let args: Vec<&str> = line.split(' ').collect();
        let run = self.run(&args, stdin).await;
        assert!(run.ok, "kubectl {line}\n{}{}", run.out, run.err);
        run.out
    }

    /// Runs a command line that must fail; gives back what it complained of.
    async fn refused(&self, line: &str, stdin: &str) -> String {
        let args: Vec<&str> = line.split(' ').collect();
        let run = self.run(&args, stdin).await;
        assert!(!run.ok, "kubectl {line}\n{}", run.out);
        run.err
    }
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_resource_goes_from_apply_to_delete() {
    let Some(kubectl) = Kubectl::with_websites().await else { return };
    has(&kubectl.ok_with("apply -f -", WEBSITE).await, &["website.demo.example.org/one created"]);
    has(&kubectl.ok_with("apply -f -", WEBSITE).await, &["unchanged"]);
    has(&kubectl.ok("get ws").await, &["NAME", "HOST", "REPLICAS", "READY", "AGE", "a.example.org"]);
    has(&kubectl.ok("describe website one").await, &["a.example.org", "Events:"]);
    has(&kubectl.ok_with("apply -f -", &WEBSITE.replace("a.example", "b.example")).await, &["configured"]);
    kubectl.ok(r#"patch website one --type=json -p [{"op":"add","path":"/spec/paths/-","value":{"path":"/b"}}]"#).await;
    kubectl.ok(r#"patch website one --type=merge -p {"spec":{"theme":"dark"}}"#).await;
    kubectl.ok("scale website one --replicas=3").await;
    let seen = kubectl
        .ok("get website one -o jsonpath={.spec.host},{.spec.theme},{.spec.replicas},{.spec.paths[1].path}")
        .await;
    assert_eq!(seen, "b.example.org,dark,3,/b");
    let ready = r#"{"status":{"replicas":3,"conditions":[{"type":"Ready","status":"True"}]}}"#;
    kubectl.ok(&format!("patch website one --subresource=status --type=merge -p {ready}")).await;
    kubectl.ok("wait --for=condition=Ready website/one --timeout=30s").await;
    kubectl.ok("wait --for=jsonpath={.status.replicas}=3 website/one --timeout=30s").await;
    has(&kubectl.ok("delete website one").await, &["deleted"]);
    has(&kubectl.refused("get website one", "").await, &["(NotFound)", "\"one\" not found"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn built_in_kinds_work_with_the_typed_commands() {
    let Some(kubectl) = Kubectl::with_websites().await else { return };
    kubectl.ok("create configmap cm --from-literal=a=b").await;
    assert_eq!(kubectl.ok("get cm cm -o jsonpath={.data.a}").await, "b");
    kubectl.ok("create secret generic s --from-literal=p=q").await;
    assert_eq!(kubectl.ok("get secret s -o jsonpath={.data.p}").await, "cQ==");
    kubectl.ok("create deployment web --image=nginx:1 --replicas=2").await;
    has(&kubectl.ok("get deployment web").await, &["READY", "UP-TO-DATE", "0/2"]);
    kubectl.ok("scale deployment web --replicas=0").await;
    kubectl.ok("set image deployment/web nginx=nginx:2").await;
    let env = r#"{"spec":{"template":{"spec":{"containers":[{"name":"nginx","env":[{"name":"A","value":"b"}]}]}}}}"#;
    kubectl.ok(&format!("patch deployment web -p {env}")).await;
    let path =
        "{.spec.replicas},{.spec.template.spec.containers[*].image},{.spec.template.spec.containers[0].env[0].value}";
    assert_eq!(kubectl.ok(&format!("get deployment web -o jsonpath={path}")).await, "0,nginx:2,b");
    has(&kubectl.ok("describe deployment web").await, &["Pod Template:", "nginx:2"]);
    kubectl.ok("expose deployment web --port=80").await;
    has(&kubectl.ok("get service web").await, &["ClusterIP", "10."]);
    has(&kubectl.ok("get all").await, &["deployment.apps/web", "service/web"]);
    kubectl.ok("delete deployment,service web").await;
    kubectl.ok("create namespace team").await;
    kubectl.ok("create serviceaccount robot -n team").await;
    kubectl.ok("delete namespace team --timeout=30s").await;
    has(&kubectl.refused("get namespace team", "").await, &["not found"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_a_manifest_is_named() {
    let Some(kubectl) = Kubectl::with_websites().await else { return };
    let unknown = WEBSITE.replace("host:", "hots: x, host:");
    has(&kubectl.refused("apply -f -", &unknown).await, &["strict decoding error: unknown field \"spec.hots\""]);
    let run = kubectl.run(&["apply", "--validate=warn", "-f", "-"], &unknown).await;
    assert!(run.ok, "{}", run.err);
    has(&run.err, &["Warning: unknown field \"spec.hots\""]);
    let invalid = WEBSITE.replace("host:", "replicas: -1, theme: blue, host:");
    has(
        &kubectl.refused("apply -f -", &invalid).await,
        &["is invalid", "spec.replicas", "spec.theme", "\"light\", \"dark\""],
    );
    let kind = WEBSITE.replace("kind: Website", "kind: Wobsite");
    has(&kubectl.refused("apply -f -", &kind).await, &["no matches for kind \"Wobsite\""]);
    has(&kubectl.refused(r#"patch website absent --type=merge -p {}"#, "").await, &["not found"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn server_side_apply_diff_label_and_annotate_work() {
    let Some(kubectl) = Kubectl::with_websites().await else { return };
    has(&kubectl.ok_with("apply --server-side -f -", WEBSITE).await, &["serverside-applied"]);
    kubectl.ok("label website one team=web").await;
    kubectl.ok("annotate website one note=x").await;
    has(&kubectl.ok("get websites -l team=web -A --show-labels").await, &["team=web"]);
    let other = WEBSITE.replace("a.example", "b.example");
    let differs = kubectl.run(&["diff", "--server-side", "-f", "-"], &other).await;
    assert!(!differs.ok);
    has(&differs.out, &["-  host: a.example.org", "+  host: b.example.org"]);
    let conflict = kubectl.refused("apply --server-side --field-manager=other -f -", &other).await;
    has(&conflict, &["conflict with \"kubectl\"", ".spec.host"]);
    kubectl.ok_with("apply --server-side --field-manager=other --force-conflicts -f -", &other).await;
    let managers =
        kubectl.ok("get website one --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}").await;
    has(&managers, &["kubectl", "other", "kubectl-label"]);
    let before = kubectl.ok("get website one -o jsonpath={.metadata.resourceVersion}").await;
    kubectl.ok_with("apply --server-side --field-manager=other -f -", &other).await;
    assert_eq!(kubectl.ok("get website one -o jsonpath={.metadata.resourceVersion}").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_answers_explain_api_resources_and_version() {
    let Some(kubectl) = Kubectl::with_websites().await else { return };
    has(&kubectl.ok("explain website.spec").await, &["Website", "host", "-required-", "enum: light, dark"]);
    has(&kubectl.ok("explain deployment.spec.replicas").await, &["replicas <integer>"]);
    has(&kubectl.ok("api-resources").await, &["websites", "ws", "demo.example.org/v1", "deployments"]);
    has(&kubectl.ok("api-versions").await, &["demo.example.org/v1", "apps/v1"]);
    has(&kubectl.ok("version").await, &["Server Version: v1.34.0"]);
    assert_eq!(kubectl.ok("get --raw /readyz").await, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_are_asked_for_and_kept() {
    let Some(kubectl) = Kubectl::with_websites().await else { return };
    has(&kubectl.ok("auth whoami").await, &["admin", "system:masters"]);
    assert_eq!(kubectl.ok("auth can-i create websites").await.trim(), "yes");
    has(
        &kubectl.refused("get pods --as=jane", "").await,
        &["(Forbidden)", "User \"jane\" cannot list resource \"pods\""],
    );
    kubectl.ok("create role reader --verb=get,list --resource=pods").await;
    kubectl.ok("create rolebinding reader --role=reader --user=jane").await;
    kubectl.ok("get pods --as=jane").await;
    has(&kubectl.ok("auth can-i --list --as=jane").await, &["pods", "[get list]"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_prints_each_change_as_it_comes() {
    let Some(kubectl) = Kubectl::with_websites().await else { return };
    kubectl.ok_with("apply -f -", WEBSITE).await;
    let mut watch = kubectl.command(&["get", "websites", "-w", "--output-watch-events"]).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut next = async || tokio::time::timeout(LIMIT, lines.next_line()).await.expect("a line").unwrap().unwrap();
    has(&next().await, &["EVENT", "NAME", "HOST"]);
    has(&next().await, &["ADDED", "one", "1"]);
    kubectl.ok("scale website one --replicas=7").await;
    has(&next().await, &["MODIFIED", "one", "7"]);
    kubectl.ok("delete website one").await;
    has(&next().await, &["DELETED", "one"]);
    watch.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_comes_and_goes_through_kubectl() {
    let Some(kubectl) = Kubectl::found(World::start().await).await else { return };
    has(&kubectl.ok_with("apply -f -", support::WEBSITE_CRD).await, &["created"]);
    kubectl.ok("wait --for=condition=Established crd/websites.demo.example.org --timeout=30s").await;
    kubectl.ok_with("apply -f -", WEBSITE).await;
    has(&kubectl.ok("get crd").await, &["websites.demo.example.org"]);
    kubectl.ok("delete crd websites.demo.example.org --timeout=30s").await;
    has(&kubectl.refused("get websites", "").await, &["could not find the requested resource"]);
}
