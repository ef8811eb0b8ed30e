//! What black-box tests, the demo and the benches share: how to drive a cluster, look into the cloud, and wait.
//!
//! The guide ([`guide`]) is written once. The demo plays it against `backplane dev` with kubectl; the tests play it against
//! worlds in their own process and, where kubectl is there, with kubectl as well.

pub mod audit;
pub mod cloud;
pub mod display;
pub mod driver;
pub mod figures;
pub mod fixture;
pub mod ground;
pub mod guests;
pub mod guide;
pub mod process;
pub mod proxy;
pub mod real;
pub mod resource;
pub mod skip;
pub mod wait;
