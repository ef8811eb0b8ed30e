//! Names of the structs of Kubernetes' Go types, where they do not follow from the field.

/// The struct of a field.
const KNOWN: [(&str, &str); 34] = [
    ("metadata", "ObjectMeta"),
    ("ownerReferences", "OwnerReference"),
    ("managedFields", "ManagedFieldsEntry"),
    ("template", "PodTemplateSpec"),
    ("jobTemplate", "JobTemplateSpec"),
    ("containers", "Container"),
    ("initContainers", "Container"),
    ("ephemeralContainers", "EphemeralContainer"),
    ("env", "EnvVar"),
    ("envFrom", "EnvFromSource"),
    ("valueFrom", "EnvVarSource"),
    ("resources", "ResourceRequirements"),
    ("volumes", "Volume"),
    ("volumeMounts", "VolumeMount"),
    ("tolerations", "Toleration"),
    ("selector", "LabelSelector"),
    ("matchExpressions", "LabelSelectorRequirement"),
    ("rules", "PolicyRule"),
    ("roleRef", "RoleRef"),
    ("subjects", "Subject"),
    ("involvedObject", "ObjectReference"),
    ("source", "EventSource"),
    ("livenessProbe", "Probe"),
    ("readinessProbe", "Probe"),
    ("startupProbe", "Probe"),
    ("affinity", "Affinity"),
    ("names", "CustomResourceDefinitionNames"),
    ("versions", "CustomResourceDefinitionVersion"),
    ("taints", "Taint"),
    ("strategy", "DeploymentStrategy"),
    ("rollingUpdate", "RollingUpdateDeployment"),
    ("conversion", "CustomResourceConversion"),
    ("secrets", "ObjectReference"),
    ("imagePullSecrets", "LocalObjectReference"),
];

/// The struct that a field of another struct holds.
pub(super) fn below(owner: &str, field: &str) -> String {
    match (owner, field) {
        ("PodTemplateSpec", "spec") => return "PodSpec".to_owned(),
        ("JobTemplateSpec", "spec") => return "JobSpec".to_owned(),
        ("ServiceSpec", "ports") => return "ServicePort".to_owned(),
        ("Container", "ports") => return "ContainerPort".to_owned(),
        ("Container", "securityContext") => return "SecurityContext".to_owned(),
        ("PodSpec", "securityContext") => return "PodSecurityContext".to_owned(),
        ("IngressSpec", "rules") => return "IngressRule".to_owned(),
        (_, "conditions") => return format!("{}Condition", owner.trim_end_matches("Status")),
        _ => {}
    }
    if let Some((_, name)) = KNOWN.iter().find(|(known, _)| *known == field) {
        return (*name).to_owned();
    }
    let mut letters = field.trim_end_matches('s').chars();
    let camel: String = letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect();
    if matches!(field, "spec" | "status") {
        let camel = if field == "spec" { "Spec" } else { "Status" };
        return format!("{owner}{camel}");
    }
    camel
}

/// A type with its package, which is `v1` for nearly all.
pub(super) fn in_package(name: &str) -> String {
    if name.contains('.') { name.to_owned() } else { format!("v1.{name}") }
}
