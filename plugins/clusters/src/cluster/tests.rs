//! Whole looks at a cluster in memory: the guide, refusals, pools, the end.

mod guide;
mod pools;
mod providers;
mod refusals;
mod sizes;
mod teardown;
mod upgrade;
