//! Machines of the CloudSigma cloud, one server for each `CloudSigmaMachine`.
//!
//! ```text
//! plugin ──> ensure  ──> find, drives, create, tags ──┐
//!        ──> observe ──> find, state                  ├──> api ──> http://cloudsigma.<region>/…   (the host adds the credential)
//!        ──> delete  ──> find, drives, tags ──────────┘
//! ```
//!
//! Every call reads the cloud, takes one small step and says when to look again; nothing is remembered. What was bought is
//! recognised by marks on the resources: meta `machine-uid` on servers and drives, and the names `<machine>-drive-<n>`.
//!
//! A server is never bought twice: its first drive is the lock. The drive has a name that a lost answer cannot hide, and the
//! cloud attaches a drive to one server only. Not in here: networks, load balancers, volumes, the Cluster API contract.

mod api;
mod delete;
mod drives;
mod ensure;
mod find;
mod kinds;
mod machine;
mod nics;
mod plugin;
mod settings;
mod state;
mod tags;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

backplane_sdk::export_machine_provider!(plugin::CloudSigma);
