//! backplane-sandbox.
