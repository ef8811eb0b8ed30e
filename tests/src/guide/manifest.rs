//! What the user applies.

use super::{CLUSTER, MIXED, POOL, VERSION};

/// The guide's cluster, as the guide spells it.
pub fn cluster_manifest(image: &str) -> String {
    format!(
        "apiVersion: k8s.kube-dc.com/v1alpha1
kind: KdcCluster
metadata: {{name: {CLUSTER}, namespace: default}}
spec:
  version: {VERSION}
  controlPlane: {{replicas: 2}}
  dataStore: {{dedicated: true, eipName: default-gw}}
  network: {{serviceCIDR: 10.96.0.0/12, podCIDR: 10.220.0.0/16}}
  eip: {{create: true, externalNetworkType: public}}
  enableClusterAPI: true
  workers:
    - name: {POOL}
      replicas: 2
      infrastructureProvider: cloudsigma
      cloudsigma: {{cpu: 2000, memory: 4096, diskSize: 30, imageUUID: \"{image}\", region: zrh}}
"
    )
}

/// A cluster with a CloudSigma pool, spelled as the published schema does, and a KubeVirt pool.
pub fn mixed_manifest(image: &str) -> String {
    format!(
        "apiVersion: k8s.kube-dc.com/v1alpha1
kind: KdcCluster
metadata: {{name: {MIXED}, namespace: default}}
spec:
  version: {VERSION}
  controlPlane: {{replicas: 2}}
  dataStore: {{dedicated: true, eipName: default-gw, port: 32380}}
  eip: {{create: true, externalNetworkType: public}}
  enableClusterAPI: true
  workers:
    - name: cloud
      replicas: 1
      infrastructureProvider: cloudsigma
      memory: 4Gi
      cloudsigma: {{cpuMHz: 2000, diskSizeGB: 30, imageUUID: \"{image}\", region: zrh}}
    - name: local
      replicas: 1
      infrastructureProvider: kubevirt
      cpuCores: 2
      memory: 4Gi
"
    )
}
