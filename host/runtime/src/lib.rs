//! backplane-runtime.
