//! backplane-standins.
