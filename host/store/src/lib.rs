//! backplane-store.
