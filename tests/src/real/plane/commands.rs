//! How each part is started.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::ControlPlane;
use crate::real::files::Files;
use crate::real::program::free_port;

impl ControlPlane {
    pub(super) fn etcd_command(&self) -> Command {
        let (client, peer) = (self.etcd_url(), format!("http://127.0.0.1:{}", self.peer_port));
        let mut command = Command::new(self.parts.program("etcd"));
        command.args(["--unsafe-no-fsync", "--log-level=error", "--quota-backend-bytes=8589934592"]);
        command.arg(format!("--data-dir={}", self.path("etcd").display()));
        command.args([format!("--listen-client-urls={client}"), format!("--advertise-client-urls={client}")]);
        command.args([format!("--listen-peer-urls={peer}"), format!("--initial-advertise-peer-urls={peer}")]);
        command.arg(format!("--initial-cluster=default={peer}"));
        command
    }

    pub(super) fn apiserver_command(&self) -> Command {
        let Files { certificate, key, accounts: [sign, check], tokens, policy, audit, .. } = &self.files;
        let mut command = Command::new(self.parts.program("kube-apiserver"));
        command.args([
            "--bind-address=127.0.0.1",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--disable-admission-plugins=ServiceAccount",
        ]);
        command.args([format!("--etcd-servers={}", self.etcd_url()), format!("--secure-port={}", self.port)]);
        let file = |name: &str, file: &Path| format!("--{name}={}", file.display());
        command.args([
            file("cert-dir", &self.path("certificates")),
            file("tls-cert-file", certificate),
            file("tls-private-key-file", key),
            file("service-account-key-file", check),
            file("service-account-signing-key-file", sign),
            file("token-auth-file", tokens),
            file("audit-policy-file", policy),
            file("audit-log-path", audit),
            // Megabytes: what is judged from the log must be in one piece.
            "--audit-log-maxsize=100000".into(),
        ]);
        command.args(&self.options.apiserver);
        command
    }

    pub(super) fn controllers_command(&self) -> Result<Command> {
        let kubeconfig = self.path("controllers.conf");
        std::fs::write(&kubeconfig, self.kubeconfig())?;
        let file = |name: &str, file: &Path| format!("--{name}={}", file.display());
        let mut command = Command::new(self.parts.program("kube-controller-manager"));
        command.args(["--use-service-account-credentials=false", "--leader-elect=false"]);
        command.arg(format!("--secure-port={}", free_port()?)).arg(file("cert-dir", &self.path("certificates")));
        command.args(
            ["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"].map(|n| file(n, &kubeconfig)),
        );
        command.arg(file("service-account-private-key-file", &self.files.accounts[0]));
        command.arg(format!("--controllers={}", self.options.controller_names.join(",")));
        Ok(command)
    }
}
