//! backplane-engine.
