//! Labels, annotations, finalizers and groups of Cluster API, each named once.

pub(crate) const GROUP: &str = "cluster.x-k8s.io";
pub(crate) const SECRET_TYPE: &str = "cluster.x-k8s.io/secret";

pub(crate) const CLUSTER_NAME: &str = "cluster.x-k8s.io/cluster-name";
pub(crate) const DEPLOYMENT_NAME: &str = "cluster.x-k8s.io/deployment-name";
pub(crate) const SET_NAME: &str = "cluster.x-k8s.io/set-name";
pub(crate) const TEMPLATE_HASH: &str = "machine-template-hash";
pub(crate) const CONTROL_PLANE: &str = "cluster.x-k8s.io/control-plane";

pub(crate) const PAUSED: &str = "cluster.x-k8s.io/paused";
pub(crate) const CLONED_FROM_NAME: &str = "cluster.x-k8s.io/cloned-from-name";
pub(crate) const CLONED_FROM_KIND: &str = "cluster.x-k8s.io/cloned-from-groupkind";
pub(crate) const DELETE_MACHINE: &str = "cluster.x-k8s.io/delete-machine";
pub(crate) const DISABLE_CREATE: &str = "cluster.x-k8s.io/disable-machine-create";
pub(crate) const EXCLUDE_DRAIN: &str = "machine.cluster.x-k8s.io/exclude-node-draining";
pub(crate) const PRE_DRAIN_HOOK: &str = "pre-drain.delete.hook.machine.cluster.x-k8s.io";
pub(crate) const PRE_TERMINATE_HOOK: &str = "pre-terminate.delete.hook.machine.cluster.x-k8s.io";
pub(crate) const REVISION: &str = "machinedeployment.clusters.x-k8s.io/revision";
pub(crate) const DESIRED_REPLICAS: &str = "machinedeployment.clusters.x-k8s.io/desired-replicas";
pub(crate) const MAX_REPLICAS: &str = "machinedeployment.clusters.x-k8s.io/max-replicas";
pub(crate) const SCALE_MIN: &str = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size";
pub(crate) const SCALE_MAX: &str = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size";

pub(crate) const CLUSTER_FINALIZER: &str = "cluster.cluster.x-k8s.io";
pub(crate) const DEPLOYMENT_FINALIZER: &str = "cluster.x-k8s.io/machinedeployment";
pub(crate) const SET_FINALIZER: &str = "cluster.x-k8s.io/machineset";
pub(crate) const MACHINE_FINALIZER: &str = "machine.cluster.x-k8s.io";

/// Taint that a Node carries until its Machine's labels have been put on it.
pub(crate) const UNINITIALIZED: &str = "node.cluster.x-k8s.io/uninitialized";
