//! Whether the books are right: everything booked, nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde_json::Value;

use crate::kinds::collection;
use crate::user::User;

/// Accounts and entries as the API server has them.
pub(crate) struct Books {
    accounts: Vec<Value>,
    entries: BTreeMap<String, Vec<Value>>,
}

impl Books {
    pub(crate) async fn read(user: &User) -> Result<Self> {
        let accounts = user.items(&collection("accounts")).await?;
        let mut entries: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for entry in user.items(&collection("entries")).await? {
            let owner = entry["metadata"]["ownerReferences"][0]["uid"].as_str().unwrap_or_default().to_owned();
            entries.entry(owner).or_default().push(entry);
        }
        Ok(Self { accounts, entries })
    }

    /// The numbers that the accounts show.
    pub(crate) fn numbers(&self) -> BTreeMap<String, u64> {
        self.accounts
            .iter()
            .map(|account| (name(account), account["spec"]["number"].as_u64().unwrap_or_default()))
            .collect()
    }

    /// What is not booked yet of these numbers, or in any way wrong.
    pub(crate) fn behind(&self, shown: &BTreeMap<String, u64>) -> Vec<String> {
        self.accounts
            .iter()
            .filter_map(|account| self.fault_of(account, shown).map(|fault| format!("{}: {fault}", name(account))))
            .collect()
    }

    fn fault_of(&self, account: &Value, shown: &BTreeMap<String, u64>) -> Option<String> {
        let wanted = shown.get(&name(account)).copied().unwrap_or_default();
        let booked = account["status"]["booked"].as_u64().unwrap_or_default();
        if booked < wanted {
            return Some(format!("{wanted} is not booked, {booked} was last"));
        }
        let uid = account["metadata"]["uid"].as_str().unwrap_or_default();
        let [entry] = self.entries.get(uid).map_or(&[][..], Vec::as_slice) else {
            return Some(format!("{} entries", self.entries.get(uid).map_or(0, Vec::len)));
        };
        let payload = account["spec"]["payload"].as_str().unwrap_or_default().len() as u64;
        if entry["spec"]["payloadBytes"].as_u64().unwrap_or_default() != payload {
            return Some(format!("the payload of {payload} bytes is not booked"));
        }
        let numbers = numbers(entry);
        (numbers.last().copied().unwrap_or_default() < wanted).then(|| format!("{wanted} is missing in {numbers:?}"))
    }

    /// Entries beyond the first of an account, and numbers that were booked twice. Never right, at whatever moment.
    pub(crate) fn twice(&self) -> Vec<String> {
        let live = |entry: &&Value| entry["metadata"]["deletionTimestamp"].is_null();
        let doubled = self.entries.values().filter(|all| all.iter().filter(live).count() > 1);
        let doubled = doubled.map(|all| format!("{} entries of one account: {}", all.len(), name(&all[0])));
        let repeated = self.entries.values().flatten().filter(|entry| {
            let numbers = numbers(entry);
            numbers.iter().collect::<BTreeSet<_>>().len() < numbers.len()
        });
        doubled
            .chain(repeated.map(|entry| format!("{} has a number twice: {:?}", name(entry), numbers(entry))))
            .collect()
    }
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().into()
}

fn numbers(entry: &Value) -> Vec<u64> {
    entry["spec"]["numbers"].as_array().map(|all| all.iter().filter_map(Value::as_u64).collect()).unwrap_or_default()
}
