//! What a lease is for: a plugin, or one shard of it.

/// A share of a plugin's objects, by a hash of their namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    /// Which one, from zero.
    pub index: u32,
    /// How many there are.
    pub count: u32,
}

impl Shard {
    /// Whether objects of this namespace belong to the shard. Cluster-scoped objects belong to the first one.
    pub fn covers(&self, namespace: Option<&str>) -> bool {
        let Some(namespace) = namespace.filter(|namespace| !namespace.is_empty()) else { return self.index == 0 };
        hash(&[namespace]) % u64::from(self.count.max(1)) == u64::from(self.index)
    }
}

/// A lease that a replica may hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// Name of the plugin.
    pub plugin: String,
    /// The shard; `None` for a plugin that is not sharded.
    pub shard: Option<Shard>,
}

impl Claim {
    /// The claims of a plugin that is divided into so many shards; zero and one mean that it is not.
    pub fn all(plugin: &str, shards: u32) -> Vec<Self> {
        let claim = |shard| Self { plugin: plugin.to_owned(), shard };
        match shards {
            0 | 1 => vec![claim(None)],
            count => (0..count).map(|index| claim(Some(Shard { index, count }))).collect(),
        }
    }

    /// Name of the Lease object: `backplane-<plugin>` or `backplane-<plugin>-<shard>`.
    pub fn lease(&self) -> String {
        match self.shard {
            None => format!("backplane-{}", self.plugin),
            Some(shard) => format!("backplane-{}-{}", self.plugin, shard.index),
        }
    }

    /// Name of the part in metrics and logs: the plugin's, with the number of the shard.
    pub fn component(&self) -> String {
        match self.shard {
            None => self.plugin.clone(),
            Some(shard) => format!("{}-{}", self.plugin, shard.index),
        }
    }

    /// How many shards the plugin has.
    pub(super) fn shards(&self) -> u32 {
        self.shard.map_or(1, |shard| shard.count)
    }
}

/// The same on every replica, whatever its build: it decides who works on what.
pub(super) fn hash(parts: &[&str]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_namespace_belongs_to_exactly_one_shard_and_cluster_scoped_objects_to_the_first() {
        let claims = Claim::all("web", 4);
        let shards: Vec<Shard> = claims.iter().filter_map(|claim| claim.shard).collect();
        let mut carried = [0; 4];
        for namespace in (0..400).map(|i| format!("tenant-{i}")) {
            let owners: Vec<_> = shards.iter().filter(|shard| shard.covers(Some(&namespace))).collect();
            assert_eq!(owners.len(), 1, "{namespace}");
            carried[owners[0].index as usize] += 1;
        }
        assert!(carried.iter().all(|n| *n > 60), "{carried:?}");
        for none in [None, Some("")] {
            let owners: Vec<_> = shards.iter().filter(|shard| shard.covers(none)).map(|shard| shard.index).collect();
            assert_eq!(owners, [0]);
        }
    }

    #[test]
    fn the_hash_never_changes_between_builds() {
        let placed: Vec<_> = ["default", "kube-system", "a"].map(|ns| hash(&[ns]) % 8).into();
        assert_eq!(placed, PLACED);
    }

    const PLACED: [u64; 3] = [4, 5, 7];

    #[test]
    fn a_plugin_without_shards_has_one_lease_of_its_name() {
        let names = |shards| Claim::all("web", shards).iter().map(Claim::lease).collect::<Vec<_>>();
        assert_eq!(names(0), ["backplane-web"]);
        assert_eq!(names(1), ["backplane-web"]);
        assert_eq!(names(2), ["backplane-web-0", "backplane-web-1"]);
    }
}
