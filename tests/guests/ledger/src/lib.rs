//! Does, on purpose, what is not safe to do twice, so that a test can see whether it was.
//!
//! Each `Account` gets one `Entry` whose name the API server would make up, and each number that the account shows is
//! booked once: appended to the entry's list and counted. The status says which number was booked last.

use backplane_sdk::prelude::*;

/// Numbers kept in the list; older ones are only counted.
const KEPT: usize = 32;

/// Shows one number after the other.
#[derive(Object, Deserialize)]
#[object(group = "demo.example.org", version = "v1", kind = "Account")]
struct Account {
    spec: AccountSpec,
}

#[derive(Deserialize)]
struct AccountSpec {
    number: u64,
    #[serde(default)]
    payload: String,
}

/// What was booked.
#[derive(Object, Deserialize, Serialize)]
#[object(group = "demo.example.org", version = "v1", kind = "Entry")]
struct Entry {
    spec: Booked,
}

#[derive(Clone, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Booked {
    #[serde(default)]
    numbers: Vec<u64>,
    #[serde(default)]
    count: u64,
    #[serde(default)]
    payload_bytes: usize,
}

#[derive(Serialize)]
struct Status {
    booked: u64,
}

struct Ledger;

impl Controller for Ledger {
    fn declare() -> Declaration {
        Declaration::new("ledger", env!("CARGO_PKG_VERSION"))
            .reconciles(Account::KIND)
            .reads(Read::of(Entry::KIND).wakes(Wake::owners(Account::KIND)))
            .writes(Entry::KIND, &[Verb::Create, Verb::Patch])
            .writes(Account::KIND, &[Verb::ApplyStatus])
    }

    fn reconcile(request: &Request, cluster: &Cluster) -> Result<Response> {
        let Some(account) = cluster.get_ref::<Account>(&request.object)? else { return Ok(Outcome::Done.into()) };
        if account.is_deleting() {
            return Ok(Outcome::Done.into());
        }
        book(&account, cluster)?;
        cluster.apply_status(&account, &Status { booked: account.spec.number })?;
        Ok(Outcome::Done.into())
    }
}

fn book(account: &Obj<Account>, cluster: &Cluster) -> Result<()> {
    let (number, payload_bytes) = (account.spec.number, account.spec.payload.len());
    let entries = cluster.list_by::<Entry, _>(account, "")?;
    let Some(entry) = entries.iter().find(|entry| !entry.is_deleting()) else {
        let booked = Booked { numbers: vec![number], count: 1, payload_bytes };
        cluster.create(&new_entry(account, &booked))?;
        return Ok(());
    };
    let mut booked = Booked { payload_bytes, ..entry.spec.clone() };
    if booked.numbers.last() != Some(&number) {
        booked.numbers.push(number);
        booked.count += 1;
        let excess = booked.numbers.len().saturating_sub(KEPT);
        booked.numbers.drain(..excess);
    }
    if booked != entry.spec {
        let version = &entry.metadata.resource_version;
        cluster.patch_merge(entry, &json!({"metadata": {"resourceVersion": version}, "spec": booked}))?;
    }
    Ok(())
}

fn new_entry(account: &Obj<Account>, booked: &Booked) -> Value {
    json!({
        "apiVersion": Entry::KIND.api_version(),
        "kind": Entry::KIND.kind,
        "metadata": {
            "generateName": format!("{}-", account.name()),
            "namespace": account.namespace(),
            "ownerReferences": [account.owner_reference()],
        },
        "spec": booked,
    })
}

backplane_sdk::export_controller!(Ledger);
