//! Pods as a cluster has them: made by Deployments of some hundred applications, run by kubelets.
//!
//! Compression is judged on them, so what differs between real Pods differs here: uids, names, addresses, container
//! ids, times; and what does not, does not: containers, probes and environment of one application are alike. Nothing is
//! padded. Everything follows from the number of the Pod, so that two runs make the same ones.

use serde_json::{Value, json};

/// Pods of one application.
const REPLICAS: usize = 200;
/// Namespaces, a few applications in each.
pub(crate) const NAMESPACES: usize = 50;

const WORDS: [&str; 32] = [
    "account",
    "archive",
    "audit",
    "basket",
    "billing",
    "cache",
    "catalog",
    "checkout",
    "customer",
    "delivery",
    "export",
    "gateway",
    "identity",
    "import",
    "inventory",
    "ledger",
    "mail",
    "media",
    "metrics",
    "notify",
    "order",
    "payment",
    "price",
    "profile",
    "report",
    "review",
    "search",
    "session",
    "shipping",
    "stock",
    "token",
    "upload",
];
const ROLES: [&str; 8] = ["api", "worker", "web", "scheduler", "sync", "proxy", "consumer", "admin"];
const SETTINGS: [&str; 24] = [
    "LOG_LEVEL",
    "DATABASE_HOST",
    "DATABASE_NAME",
    "DATABASE_POOL_SIZE",
    "REDIS_URL",
    "KAFKA_BROKERS",
    "KAFKA_TOPIC",
    "HTTP_TIMEOUT_SECONDS",
    "MAX_CONNECTIONS",
    "FEATURE_FLAGS_URL",
    "TRACING_ENDPOINT",
    "TRACING_SAMPLE_RATE",
    "METRICS_PORT",
    "CACHE_TTL_SECONDS",
    "S3_BUCKET",
    "S3_REGION",
    "SENTRY_ENVIRONMENT",
    "OAUTH_ISSUER",
    "OAUTH_AUDIENCE",
    "RATE_LIMIT",
    "BATCH_SIZE",
    "RETRY_ATTEMPTS",
    "GRACE_PERIOD",
    "PUBLIC_URL",
];

/// The same number for the same seeds, and none like it for others (splitmix64).
fn mix(seeds: &[u64]) -> u64 {
    seeds.iter().fold(0x9E37_79B9_7F4A_7C15, |state: u64, seed| {
        let mut z = state.wrapping_add(*seed).wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    })
}

fn hex(seeds: &[u64], digits: usize) -> String {
    let parts = (0..).map(|part| format!("{:016x}", mix(&[seeds, &[part]].concat())));
    parts.take(digits.div_ceil(16)).collect::<String>()[..digits].to_owned()
}

/// A suffix as Kubernetes draws it.
fn suffix(seeds: &[u64]) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    (0..5).map(|i| char::from(LETTERS[mix(&[seeds, &[i]].concat()) as usize % LETTERS.len()])).collect()
}

fn pick<'a>(words: &[&'a str], seeds: &[u64]) -> &'a str {
    words[mix(seeds) as usize % words.len()]
}

fn uid(seeds: &[u64]) -> String {
    let digits = hex(seeds, 32);
    format!("{}-{}-4{}-a{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..])
}

fn time(seeds: &[u64]) -> String {
    let second = mix(seeds) % (28 * 86400);
    let (day, hour, minute) = (second / 86400 + 1, second / 3600 % 24, second / 60 % 60);
    format!("2026-03-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60)
}

/// One Pod: what is created, and the status that a kubelet writes afterwards.
pub(crate) struct Pod {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) object: Value,
    pub(crate) status: Value,
}

/// The Pod of a number.
pub(crate) fn pod(number: usize) -> Pod {
    let (app, n) = ((number / REPLICAS) as u64, number as u64);
    let name = format!("{}-{}", pick(&WORDS, &[app, 1]), pick(&ROLES, &[app, 2]));
    let set = format!("{name}-{}", hex(&[app, 3], 10));
    let pod = format!("{set}-{}", suffix(&[n, 4]));
    let namespace = format!("team-{:02}", app as usize % NAMESPACES);
    let object = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": metadata(app, n, &name, &set, &pod, &namespace), "spec": spec(app, n, &name)});
    Pod { status: status(app, n, &name), namespace, name: pod, object }
}

fn metadata(app: u64, n: u64, name: &str, set: &str, pod: &str, namespace: &str) -> Value {
    let version = format!("{}.{}.{}", 1 + mix(&[app, 5]) % 4, mix(&[app, 6]) % 30, mix(&[app, 7]) % 10);
    json!({"name": pod, "generateName": format!("{set}-"), "namespace": namespace,
        "labels": {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name, "app.kubernetes.io/version": version,
            "pod-template-hash": &set[set.len() - 10..]},
        "annotations": {"checksum/config": hex(&[app, 8], 64), "prometheus.io/scrape": "true",
            "cni.projectcalico.org/containerID": hex(&[n, 9], 64), "cni.projectcalico.org/podIP": format!("{}/32", ip(n))},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set, "uid": uid(&[app, 10]),
            "controller": true, "blockOwnerDeletion": true}]})
}

fn ip(n: u64) -> String {
    format!("10.{}.{}.{}", 128 + n / 64516, n / 254 % 254, 1 + n % 254)
}

fn node(n: u64) -> u64 {
    mix(&[n, 11]) % 500
}

fn spec(app: u64, n: u64, name: &str) -> Value {
    let access = format!("kube-api-access-{}", suffix(&[n, 12]));
    json!({"nodeName": format!("worker-{:03}.example.org", node(n)), "serviceAccountName": name,
        "securityContext": {"runAsNonRoot": true, "runAsUser": 10001, "fsGroup": 10001},
        "containers": [application(app, name, &access), sidecar(&access)],
        "volumes": [
            {"name": "config", "configMap": {"name": format!("{name}-config"), "defaultMode": 420}},
            {"name": access, "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}]}}]})
}

fn application(app: u64, name: &str, access: &str) -> Value {
    let memory = 128 << (mix(&[app, 13]) % 4);
    json!({"name": name, "image": image(app, name), "ports": [{"name": "http", "containerPort": 8080}],
        "env": environment(app, name),
        "resources": {"requests": {"cpu": "100m", "memory": format!("{memory}Mi")}, "limits": {"memory": format!("{}Mi", memory * 2)}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app", "readOnly": true}, mount(access)]})
}

fn sidecar(access: &str) -> Value {
    json!({"name": "log-forwarder", "image": "registry.example.org/platform/log-forwarder:2.4.1",
        "volumeMounts": [mount(access)], "resources": {"limits": {"memory": "64Mi"}}})
}

fn mount(access: &str) -> Value {
    json!({"name": access, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true})
}

fn image(app: u64, name: &str) -> String {
    format!("registry.example.org/{}/{name}@sha256:{}", pick(&WORDS, &[app, 14]), hex(&[app, 15], 64))
}

fn environment(app: u64, name: &str) -> Vec<Value> {
    let count = 1 + mix(&[app, 16]) as usize % 4;
    let start = mix(&[app, 17]) as usize;
    let value = |i: u64| match mix(&[app, 18, i]) % 3 {
        0 => format!("https://{}.{}.svc.cluster.local:8443", pick(&WORDS, &[app, 19, i]), pick(&WORDS, &[app, 20, i])),
        1 => format!("{}", mix(&[app, 21, i]) % 10_000),
        _ => format!("{name}-{}", pick(&WORDS, &[app, 22, i])),
    };
    (0..count).map(|i| json!({"name": SETTINGS[(start + i) % SETTINGS.len()], "value": value(i as u64)})).collect()
}

fn status(app: u64, n: u64, name: &str) -> Value {
    let (began, ready) = (time(&[n, 23]), time(&[n, 24]));
    let condition =
        |kind, at: &str| json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": at});
    let container = |i: u64, name: &str, image: String| {
        json!({"name": name, "image": image, "imageID": image, "ready": true, "started": true, "restartCount": mix(&[n, 25, i]) % 3,
            "containerID": format!("containerd://{}", hex(&[n, 26, i], 64)), "state": {"running": {"startedAt": ready}}})
    };
    let forwarder = "registry.example.org/platform/log-forwarder:2.4.1".to_owned();
    json!({"phase": "Running", "qosClass": "Burstable", "podIP": ip(n), "podIPs": [{"ip": ip(n)}], "startTime": began,
        "hostIP": format!("10.0.{}.{}", node(n) / 254, 1 + node(n) % 254),
        "conditions": [condition("Initialized", &began), condition("PodScheduled", &began),
            condition("ContainersReady", &ready), condition("Ready", &ready)],
        "containerStatuses": [container(0, name, image(app, name)), container(1, "log-forwarder", forwarder)]})
}
