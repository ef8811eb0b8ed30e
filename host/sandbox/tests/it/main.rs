//! Scenarios in a world: as a user sees them, over HTTPS, with an ordinary client.

mod addresses;
mod cloud;
mod common;
mod control_plane;
mod crds;
mod workers;
mod workloads;
mod world;
