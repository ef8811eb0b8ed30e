//! backplane-provider.
