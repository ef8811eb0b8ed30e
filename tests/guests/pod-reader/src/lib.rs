//! Reads Pods and does nothing else, so that a test can load many that read the same.
//!
//! The test makes ten plugins of this one component by writing another digit into the name, which therefore stands in
//! this form nowhere else.

use backplane_sdk::prelude::*;

/// A kind that no test defines: nobody has to be looked at.
const READER: Kind = Kind::new("demo.example.org", "v1", "PodReader");

struct PodReader;

impl Controller for PodReader {
    fn declare() -> Declaration {
        Declaration::new("reader-of-pods-0", env!("CARGO_PKG_VERSION"))
            .reconciles(READER)
            .reads(Read::of(Kind::new("", "v1", "Pod")))
    }

    fn reconcile(_: &Request, _: &Cluster) -> Result<Response> {
        Ok(Outcome::Done.into())
    }
}

backplane_sdk::export_controller!(PodReader);
