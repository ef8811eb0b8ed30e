//! backplane-tests.
