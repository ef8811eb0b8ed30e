//! The spec of a Pod, in the order in which the real server judges its parts.

use super::containers::{self, Within};
use super::{affinity, dns, host, placement, resources, security, volumes};
use crate::builtin::rules::at::{At, Errors};
use crate::builtin::rules::texts;
use crate::field::FieldError;
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
        containers::check(spec, &self.within(known), errors);
        host::ports(spec, self.is_pod, errors);
        spec.child("restartPolicy").one_of(&["Always", "OnFailure", "Never"], errors);
        spec.child("dnsPolicy").one_of(&DNS_POLICIES, errors);
        texts::labels(&spec.child("nodeSelector"), errors);
        security::of_pod(&spec.child("securityContext"), errors);
        affinity::check(&spec.child("affinity"), errors);
        dns::check(spec, errors);
        self.gates(errors);
        placement::spread(&spec.child("topologySpreadConstraints"), errors);
        host::users(spec, errors);
        host::name(spec, errors);
        self.names(errors);
        placement::tolerations(&spec.child("tolerations"), errors);
        self.aliases(errors);
        self.classes(errors);
        resources::amounts(&At { path: spec.child("overhead").child("limits").path, ..spec.child("overhead") }, errors);
        host::system(spec, errors);
    }

    /// What the containers find.
    fn within<'a>(&'a self, volumes: Vec<&'a str>) -> Within<'a> {
        let mut claims = volumes::claims(&self.at.child("volumes"));
        claims.extend(self.claimed.iter().copied());
        Within {
            volumes,
            claims,
            host_users: self.at.child("hostUsers").value != false,
            grace: self.at.child("terminationGracePeriodSeconds").number(),
            once: self.at.child("restartPolicy").text() == "Never",
        }
    }

    fn gates(&self, errors: &mut Errors) {
        for gate in self.at.child("readinessGates").items().iter().map(|gate| gate.child("conditionType")) {
            gate.judged(names::qualified(gate.text()), errors);
        }
        let gates = self.at.child("schedulingGates").items();
        let name = |gate: &At<'_>| gate.child("name").text().to_owned();
        for (i, gate) in gates.iter().enumerate() {
            let own = name(gate);
            errors.extend(names::qualified(&own).into_iter().map(|why| gate.invalid_value(own.as_str(), &why)));
            if gates[..i].iter().any(|other| name(other) == own) {
                errors.push(FieldError::duplicate(&gate.path, &own.into()));
            }
        }
    }

    fn names(&self, errors: &mut Errors) {
        let spec = &self.at;
        optional(&spec.child("serviceAccountName"), names::subdomain, errors);
        optional(&spec.child("nodeName"), names::subdomain, errors);
        let deadline = spec.child("activeDeadlineSeconds");
        if deadline.is_set() && !(1..=i64::from(i32::MAX)).contains(&deadline.number()) {
            errors.push(deadline.invalid(&format!("must be between 1 and {}, inclusive", i32::MAX)));
        }
        optional(&spec.child("hostname"), names::label, errors);
        optional(&spec.child("subdomain"), names::label, errors);
    }

    fn aliases(&self, errors: &mut Errors) {
        for alias in self.at.child("hostAliases").items() {
            let address = alias.child("ip");
            address.judged(texts::address(address.text()), errors);
            for name in alias.child("hostnames").items() {
                name.judged(names::subdomain(name.text()), errors);
            }
        }
    }

    fn classes(&self, errors: &mut Errors) {
        optional(&self.at.child("priorityClassName"), names::subdomain, errors);
        let class = self.at.child("runtimeClassName");
        if class.is_set() {
            class.judged(names::subdomain(class.text()), errors);
        }
        let preemption = self.at.child("preemptionPolicy");
        if preemption.is_set() {
            preemption.one_of(&["PreemptLowerPriority", "Never"], errors);
        }
    }
}

/// A name that is judged only if there is one.
fn optional(name: &At<'_>, check: fn(&str) -> Option<String>, errors: &mut Errors) {
    if !name.text().is_empty() {
        name.judged(check(name.text()), errors);
    }
}
