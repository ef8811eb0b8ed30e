//! backplane-apiserver.
