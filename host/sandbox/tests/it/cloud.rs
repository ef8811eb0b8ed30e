//! The whole joined: join data that Cluster API made, given to a simulated server, makes a Node of it.

use crate::common::provider::{self, MACHINE as SERVER};
use crate::common::{Cluster, condition, eventually, is_initialized, name, quick_world, secret_text, tenant, text};
use serde_json::{Value, json};

const MACHINE: &str = "Machine.v1beta1.cluster.x-k8s.io";
const IMAGE: &str = "a4f6c1d2-1340-4e8a-9b01-7d5c30e20003";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_the_join_data_becomes_the_node_of_its_machine() {
    let world = quick_world().await;
    let admin = Cluster::admin(&world).await;
    tenant::create(&admin, "one").await;
    let tenant = tenant::connect(&admin, "one").await;
    deploy(&admin).await;
    let has_data = |machine: &Value| !text(machine, "/spec/bootstrap/dataSecretName").is_empty();
    let machines = admin.are(MACHINE, "default", 1, has_data).await;
    let machine = name(&machines[0]);
    let data = secret_text(&admin.exists("Secret", "default", machine).await, "value");

    let uuid = Account::of(&world).buy(machine, &data).await;
    let id = format!("cloudsigma://{uuid}");
    let spec = json!({"spec": {"providerID": id}});
    admin.patch(SERVER, "default", machine, spec).await.expect("is accepted");
    admin.patch_status(SERVER, "default", machine, json!({"ready": true})).await.expect("is accepted");

    let ready = |node: &Value| condition(node, "Ready") == "True";
    let node = eventually("the node", async || {
        let nodes = tenant.list("Node", "").await;
        let found = nodes.into_iter().find(|node| ready(node));
        found.ok_or_else(|| Some(json!(world.cloud.console(&uuid))))
    })
    .await;
    assert_eq!((name(&node), text(&node, "/spec/providerID")), (machine, id.as_str()));
    assert_eq!(text(&node, "/status/nodeInfo/kubeletVersion"), "v1.34.0");
    let running = |machine: &Value| text(machine, "/status/phase") == "Running";
    let machine = admin.becomes(MACHINE, "default", machine, running).await;
    assert_eq!(text(&machine, "/status/nodeRef/name"), name(&machine));
    let marked = |node: &Value| {
        is_initialized(node) && node["metadata"]["annotations"]["cluster.x-k8s.io/machine"] == json!(name(node))
    };
    tenant.becomes("Node", "", name(&machine), marked).await;
    world.stop().await;
}

async fn deploy(admin: &Cluster) {
    let template = json!({"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "TestMachineTemplate",
        "metadata": {"name": "one-pool", "namespace": "default"}, "spec": {"template": {"spec": {}}}});
    admin.apply(template).await.expect("is accepted");
    let kubelet = json!({"cloud-provider": "external", "provider-id": "cloudsigma://{{ ds.meta_data.instance_id }}"});
    admin.apply(provider::bootstrap("one-pool", kubelet)).await.expect("is accepted");
    admin.apply(provider::deployment("one", "one-pool", "TestMachineTemplate", 1)).await.expect("is accepted");
}

/// An account of the world's cloud.
struct Account<'a> {
    world: &'a backplane_sandbox::World,
    client: reqwest::Client,
}

impl<'a> Account<'a> {
    fn of(world: &'a backplane_sandbox::World) -> Self {
        crate::common::choose_crypto();
        Self { world, client: reqwest::Client::new() }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.world.cloud_url())).json(&body);
        let account = self.world.cloud_credentials();
        let answer = request.basic_auth(account.email, Some(account.password)).send().await.expect("is answered");
        let status = answer.status();
        let body: Value = answer.json().await.expect("is JSON");
        assert!(status.is_success(), "{path}: {status}: {body}");
        body
    }

    /// A running server with this user data; answers its uuid.
    async fn buy(&self, name: &str, data: &str) -> String {
        use base64::Engine as _;
        let body = json!({"name": format!("{name}-drive-0"), "size": 30_u64 << 30, "media": "disk"});
        let drive = self.post(&format!("drives/{IMAGE}/action/?do=clone"), body).await;
        let drive = text(&drive, "/objects/0/uuid").to_owned();
        eventually("the clone", async || {
            let done = self.world.cloud.drives().iter().any(|d| d.uuid == drive && d.status == "unmounted");
            if done { Ok(()) } else { Err(None) }
        })
        .await;
        let data = base64::engine::general_purpose::STANDARD.encode(data);
        let server = json!({"objects": [{"name": name, "cpu": 2000, "mem": 4_u64 << 30, "vnc_password": "secret-word",
            "drives": [{"boot_order": 1, "dev_channel": "0:1", "device": "virtio", "drive": drive}],
            "nics": [{"ip_v4_conf": {"conf": "dhcp"}}],
            "meta": {"base64_fields": "cloudinit-user-data", "cloudinit-user-data": data}}]});
        let server = self.post("servers/", server).await;
        let uuid = text(&server, "/objects/0/uuid").to_owned();
        self.post(&format!("servers/{uuid}/action/?do=start"), json!({})).await;
        uuid
    }
}
