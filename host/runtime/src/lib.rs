//! Wires the rooms into a daemon.

pub mod settings;
