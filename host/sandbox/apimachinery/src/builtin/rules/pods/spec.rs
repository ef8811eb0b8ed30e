//! The spec of a Pod, in the order in which the real server judges its parts.

use super::containers::{self, Within};
use super::volumes;
use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::nodes::EFFECTS;
use crate::builtin::rules::texts;
use crate::meta::names;

const DNS_POLICIES: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

/// The spec of a Pod or of a template.
pub(super) struct PodSpec<'a> {
    pub(super) at: At<'a>,
    pub(super) is_pod: bool,
    /// Volumes that the Pod will have besides its own.
    pub(super) claimed: Vec<&'a str>,
}

impl PodSpec<'_> {
    pub(super) fn check(&self, errors: &mut Errors) {
        let spec = &self.at;
        let mut known = volumes::check(&spec.child("volumes"), errors);
        known.extend(self.claimed.iter().copied());
        containers::check(spec, &Within { volumes: known }, errors);
        self.host_ports(errors);
        spec.child("restartPolicy").one_of(&["Always", "OnFailure", "Never"], errors);
        spec.child("dnsPolicy").one_of(&DNS_POLICIES, errors);
        texts::labels(&spec.child("nodeSelector"), errors);
        self.dns(errors);
        for gate in spec.child("readinessGates").items().iter().map(|gate| gate.child("conditionType")) {
            gate.judged(names::qualified(gate.text()), errors);
        }
        spread(&spec.child("topologySpreadConstraints"), errors);
        self.names(errors);
        for toleration in spec.child("tolerations").items() {
            self::toleration(&toleration, errors);
        }
    }

    /// On the network of its node, a port is the node's.
    fn host_ports(&self, errors: &mut Errors) {
        if self.at.child("hostNetwork").value != true {
            return;
        }
        for container in self.at.child("containers").items() {
            for port in container.child("ports").items() {
                let host = port.child("hostPort");
                let asked = self.is_pod || host.number() != 0;
                if asked && host.number() != port.child("containerPort").number() {
                    let why = "must match `containerPort` when `hostNetwork` is true";
                    errors.push(host.invalid_value(host.number(), why));
                }
            }
        }
    }

    fn dns(&self, errors: &mut Errors) {
        let (policy, config) = (self.at.child("dnsPolicy"), self.at.child("dnsConfig"));
        let servers = config.child("nameservers");
        if policy.text() == "None" && !config.is_set() {
            errors.push(config.required("must provide `dnsConfig` when `dnsPolicy` is None"));
        } else if policy.text() == "None" && servers.len() == 0 {
            errors.push(servers.required("must provide at least one DNS nameserver when `dnsPolicy` is None"));
        }
        for server in servers.items() {
            server.judged(texts::address(server.text()), errors);
        }
    }

    fn names(&self, errors: &mut Errors) {
        type Check = fn(&str) -> Option<String>;
        let checks: [(&str, Check); 4] = [
            ("serviceAccountName", names::subdomain),
            ("nodeName", names::subdomain),
            ("hostname", names::label),
            ("subdomain", names::label),
        ];
        for (field, check) in checks {
            let name = self.at.child(field);
            if !name.text().is_empty() {
                name.judged(check(name.text()), errors);
            }
        }
        let deadline = self.at.child("activeDeadlineSeconds");
        if deadline.is_set() && !(1..=i64::from(i32::MAX)).contains(&deadline.number()) {
            errors.push(deadline.invalid(&format!("must be between 1 and {}, inclusive", i32::MAX)));
        }
    }
}

fn spread(constraints: &At<'_>, errors: &mut Errors) {
    for constraint in constraints.items() {
        let (skew, key) = (constraint.child("maxSkew"), constraint.child("topologyKey"));
        if skew.number() <= 0 {
            errors.push(skew.invalid_value(skew.number(), "must be greater than zero"));
        }
        key.named(|key| names::qualified(key).into_iter().next(), errors);
        let when = constraint.child("whenUnsatisfiable");
        when.one_of(&["DoNotSchedule", "ScheduleAnyway"], errors);
        texts::selector(&constraint.child("labelSelector"), errors);
    }
}

fn toleration(at: &At<'_>, errors: &mut Errors) {
    let [key, operator, value, effect] = ["key", "operator", "value", "effect"].map(|field| at.child(field));
    if !key.text().is_empty() {
        key.judged(names::qualified(key.text()), errors);
    } else if operator.text() != "Exists" {
        let why = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        errors.push(operator.invalid_value(operator.text(), why));
    }
    if at.child("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
        let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        errors.push(effect.invalid_value(effect.text(), why));
    }
    match operator.text() {
        "" | "Equal" => {
            let why = names::label_value(value.text()).join(";");
            let wrong = (!why.is_empty()).then(|| operator.invalid_value(value.text(), &why));
            errors.extend(wrong);
        }
        // The real server shows the value where it names the operator.
        "Exists" if !value.text().is_empty() => {
            errors.push(operator.invalid_value(value.text(), "value must be empty when `operator` is 'Exists'"));
        }
        "Exists" => {}
        "Lt" | "Gt" => errors.push(operator.not_supported(&["Equal", "Exists", "Lt", "Gt"])),
        _ => errors.push(operator.not_supported(&["Equal", "Exists"])),
    }
    if !effect.text().is_empty() {
        effect.one_of(&EFFECTS, errors);
    }
}
